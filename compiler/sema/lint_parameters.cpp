// Parameters that nothing reads. One that is `Approved` may be there for the approval alone.
#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/StringExtras.h>

#include "compiler/sema/context.h"
#include "compiler/sema/lint.h"

namespace hwf::sema {
namespace {

bool IsApproval(TypeRef type) {
  while (type->element != nullptr && type->kind != TypeKind::kApproved) type = type->element;
  return type->kind == TypeKind::kApproved;
}

// Whether the shell's text reads a variable of its own: `$name`, `${name}`, `${name:-…}`.
bool ReadsVariable(StringRef text, StringRef name) {
  for (size_t at = text.find('$'); at != StringRef::npos; at = text.find('$', at + 1)) {
    StringRef rest = text.substr(at + 1);
    rest.consume_front("{");
    if (!rest.consume_front(name)) continue;
    if (rest.empty() || !(llvm::isAlnum(rest.front()) || rest.front() == '_')) return true;
  }
  return false;
}

// Who comes from the shell writes `$name` for what is `~{name}` here.
bool MeansTheShells(const Program& program, const Binding& binding) {
  return llvm::any_of(program.modules.back()->decls, [&](const Decl* decl) {
    const auto* task = llvm::dyn_cast<TaskDecl>(decl);
    if (task == nullptr || task->run.kind != TaskDecl::Run::Kind::kShell) return false;
    const bool own = llvm::any_of(task->params, [&](const Field& field) { return &field == binding.field; });
    return own && llvm::any_of(task->run.text->parts, [&](const StringExpr::Part& part) {
             return part.value == nullptr && ReadsVariable(part.text, binding.name.text);
           });
  });
}

std::string HelpFor(const Program& program, const Binding& binding) {
  const std::string name = binding.name.text.str();
  if (MeansTheShells(program, binding))
    return "`$" + name + "` is a variable of the shell's own, and not set; the parameter's value is `~{" + name + "}`";
  return "read it, or leave it out; to wait for something without reading it, call `… after x`";
}

}  // namespace

void LintParameters(const Program& program, diagnostics::Emitter& emitter) {
  const source::FileId root = program.modules.back()->file;
  for (const Binding& binding : program.bindings) {
    const bool own = binding.kind == Binding::Kind::kField && binding.name.range.file == root;
    if (!own || binding.uses > 0 || !binding.name || binding.type == nullptr || IsApproval(binding.type)) continue;
    emitter.Report(binding.name.range, diagnostics::kUnusedParameter, binding.name.text)
        .Help(HelpFor(program, binding));
  }
}

}  // namespace hwf::sema
