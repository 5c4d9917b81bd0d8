// The built-in functions of stdlib/builtins.def. They alone are generic, and take their arguments in order.
#include <filesystem>

#include "compiler/sema/checker.h"

namespace hwf::sema {
namespace {

enum class Builtin {
#define HWF_BUILTIN(name, arguments) k_##name,
#include "stdlib/builtins.def"
#undef HWF_BUILTIN
};

struct Signature {
  const char* name;
  size_t arguments;
};
constexpr Signature kSignatures[] = {
#define HWF_BUILTIN(name, arguments) {#name, arguments},
#include "stdlib/builtins.def"
#undef HWF_BUILTIN
};

bool IsOrdered(TypeRef type) {
  return type->kind == TypeKind::kInt || type->kind == TypeKind::kFloat || type->kind == TypeKind::kDuration ||
         type->kind == TypeKind::kBytes;
}

}  // namespace

TypeRef Checker::BuiltinWants(const CallExpr& call, size_t at, std::string_view wanted) {
  const Expr* arg = call.args[at].value;
  const StringRef name = llvm::cast<NameExpr>(call.callee)->name.text;
  if (!IsPoison(arg->type)) {
    auto report = Report(arg->range, diagnostics::kBuiltinType, name, wanted, Quoted(TypeName(arg->type)));
    if (Plain(arg->type)->kind == TypeKind::kOptional) report.Help("it may be `none`: give a default with `??`");
  }
  return Poison();
}

TypeRef Checker::CheckFlag(CallExpr& call) {
  const TypeRef name = call.args[0].value->type;
  const TypeRef value = Plain(call.args[1].value->type);
  if (!ir::Converts(name, Simple(TypeKind::kString))) return BuiltinWants(call, 0, "the option's name, a String");
  const TypeRef inner = value->kind == TypeKind::kOptional ? value->element : value;
  if (value->kind != TypeKind::kNone && !IsText(inner, Text::kTask)) {
    return BuiltinWants(call, 1, "a simple value or an optional one");
  }
  return context_.types().List(Simple(TypeKind::kString));
}

// min_by(xs, f): f is the name of a fn that takes an item and gives something that has an order.
TypeRef Checker::CheckExtreme(CallExpr& call) {
  const TypeRef list = Check(call.args[0].value);
  Expr* callee = call.args[1].value;
  const Binding* binding = nullptr;
  if (auto* name = llvm::dyn_cast<NameExpr>(callee)) binding = name->binding;
  if (auto* field = llvm::dyn_cast<FieldExpr>(callee)) binding = field->binding;
  const auto* fn = binding == nullptr ? nullptr : llvm::dyn_cast_or_null<FnDecl>(binding->decl);
  if (fn == nullptr) {
    if (!IsPoison(Check(callee))) BuiltinWants(call, 1, "the name of a fn");
    return Poison();
  }
  callee->type = context_.program.output_types[fn];
  if (auto* field = llvm::dyn_cast<FieldExpr>(callee)) field->base->type = Poison();
  if (IsPoison(list) || IsPoison(callee->type)) return Poison();
  if (Plain(list)->kind != TypeKind::kList) return BuiltinWants(call, 0, "a list");
  const TypeRef item = Like(list, Plain(list)->element);
  size_t required = 0;
  for (const Field& param : fn->params) required += param.default_value == nullptr ? 1 : 0;
  const bool takes = !fn->params.empty() && required <= 1 && ir::Converts(item, fn->params[0].sema_type);
  const StringRef name = llvm::cast<NameExpr>(call.callee)->name.text;
  if (!takes || !IsOrdered(callee->type)) {
    Report(callee->range, diagnostics::kBuiltinType, name,
           "a fn of `" + TypeName(item) + "` that gives a number, a Duration or Bytes", Quoted(fn->name.text))
        .Note(fn->name.range, "declared here");
    return Poison();
  }
  return context_.types().Optional(item);
}

// `file("texts/a.txt")`: what lies beside the source is there when the program is checked. An absolute path belongs to
// the machine that runs the program, which need not be this one.
void Checker::CheckData(const Expr& path, bool directory) {
  namespace fs = std::filesystem;
  const auto text = ConstantString(&path);
  if (!text || fs::path(*text).is_absolute()) return;
  const fs::path found = fs::path(context_.sources.file(scope_.module->file).path).parent_path() / *text;
  std::error_code error;
  const fs::file_status status = fs::status(found, error);
  if (directory ? fs::is_directory(status) : fs::exists(status) && !fs::is_directory(status) && !text->empty()) return;
  auto report = Report(path.range, diagnostics::kMissingFile, directory ? "directory" : "file",
                       text->empty() ? std::string() : found.lexically_normal().string());
  if (text->empty() || !fs::exists(status)) {
    report.Help("relative paths begin where the source lies");
  } else {
    report.Help(directory ? "it is a file: `file(…)`" : "it is a directory: `dir(…)`");
  }
}

TypeRef Checker::CheckBuiltin(CallExpr& call, int builtin) {
  const bool whole_piece = command_piece_;
  llvm::SaveAndRestore<bool> piece(command_piece_, false);
  const Signature& signature = kSignatures[builtin];
  const auto kind = static_cast<Builtin>(builtin);
  const bool by_name = kind == Builtin::k_min_by || kind == Builtin::k_max_by;
  Expr** values = scope_.module->arena.Allocate<Expr*>(call.args.size());
  bool ok = true;
  for (size_t at = 0; at < call.args.size(); ++at) {
    values[at] = call.args[at].value;
    if (!by_name || call.args.size() != signature.arguments) Check(values[at]);
    if (call.args[at].name && ok) {
      Report(call.args[at].name.range, diagnostics::kUnknownArgument, "built-in " + Quoted(signature.name),
             call.args[at].name.text)
          .Help("built-ins take their arguments in order, without names");
      ok = false;
    }
  }
  call.by_param = {values, call.args.size()};
  if (call.args.size() != signature.arguments) {
    Report(call.range, diagnostics::kBuiltinArguments, signature.name, signature.arguments, call.args.size());
    ok = false;
  }
  if (!ok) return Poison();
  auto type = [&](size_t at) { return Plain(values[at]->type); };
  auto is = [&](size_t at, TypeKind wanted) { return ir::Converts(type(at), Simple(wanted)); };
  for (size_t at = 0; !by_name && at < call.args.size(); ++at) {
    if (IsPoison(values[at]->type)) return Poison();
  }
  switch (kind) {
    case Builtin::k_file:
    case Builtin::k_dir:
      if (!is(0, TypeKind::kString)) return BuiltinWants(call, 0, "a path, a String");
      if (!AllowNode(call.range, "`" + std::string(signature.name) + "(…)`")) return Poison();
      CheckData(*values[0], kind == Builtin::k_dir);
      return Simple(kind == Builtin::k_file ? TypeKind::kFile : TypeKind::kDir);
    case Builtin::k_flag:
    case Builtin::k_raw:
      if (!whole_piece || (kind == Builtin::k_flag && piece_text_ == Text::kPython)) {
        Report(call.range, diagnostics::kOnlyInCommand, signature.name);
        return Poison();
      }
      if (kind == Builtin::k_flag) return CheckFlag(call);
      return is(0, TypeKind::kString) ? Simple(TypeKind::kString) : BuiltinWants(call, 0, "a String");
    case Builtin::k_range:
      if (!is(0, TypeKind::kInt)) return BuiltinWants(call, 0, "an Int");
      return context_.types().List(Simple(TypeKind::kInt));
    case Builtin::k_len: {
      const TypeKind found = type(0)->kind;
      const bool countable = found == TypeKind::kList || found == TypeKind::kMap || found == TypeKind::kString;
      return countable ? Simple(TypeKind::kInt) : BuiltinWants(call, 0, "a list, a map or a String");
    }
    case Builtin::k_str:
      return IsText(type(0), Text::kPlain) ? Simple(TypeKind::kString) : BuiltinWants(call, 0, "a simple value");
    case Builtin::k_basename:
      if (type(0)->kind != TypeKind::kFile && type(0)->kind != TypeKind::kDir) {
        return BuiltinWants(call, 0, "a File or a Dir");
      }
      return Simple(TypeKind::kString);
    case Builtin::k_join:
      if (!ir::Converts(type(0), context_.types().List(Simple(TypeKind::kString)))) {
        return BuiltinWants(call, 0, "a list of Strings");
      }
      return is(1, TypeKind::kString) ? Simple(TypeKind::kString) : BuiltinWants(call, 1, "a String between them");
    case Builtin::k_min:
    case Builtin::k_max: {
      if (!IsOrdered(type(0))) return BuiltinWants(call, 0, "numbers, Durations or Bytes");
      const TypeRef joined = Join(type(0), type(1));
      return joined != nullptr && IsOrdered(joined)
                 ? joined
                 : BuiltinWants(call, 1, "two of a kind, here `" + TypeName(type(0)) + "`");
    }
    case Builtin::k_abs: {
      const TypeKind found = type(0)->kind;
      const bool signed_kind = found == TypeKind::kInt || found == TypeKind::kFloat || found == TypeKind::kDuration;
      return signed_kind ? type(0) : BuiltinWants(call, 0, "a number");
    }
    case Builtin::k_round:
      return is(0, TypeKind::kFloat) ? Simple(TypeKind::kInt) : BuiltinWants(call, 0, "a Float");
    case Builtin::k_sum: {
      const TypeRef list = type(0);
      if (list->kind == TypeKind::kList && list->element->kind == TypeKind::kEmpty) return Simple(TypeKind::kInt);
      const bool numbers = list->kind == TypeKind::kList && (Plain(list->element)->kind == TypeKind::kInt ||
                                                             Plain(list->element)->kind == TypeKind::kFloat);
      return numbers ? Plain(list->element) : BuiltinWants(call, 0, "a list of Ints or Floats");
    }
    case Builtin::k_min_by:
    case Builtin::k_max_by:
      return CheckExtreme(call);
  }
  HWF_UNREACHABLE();
}

}  // namespace hwf::sema
