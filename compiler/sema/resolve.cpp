#include "compiler/sema/resolve.h"

#include "compiler/sema/walk.h"

namespace hwf::sema {

Expr* LeftChild(Expr* expr) {
  if (auto* node = llvm::dyn_cast<BinaryExpr>(expr)) return node->left;
  if (auto* node = llvm::dyn_cast<FieldExpr>(expr)) return node->base;
  if (auto* node = llvm::dyn_cast<IndexExpr>(expr)) return node->base;
  if (auto* node = llvm::dyn_cast<AfterExpr>(expr)) return node->value;
  return nullptr;
}

void Resolver::Resolve(Expr* expr) {
  if (expr == nullptr) return;
  llvm::SmallVector<Expr*, 8> spine{expr};
  while (Expr* left = LeftChild(spine.back())) spine.push_back(left);
  while (!spine.empty()) ResolveNode(*spine.pop_back_val());
}

// The node alone, its left child being done.
void Resolver::ResolveNode(Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kString:
      for (const StringExpr::Part& part : llvm::cast<StringExpr>(expr).parts) Resolve(part.value);
      return;
    case Expr::Kind::kName:
      return ResolveName(llvm::cast<NameExpr>(expr), false);
    case Expr::Kind::kField:
      return ResolveMember(llvm::cast<FieldExpr>(expr));
    case Expr::Kind::kIndex:
      return Resolve(llvm::cast<IndexExpr>(expr).index);
    case Expr::Kind::kCall: {
      auto& call = llvm::cast<CallExpr>(expr);
      if (auto* name = llvm::dyn_cast_or_null<NameExpr>(call.callee)) {
        ResolveName(*name, true);
      } else {
        Resolve(call.callee);
      }
      return ResolveArgs(ValuesOf(call));
    }
    case Expr::Kind::kUnary:
      return Resolve(llvm::cast<UnaryExpr>(expr).operand);
    case Expr::Kind::kBinary:
      return Resolve(llvm::cast<BinaryExpr>(expr).right);
    case Expr::Kind::kAfter:
      return Resolve(llvm::cast<AfterExpr>(expr).awaited);
    case Expr::Kind::kList:
      for (Expr* item : llvm::cast<ListExpr>(expr).items) Resolve(item);
      return;
    case Expr::Kind::kMap:
      for (const MapExpr::Entry& entry : llvm::cast<MapExpr>(expr).entries) {
        Resolve(entry.key);
        Resolve(entry.value);
      }
      return;
    case Expr::Kind::kTuple:
      return ResolveArgs(llvm::cast<TupleExpr>(expr).entries);
    case Expr::Kind::kIf: {
      auto& node = llvm::cast<IfExpr>(expr);
      for (const IfExpr::Branch& branch : node.branches) {
        Resolve(branch.condition);
        Resolve(*branch.body);
      }
      if (node.else_body != nullptr) Resolve(*node.else_body);
      return;
    }
    case Expr::Kind::kMatch:
      return ResolveMatch(llvm::cast<MatchExpr>(expr));
    case Expr::Kind::kFor:
      return ResolveFor(llvm::cast<ForExpr>(expr));
    case Expr::Kind::kLoop:
      return ResolveLoop(llvm::cast<LoopExpr>(expr));
    case Expr::Kind::kStop:
      return Resolve(llvm::cast<StopExpr>(expr).value);
    case Expr::Kind::kNext:
      return Resolve(llvm::cast<NextExpr>(expr).values);  // the names are its loop's: check_loop.cpp
    case Expr::Kind::kReview:
      return ResolveReview(llvm::cast<ReviewExpr>(expr));
    case Expr::Kind::kFail:
      return Resolve(llvm::cast<FailExpr>(expr).message);
    case Expr::Kind::kBool:
    case Expr::Kind::kInt:
    case Expr::Kind::kFloat:
    case Expr::Kind::kDuration:
    case Expr::Kind::kBytes:
    case Expr::Kind::kNone:
    case Expr::Kind::kUncarried:
      return;
    case Expr::Kind::kError:
      return DoubtWords(expr);
  }
}

