// Expressions: dispatch, literals, names, collections, and the two questions asked of types everywhere, whether one
// converts to another and which one two have in common.
#include "compiler/sema/approval_path.h"
#include "compiler/sema/checker.h"
#include "compiler/sema/mismatch.h"
#include "compiler/sema/resolve.h"
#include "ir/type_rules.h"

namespace hwf::sema {
namespace {

constexpr int kMaxPaths = 20;  // of one module: each is looked for in the whole program

// The `m` of `m.fit`, the `Verdict` of `Verdict.keep`: no values, and what follows the dot has been resolved.
bool IsQualifier(const Expr* expr) {
  const Binding* binding = nullptr;
  if (const auto* name = llvm::dyn_cast<NameExpr>(expr)) binding = name->binding;
  if (const auto* field = llvm::dyn_cast<FieldExpr>(expr)) binding = field->binding;
  if (binding == nullptr) return false;
  return binding->kind == Binding::Kind::kModule ||
         (binding->kind == Binding::Kind::kDecl && llvm::isa<EnumDecl>(binding->decl));
}

}  // namespace

Checker::Checker(Context& context, Types& types, const ModuleScope& scope)
    : context_(context), types_(types), scope_(scope) {}

TypeRef Checker::Check(Expr* expr) {
  if (expr == nullptr) return Poison();
  llvm::SmallVector<Expr*, 8> spine{expr};
  while (Expr* left = LeftChild(spine.back())) spine.push_back(left);
  // `a != none and b and c`: what the left side says holds on the right. One scope serves a whole chain.
  std::optional<FactScope> facts;
  const Expr* below = nullptr;
  while (!spine.empty()) {
    Expr* node = spine.pop_back_val();
    if (!spine.empty() && llvm::isa<FieldExpr>(spine.back()) && IsQualifier(node)) {
      node->type = Poison();
      continue;
    }
    const auto* logic = llvm::dyn_cast<BinaryExpr>(node);
    const bool short_circuit = logic != nullptr && (logic->op == BinaryOp::kAnd || logic->op == BinaryOp::kOr);
    if (short_circuit) {
      const auto* inner = llvm::dyn_cast<BinaryExpr>(below);
      const bool goes_on = facts.has_value() && inner != nullptr && inner->op == logic->op;
      if (!goes_on) facts.emplace(*this);
      facts->Assume(goes_on ? inner->right : below, logic->op == BinaryOp::kAnd);
    } else {
      facts.reset();
    }
    node->type = CheckNode(*node);
    below = node;
  }
  return expr->type;
}

TypeRef Checker::CheckNode(Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kBool:
      return Simple(TypeKind::kBool);
    case Expr::Kind::kInt:
      return Simple(TypeKind::kInt);
    case Expr::Kind::kFloat:
      return Simple(TypeKind::kFloat);
    case Expr::Kind::kDuration:
      return Simple(TypeKind::kDuration);
    case Expr::Kind::kBytes:
      return Simple(TypeKind::kBytes);
    case Expr::Kind::kNone:
      return Simple(TypeKind::kNone);
    case Expr::Kind::kString:
      return CheckString(llvm::cast<StringExpr>(expr), text_);
    case Expr::Kind::kName:
      return CheckName(llvm::cast<NameExpr>(expr));
    case Expr::Kind::kField:
      return CheckField(llvm::cast<FieldExpr>(expr));
    case Expr::Kind::kIndex:
      return CheckIndex(llvm::cast<IndexExpr>(expr));
    case Expr::Kind::kCall: {
      auto& call = llvm::cast<CallExpr>(expr);
      const TypeRef type = CheckCall(call);
      if (!OnlyHolds(call)) PassOn(ValuesOf(call));
      return type;
    }
    case Expr::Kind::kUnary:
      return CheckUnary(llvm::cast<UnaryExpr>(expr));
    case Expr::Kind::kBinary: {
      auto& binary = llvm::cast<BinaryExpr>(expr);
      const TypeRef type = CheckBinary(binary);
      if (binary.op != BinaryOp::kCoalesce) {
        Mention(binary.left);
        Mention(binary.right);
      }
      return type;
    }
    case Expr::Kind::kAfter: {
      auto& after = llvm::cast<AfterExpr>(expr);
      Check(after.awaited);
      AllowNode(expr.range, "`after`");
      return after.value->type;
    }
    case Expr::Kind::kList:
      return CheckList(llvm::cast<ListExpr>(expr));
    case Expr::Kind::kMap:
      return CheckMap(llvm::cast<MapExpr>(expr));
    case Expr::Kind::kTuple:
      return CheckTuple(llvm::cast<TupleExpr>(expr));
    case Expr::Kind::kIf:
      return CheckIf(llvm::cast<IfExpr>(expr), true);
    case Expr::Kind::kMatch:
      return CheckMatch(llvm::cast<MatchExpr>(expr), true);
    case Expr::Kind::kFor:
      return CheckFor(llvm::cast<ForExpr>(expr), true);
    case Expr::Kind::kLoop:
      return CheckLoop(llvm::cast<LoopExpr>(expr));
    case Expr::Kind::kStop:
      return CheckStop(llvm::cast<StopExpr>(expr));
    case Expr::Kind::kNext:
      return CheckNext(llvm::cast<NextExpr>(expr));
    case Expr::Kind::kReview:
      return CheckReview(llvm::cast<ReviewExpr>(expr));
    case Expr::Kind::kFail:
      CheckString(*llvm::cast<FailExpr>(expr).message, Text::kPlain);
      PassOn(llvm::cast<FailExpr>(expr).message);
      llvm::cast<FailExpr>(expr).message->type = Simple(TypeKind::kString);
      if (stub_ == nullptr) AllowNode(expr.range, "`fail`");
      return Simple(TypeKind::kNever);
    case Expr::Kind::kUncarried: {
      const Ident& keyword = llvm::cast<UncarriedExpr>(expr).keyword;
      Report(keyword.range, diagnostics::kNotCarried, Quoted(keyword.text));
      broken_ = true;
      ++nodes_;
      return Poison();
    }
    case Expr::Kind::kError:
      broken_ = true;
      ++nodes_;
      return Poison();
  }
  HWF_UNREACHABLE();
}

