// Scopes, declarations and the order of blocks.
#include <llvm/ADT/StringExtras.h>

#include "compiler/sema/resolve.h"

namespace hwf::sema {

Resolver::Resolver(Context& context, const ModuleScope& module) : context_(context), module_(module) {
  for (const auto& [name, binding] : module.names) {
    const auto* declared = binding == nullptr ? nullptr : llvm::dyn_cast_or_null<EnumDecl>(binding->decl);
    if (declared == nullptr) continue;
    for (const EnumDecl::Variant& variant : declared->variants) {
      auto [known, fresh] = bare_.try_emplace(variant.name.text, Bare{declared, &variant});
      if (!fresh && known->second.declared != declared) known->second.other = declared;
    }
  }
}

Binding* Resolver::VariantBinding(const EnumDecl& declared, const EnumDecl::Variant& variant) {
  Binding*& binding = context_.variants[&variant];
  if (binding == nullptr) {
    binding = context_.NewBinding(Binding::Kind::kVariant, variant.name);
    binding->type = context_.nominal[&declared];
    binding->decl = const_cast<EnumDecl*>(&declared);
  }
  return binding;
}

void Resolver::ResolveModule() {
  for (Decl* decl : module_.module->decls) {
    caller_ = decl;
    if (const auto* record = llvm::dyn_cast<RecordDecl>(decl)) ResolveDefaults(record->fields);
    if (const auto* enumeration = llvm::dyn_cast<EnumDecl>(decl)) {
      for (const EnumDecl::Variant& variant : enumeration->variants) ResolveDefaults(variant.fields);
    }
    if (const auto* fn = llvm::dyn_cast<FnDecl>(decl)) Resolve(*fn);
    if (const auto* task = llvm::dyn_cast<TaskDecl>(decl)) Resolve(*task);
    if (const auto* workflow = llvm::dyn_cast<WorkflowDecl>(decl)) Resolve(*workflow);
    if (const auto* group = llvm::dyn_cast<GroupDecl>(decl)) Resolve(group->members);
    if (const auto* test = llvm::dyn_cast<TestDecl>(decl); test != nullptr && context_.IsRoot(module_)) Resolve(*test);
  }
}

void Resolver::Resolve(const TestDecl& test) {
  Resolve(*test.body);
  for (const TestDecl::Answer& answer : test.answers) {
    Resolve(answer.delay);
    ResolveArgs(answer.args);
  }
  for (const TestDecl::Given& each : test.givens) Resolve(Mutable(each));
}

// A stub reads the parameters of its task, and `attempt`.
void Resolver::Resolve(TestDecl::Given& given) {
  Resolve(given.subject);
  const auto* field = llvm::dyn_cast<FieldExpr>(given.subject);
  const auto bound = [](const Expr* expr) -> TaskDecl* {
    const Binding* binding = nullptr;
    if (const auto* name = llvm::dyn_cast<NameExpr>(expr)) binding = name->binding;
    if (const auto* inner = llvm::dyn_cast<FieldExpr>(expr)) binding = inner->binding;
    return binding == nullptr ? nullptr : llvm::dyn_cast_or_null<TaskDecl>(binding->decl);
  };
  given.task = bound(given.subject);
  if (given.task == nullptr && field != nullptr) {
    given.task = bound(field->base);
    if (given.task != nullptr) given.stream = field->name.text;
  }
  if (given.task == nullptr) return;  // which names its value may read is not known
  llvm::SmallVector<const Binding*, 8> params;
  const auto declare = [&](const Ident& name, TypeRef type) {
    Binding* binding = context_.NewBinding(Binding::Kind::kPattern, name);
    binding->type = type;
    DeclareShadowing(binding);
    params.push_back(binding);
  };
  for (const Field& param : given.task->params) declare(param.name, param.sema_type);
  declare({"attempt", given.range}, context_.Simple(TypeKind::kInt));
  given.params = module_.module->Copy<const Binding*>(params);
  Resolve(given.value);
  Resolve(given.after);
  Leave(0);
}

void Resolver::ResolveDefaults(ArrayRef<Field> fields) {
  for (const Field& field : fields) Resolve(field.default_value);
}

// A default may use the parameters before it.
void Resolver::ResolveParams(ArrayRef<Field> params) {
  for (const Field& param : params) {
    Resolve(param.default_value);
    Binding* binding = context_.NewBinding(Binding::Kind::kField, param.name);
    binding->field = &param;
    binding->type = param.sema_type;
    // A second one of the same name was reported with the heads. Parameters may hide declarations: a head is read by
    // callers in other files, which know nothing of what stands beside it.
    DeclareShadowing(binding);
  }
}

void Resolver::Resolve(const FnDecl& fn) {
  ResolveParams(fn.params);
  Resolve(fn.body);
  Leave(0);
}

void Resolver::Resolve(const WorkflowDecl& workflow) {
  ResolveParams(workflow.params);
  if (workflow.body != nullptr) Resolve(*workflow.body);
  Leave(0);
}

void Resolver::DeclareInTask(const TaskDecl& task, Binding::Kind kind, StringRef name) {
  Binding* binding = context_.NewBinding(kind, {name, task.name.range});
  binding->task = const_cast<TaskDecl*>(&task);
  if (kind == Binding::Kind::kAttempt) binding->type = context_.Simple(TypeKind::kInt);
  if (kind == Binding::Kind::kOut) binding->type = context_.task_records[&task].first;
  if (kind == Binding::Kind::kPrevious) binding->type = context_.task_records[&task].second;
  auto found = visible_.find(name);
  if (found != visible_.end() && !found->second.empty()) {
    context_.Report(found->second.back()->name.range, diagnostics::kAlreadyBound, name)
        .Help("in a task `out`, `previous` and `attempt` have a meaning of their own");
    binding->type = context_.Simple(TypeKind::kPoison);  // which of the two is meant is not known
  }
  DeclareShadowing(binding);
}

void Resolver::Resolve(const TaskDecl& task) {
  ResolveParams(task.params);
  for (const StreamClause& stream : task.streams) {
    ResolveDefaults(stream.fields);
    Resolve(stream.keep);
  }
  for (const MessageClause& message : task.accepts) ResolveDefaults(message.fields);
  for (const Output& output : task.outputs) Resolve(output.at);
  for (StringExpr* path : task.uses) Resolve(path);
  Resolve(task.image);
  Resolve(task.retry.count);
  Resolve(task.pack);
  DeclareInTask(task, Binding::Kind::kAttempt, "attempt");
  for (const TaskDecl::Need& need : task.needs) Resolve(need.value);
  DeclareInTask(task, Binding::Kind::kOut, "out");
  DeclareInTask(task, Binding::Kind::kPrevious, "previous");
  for (const TaskDecl::Env& env : task.env) Resolve(env.value);
  Resolve(task.run.text);
  Resolve(task.run.argv);
  Leave(0);
}

Binding* Resolver::Find(StringRef name, bool* broken) {
  if (auto found = visible_.find(name); found != visible_.end() && !found->second.empty()) return found->second.back();
  const std::string key = name.str();
  if (auto found = module_.names.find(key); found != module_.names.end()) {
    *broken = found->second == nullptr;
    return found->second;
  }
  if (auto found = bare_.find(name); found != bare_.end()) {
    const Bare& bare = found->second;
    return bare.other == nullptr ? VariantBinding(*bare.declared, *bare.variant) : nullptr;
  }
  if (auto found = context_.builtins.find(key); found != context_.builtins.end()) return found->second;
  *broken = context_.incomplete.contains(&module_) || doubted_.contains(name);
  return nullptr;
}

void Resolver::DoubtWords(const Expr& error) {
  const std::string_view text = context_.sources.Text(error.range);
  auto in_word = [](char c) { return llvm::isAlnum(c) || c == '_'; };
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && in_word(text[end])) ++end;
    if (end > at) doubted_.insert({text.data() + at, end - at});
    at = std::max(end, at + 1);
  }
}

