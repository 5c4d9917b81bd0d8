#include "compiler/sema/walk.h"

#include <string_view>
#include <vector>

#include "ir/builtins.h"

namespace hwf::sema {
namespace {

using namespace syntax;  // NOLINT(google-build-using-namespace)

class Walker {
 public:
  explicit Walker(const Visit& visit) : visit_(visit) {}

  void Run() {
    while (!open_.empty()) {
      const Expr* next = open_.back();
      open_.pop_back();
      if (visit_.expr) visit_.expr(*next);
      Children(*next);
    }
  }

  void Add(const Expr* expr) {
    if (expr != nullptr) open_.push_back(expr);
  }
  void Add(const TypeExpr* type) {
    if (type == nullptr) return;
    if (visit_.type) visit_.type(*type);
    for (const TypeExpr* arg : type->args) Add(arg);
  }
  void Add(ArrayRef<Arg> args) {
    for (const Arg& arg : args) Add(arg.value);
  }
  void Add(ArrayRef<Carried> values) {
    for (const Carried& each : values) Add(each.value);
  }
  void Add(ArrayRef<Field> fields) {
    for (const Field& field : fields) {
      Add(field.type);
      Add(field.default_value);
    }
  }
  void Add(const Block* block) {
    if (block == nullptr) return;
    if (visit_.block) visit_.block(*block);
    for (const Stmt* stmt : block->stmts) Add(*stmt);
  }
  void Add(const Decl& decl);

 private:
  void Add(const Stmt& stmt);
  void Children(const Expr& expr);
  void Add(const ReviewExpr& review);
  void Add(const TaskDecl& task);
  void Add(const TestDecl& test);
  void Add(const ByRule* rule) {
    if (rule == nullptr) return;
    Add(rule->who);
    Add(rule->quorum);
    for (const ByRule* part : rule->parts) Add(part);
  }

  const Visit& visit_;
  std::vector<const Expr*> open_;
};

void Walker::Add(const Stmt& stmt) {
  if (visit_.stmt) visit_.stmt(stmt);
  switch (stmt.kind) {
    case Stmt::Kind::kLet:
      return Add(llvm::cast<LetStmt>(stmt).value);
    case Stmt::Kind::kExpr:
      return Add(llvm::cast<ExprStmt>(stmt).value);
    case Stmt::Kind::kWatch:
      Add(llvm::cast<WatchStmt>(stmt).where);
      return Add(llvm::cast<WatchStmt>(stmt).body);
    case Stmt::Kind::kSend:
      return Add(llvm::cast<SendStmt>(stmt).args);
    case Stmt::Kind::kCheckpoint:
      return Add(llvm::cast<CheckpointStmt>(stmt).fields);
    case Stmt::Kind::kCancel:
      return;
  }
}

void Walker::Children(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kString:
      for (const StringExpr::Part& part : llvm::cast<StringExpr>(expr).parts) Add(part.value);
      return;
    case Expr::Kind::kField:
      return Add(llvm::cast<FieldExpr>(expr).base);
    case Expr::Kind::kIndex:
      Add(llvm::cast<IndexExpr>(expr).base);
      return Add(llvm::cast<IndexExpr>(expr).index);
    case Expr::Kind::kCall:
      Add(llvm::cast<CallExpr>(expr).callee);
      return Add(ValuesOf(llvm::cast<CallExpr>(expr)));
    case Expr::Kind::kUnary:
      return Add(llvm::cast<UnaryExpr>(expr).operand);
    case Expr::Kind::kBinary:
      Add(llvm::cast<BinaryExpr>(expr).left);
      return Add(llvm::cast<BinaryExpr>(expr).right);
    case Expr::Kind::kAfter:
      Add(llvm::cast<AfterExpr>(expr).value);
      return Add(llvm::cast<AfterExpr>(expr).awaited);
    case Expr::Kind::kList:
      for (const Expr* item : llvm::cast<ListExpr>(expr).items) Add(item);
      return;
    case Expr::Kind::kMap:
      for (const MapExpr::Entry& entry : llvm::cast<MapExpr>(expr).entries) {
        Add(entry.key);
        Add(entry.value);
      }
      return;
    case Expr::Kind::kTuple:
      return Add(llvm::cast<TupleExpr>(expr).entries);
    case Expr::Kind::kIf:
      for (const IfExpr::Branch& branch : llvm::cast<IfExpr>(expr).branches) {
        Add(branch.condition);
        Add(branch.body);
      }
      return Add(llvm::cast<IfExpr>(expr).else_body);
    case Expr::Kind::kMatch:
      Add(llvm::cast<MatchExpr>(expr).subject);
      for (const MatchExpr::Arm& arm : llvm::cast<MatchExpr>(expr).arms) Add(arm.body);
      return;
    case Expr::Kind::kFor:
      Add(llvm::cast<ForExpr>(expr).list);
      Add(llvm::cast<ForExpr>(expr).where);
      return Add(llvm::cast<ForExpr>(expr).body);
    case Expr::Kind::kLoop:
      Add(llvm::cast<LoopExpr>(expr).carried);
      Add(llvm::cast<LoopExpr>(expr).max);
      return Add(llvm::cast<LoopExpr>(expr).body);
    case Expr::Kind::kStop:
      return Add(llvm::cast<StopExpr>(expr).value);
    case Expr::Kind::kNext:
      return Add(llvm::cast<NextExpr>(expr).values);
    case Expr::Kind::kReview:
      return Add(llvm::cast<ReviewExpr>(expr));
    case Expr::Kind::kFail:
      return Add(llvm::cast<FailExpr>(expr).message);
    case Expr::Kind::kBool:
    case Expr::Kind::kInt:
    case Expr::Kind::kFloat:
    case Expr::Kind::kDuration:
    case Expr::Kind::kBytes:
    case Expr::Kind::kNone:
    case Expr::Kind::kName:
    case Expr::Kind::kUncarried:
    case Expr::Kind::kError:
      return;
  }
}

void Walker::Add(const ReviewExpr& review) {
  Add(review.question);
  for (const Expr* shown : review.show) Add(shown);
  for (const Choice& choice : review.choices) {
    for (const Choice::FormField& field : choice.fields) {
      Add(field.type);
      Add(field.in);
      Add(field.default_value);
    }
  }
  Add(review.by);
  Add(review.within);
  Add(review.remind);
  for (const ReviewExpr::Escalation& escalation : review.escalations) {
    Add(escalation.delay);
    Add(escalation.to);
  }
  if (review.else_variant != nullptr) Add(review.else_variant->args);
  if (review.assume != nullptr) Add(review.assume->args);
  for (const ReviewExpr::Limit& limit : review.up_to) Add(limit.value);
}

void Walker::Add(const TaskDecl& task) {
  Add(task.params);
  for (const Output& output : task.outputs) {
    Add(output.type);
    Add(output.at);
  }
  for (const StringExpr* path : task.uses) Add(path);
  Add(task.image);
  for (const TaskDecl::Need& need : task.needs) Add(need.value);
  for (const TaskDecl::Env& env : task.env) Add(env.value);
  Add(task.retry.count);
  for (const StreamClause& stream : task.streams) {
    Add(stream.fields);
    Add(stream.keep);
  }
  for (const MessageClause& message : task.accepts) Add(message.fields);
  Add(task.pack);
  Add(task.run.text);
  Add(task.run.argv);
}

// Its lines are no block of a program: what they call may leave things unread.
void Walker::Add(const TestDecl& test) {
  for (const Stmt* stmt : test.body->stmts) {
    const auto* let = llvm::dyn_cast<LetStmt>(stmt);
    Add(let != nullptr ? let->value : llvm::cast<ExprStmt>(stmt)->value);
  }
  for (const TestDecl::Given& given : test.givens) {
    Add(given.subject);
    Add(given.value);
    Add(given.after);
  }
  for (const TestDecl::Answer& answer : test.answers) {
    Add(answer.delay);
    Add(answer.args);
  }
}

void Walker::Add(const Decl& decl) {
  switch (decl.kind) {
    case Decl::Kind::kRecord:
      return Add(llvm::cast<RecordDecl>(decl).fields);
    case Decl::Kind::kEnum:
      for (const EnumDecl::Variant& variant : llvm::cast<EnumDecl>(decl).variants) Add(variant.fields);
      return;
    case Decl::Kind::kFn:
      Add(llvm::cast<FnDecl>(decl).params);
      Add(llvm::cast<FnDecl>(decl).result);
      return Add(llvm::cast<FnDecl>(decl).body);
    case Decl::Kind::kTask:
      return Add(llvm::cast<TaskDecl>(decl));
    case Decl::Kind::kWorkflow:
      Add(llvm::cast<WorkflowDecl>(decl).params);
      Add(llvm::cast<WorkflowDecl>(decl).outputs);
      return Add(llvm::cast<WorkflowDecl>(decl).body);
    case Decl::Kind::kSite:
      return Add(llvm::cast<SiteDecl>(decl).args);
    case Decl::Kind::kGroup:
      return Add(llvm::cast<GroupDecl>(decl).members);
    case Decl::Kind::kCalendar:
      return Add(llvm::cast<CalendarDecl>(decl).args);
    case Decl::Kind::kTest:
      return Add(llvm::cast<TestDecl>(decl));
    case Decl::Kind::kImport:
    case Decl::Kind::kUncarried:
    case Decl::Kind::kError:
      return;
  }
}

}  // namespace

