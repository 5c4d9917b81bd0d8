// Variants that nothing ever gives: their arms are never taken. Values come from the program's text, from people who
// choose among them, from what tasks write, and from the command line.
#include <llvm/ADT/DenseSet.h>
#include <llvm/ADT/StringMap.h>

#include "compiler/sema/context.h"
#include "compiler/sema/lint.h"
#include "compiler/sema/walk.h"

namespace hwf::sema {
namespace {

class Variants {
 public:
  explicit Variants(const Program& program) : program_(program) {}

  void Run(diagnostics::Emitter& emitter) {
    for (const auto& [decl, name] : program_.ir_names) {
      if (llvm::isa<EnumDecl>(decl)) by_name_[name] = decl;
    }
    auto expr = [&](const Expr& each) { Take(each); };
    Visit visit;
    visit.expr = expr;
    WalkAll(program_, visit);
    for (const auto& module : program_.modules) {
      for (const Decl* decl : module->decls) TakeOutside(*decl);
    }
    for (const Field& param : program_.entry->params) TakeType(param.sema_type);
    for (const Decl* decl : program_.modules.back()->decls) {
      const auto* declared = llvm::dyn_cast<EnumDecl>(decl);
      // Of one that nobody makes at all it is said that it is unused, or it is of no concern to this program.
      if (declared == nullptr || !some_.contains(declared) || all_.contains(declared)) continue;
      for (const EnumDecl::Variant& variant : declared->variants) {
        if (made_.contains({declared, variant.name.text})) continue;
        emitter.Report(variant.name.range, diagnostics::kUnmadeVariant, variant.name.text)
            .Help("leave it out, with its arms");
      }
    }
  }

 private:
  void Take(const Expr& expr) {
    const Binding* binding = nullptr;
    if (const auto* name = llvm::dyn_cast<NameExpr>(&expr)) binding = name->binding;
    if (const auto* field = llvm::dyn_cast<FieldExpr>(&expr)) binding = field->binding;
    if (binding != nullptr && binding->kind == Binding::Kind::kVariant) {
      made_.insert({binding->decl, binding->name.text});
      some_.insert(binding->decl);
    }
    if (const auto* review = llvm::dyn_cast<ReviewExpr>(&expr)) TakeType(review->type);
  }

  void TakeOutside(const Decl& decl) {
    const auto* task = llvm::dyn_cast<TaskDecl>(&decl);
    if (task == nullptr) return;
    for (const Output& output : task->outputs) TakeType(output.sema_type);
    for (const StreamClause& stream : task->streams) TakeType(stream.sema_type);
  }

  // Any value of the type may come.
  void TakeType(TypeRef type) {
    if (type == nullptr || !seen_.insert(type).second) return;
    TakeType(type->element);
    TakeType(type->key);
    if (type->record != nullptr) {
      for (const ir::FieldDef& field : type->record->fields) TakeType(field.type);
    }
    if (type->enumeration == nullptr) return;
    TakeEnum(*type->enumeration);
    for (const ir::VariantDef& variant : type->enumeration->variants) {
      for (const ir::FieldDef& field : variant.fields) TakeType(field.type);
    }
  }

  void TakeEnum(const ir::EnumDef& definition) {
    if (const Decl* decl = by_name_.lookup(definition.name)) all_.insert(decl);
  }

  const Program& program_;
  llvm::StringMap<const Decl*> by_name_;  // enums by their names in the IR
  llvm::DenseSet<std::pair<const Decl*, StringRef>> made_;
  llvm::DenseSet<const Decl*> some_;  // of which at least one variant is made
  llvm::DenseSet<const Decl*> all_;   // of which any may come from outside
  llvm::DenseSet<TypeRef> seen_;
};

}  // namespace

void LintVariants(const Program& program, diagnostics::Emitter& emitter) { Variants(program).Run(emitter); }

}  // namespace hwf::sema
