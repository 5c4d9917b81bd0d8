// Calls of built-in functions (stdlib/builtins.def): their signatures say what they take. They alone are generic, and
// take their arguments in order. What no signature can say of a few is in check_builtin_special.cpp.
#include <fmt/format.h>

#include "compiler/sema/checker.h"
#include "ir/builtins.h"

namespace hwf::sema {
namespace {

bool TakesCount(const ir::Builtin& builtin, size_t count) {
  return llvm::any_of(ir::SignaturesOf(builtin), [&](const ir::Signature& each) { return each.arguments() == count; });
}

// "1 argument", "1 or 2 arguments"
std::string Counts(const ir::Builtin& builtin) {
  std::set<size_t> counts;
  for (const ir::Signature& signature : ir::SignaturesOf(builtin)) counts.insert(signature.arguments());
  std::string text;
  for (const size_t count : counts) text += (text.empty() ? "" : " or ") + std::to_string(count);
  return text + (*counts.rbegin() == 1 ? " argument" : " arguments");
}

// How it is written; where some signatures take so many arguments, those.
std::string Usage(const ir::Builtin& builtin, size_t count) {
  const bool known = TakesCount(builtin, count);
  std::string text;
  for (const ir::Signature& signature : ir::SignaturesOf(builtin)) {
    if (known && signature.arguments() != count) continue;
    text += (text.empty() ? "" : " or ") + Quoted(signature.text);
  }
  return "it is " + text;
}

}  // namespace

TypeRef Checker::BuiltinWants(const CallExpr& call, size_t at, std::string_view wanted) {
  const Expr* arg = call.args[at].value;
  if (IsPoison(arg->type)) return Poison();
  const StringRef name = llvm::cast<NameExpr>(call.callee)->name.text;
  auto report = Report(arg->range, diagnostics::kBuiltinType, name, wanted, Quoted(TypeName(arg->type)));
  if (Plain(arg->type)->kind == TypeKind::kOptional) {
    report.Help("it may be `none`: give a default with `??`");
  } else {
    report.Help(Usage(*ir::FindBuiltin(name), call.args.size()));
  }
  return Poison();
}

// Reports names and a wrong number of arguments.
bool Checker::CheckBuiltinArguments(const CallExpr& call, const ir::Builtin& builtin) {
  const ArrayRef<Arg> args = ValuesOf(call);
  const auto* named = llvm::find_if(args, [](const Arg& arg) { return bool(arg.name); });
  if (named != args.end()) {
    const bool site = named->name.text == "on" && (builtin.name == "file" || builtin.name == "dir");
    Report(named->name.range, diagnostics::kUnknownArgument, "built-in " + Quoted(builtin.name), named->name.text)
        .Help(site ? "behind the path, `on` takes the name of a site, as it is declared"
                   : "built-ins take their arguments in order, without names");
    return false;
  }
  if (TakesCount(builtin, args.size())) return true;
  Report(call.range, diagnostics::kBuiltinArguments, builtin.name, Counts(builtin), args.size())
      .Help(Usage(builtin, args.size()));
  return false;
}

TypeRef Checker::CheckBuiltin(CallExpr& call, int index) {
  const bool whole_piece = command_piece_;
  llvm::SaveAndRestore<bool> piece(command_piece_, false);
  const ir::Builtin& builtin = ir::Builtins()[index];
  const ArrayRef<Arg> args = ValuesOf(call);
  const bool by_function = ir::TakesFunction(builtin) && TakesCount(builtin, args.size());
  const size_t count = args.size() - (by_function ? 1 : 0);
  Expr** values = scope_.module->arena.Allocate<Expr*>(args.size());
  llvm::SmallVector<TypeRef, 4> types;
  for (size_t at = 0; at < args.size(); ++at) {
    values[at] = args[at].value;
    if (at < count) types.push_back(Check(values[at]));
  }
  call.by_param = {values, args.size()};
  if (!CheckBuiltinArguments(call, builtin)) return Poison();
  if (by_function) return CheckByFunction(call, builtin);
  if (llvm::any_of(types, [](TypeRef type) { return IsPoison(type); })) return Poison();
  const ir::BuiltinCall bound = ir::BindBuiltin(builtin, types, context_.types());
  if (!bound.fits) return BuiltinWants(call, bound.at, bound.wanted);
  if (builtin.family == ir::Builtin::Family::kData) return CheckDataCall(call, whole_piece, bound.result);
  return BoundDepth(bound.result, call.range);
}

}  // namespace hwf::sema