bool Checker::AllowNode(Range range, std::string_view what) {
  ++nodes_;
  if (pure_.empty()) return true;
  Report(range, diagnostics::kImpure, what, pure_);
  return false;
}

void Checker::Suggest(diagnostics::Report& report, Range range) {
  const StringRef best = context_.suggester.Best();
  if (!best.empty()) report.Suggest("did you mean " + Quoted(best) + "?", range, best.str());
}

TypeRef Checker::CheckName(NameExpr& name) {
  const Binding* binding = name.binding;
  if (binding == nullptr) return Poison();
  switch (binding->kind) {
    case Binding::Kind::kDecl:
      return CheckDecl(*binding, name.range);
    case Binding::Kind::kModule:
      Report(name.range, diagnostics::kNotAValue, name.name.text, "a module");
      return Poison();
    case Binding::Kind::kBuiltin:
      Report(name.range, diagnostics::kNotAValue, name.name.text, "a built-in function");
      return Poison();
    case Binding::Kind::kVariant:
      return BareVariant(*binding, name.range);
    case Binding::Kind::kField:
    case Binding::Kind::kLet:
    case Binding::Kind::kCheckpoint:
    case Binding::Kind::kFor:
    case Binding::Kind::kCarried:
    case Binding::Kind::kPattern:
    case Binding::Kind::kWatch:
    case Binding::Kind::kOut:
    case Binding::Kind::kPrevious:
    case Binding::Kind::kAttempt:
      break;
  }
  // A `let` on a cycle has no type; the cycle was reported.
  return binding->type == nullptr ? Poison() : Narrowed(name, binding->type);
}

TypeRef Checker::CheckDecl(const Binding& binding, Range range) {
  auto report = Report(range, diagnostics::kNotAValue, binding.name.text, KindName(*binding.decl));
  report.Note(binding.name.range, "declared here");
  return Poison();
}