void Walk(const Decl& decl, const Visit& visit) {
  Walker walker(visit);
  walker.Add(decl);
  walker.Run();
}

void Walk(const Expr& expr, const Visit& visit) {
  Walker walker(visit);
  walker.Add(&expr);
  walker.Run();
}

void WalkAll(const Program& program, const Visit& visit) {
  for (const auto& module : program.modules) {
    for (const Decl* decl : module->decls) {
      if (!llvm::isa<TestDecl>(decl)) Walk(*decl, visit);
    }
  }
}

const Expr& WithoutAfter(const Expr& expr) {
  const Expr* inner = &expr;
  while (const auto* after = llvm::dyn_cast<AfterExpr>(inner)) inner = after->value;
  return *inner;
}

const Binding* CalleeOf(const CallExpr& call) {
  if (const auto* name = llvm::dyn_cast<NameExpr>(call.callee)) return name->binding;
  if (const auto* field = llvm::dyn_cast<FieldExpr>(call.callee)) return field->binding;
  return nullptr;
}

const Decl* CalledDecl(const CallExpr& call) {
  const Binding* callee = CalleeOf(call);
  return callee == nullptr || callee->kind != Binding::Kind::kDecl ? nullptr : callee->decl;
}

const NameExpr* SiteOfData(const CallExpr& call) {
  const Binding* callee = CalleeOf(call);
  if (callee == nullptr || callee->kind != Binding::Kind::kBuiltin || call.args.empty()) return nullptr;
  const std::string_view name = ir::Builtins()[callee->builtin].name;
  const Arg& last = call.args.back();
  const bool placed = (name == "file" || name == "dir") && last.name && last.name.text == "on";
  return placed ? llvm::dyn_cast_or_null<NameExpr>(last.value) : nullptr;
}

ArrayRef<Arg> ValuesOf(const CallExpr& call) { return call.args.drop_back(SiteOfData(call) == nullptr ? 0 : 1); }

}  // namespace hwf::sema
