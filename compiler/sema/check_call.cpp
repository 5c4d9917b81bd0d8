// Calls: of tasks, workflows, fns, records and variants. Arguments are named, but for the first.
#include "compiler/sema/checker.h"

namespace hwf::sema {
namespace {

// Finds a parameter by its name: by search while they are few, else by an index.
class ParamIndex {
 public:
  template <typename Params>
  explicit ParamIndex(const Params& params) {
    for (size_t at = 0; at < params.size(); ++at) names_.push_back(params[at].name.text);
    if (names_.size() <= kFew) return;
    for (size_t at = 0; at < names_.size(); ++at) index_.try_emplace(names_[at], at);
  }
  std::optional<size_t> Find(StringRef name) const {
    if (names_.size() > kFew) {
      auto found = index_.find(name);
      return found == index_.end() ? std::nullopt : std::optional(found->second);
    }
    for (size_t at = 0; at < names_.size(); ++at) {
      if (names_[at] == name) return at;
    }
    return std::nullopt;
  }

 private:
  static constexpr size_t kFew = 16;
  llvm::SmallVector<StringRef, 8> names_;
  llvm::DenseMap<StringRef, size_t> index_;
};

}  // namespace

TypeRef Checker::CheckCall(CallExpr& call) {
  const Binding* binding = CalleeOf(call);
  if (call.tried && binding != nullptr && RefuseTry(call, *binding)) return Poison();
  if (binding != nullptr && binding->kind == Binding::Kind::kBuiltin) {
    call.callee->type = Poison();
    return CheckBuiltin(call, binding->builtin);
  }
  llvm::SaveAndRestore<bool> piece(command_piece_, false);
  if (binding != nullptr) {
    // The callee is no value; its qualifiers are none either.
    Expr* callee = call.callee;
    for (; callee != nullptr; callee = llvm::isa<FieldExpr>(callee) ? llvm::cast<FieldExpr>(callee)->base : nullptr) {
      callee->type = Poison();
    }
  }
  if (binding != nullptr && binding->kind == Binding::Kind::kVariant) return CheckVariantCall(call, *binding);
  if (binding != nullptr && binding->kind == Binding::Kind::kDecl) return CheckDeclCall(call, *binding);
  for (const Arg& arg : call.args) Check(arg.value);
  if (binding == nullptr && llvm::isa<NameExpr>(call.callee)) {
    call.callee->type = Poison();
    return Poison();  // unknown, and reported
  }
  const TypeRef type = binding == nullptr ? Check(call.callee) : binding->type;
  if (type != nullptr && IsPoison(type)) return Poison();
  auto report =
      Report(call.callee->range, diagnostics::kNotCallable, type == nullptr ? "a module" : Quoted(TypeName(type)));
  if (binding != nullptr) report.Note(binding->name.range, "bound here");
  return Poison();
}

Checker::Params Checker::ParamsOf(ArrayRef<Field> fields) {
  Params params;
  for (const Field& field : fields) {
    const TypeRef type = field.sema_type != nullptr ? field.sema_type : Poison();
    params.push_back({field.name, type, field.default_value != nullptr || type->kind == TypeKind::kOptional});
  }
  return params;
}

TypeRef Checker::CheckDeclCall(CallExpr& call, const Binding& binding) {
  const Decl& decl = *binding.decl;
  Callee callee{Quoted(decl.name.text), decl.name.range};
  auto match = [&](ArrayRef<Field> fields, std::string_view kind) {
    callee.text = std::string(kind) + " " + callee.text;
    call.by_param = MatchArgs(call.args, ParamsOf(fields), callee, call.range);
  };
  switch (decl.kind) {
    case Decl::Kind::kRecord:
      callee.first_positional = false;
      match(llvm::cast<RecordDecl>(decl).fields, "record");
      return context_.nominal[&decl];
    case Decl::Kind::kFn:
      match(llvm::cast<FnDecl>(decl).params, "fn");
      return context_.program.output_types[&decl];
    case Decl::Kind::kTask:
      match(llvm::cast<TaskDecl>(decl).params, "task");
      return AllowNode(call.range, "a task's call") ? ValueOf(call, decl) : Poison();
    case Decl::Kind::kWorkflow:
      match(llvm::cast<WorkflowDecl>(decl).params, "workflow");
      return AllowNode(call.range, "a workflow's call") ? ValueOf(call, decl) : Poison();
    case Decl::Kind::kImport:
    case Decl::Kind::kEnum:
    case Decl::Kind::kSite:
    case Decl::Kind::kGroup:
    case Decl::Kind::kCalendar:
    case Decl::Kind::kTest:
    case Decl::Kind::kUncarried:
    case Decl::Kind::kError:
      break;
  }
  for (const Arg& arg : call.args) Check(arg.value);
  auto report = Report(call.callee->range, diagnostics::kNotCallable, KindName(decl));
  report.Note(decl.name.range, "declared here");
  if (decl.kind == Decl::Kind::kEnum) report.Help("name its variant: `" + decl.name.text.str() + ".variant(…)`");
  return Poison();
}

TypeRef Checker::CheckVariantCall(CallExpr& call, const Binding& binding) {
  for (const EnumDecl::Variant& variant : llvm::cast<EnumDecl>(binding.decl)->variants) {
    if (variant.name.text != binding.name.text) continue;
    const Callee callee{"variant " + Quoted(variant.name.text), variant.name.range, false};
    call.by_param = MatchArgs(call.args, ParamsOf(variant.fields), callee, call.range);
    break;
  }
  return binding.type;
}

ArrayRef<Expr*> Checker::MatchArgs(ArrayRef<Arg> args, const Params& params, const Callee& callee, Range call) {
  Expr** by_param = scope_.module->arena.Allocate<Expr*>(params.size());
  std::fill_n(by_param, params.size(), nullptr);
  const ParamIndex index(params);
  bool failed = false;
  for (size_t at = 0; at < args.size(); ++at) {
    const Arg& arg = args[at];
    Check(arg.value);
    std::optional<size_t> param;
    if (arg.name) {
      param = index.Find(arg.name.text);
      if (!param) {
        context_.suggester.Begin(arg.name.text);
        for (const Param& known : params) context_.suggester.Offer(known.name.text);
        auto report = Report(arg.name.range, diagnostics::kUnknownArgument, callee.text, arg.name.text);
        report.Note(callee.range, "declared here");
        Suggest(report, arg.name.range);
      }
    } else if (at == 0 && callee.first_positional && !params.empty()) {
      param = 0;
    } else {
      auto report = Report(arg.range, diagnostics::kPositionalArgument, callee.text,
                           callee.first_positional && !params.empty() ? "only its first argument" : "no argument");
      report.Note(callee.range, "declared here");
      if (at < params.size() && by_param[at] == nullptr) {
        const std::string name = params[at].name.text.str();
        const Range point{arg.range.file, arg.range.begin, arg.range.begin};
        report.Suggest("name it: `" + name + ": …`", point, name + ": ");
      }
    }
    if (!param) {
      failed = true;
      continue;
    }
    if (by_param[*param] != nullptr) {
      Report(arg.range, diagnostics::kDuplicateArgument, params[*param].name.text)
          .Note(by_param[*param]->range, "given here");
      continue;
    }
    by_param[*param] = arg.value;
    Coerce(arg.value, params[*param].type, "for " + Quoted(params[*param].name.text));
  }
  std::string missing;
  for (size_t at = 0; at < params.size() && missing.size() < 200; ++at) {
    if (by_param[at] != nullptr || params[at].optional) continue;
    missing += (missing.empty() ? "" : ", ") + Quoted(params[at].name.text);
  }
  // After an argument that fits nothing, what is missing is most likely that one.
  if (!missing.empty() && !failed) {
    Report(call, diagnostics::kMissingArgument, callee.text, missing).Note(callee.range, "declared here");
  }
  return {by_param, params.size()};
}

}  // namespace hwf::sema
