// A file is parsed one declaration at a time: its tokens between two newlines at top level. An error is reported, the
// smallest part around it (a statement, clause, arm or field) is replaced by one ERROR token, and the declaration is
// parsed again, so that one mistake gives one error and the next mistake in the same declaration is still found.

#include "compiler/syntax/parse.h"

#include "compiler/diagnostics/codes.h"
#include "compiler/diagnostics/did_you_mean.h"
#include "compiler/syntax/builder.h"
#include "compiler/syntax/syntax_errors.h"
#include "compiler/syntax/token_source.h"
#include "compiler/syntax/unit_parser.h"
#include "compiler/syntax/words.h"

namespace hwf::syntax {

namespace {

// After so many errors in one declaration the rest of it is dropped; after so many in one file, the rest of the file.
constexpr int kMaxErrorsInUnit = 10;
constexpr int kMaxErrorsInFile = 100;

// Lets so many diagnostics through, then one that says so.
class Limit final : public diagnostics::Consumer {
 public:
  explicit Limit(diagnostics::Consumer& consumer) : consumer_(consumer) {}

  void Take(diagnostics::Diagnostic diagnostic) override {
    if (count_ > kMaxErrorsInFile) return;
    Range range = diagnostic.range;
    if (++count_ <= kMaxErrorsInFile) return consumer_.Take(std::move(diagnostic));
    diagnostics::Emitter(consumer_).Report(range, diagnostics::kTooManyErrors, kMaxErrorsInFile, "file");
  }
  bool reached() const { return count_ > kMaxErrorsInFile; }

 private:
  diagnostics::Consumer& consumer_;
  int count_ = 0;
};

class FileParser {
 public:
  FileParser(const source::File& file, source::FileId id, diagnostics::Emitter& emitter)
      : text_(file.text), module_(std::make_unique<Module>()), limit_(emitter.consumer()), emitter_(limit_) {
    module_->file = id;
  }

  std::unique_ptr<Module> Run() {
    if (!LooksLikeHwf()) return std::move(module_);
    tokens_ = TokenSource(text_, module_->file, emitter_).Run();
    module_->comments = tokens_.comments;
    llvm::ArrayRef<Token> all(tokens_.tokens);
    size_t begin = Edition(all);
    Builder builder(*module_, text_, tokens_, emitter_);
    while (begin < all.size() && !limit_.reached()) {
      size_t end = begin;
      int depth = 0;
      for (; all[end].kind != kEndOfTokens; ++end) {
        uint16_t kind = all[end].kind;
        if (kind == P::NEWLINE && depth == 0) break;
        if (kind == P::LBRACE || kind == P::INTERPOLATION) ++depth;
        if (kind == P::RBRACE) --depth;
      }
      if (end > begin) module_->decls.push_back(Unit(builder, all.slice(begin, end - begin)));
      begin = end + 1;
    }
    return std::move(module_);
  }