void Resolver::Use(Binding& binding, Range where, bool called) {
  ++binding.uses;
  if (binding.kind == Binding::Kind::kDecl) {
    // A function that is only named is called by the one it is given to.
    const bool calls = llvm::isa<FnDecl>(binding.decl) || (called && llvm::isa<WorkflowDecl>(binding.decl));
    if (calls) context_.calls[caller_].push_back({binding.decl, where});
    return;
  }
  auto home = home_.find(&binding);
  if (home == home_.end()) return;
  Frame& frame = frames_[home->second.frame];
  std::vector<uint32_t>& needs = frame.needs[frame.current];
  if (needs.empty() || needs.back() != home->second.statement) needs.push_back(home->second.statement);
}

void Resolver::ReportUnknown(const Ident& name) {
  if (auto found = bare_.find(name.text); found != bare_.end()) {
    const Bare& bare = found->second;
    context_.Report(name.range, diagnostics::kAmbiguousVariant, name.text)
        .Note(bare.declared->name.range, "of this")
        .Note(bare.other->name.range, "and of this")
        .Help("say which: `" + bare.declared->name.text.str() + "." + name.text.str() + "`");
    return;
  }
  context_.suggester.Begin(name.text);
  for (const auto& entry : visible_) {
    if (context_.suggester.spent()) break;
    if (!entry.second.empty()) context_.suggester.Offer(entry.first());
  }
  for (const auto& [known, binding] : module_.names) {
    if (context_.suggester.spent()) break;
    context_.suggester.Offer(known);
  }
  for (const auto& entry : bare_) context_.suggester.Offer(entry.first());
  for (const auto& [known, binding] : context_.builtins) context_.suggester.Offer(known);
  auto report = context_.Report(name.range, diagnostics::kUnknownName, name.text);
  if (auto answer = answers_.find(name.text); answer != answers_.end()) {
    const std::string arm = "`match … { " + name.text.str() + " => … }`";
    report.Note(answer->second, "an answer of this review").Help("an answer is named in a `match` alone: " + arm);
    return;
  }
  const StringRef best = context_.suggester.Best();
  if (!best.empty()) report.Suggest("did you mean " + Quoted(best) + "?", name.range, best.str());
}

