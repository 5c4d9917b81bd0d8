// Text with `~{…}`: which values can stand in it. Where they stand in a command, and how they are quoted there, is
// lowering's work, which lexes the text.
#include "compiler/sema/checker.h"

namespace hwf::sema {

bool Checker::IsText(TypeRef type, Text kind) {
  type = Plain(type);
  switch (type->kind) {
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kFloat:
    case TypeKind::kString:
    case TypeKind::kDuration:
    case TypeKind::kBytes:
    case TypeKind::kNever:
    case TypeKind::kPoison:
      return true;
    case TypeKind::kEnum:
      if (kind == Text::kScript) return true;
      for (const ir::VariantDef& variant : type->enumeration->variants) {
        if (!variant.fields.empty()) return false;
      }
      return true;
    case TypeKind::kFile:
    case TypeKind::kDir:
      return kind != Text::kPlain;
    case TypeKind::kOptional:
    case TypeKind::kList:
      return (kind == Text::kShellWord || kind == Text::kScript) &&
             IsText(type->element, kind == Text::kScript ? kind : Text::kTask);
    case TypeKind::kMap:
      return kind == Text::kScript && IsText(type->element, kind);
    case TypeKind::kNone:
    case TypeKind::kEmpty:
      return kind == Text::kShellWord || kind == Text::kScript;
    case TypeKind::kRecord:
      return kind == Text::kScript;
    case TypeKind::kUnit:
    case TypeKind::kApproved:
    case TypeKind::kService:
      return false;
  }
  HWF_UNREACHABLE();
}

void Checker::CheckPart(Expr& value, Text kind) {
  llvm::SaveAndRestore<bool> piece(command_piece_,
                                   llvm::isa<CallExpr>(value) && (kind == Text::kShellWord || kind == Text::kScript));
  llvm::SaveAndRestore<Text> piece_kind(piece_text_, kind);
  llvm::SaveAndRestore<Text> inner(text_, kind == Text::kPlain ? kind : Text::kTask);
  const TypeRef type = Check(&value);
  if (IsText(type, kind)) return;
  auto report = Report(value.range, diagnostics::kNotText, TypeName(type));
  const TypeRef plain = Plain(type);
  if (plain->kind == TypeKind::kOptional) {
    report.Help("it may be `none`: give a default with `??`");
  } else if (plain->kind == TypeKind::kFile || plain->kind == TypeKind::kDir) {
    report.Help("where a file lies is only known to the task that gets it; `basename(x)` is its name");
  } else if (plain->kind == TypeKind::kRecord) {
    report.Help("name the field that you mean");
  } else if (plain->kind == TypeKind::kList && kind == Text::kPlain) {
    if (Plain(plain->element)->kind == TypeKind::kString) {
      report.Help("`join(xs, \", \")` makes one String of it");
    } else if (IsText(plain->element, kind)) {
      report.Help("`join(for x in xs { str(x) }, \", \")` makes one String of it");
    }
  }
}

TypeRef Checker::CheckString(StringExpr& text, Text kind) {
  for (const StringExpr::Part& part : text.parts) {
    if (part.value != nullptr) CheckPart(*part.value, kind);
  }
  return text.type = Simple(TypeKind::kString);
}

}  // namespace hwf::sema