void Resolver::ResolveArgs(ArrayRef<Arg> args) {
  for (const Arg& arg : args) Resolve(arg.value);
}

void Resolver::ResolveMatch(MatchExpr& match) {
  Resolve(match.subject);
  for (const MatchExpr::Arm& arm : match.arms) {
    const size_t mark = declared_.size();
    for (const Pattern::Bind& bind : arm.pattern.binds) {
      Binding* binding = context_.NewBinding(Binding::Kind::kPattern, bind.name);
      Mutable(bind).binding = binding;
      DeclareShadowing(binding);
    }
    Resolve(*arm.body);
    Leave(mark);
  }
}

void Resolver::ResolveFor(ForExpr& loop) {
  Resolve(loop.list);
  const size_t mark = declared_.size();
  loop.binding = context_.NewBinding(Binding::Kind::kFor, loop.name);
  loop.binding->for_expr = &loop;
  DeclareShadowing(loop.binding);
  Resolve(loop.where);
  Resolve(*loop.body);
  Leave(mark);
}

void Resolver::Resolve(ArrayRef<Carried> values) {
  for (const Carried& each : values) Resolve(each.value);
}

void Resolver::ResolveLoop(LoopExpr& loop) {
  Resolve(loop.carried);
  Resolve(loop.max);
  const size_t mark = declared_.size();
  for (const Carried& each : loop.carried) {
    Binding* binding = context_.NewBinding(Binding::Kind::kCarried, each.name);
    Mutable(each).binding = binding;
    DeclareShadowing(binding);
  }
  Resolve(*loop.body);
  Leave(mark);
}

void Resolver::ResolveReview(ReviewExpr& review) {
  Resolve(review.question);
  if (const EnumDecl* chosen = DeclaredIn<EnumDecl>(module_, review.choose_enum.text)) {
    context_.asked.try_emplace(context_.nominal[chosen]->enumeration, &review);
  }
  for (Expr* shown : review.show) Resolve(shown);
  for (const Choice& choice : review.choices) {
    answers_[choice.name.text] = choice.range;
    for (const Choice::FormField& field : choice.fields) {
      Resolve(field.in);
      Resolve(field.default_value);
    }
  }
  ResolveWho(review.by);
  Resolve(review.within);
  Resolve(review.remind);
  for (const ReviewExpr::Escalation& escalation : review.escalations) {
    Resolve(escalation.delay);
    ResolveWho(escalation.to);
  }
  if (review.else_variant != nullptr) ResolveArgs(review.else_variant->args);
  if (review.assume != nullptr) ResolveArgs(review.assume->args);
  for (const ReviewExpr::Limit& limit : review.up_to) Resolve(limit.value);
}

void Resolver::ResolveWho(const ByRule* rule) {
  if (rule == nullptr) return;
  for (const ByRule* part : rule->parts) ResolveWho(part);
  if (rule->who == nullptr) return;
  auto* name = llvm::dyn_cast<NameExpr>(rule->who);
  if (name == nullptr) return Resolve(rule->who);
  auto group = context_.groups.find(name->name.text.str());
  if (group == context_.groups.end()) return;  // reported by check_by.cpp
  Use(*group->second, name->range, false);
  name->binding = group->second;
}

void Resolver::ResolveName(NameExpr& name, bool called) {
  bool broken = false;
  Binding* binding = Find(name.name.text, &broken);
  if (called && binding != nullptr && binding->doubles != nullptr) binding = binding->doubles;
  if (binding != nullptr) {
    Use(*binding, name.range, called);
    name.binding = binding;
  } else if (!broken) {
    ReportUnknown(name.name);
  }
}

