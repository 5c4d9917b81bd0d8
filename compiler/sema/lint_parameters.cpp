// Parameters that nothing reads. One that is `Approved` may be there for the approval alone.
#include "compiler/sema/context.h"
#include "compiler/sema/lint.h"

namespace hwf::sema {
namespace {

bool IsApproval(TypeRef type) {
  while (type->element != nullptr && type->kind != TypeKind::kApproved) type = type->element;
  return type->kind == TypeKind::kApproved;
}

}  // namespace

void LintParameters(const Program& program, diagnostics::Emitter& emitter) {
  const source::FileId root = program.modules.back()->file;
  for (const Binding& binding : program.bindings) {
    const bool own = binding.kind == Binding::Kind::kField && binding.name.range.file == root;
    if (!own || binding.uses > 0 || !binding.name || binding.type == nullptr || IsApproval(binding.type)) continue;
    emitter.Report(binding.name.range, diagnostics::kUnusedParameter, binding.name.text)
        .Help("read it, or leave it out; to wait for something without reading it, call `… after x`");
  }
}

}  // namespace hwf::sema
