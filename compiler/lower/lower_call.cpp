// Calls. Of a task or workflow it makes a node; of a fn, record, variant or built-in it stays an expression.
#include "compiler/lower/lowerer.h"
#include "compiler/sema/walk.h"
#include "ir/builtins.h"

namespace hwf::lower {

std::string_view Lowerer::BuiltinName(const Binding& binding) {
  const auto builtins = ir::Builtins();
  HWF_CHECK(binding.builtin >= 0 && static_cast<size_t>(binding.builtin) < builtins.size());
  return builtins[binding.builtin].name;
}

// One value a parameter: what is given, else the default (which may read earlier parameters), else none.
std::vector<ir::Expr> Lowerer::LowerArgs(ArrayRef<Field> fields, ArrayRef<Expr*> by_param) {
  std::vector<ir::Expr> args;
  bool defaults = false;
  for (size_t i = 0; i < fields.size(); ++i) {
    const bool given = i < by_param.size() && by_param[i] != nullptr;
    defaults = defaults || (!given && fields[i].default_value != nullptr);
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    if (i < by_param.size() && by_param[i] != nullptr) {
      args.push_back(LowerAs(*by_param[i], field.sema_type));
    } else if (field.default_value != nullptr) {
      args.push_back(LowerAs(*field.default_value, field.sema_type));
    } else {
      args.push_back(Coerce(Literal(TypeKind::kNone, nullptr, field.range), field.sema_type));
    }
    if (defaults) names_[&field] = args.back();
  }
  return args;
}

ir::Expr Lowerer::LowerVariant(const Binding& variant, const CallExpr* call, Range range) {
  ir::Expr made = Make(ir::Op::kEnum, variant.type, range);
  made.name = variant.name.text.str();
  for (const EnumDecl::Variant& declared : llvm::cast<EnumDecl>(variant.decl)->variants) {
    if (declared.name.text != variant.name.text) continue;
    made.args = LowerArgs(declared.fields, call != nullptr ? call->by_param : ArrayRef<Expr*>());
    for (const Field& field : declared.fields) made.labels.push_back(field.name.text.str());
  }
  return made;
}

ir::Expr Lowerer::LowerBuiltin(const CallExpr& call, const ir::Builtin& builtin) {
  ir::Expr made = Make(ir::Op::kBuiltin, call.type, call.range);
  made.name = std::string(builtin.name);
  ArrayRef<Arg> values = call.args;
  if (ir::TakesFunction(builtin)) {
    const Expr* function = values.back().value;
    const auto* simple = llvm::dyn_cast<NameExpr>(function);
    const Binding* binding = simple != nullptr ? simple->binding : llvm::cast<FieldExpr>(function)->binding;
    made.labels.push_back(program_.ir_names.at(binding->decl));
    values = values.drop_back();
  }
  llvm::SmallVector<TypeRef, 4> types;
  for (const Arg& arg : values) types.push_back(arg.value->type);
  const bool as_it_is = builtin.family == ir::Builtin::Family::kData;
  const ir::BuiltinCall bound = ir::BindBuiltin(builtin, types, *program_.types);
  HWF_CHECK(bound.fits || as_it_is);
  for (size_t at = 0; at < values.size(); ++at) {
    ir::Expr value = LowerExpr(*values[at].value);
    made.args.push_back(as_it_is ? std::move(value) : Coerce(std::move(value), bound.params[at]));
  }
  return made;
}

ir::Expr Lowerer::LowerCall(const CallExpr& call) {
  const Binding& callee = *sema::CalleeOf(call);
  if (callee.kind == Binding::Kind::kVariant) return LowerVariant(callee, &call, call.range);
  if (callee.kind == Binding::Kind::kBuiltin) {
    const std::string_view name = BuiltinName(callee);
    return name == "file" || name == "dir" ? PlaceCall(call, {}) : LowerBuiltin(call, *ir::FindBuiltin(name));
  }
  HWF_CHECK(callee.kind == Binding::Kind::kDecl);
  if (const auto* record = llvm::dyn_cast<RecordDecl>(callee.decl)) {
    ir::Expr made = Make(ir::Op::kRecord, call.type, call.range);
    made.args = LowerArgs(record->fields, call.by_param);
    for (const Field& field : record->fields) made.labels.push_back(field.name.text.str());
    return made;
  }
  if (const auto* fn = llvm::dyn_cast<FnDecl>(callee.decl)) {
    ir::Expr made = Make(ir::Op::kCall, call.type, call.range);
    made.name = program_.ir_names.at(fn);
    made.args = LowerArgs(fn->params, call.by_param);
    return made;
  }
  return PlaceCall(call, {});
}

ir::Expr Lowerer::PlaceCall(const CallExpr& call, Spot spot) {
  HWF_CHECK(HasRegion());
  const Binding& callee = *sema::CalleeOf(call);
  if (callee.kind == Binding::Kind::kBuiltin) {
    if (spot.name.empty()) spot.name = std::string(BuiltinName(callee));
    const bool directory = BuiltinName(callee) == "dir";
    const NameExpr* site = sema::SiteOfData(call);
    ir::Expr path = LowerAs(*call.args[0].value, Simple(TypeKind::kString));
    return AddNode(std::move(spot), call.type, call.range,
                   ir::SourceNode{directory, std::move(path), DirectoryOf(call.range.file),
                                  site == nullptr ? "" : site->name.text.str()});
  }
  if (spot.name.empty()) spot.name = callee.decl->name.text.str();
  const std::string& name = program_.ir_names.at(callee.decl);
  if (const auto* task = llvm::dyn_cast<TaskDecl>(callee.decl)) {
    std::vector<ir::Expr> args = LowerArgs(task->params, call.by_param);
    ir::TaskNode node{name, std::move(args)};
    node.tried = static_cast<bool>(call.tried);
    // With more than one, a pass chooses (compiler/passes/place.cpp).
    if (const std::vector<std::string> sites = SitesOf(*task); sites.size() == 1) node.site = sites[0];
    return AddNode(std::move(spot), call.type, call.range, std::move(node));
  }
  std::vector<ir::Expr> args = LowerArgs(llvm::cast<WorkflowDecl>(callee.decl)->params, call.by_param);
  return AddNode(std::move(spot), call.type, call.range,
                 ir::WorkflowNode{name, std::move(args), static_cast<bool>(call.tried)});
}

}  // namespace hwf::lower