// `m.fit` of an import, `Verdict.keep` of an enum; all else is a field, which needs types.
void Resolver::ResolveMember(FieldExpr& field) {
  const Binding* base = nullptr;
  if (const auto* name = llvm::dyn_cast<NameExpr>(field.base)) base = name->binding;
  if (const auto* inner = llvm::dyn_cast<FieldExpr>(field.base)) base = inner->binding;
  if (base == nullptr || !field.name) return;
  if (base->kind == Binding::Kind::kModule) {
    auto found = base->module->names.find(field.name.text.str());
    const bool own = found != base->module->names.end() && found->second != nullptr && found->second->decl != nullptr &&
                     context_.home[found->second->decl] == base->module;
    if (own) {
      Use(*found->second, field.name.range, true);
      field.binding = found->second;
      return;
    }
    // What could not be read of it has been reported.
    const bool broken = found != base->module->names.end() && found->second == nullptr;
    if (broken || context_.incomplete.contains(base->module)) return;
    context_.suggester.Begin(field.name.text);
    for (const auto& [name, binding] : base->module->names) {
      if (context_.suggester.spent()) break;
      context_.suggester.Offer(name);
    }
    auto report = context_.Report(field.name.range, diagnostics::kNotInModule, base->name.text, field.name.text);
    const StringRef best = context_.suggester.Best();
    if (!best.empty()) report.Suggest("did you mean " + Quoted(best) + "?", field.name.range, best.str());
    return;
  }
  const auto* enumeration = llvm::dyn_cast_or_null<EnumDecl>(base->decl);
  if (base->kind != Binding::Kind::kDecl || enumeration == nullptr) return;
  context_.suggester.Begin(field.name.text);
  for (const EnumDecl::Variant& variant : enumeration->variants) {
    context_.suggester.Offer(variant.name.text);
    if (variant.name.text != field.name.text) continue;
    field.binding = VariantBinding(*enumeration, variant);
    return;
  }
  auto report =
      context_.Report(field.name.range, diagnostics::kUnknownVariant, Quoted(enumeration->name.text), field.name.text);
  report.Note(enumeration->name.range, "the enum is here");
  const StringRef best = context_.suggester.Best();
  if (!best.empty()) report.Suggest("did you mean " + Quoted(best) + "?", field.name.range, best.str());
}

const Binding* Resolver::ResolveJob(const Ident& job) {
  bool broken = false;
  Binding* binding = Find(job.text, &broken);
  if (binding != nullptr) {
    Use(*binding, job.range, false);
  } else if (!broken && job) {
    ReportUnknown(job);
  }
  return binding;
}

void Resolver::Resolve(Stmt& stmt) {
  switch (stmt.kind) {
    case Stmt::Kind::kLet:
      return Resolve(llvm::cast<LetStmt>(stmt).value);
    case Stmt::Kind::kExpr:
      return Resolve(llvm::cast<ExprStmt>(stmt).value);
    case Stmt::Kind::kCheckpoint:
      return ResolveArgs(llvm::cast<CheckpointStmt>(stmt).fields);
    case Stmt::Kind::kWatch: {
      auto& watch = llvm::cast<WatchStmt>(stmt);
      watch.job_binding = ResolveJob(watch.job);
      const size_t mark = declared_.size();
      watch.binding = context_.NewBinding(Binding::Kind::kWatch, watch.name);
      watch.binding->stmt = &watch;
      DeclareShadowing(watch.binding);
      Resolve(watch.where);
      Resolve(*watch.body);
      return Leave(mark);
    }
    case Stmt::Kind::kSend: {
      auto& send = llvm::cast<SendStmt>(stmt);
      send.job_binding = ResolveJob(send.job);
      return ResolveArgs(send.args);
    }
    case Stmt::Kind::kCancel: {
      auto& cancel = llvm::cast<CancelStmt>(stmt);
      cancel.job_binding = ResolveJob(cancel.job);
      return;
    }
  }
}

}  // namespace hwf::sema