 private:
  Range Between(size_t begin, size_t end) const {
    return {module_->file, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
  }

  // A file that begins neither with its edition nor with a declaration is something else: one error, not hundreds.
  bool LooksLikeHwf() {
    size_t at = 0;
    while (at < text_.size()) {
      if (text_[at] == '#') {
        at = std::min(text_.find('\n', at), text_.size());
      } else if (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\r' || text_[at] == '\n') {
        ++at;
      } else {
        break;
      }
    }
    size_t end = at;
    while (end < text_.size() && llvm::isAlpha(text_[end])) ++end;
    llvm::StringRef word(text_.data() + at, end - at);
    if (word == "hwf") return KnowsEdition(end);
    bool declaration = llvm::is_contained(DeclarationWords(), word);
    size_t line_end = std::min({text_.find_first_of("\r\n", at), text_.size(), at + 1});
    emitter_.Report(Between(at, std::max(end, line_end)), diagnostics::kMissingEdition)
        .Suggest("begin it with `hwf 1`", Between(at, at), "hwf 1\n\n");
    return declaration;
  }

  // A file of another edition may have other tokens: nothing of it is read.
  bool KnowsEdition(size_t at) {
    while (at < text_.size() && text_[at] == ' ') ++at;
    size_t end = at;
    while (end < text_.size() && (llvm::isAlnum(text_[end]) || text_[end] == '.')) ++end;
    std::string_view edition = text_.substr(at, end - at);
    if (edition.empty() || !llvm::isDigit(edition[0]) || edition == "1") return true;
    module_->edition = edition;
    module_->edition_range = Between(at, end);
    emitter_.Report(module_->edition_range, diagnostics::kUnknownEdition, edition).Help("use a newer hwfc");
    return false;
  }

  // Returns the index behind the edition's line.
  size_t Edition(llvm::ArrayRef<Token> all) {
    if (all[0].kind != P::HWF) return 0;
    size_t end = 0;
    while (all[end].kind != P::NEWLINE && all[end].kind != kEndOfTokens) ++end;
    if (end == 2 && all[1].kind == P::INT) {
      module_->edition_range = Between(all[1].begin, all[1].end);
      module_->edition = text_.substr(all[1].begin, all[1].end - all[1].begin);
      return end + 1;
    }
    size_t wrong = end > 1 && all[1].kind == P::INT ? 2 : 1;
    bool missing = all[wrong].kind == P::NEWLINE || all[wrong].kind == kEndOfTokens;
    std::string_view shown = text_.substr(all[wrong].begin, all[wrong].end - all[wrong].begin);
    Range range = missing ? Between(all[0].end, all[0].end) : Between(all[wrong].begin, all[wrong].end);
    if (all[wrong].kind != P::ERROR) {
      emitter_.Report(range, diagnostics::kSyntax, missing ? "the end of the line" : fmt::format("`{}`", shown),
                      std::string_view(wrong == 1 ? "the edition, `hwf 1`" : "the end of the line"));
    }
    return end + 1;
  }

  Decl* Unit(Builder& builder, llvm::ArrayRef<Token> unit) {
    if (auto* parsed = parser_.Parse(unit)) return builder.Declaration(parsed);
    llvm::SmallVector<Token, 0> tokens(unit.begin(), unit.end());
    for (int i = 0;; ++i) {
      const UnitError& error = parser_.error();
      if (i == kMaxErrorsInUnit) {
        const Token& token = tokens[std::min(error.token, tokens.size() - 1)];
        emitter_.Report(Between(token.begin, token.end), diagnostics::kTooManyErrors, kMaxErrorsInUnit, "declaration");
        break;
      }
      UnitPart part = PartAround(tokens, error.token);
      bool reported = llvm::any_of(llvm::makeArrayRef(tokens).slice(part.begin, part.end - part.begin),
                                   [](const Token& token) { return token.kind == P::ERROR; });
      if (!reported) ReportSyntaxError(tokens, part, error, text_, module_->file, emitter_);
      if (!Replace(tokens, part)) break;
      if (auto* parsed = parser_.Parse(tokens)) return builder.Declaration(parsed);
    }
    Range range = Between(unit.front().begin, unit.back().end);
    return module_->Make<ErrorDecl>(range, builder.NameOf(unit));
  }

  // Puts an ERROR in place of the part; of `let name = …` the name stays. False if that cannot help.
  static bool Replace(llvm::SmallVectorImpl<Token>& tokens, UnitPart part) {
    if (part.begin == 0 || part.begin >= tokens.size()) return false;
    Token hole{P::ERROR, tokens[part.begin].begin, tokens[std::max(part.begin, part.end - 1)].end};
    size_t begin = part.begin;
    bool let = part.end > begin + 3 && tokens[begin].kind == P::LET && tokens[begin + 2].kind == P::ASSIGN;
    if (let) {
      begin += 3;
      hole.begin = tokens[begin].begin;
    }
    if (part.end == begin + 1 && tokens[begin].kind == P::ERROR) return false;
    if (part.end <= begin) return false;
    tokens.erase(tokens.begin() + begin, tokens.begin() + part.end);
    tokens.insert(tokens.begin() + begin, hole);
    return true;
  }

  std::string_view text_;
  std::unique_ptr<Module> module_;
  Limit limit_;
  diagnostics::Emitter emitter_;
  TokenList tokens_;
  UnitParser parser_;
};

}  // namespace

std::unique_ptr<Module> Parse(source::SourceManager& sources, source::FileId file, diagnostics::Emitter& emitter) {
  return FileParser(sources.file(file), file, emitter).Run();
}

}  // namespace hwf::syntax
