// Internal to compiler/syntax, for .cpp files only: it sees ANTLR. Turns the contexts of one declaration into tree
// nodes in the module's arena, and reports what the grammar cannot say. One build_*.cpp a part. One thread.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringExtras.h>

#include "compiler/diagnostics/codes.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/unit_parser.h"

namespace hwf::syntax {

class Builder {
 public:
  Builder(Module& module, std::string_view text, const TokenList& tokens, diagnostics::Emitter& emitter)
      : module_(module), text_(text), tokens_(tokens), emitter_(emitter) {}

  Decl* Declaration(P::DeclarationContext* c);
  // The name that a declaration with an error in it would have had, from its tokens.
  Ident NameOf(llvm::ArrayRef<syntax::Token> unit) const;
  Range At(const syntax::Token& token) const { return {module_.file, token.begin, token.end}; }

 private:
  using Exprs = llvm::SmallVector<Expr*, 8>;

  // ---- places and names
  Range At(const antlr4::Token* token) const;
  Range At(const antlr4::ParserRuleContext* c) const;
  Range Span(Range first, Range last) const { return {first.file, first.begin, last.end}; }
  StringRef Text(Range range) const { return StringRef(text_.data() + range.begin, range.end - range.begin); }
  Ident Name(const antlr4::Token* token) const { return {Text(At(token)), At(token)}; }
  Ident Name(const P::NameContext* c) const { return c ? Name(c->start) : Ident{}; }
  Ident Dotted(P::DottedNameContext* c, size_t first = 0);
  StringRef Save(const std::string& text);
  StringRef DocAt(uint32_t begin);
  template <typename T>
  ArrayRef<T> Save(const llvm::SmallVectorImpl<T>& items) {
    return items.empty() ? ArrayRef<T>() : module_.Copy<T>(ArrayRef<T>(items.data(), items.size()));
  }
  // Reports kWrongWord unless `name` is one of `allowed`.
  bool Expect(Ident name, llvm::ArrayRef<llvm::StringRef> allowed);
  // Reports kRepeatedClause if `seen`; true if it was not.
  bool Once(bool seen, Range range, StringRef word);

  // ---- build_declaration.cpp
  Decl* Import(P::ImportDeclContext* c);
  Decl* Record(P::RecordDeclContext* c);
  Decl* Enum(P::EnumDeclContext* c);
  Decl* Fn(P::FnDeclContext* c);
  Decl* Workflow(P::WorkflowDeclContext* c);
  Decl* Site(P::SiteDeclContext* c);
  Decl* Group(P::GroupDeclContext* c);
  Decl* Calendar(P::CalendarDeclContext* c);
  Field MakeField(P::FieldContext* c);
  ArrayRef<Field> Fields(const std::vector<P::FieldContext*>& contexts);
  ArrayRef<Field> Fields(P::ParametersContext* c);
  Output MakeOutput(P::OutputContext* c);
  TypeExpr* Type(P::TypeExprContext* c);
  // An ErrorDecl of that name if a part of the declaration was an error, else `decl`.
  Decl* Whole(Decl* decl);

  // ---- build_task.cpp
  Decl* Task(P::TaskDeclContext* c);
  struct TaskParts;
  void TaskClause(P::TaskClauseContext* c, TaskDecl* task, TaskParts& parts);
  void Stream(P::StreamContext* c, TaskParts& parts);
  void Run(P::TaskClauseContext* c, TaskDecl* task);
  void Retry(P::RetryContext* c, TaskDecl* task);

  // ---- build_statement.cpp
  Block* MakeBlock(P::BlockContext* c);
  Block* ArmBody(P::ArmContext* c);
  Stmt* Statement(P::StatementContext* c);
  Stmt* Simple(P::SimpleStatementContext* c);
  Stmt* Let(P::LetStatementContext* c);
  Stmt* Watch(P::WatchStatementContext* c);
  Stmt* Checkpoint(P::CheckpointStatementContext* c);

  // ---- build_expression.cpp, build_operators.cpp
  Expr* Expression(P::ExpressionContext* c);
  Expr* RangeOr(P::RangeOrExpressionContext* c);
  Expr* Operand(P::OperandContext* c);
  Expr* Suffix(P::SuffixContext* c, Expr* base, Range base_range);
  Expr* Primary(P::PrimaryContext* c);
  Expr* Literal(const antlr4::Token* token);
  Expr* Integer(Range range);
  Expr* Unit(const antlr4::Token* token);
  Expr* Parenthesised(P::ArgumentsContext* c);
  Expr* Collection(P::CollectionContext* c);
  ListExpr* List(P::CollectionContext* c);
  Expr* If(P::IfExpressionContext* c);
  Expr* Match(P::MatchExpressionContext* c);
  Pattern MakePattern(P::PatternContext* c);
  Expr* For(P::ForExpressionContext* c);
  Expr* Loop(P::LoopExpressionContext* c);
  Expr* Try(P::TryExpressionContext* c);
  ArrayRef<Carried> CarriedOf(const std::vector<P::CarriedContext*>& values);
  ArrayRef<Arg> Arguments(P::ArgumentsContext* c);
  Expr* Combine(const antlr4::Token* op, Expr* left, Range left_range, Expr* right, Range right_range);

  // ---- build_string.cpp
  StringExpr* String(P::StringContext* c);
  StringExpr* Plain(const antlr4::Token* token);
  StringRef Unescape(Range range);

  // ---- build_tests.cpp
  Decl* Test(P::TestDeclContext* c);
  TestDecl::Given Given(P::TestStatementContext* c);
  TestDecl::Answer Answer(P::TestStatementContext* c);

  // ---- build_review.cpp
  Expr* Review(P::ReviewExpressionContext* c);
  void ReviewClause(P::ReviewClauseContext* c, ReviewExpr* review);
  void Choose(P::ChooseContext* c, ReviewExpr* review);
  Choice MakeChoice(P::ChoiceContext* c);
  void Within(P::WithinContext* c, ReviewExpr* review);
  void Assume(P::AssumeContext* c, ReviewExpr* review);
  const ReviewExpr::ElseVariant* AnswerOf(P::ElseVariantContext* c);
  ByRule* By(P::ByRuleContext* c);
  ByRule* ByTerm(P::ByTermContext* c);
  Expr* Deadline(P::ExpressionContext* c);

  Module& module_;
  std::string_view text_;
  const TokenList& tokens_;
  diagnostics::Emitter& emitter_;
  bool broken_ = false;  // a part of the present declaration, match or review was an error
  bool workdays_allowed_ = false;
};

}  // namespace hwf::syntax
