// Two stages, as ANTLR advises: SLL without any looking around, which all correct source takes; on an error once more
// with full LL, and with a look at each loop whether what comes can go on, so that the error names all that could have
// come.

#include "compiler/syntax/unit_parser.h"

namespace hwf::syntax {

void UnitStream::Reset(llvm::ArrayRef<syntax::Token> tokens) {
  tokens_.clear();
  tokens_.reserve(tokens.size() + 1);
  for (size_t i = 0; i < tokens.size(); ++i) tokens_.emplace_back(tokens[i], i);
  uint32_t end = tokens.empty() ? 0 : tokens.back().end;
  tokens_.emplace_back(syntax::Token{kEndOfTokens, end, end}, tokens.size());
  index_ = 0;
}

void UnitStrategy::sync(antlr4::Parser* parser) {
  if (!careful_) return;
  const antlr4::atn::ATN& atn = parser->getATN();
  antlr4::misc::IntervalSet next = atn.nextTokens(atn.states[parser->getState()]);
  if (next.contains(antlr4::Token::EPSILON) || next.contains(parser->getTokenStream()->LA(1))) return;
  throw antlr4::InputMismatchException(parser);
}

antlr4::Token* UnitStrategy::recoverInline(antlr4::Parser* parser) { throw antlr4::InputMismatchException(parser); }

void UnitStrategy::reportError(antlr4::Parser* parser, const antlr4::RecognitionException& error) {
  if (careful_) {
    error_ = {};
    error_.token = error.getOffendingToken()->getTokenIndex();
    error_.decision = error_.token;
    if (auto* choice = dynamic_cast<const antlr4::NoViableAltException*>(&error)) {
      error_.decision = choice->getStartToken()->getTokenIndex();
    }
    error_.rule = parser->getContext()->getRuleIndex();
    antlr4::misc::IntervalSet expected = error.getExpectedTokens();
    if (expected.contains(antlr4::Token::EOF)) error_.expected.push_back(kEndOfTokens);
    for (size_t kind = 1; kind <= parser->getATN().maxTokenType; ++kind) {
      if (expected.contains(kind)) error_.expected.push_back(static_cast<uint16_t>(kind));
    }
  }
  throw antlr4::ParseCancellationException();
}

UnitParser::UnitParser() : parser_(&stream_), strategy_(std::make_shared<UnitStrategy>()) {
  parser_.removeErrorListeners();
  parser_.setErrorHandler(strategy_);
  parser_.setBuildParseTree(false);  // the labels of the grammar are all that is read
}

P::DeclarationContext* UnitParser::Parse(llvm::ArrayRef<syntax::Token> tokens) {
  stream_.Reset(tokens);
  if (auto* unit = Try(antlr4::atn::PredictionMode::SLL, false)) return unit;
  return Try(antlr4::atn::PredictionMode::LL, true);
}

P::DeclarationContext* UnitParser::Try(antlr4::atn::PredictionMode mode, bool careful) {
  parser_.reset();
  strategy_->set_careful(careful);
  parser_.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(mode);
  try {
    return parser_.declarationUnit()->unit;
  } catch (const antlr4::ParseCancellationException&) {
    return nullptr;
  }
}

}  // namespace hwf::syntax