bool Checker::Coerce(const Expr* expr, TypeRef want, std::string_view what) {
  if (expr == nullptr || expr->type == nullptr || ir::Converts(expr->type, want)) return true;
  const TypeRef found = expr->type;
  PassOn(expr);  // what was meant by it is not known
  if (want->kind == TypeKind::kApproved && ir::Converts(Plain(found), want->element)) {
    auto report = Report(expr->range, diagnostics::kNotApproved, TypeName(want), what, TypeName(found));
    if (paths_shown_++ < kMaxPaths) {
      for (const PathStep& step : UnapprovedPath(context_.program, *expr)) report.Note(step.range, step.text);
    }
    report.Help("only an answer that `grants` it makes an approved value");
    return false;
  }
  auto report = Report(expr->range, diagnostics::kTypeMismatch, TypeName(want), what, TypeName(found));
  report.Help(MismatchHelp(*expr, want));
  HelpWithTry(found, report);
  return false;
}

TypeRef Checker::Join(TypeRef a, TypeRef b) { return ir::Join(context_.types(), a, b); }

TypeRef Checker::JoinItems(TypeRef so_far, const Expr* item, std::string_view of) {
  const TypeRef joined = Join(so_far, item->type);
  if (joined != nullptr) return joined;
  Report(item->range, diagnostics::kNoCommonType, of, TypeName(so_far), TypeName(item->type));
  return Poison();
}

// Types of values nest no deeper than those that are written, so that walks of types may recurse.
TypeRef Checker::BoundDepth(TypeRef type, Range range) {
  if (types_.Depth(type) <= Types::kMaxDepth) return type;
  Report(range, diagnostics::kTypeTooDeep, Types::kMaxDepth);
  return Poison();
}

TypeRef Checker::CheckList(ListExpr& list) {
  TypeRef element = Simple(TypeKind::kEmpty);
  for (Expr* item : list.items) {
    Check(item);
    if (!IsPoison(element)) element = JoinItems(element, item, "the items of a list");
  }
  return IsPoison(element) ? element : BoundDepth(context_.types().List(element), list.range);
}

TypeRef Checker::CheckMap(MapExpr& map) {
  TypeRef key = Simple(map.entries.empty() ? TypeKind::kEmpty : TypeKind::kString);
  TypeRef value = Simple(TypeKind::kEmpty);
  bool first = true;
  std::unordered_map<std::string, Range> seen;
  for (const MapExpr::Entry& entry : map.entries) {
    Check(entry.key);
    Check(entry.value);
    if (first && Plain(entry.key->type)->kind == TypeKind::kInt) key = Simple(TypeKind::kInt);
    first = false;
    if (!Coerce(entry.key, key, "for the key of a map")) key = Poison();
    auto constant = ConstantString(entry.key);
    if (const auto number = Fold(entry.key); !constant && number) constant = ToText(*number);
    if (constant && !IsPoison(key)) {
      auto [known, fresh] = seen.try_emplace(*constant, entry.key->range);
      if (!fresh) {
        Report(entry.key->range, diagnostics::kDuplicateMember, *constant, "the map").Note(known->second, "first here");
      }
    }
    if (!IsPoison(value)) value = JoinItems(value, entry.value, "the values of a map");
  }
  if (IsPoison(key) || IsPoison(value)) return Poison();
  return BoundDepth(context_.types().Map(key, value), map.range);
}

// `()` is a value anywhere; `(name: value)` only ends a workflow, which looks at it by itself.
TypeRef Checker::CheckTuple(TupleExpr& tuple) {
  if (tuple.entries.empty()) return Simple(TypeKind::kUnit);
  if (stub_ != nullptr && stub_->type != nullptr) {
    const Stub& stub = *stub_;
    llvm::SaveAndRestore<const Stub*> inside(stub_, nullptr);
    (void)MatchArgs(tuple.entries, stub.params, stub.callee, tuple.range);
    return stub.type;
  }
  for (const Arg& entry : tuple.entries) Check(entry.value);
  PassOn(tuple.entries);
  if (&tuple == result_ || stub_ != nullptr) return Poison();  // of a stub it is not known which
  Report(tuple.range, diagnostics::kMisplacedResult)
      .Help("a value of several fields is a record: declare one and call it, `Metrics(loss: 1.0)`");
  return Poison();
}

}  // namespace hwf::sema
