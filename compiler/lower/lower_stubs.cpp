// `test`: its `let`s become a workflow of its own, its stubs pure regions. That the places which its answers name exist
// is seen here, where all calls are known.
#include <algorithm>
#include <map>
#include <string>

#include "compiler/diagnostics/did_you_mean.h"
#include "compiler/lower/lowerer.h"
#include "compiler/sema/walk.h"

namespace hwf::lower {
namespace {

constexpr size_t kMostPlaces = 10000;

// A name or a path of fields and indices: what an expectation that does not hold is explained by.
bool IsPath(const Expr& expr) {
  if (const auto* field = llvm::dyn_cast<FieldExpr>(&expr)) return field->binding == nullptr && IsPath(*field->base);
  if (const auto* index = llvm::dyn_cast<IndexExpr>(&expr)) return IsPath(*index->base);
  const auto* name = llvm::dyn_cast<NameExpr>(&expr);
  return name != nullptr && name->binding != nullptr && name->binding->kind == Binding::Kind::kLet;
}

// `job.epoch`, the list, of a `let` of the test's own.
bool IsStreamOfTest(const FieldExpr& field, const TestDecl& test) {
  const auto* name = llvm::dyn_cast<NameExpr>(field.base);
  const Binding* job = name == nullptr ? nullptr : name->binding;
  if (job == nullptr || job->task == nullptr || !llvm::is_contained(test.body->stmts, job->stmt)) return false;
  return llvm::any_of(job->task->streams, [&](const auto& each) { return each.name.text == field.name.text; });
}

}  // namespace

std::vector<ir::Test> Lowerer::RunTests() {
  std::vector<ir::Test> tests;
  if (program_.modules.empty()) return tests;
  for (const Decl* decl : program_.modules.back()->decls) {
    if (const auto* test = llvm::dyn_cast<TestDecl>(decl)) tests.push_back(LowerTest(*test));
  }
  return tests;
}

ir::Test Lowerer::LowerTest(const TestDecl& decl) {
  names_.clear();
  next_id_ = 0;
  ir::Test test;
  test.name = decl.title.str();
  test.span = SpanOf(decl.title_range);
  test.workflow.name = "test";
  test.workflow.span = test.span;
  Builder builder;
  {
    RegionScope scope(*this, &builder);
    Reserve(*decl.body);
    for (const Stmt* stmt : decl.body->stmts) {
      if (const auto* let = llvm::dyn_cast<LetStmt>(stmt)) LowerLet(*let);
    }
    builder.region.result = TestValues(decl, test.workflow.outputs);
  }
  test.workflow.region = std::move(builder.region);
  for (const Stmt* stmt : decl.body->stmts) {
    const auto* expected = llvm::dyn_cast<ExprStmt>(stmt);
    if (expected != nullptr) test.expectations.push_back(LowerExpectation(*expected));
  }
  for (const TestDecl::Given& given : decl.givens) test.givens.push_back(LowerGiven(given));
  for (const TestDecl::Answer& answer : decl.answers) test.answers.push_back(LowerTestAnswer(answer));
  CheckPlaces(decl, test);
  return test;
}

// The record of all `let`s that are values: what the expectations read. A job has with its outputs the streams that
// something in the workflow reads, so those of the expectations stand there too.
std::optional<ir::Expr> Lowerer::TestValues(const TestDecl& decl, std::vector<ir::FieldDef>& outputs) {
  ir::Expr made = Make(ir::Op::kRecord, nullptr, decl.body->range);
  for (const Stmt* stmt : decl.body->stmts) {
    const auto* let = llvm::dyn_cast<LetStmt>(stmt);
    if (let == nullptr) continue;
    const ir::Expr& ref = names_.at(let->binding);
    if (ref.type->kind == TypeKind::kUnit || ref.type->kind == TypeKind::kNever) continue;
    outputs.push_back({let->name.text.str(), ref.type, false});
    made.args.push_back(ref);
    made.labels.push_back(outputs.back().name);
  }
  std::map<std::string, const FieldExpr*> streams;
  const auto expr = [&](const Expr& each) {
    const auto* field = llvm::dyn_cast<FieldExpr>(&each);
    if (field != nullptr && IsStreamOfTest(*field, decl)) streams.emplace(sources_.Text(field->range), field);
  };
  sema::Visit visit;
  visit.expr = expr;
  sema::Walk(decl, visit);
  for (const auto& [name, field] : streams) {
    outputs.push_back({name, field->type, false});
    made.args.push_back(LowerExpr(*field));
    made.labels.push_back(name);
  }
  if (outputs.empty()) return std::nullopt;
  made.type = program_.types->NewRecord("");
  program_.types->MutableRecord(made.type).fields = outputs;
  return made;
}

ir::Expectation Lowerer::LowerExpectation(const ExprStmt& expected) {
  const Expr& value = *expected.value;
  ir::Expectation out;
  out.text = std::string(sources_.Text(value.range));
  out.span = SpanOf(value.range);
  const auto* fail = llvm::dyn_cast<FailExpr>(&value);
  out.fails = fail != nullptr;
  const TypeRef wanted = Simple(out.fails ? TypeKind::kString : TypeKind::kBool);
  out.region = std::move(*RegionOf([&] { return LowerExpr(out.fails ? *fail->message : value); }, wanted));
  if (!out.fails) AddParts(value, out.parts);
  return out;
}

// The paths that the expression reads, each once, as they stand in the source.
void Lowerer::AddParts(const Expr& root, std::vector<ir::Shown>& parts) {
  if (IsPath(root)) {
    const std::string label(sources_.Text(root.range));
    const bool known = std::any_of(parts.begin(), parts.end(), [&](const ir::Shown& p) { return p.label == label; });
    if (!known) parts.push_back({label, LowerExpr(root)});
    return;
  }
  if (const auto* unary = llvm::dyn_cast<UnaryExpr>(&root)) AddParts(*unary->operand, parts);
  if (const auto* field = llvm::dyn_cast<FieldExpr>(&root); field != nullptr && field->binding == nullptr) {
    AddParts(*field->base, parts);
  }
  if (const auto* call = llvm::dyn_cast<CallExpr>(&root)) {
    for (const Arg& arg : call->args) AddParts(*arg.value, parts);
  }
  std::vector<const BinaryExpr*> chain;
  for (const Expr* at = &root; llvm::isa<BinaryExpr>(at); at = chain.back()->left) {
    chain.push_back(llvm::cast<BinaryExpr>(at));
  }
  if (chain.empty()) return;
  AddParts(*chain.back()->left, parts);
  for (auto binary = chain.rbegin(); binary != chain.rend(); ++binary) AddParts(*(*binary)->right, parts);
}

std::unique_ptr<ir::Region> Lowerer::LowerStub(const TestDecl::Given& given, const Expr& value, TypeRef wanted) {
  std::vector<RegionParam> params;
  for (const Binding* param : given.params) params.push_back({param, param->name.text.str(), param->type});
  return RegionOf([&] { return LowerExpr(value); }, wanted, params);
}

ir::Given Lowerer::LowerGiven(const TestDecl::Given& given) {
  ir::Given out;
  out.task = program_.ir_names.at(given.task);
  out.stream = given.stream.str();
  out.span = SpanOf(given.subject->range);
  TypeRef wanted = program_.output_types.at(given.task);
  for (const StreamClause& stream : given.task->streams) {
    if (stream.name.text == given.stream) wanted = program_.types->List(stream.sema_type);
  }
  out.region = std::move(*LowerStub(given, *given.value, wanted));
  if (given.after != nullptr) {
    out.duration = std::move(*LowerStub(given, *given.after, Simple(TypeKind::kDuration)));
  }
  return out;
}

ir::TestAnswer Lowerer::LowerTestAnswer(const TestDecl::Answer& answer) {
  RegionScope no_region(*this, nullptr);
  ir::TestAnswer out;
  out.place = answer.place.str();
  out.span = SpanOf(answer.range);
  out.delay = LowerExpr(*answer.delay);
  out.variant = answer.variant.text.str();
  for (const Arg& arg : answer.args) out.fields.push_back({arg.name.text.str(), LowerExpr(*arg.value)});
  return out;
}

void Lowerer::CheckPlaces(const TestDecl& decl, const ir::Test& test) {
  if (decl.answers.empty()) return;
  const std::vector<std::string> places = ir::ReviewPlaces(module_, test.workflow, kMostPlaces);
  if (places.size() == kMostPlaces) return;  // there may be more
  for (const TestDecl::Answer& answer : decl.answers) {
    const std::string named = answer.place.str();
    if (std::any_of(places.begin(), places.end(), [&](const std::string& p) { return ir::MatchesPlace(named, p); })) {
      continue;
    }
    auto report = emitter_.Report(answer.place_range, diagnostics::kNoSuchReview, named);
    if (places.empty()) {
      report.Help("the test comes to no review");
      continue;
    }
    llvm::SmallVector<StringRef, 8> known;
    for (const std::string& place : places) known.push_back(place);
    const StringRef near = diagnostics::Nearest(answer.place, known);
    const std::string best = near.empty() ? places.front() : near.str();
    report.Help((near.empty() ? "it comes to `" : "did you mean `") + best + (near.empty() ? "`" : "`?") +
                (best.find('*') == std::string::npos ? "" : ", where `*` is a number, which may be left out"));
  }
}

}  // namespace hwf::lower
