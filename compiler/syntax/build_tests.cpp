// `test "name" { … }`.
#include "compiler/syntax/builder.h"

namespace hwf::syntax {

// `after` at the end of a stub is how long it takes.
TestDecl::Given Builder::Given(P::TestStatementContext* c) {
  TestDecl::Given given{};
  given.range = At(c);
  given.subject = Expression(c->stubbed);
  given.value = Expression(c->given);
  if (auto* timed = llvm::dyn_cast<AfterExpr>(given.value)) {
    given.value = timed->value;
    given.after = timed->awaited;
  }
  return given;
}

TestDecl::Answer Builder::Answer(P::TestStatementContext* c) {
  const Range place = At(c->asked);
  std::string written = Text(place).str();
  llvm::erase_if(written, [](char each) { return llvm::isSpace(each); });
  return {At(c),
          place,
          Save(written),
          Expression(c->delay),
          Name(c->variant_name),
          c->fields ? Arguments(c->fields) : ArrayRef<Arg>()};
}

Decl* Builder::Test(P::TestDeclContext* c) {
  StringExpr* title = Plain(c->label);
  auto* test = module_.Make<TestDecl>(At(c), title->parts.empty() ? StringRef() : title->parts[0].text, At(c->label));
  llvm::SmallVector<Stmt*, 8> stmts;
  llvm::SmallVector<TestDecl::Given, 8> givens;
  llvm::SmallVector<TestDecl::Answer, 8> answers;
  for (P::TestStatementContext* line : c->lines) {
    if (line->bound) stmts.push_back(Let(line->bound));
    if (line->expected) stmts.push_back(module_.Make<ExprStmt>(At(line), Expression(line->expected)));
    if (line->stubbed) givens.push_back(Given(line));
    if (line->asked) answers.push_back(Answer(line));
    if (line->error) broken_ = true;
  }
  test->body = module_.Make<Block>();
  test->body->range = At(c);
  test->body->stmts = Save(stmts);
  test->givens = Save(givens);
  test->answers = Save(answers);
  return Whole(test);
}

}  // namespace hwf::syntax
