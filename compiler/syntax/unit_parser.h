// Internal to compiler/syntax, for .cpp files only: it sees ANTLR. Runs HwfParser over the tokens of one declaration.
// One thread.
#pragma once

#include <optional>
#include <vector>

#include "compiler/syntax/token.h"
#include "grammar/HwfParser.h"

namespace hwf::syntax {

using P = grammar::HwfParser;

// What ANTLR's contexts refer to: a Token with ANTLR's face.
class UnitToken final : public antlr4::Token {
 public:
  UnitToken(const syntax::Token& token, size_t index) : token_(token), index_(index) {}

  uint32_t begin() const { return token_.begin; }
  uint32_t end() const { return token_.end; }

  size_t getType() const override { return token_.kind == kEndOfTokens ? antlr4::Token::EOF : token_.kind; }
  size_t getTokenIndex() const override { return index_; }
  size_t getStartIndex() const override { return token_.begin; }
  size_t getStopIndex() const override { return token_.end; }
  std::string getText() const override { return {}; }
  size_t getLine() const override { return 0; }
  size_t getCharPositionInLine() const override { return 0; }
  size_t getChannel() const override { return DEFAULT_CHANNEL; }
  antlr4::TokenSource* getTokenSource() const override { return nullptr; }
  antlr4::CharStream* getInputStream() const override { return nullptr; }
  std::string toString() const override { return {}; }

 private:
  syntax::Token token_;
  size_t index_;
};

class UnitStream final : public antlr4::TokenStream {
 public:
  // `tokens` without an end; one is put behind them.
  void Reset(llvm::ArrayRef<syntax::Token> tokens);

  void consume() override { ++index_; }
  size_t LA(ssize_t ahead) override { return LT(ahead)->getType(); }
  antlr4::Token* LT(ssize_t ahead) override {
    size_t at = ahead > 0 ? index_ + static_cast<size_t>(ahead) - 1 : index_ - static_cast<size_t>(-ahead);
    return &tokens_[at < tokens_.size() ? at : tokens_.size() - 1];
  }
  antlr4::Token* get(size_t index) const override { return const_cast<UnitToken*>(&tokens_[index]); }
  ssize_t mark() override { return 0; }
  void release(ssize_t) override {}
  size_t index() override { return index_; }
  void seek(size_t index) override { index_ = index; }
  size_t size() override { return tokens_.size(); }
  std::string getSourceName() const override { return {}; }
  antlr4::TokenSource* getTokenSource() const override { return nullptr; }
  std::string getText(const antlr4::misc::Interval&) override { return {}; }
  std::string getText() override { return {}; }
  std::string getText(antlr4::RuleContext*) override { return {}; }
  std::string getText(antlr4::Token*, antlr4::Token*) override { return {}; }

 private:
  std::vector<UnitToken> tokens_;
  size_t index_ = 0;
};

// The first thing that did not fit.
struct UnitError {
  size_t token = 0;                // index into the unit; its size for the end
  size_t decision = 0;             // where the choice began that failed at `token`
  size_t rule = 0;                 // P::Rule…
  std::vector<uint16_t> expected;  // token kinds; kEndOfTokens for the end
};

class UnitStrategy final : public antlr4::DefaultErrorStrategy {
 public:
  void set_careful(bool careful) { careful_ = careful; }
  const UnitError& error() const { return error_; }

  void sync(antlr4::Parser* parser) override;
  antlr4::Token* recoverInline(antlr4::Parser* parser) override;
  void reportError(antlr4::Parser* parser, const antlr4::RecognitionException& error) override;

 private:
  bool careful_ = false;
  UnitError error_;
};

class UnitParser {
 public:
  UnitParser();

  // Null if there is an error. The tree lives until the next call.
  P::DeclarationContext* Parse(llvm::ArrayRef<syntax::Token> tokens);
  // Of the last Parse that gave null.
  const UnitError& error() const { return strategy_->error(); }

 private:
  P::DeclarationContext* Try(antlr4::atn::PredictionMode mode, bool careful);

  UnitStream stream_;
  P parser_;
  std::shared_ptr<UnitStrategy> strategy_;
};

}  // namespace hwf::syntax
