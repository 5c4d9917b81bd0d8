// Meaning of the types that people write, and of every declaration's head: fields of records, enums, streams and
// messages, parameters, outputs. Bodies are checked later, when all heads are known. One thread.
#pragma once

#include "compiler/sema/context.h"

namespace hwf::sema {

class Types {
 public:
  explicit Types(Context& context) : context_(context) {}

  // The type that `written` names in `scope`; poison after a report. Null stands for a syntax error: poison.
  TypeRef Resolve(const TypeExpr* written, const ModuleScope& scope);

  // Heads of all declarations of all modules.
  void ResolveHeads();

  // Whether Approved[…] can be reached inside; remembered.
  bool HoldsApproved(TypeRef type);
  // How deep types nest in `type`: 1 for `Int`, 2 for `[Int]`; remembered. Deep ones are refused, so that walks of
  // types may recurse.
  static constexpr int kMaxDepth = 100;
  int Depth(TypeRef type);

 private:
  TypeRef ResolvePlain(const TypeExpr& written, const ModuleScope& scope);
  TypeRef ResolveNamed(const TypeExpr& written, const ModuleScope& scope);
  TypeRef ResolveApproved(const TypeExpr& written, const ModuleScope& scope);
  TypeRef ResolvePath(const TypeExpr& written, const ModuleScope& scope);
  TypeRef OfBinding(const TypeExpr& written, const Binding* binding, StringRef stream);
  void ReportUnknown(const TypeExpr& written, StringRef name, const ModuleScope& scope);

  void ResolveFields(ArrayRef<Field> fields, const ModuleScope& scope, std::string_view where);
  std::vector<ir::FieldDef> Define(ArrayRef<Field> fields);
  void ResolveTask(const TaskDecl& task, const ModuleScope& scope);
  void ResolveDecl(const Decl& decl, const ModuleScope& scope);
  void RefuseCycles();

  Context& context_;
  llvm::DenseMap<TypeRef, bool> holds_approved_;
  llvm::DenseMap<TypeRef, int> depth_;
};

}  // namespace hwf::sema
