// Built-in functions of which a signature does not say all: what stands in commands alone, existing data, and those
// that are given a function by its name.
#include <filesystem>

#include "compiler/sema/checker.h"
#include "ir/builtins.h"
#include "ir/type_rules.h"
#include "ir/verify.h"

namespace hwf::sema {

TypeRef Checker::CheckFlag(const CallExpr& call) {
  const TypeRef value = Plain(call.args[1].value->type);
  const TypeRef inner = value->kind == TypeKind::kOptional ? value->element : value;
  if (value->kind != TypeKind::kNone && !IsText(inner, Text::kTask)) {
    return BuiltinWants(call, 1, "a simple value or an optional one");
  }
  return context_.types().List(Simple(TypeKind::kString));
}

// min_by(xs, f): f is the name of a fn that takes an item and gives something that has an order.
TypeRef Checker::CheckByFunction(CallExpr& call, const ir::Builtin& builtin) {
  const TypeRef list = call.args[0].value->type;
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
  const ir::BuiltinCall bound = ir::BindBuiltin(builtin, {&list, 1}, context_.types());
  if (!bound.fits) return BuiltinWants(call, 0, bound.wanted);
  const TypeRef item = bound.params[0]->element;
  const bool takes = fn->params.size() == 1 && ir::Fits(item, fn->params[0].sema_type);
  if (takes && ir::HasOrder(callee->type)) return bound.result;
  Report(callee->range, diagnostics::kBuiltinType, builtin.name,
         "a fn of `" + TypeName(item) + "` alone that gives a number, a Duration, Bytes or a String",
         Quoted(fn->name.text))
      .Note(fn->name.range, "declared here");
  return Poison();
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

// `dir("/scratch/corpus", on: train)`: nothing of it is looked at before the program runs.
void Checker::CheckDataAt(const Expr& path, const Ident& site) {
  if (site.text != "here" && context_.sites.count(site.text.str()) == 0) ReportUnknownSite(site);
  const auto text = ConstantString(&path);
  if (text && !std::filesystem::path(*text).is_absolute()) Report(path.range, diagnostics::kRelativeAtSite, *text);
}

TypeRef Checker::CheckDataCall(CallExpr& call, bool whole_piece, TypeRef result) {
  const StringRef name = llvm::cast<NameExpr>(call.callee)->name.text;
  if (name == "file" || name == "dir") {
    const NameExpr* site = SiteOfData(call);
    if (site != nullptr) call.args.back().value->type = Poison();  // it is no value
    if (!given_ && !AllowNode(call.range, "`" + name.str() + "(…)`")) return Poison();
    if (made_up_) return result;
    if (site != nullptr) {
      CheckDataAt(*call.args[0].value, site->name);
    } else {
      CheckData(*call.args[0].value, name == "dir");
    }
    return result;
  }
  if (!whole_piece || (name == "flag" && piece_text_ == Text::kScript)) {
    Report(call.range, diagnostics::kOnlyInCommand, name);
    return Poison();
  }
  return name == "flag" ? CheckFlag(call) : result;
}

}  // namespace hwf::sema