void Resolver::DeclareOnce(Binding* binding) {
  const StringRef name = binding->name.text;
  if (name.empty()) return;
  Binding* known = nullptr;
  if (auto found = visible_.find(name); found != visible_.end() && !found->second.empty()) {
    known = found->second.back();
  } else if (auto outer = module_.names.find(name.str()); outer != module_.names.end()) {
    known = outer->second;
  }
  if (known != nullptr) {
    binding->uses = 1;  // it is not unused as well
    auto report = context_.Report(binding->name.range, diagnostics::kAlreadyBound, name);
    report.Note(known->name.range, "bound here").Help("a name is bound once: give one of them another name");
    if (known->kind != Binding::Kind::kDecl && known->kind != Binding::Kind::kModule) return;
    binding->doubles = known;
  }
  DeclareShadowing(binding);
}

void Resolver::DeclareShadowing(Binding* binding) {
  if (!binding->name) return;
  auto& entry = *visible_.try_emplace(binding->name.text).first;
  entry.second.push_back(binding);
  declared_.push_back(entry.first());
}

void Resolver::Leave(size_t mark) {
  for (; declared_.size() > mark; declared_.pop_back()) visible_[declared_.back()].pop_back();
}

// All names of a block are known on all its lines.
void Resolver::DeclareStatements(const Block& block) {
  for (uint32_t at = 0; at < block.stmts.size(); ++at) {
    Binding* binding = nullptr;
    if (auto* let = llvm::dyn_cast<LetStmt>(block.stmts[at])) {
      binding = let->binding = context_.NewBinding(Binding::Kind::kLet, let->name);
    } else if (auto* checkpoint = llvm::dyn_cast<CheckpointStmt>(block.stmts[at])) {
      binding = checkpoint->binding = context_.NewBinding(Binding::Kind::kCheckpoint, checkpoint->name);
    }
    if (binding == nullptr) continue;
    binding->stmt = block.stmts[at];
    home_[binding] = {frames_.size() - 1, at};
    DeclareOnce(binding);
  }
}

void Resolver::Resolve(const Block& block) {
  const size_t mark = declared_.size();
  frames_.push_back({&block, 0, Needs(block.stmts.size())});
  DeclareStatements(block);
  for (uint32_t at = 0; at < block.stmts.size(); ++at) {
    frames_.back().current = at;
    Resolve(*block.stmts[at]);
  }
  SetOrder(frames_.back());
  frames_.pop_back();
  Leave(mark);
}

void Resolver::SetOrder(const Frame& frame) {
  bool as_written = true;
  for (uint32_t at = 0; at < frame.needs.size(); ++at) {
    for (const uint32_t needed : frame.needs[at]) as_written = as_written && needed < at;
  }
  if (as_written) return;
  const Order order = OrderOf(frame.needs);
  std::vector<Stmt*>& stmts = context_.block_order[frame.block];
  for (const uint32_t at : order.nodes) stmts.push_back(frame.block->stmts[at]);
  for (const std::vector<uint32_t>& cycle : order.cycles) ReportCycle(frame, cycle);
}

void Resolver::ReportCycle(const Frame& frame, const std::vector<uint32_t>& cycle) {
  auto name = [&](uint32_t at) {
    const Stmt* stmt = frame.block->stmts[at];
    if (const auto* let = llvm::dyn_cast<LetStmt>(stmt)) return let->name;
    return llvm::cast<CheckpointStmt>(stmt)->name;
  };
  std::string way;
  for (const uint32_t at : cycle) way += name(at).text.str() + " → ";
  way += name(cycle.front()).text.str();
  auto report = context_.Report(name(cycle.front()).range, diagnostics::kLetCycle, name(cycle.front()).text, way);
  for (size_t at = 1; at < cycle.size(); ++at) report.Note(name(cycle[at]).range, "through this");
}

}  // namespace hwf::sema
