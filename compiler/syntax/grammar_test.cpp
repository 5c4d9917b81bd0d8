// What holds the grammar and the hand-written token source together, over every sample and file test: ANTLR reports no
// ambiguity, and the lexer that ANTLR makes from HwfLexer.g4 gives the same tokens.

#include "compiler/syntax/parse.h"
#include "compiler/syntax/token_source.h"
#include "compiler/syntax/unit_parser.h"
#include "grammar/HwfLexer.h"

// Behind the grammar, which has a token TEST where GoogleTest has a macro.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace hwf::syntax {
namespace {

namespace fs = std::filesystem;

struct Sample {
  std::string path;
  std::string text;
};

// Files without a syntax error, with their text.
std::vector<Sample> Samples() {
  std::vector<Sample> out;
  for (const char* folder : {"tests", "examples", "stdlib"}) {
    fs::path root = fs::path(HWF_SOURCE_DIR) / folder;
    if (!fs::exists(root)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file() || entry.path().extension() != ".hwf") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
      source::SourceManager sources;
      diagnostics::Collector collector;
      diagnostics::Emitter emitter(collector);
      auto file = sources.Add("sample.hwf", text);
      if (!file.ok()) continue;
      Parse(sources, *file, emitter);
      if (!collector.has_errors()) out.push_back({entry.path(), text});
    }
  }
  return out;
}

TokenList Tokens(const std::string& text) {
  diagnostics::Collector collector;
  diagnostics::Emitter emitter(collector);
  return TokenSource(text, source::FileId{}, emitter).Run();
}

class AmbiguityListener : public antlr4::DiagnosticErrorListener {
 public:
  AmbiguityListener() : DiagnosticErrorListener(true) {}
  void reportAmbiguity(antlr4::Parser* parser, const antlr4::dfa::DFA& dfa, size_t start, size_t stop, bool exact,
                       const antlrcpp::BitSet&, antlr4::atn::ATNConfigSet*) override {
    if (exact)
      found.push_back(parser->getRuleNames()[dfa.atnStartState->ruleIndex] + fmt::format(" {}-{}", start, stop));
  }
  void syntaxError(antlr4::Recognizer*, antlr4::Token*, size_t line, size_t, const std::string& message,
                   std::exception_ptr) override {
    found.push_back(fmt::format("{}: {}", line, message));
  }
  std::vector<std::string> found;
};

TEST(Grammar, HasNoAmbiguityInAnySample) {
  std::vector<Sample> samples = Samples();
  ASSERT_GE(samples.size(), 5u);
  for (const Sample& sample : samples) {
    TokenList list = Tokens(sample.text);
    list.tokens.pop_back();
    UnitStream stream;
    stream.Reset(list.tokens);
    P parser(&stream);
    AmbiguityListener listener;
    parser.removeErrorListeners();
    parser.addErrorListener(&listener);
    parser.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(
        antlr4::atn::PredictionMode::LL_EXACT_AMBIG_DETECTION);
    parser.module();
    EXPECT_THAT(listener.found, ::testing::IsEmpty()) << sample.path;
  }
}

TEST(Grammar, ItsLexerGivesTheSameTokens) {
  for (const Sample& sample : Samples()) {
    antlr4::ANTLRInputStream input(sample.text);
    grammar::HwfLexer lexer(&input);
    std::vector<std::string> expected, actual;
    const auto& vocabulary = lexer.getVocabulary();
    std::string last;
    for (auto& token : lexer.getAllTokens()) {
      if (token->getType() == grammar::HwfLexer::NEWLINE) continue;
      std::string name = vocabulary.getSymbolicName(token->getType());
      // ANTLR may cut the text of a string into more pieces.
      if (name == "STRING_TEXT" && !expected.empty() && last == name) {
        expected.back() += token->getText();
      } else {
        expected.push_back(name + " " + token->getText());
      }
      last = name;
    }
    TokenList list = Tokens(sample.text);
    list.tokens.pop_back();
    for (const Token& token : list.tokens) {
      if (token.kind == P::NEWLINE) continue;
      actual.push_back(std::string(vocabulary.getSymbolicName(token.kind)) + " " +
                       sample.text.substr(token.begin, token.end - token.begin));
    }
    EXPECT_EQ(actual, expected) << sample.path;
  }
}

}  // namespace
}  // namespace hwf::syntax
