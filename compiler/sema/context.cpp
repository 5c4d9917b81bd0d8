#include "compiler/sema/context.h"

#include "base/check.h"

namespace hwf::sema {

std::string Quoted(StringRef name) { return "`" + name.str() + "`"; }

std::string_view KindName(const Decl& decl) {
  switch (decl.kind) {
    case Decl::Kind::kImport:
      return "an import";
    case Decl::Kind::kRecord:
      return "a record";
    case Decl::Kind::kEnum:
      return "an enum";
    case Decl::Kind::kFn:
      return "a fn";
    case Decl::Kind::kTask:
      return "a task";
    case Decl::Kind::kWorkflow:
      return "a workflow";
    case Decl::Kind::kSite:
      return "a site";
    case Decl::Kind::kGroup:
      return "a group";
    case Decl::Kind::kCalendar:
      return "a calendar";
    case Decl::Kind::kTest:
      return "a test";
    case Decl::Kind::kUncarried:
      return "a declaration that is not carried yet";
    case Decl::Kind::kError:
      return "a declaration with an error";
  }
  HWF_UNREACHABLE();
}

namespace {

std::string Inner(TypeRef type) {
  if (type->kind == TypeKind::kNever) return "no value";  // people do not write this type: `fail` has it
  if (type->kind == TypeKind::kRecord && type->record->name.empty()) return "(…)";
  if (type->element == nullptr) return ir::ToString(type);
  switch (type->kind) {
    case TypeKind::kList:
      return "[" + Inner(type->element) + "]";
    case TypeKind::kMap:
      return "[" + Inner(type->key) + ": " + Inner(type->element) + "]";
    case TypeKind::kOptional:
      return Inner(type->element) + "?";
    case TypeKind::kApproved:
      return "Approved[" + Inner(type->element) + "]";
    default:
      return ir::ToString(type);
  }
}

}  // namespace

std::string TypeName(TypeRef type) {
  if (type->kind != TypeKind::kRecord || !type->record->name.empty()) return Inner(type);
  std::string out = "(";
  for (const ir::FieldDef& field : type->record->fields) {
    if (out.size() > 120) return out + ", …)";
    if (out.size() > 1) out += ", ";
    out += field.name + ": " + Inner(field.type);
  }
  return out + ")";
}

}  // namespace hwf::sema
