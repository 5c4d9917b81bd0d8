// Reads one module's declarations; shared by collect*.cpp. One thread.
#pragma once

#include <llvm/ADT/DenseMap.h>

#include "compiler/doc/model.h"
#include "compiler/sema/program.h"

namespace hwf::doc {

class Reader {
 public:
  Reader(const source::SourceManager& sources, const sema::Program& program, const ir::Module& module,
         const syntax::ModuleScope& scope, const llvm::DenseMap<const syntax::Decl*, std::string>& links)
      : sources_(sources), program_(program), module_(module), scope_(scope), links_(links) {}

  // False for what is no declaration to be shown: an import, a test.
  bool Read(const syntax::Decl& decl, Item& item) const;

  // A declaration's anchor in its page: "task.fit"; empty for one that is not shown.
  static std::string AnchorOf(const syntax::Decl& decl);

 private:
  void ReadTask(const syntax::TaskDecl& task, Item& item) const;
  void ReadWorkflow(const syntax::WorkflowDecl& workflow, Item& item) const;
  void ReadNamed(const syntax::Ident& base, llvm::ArrayRef<syntax::Arg> args, Item& item) const;
  void ReadClauses(const syntax::TaskDecl& task, Item& item) const;
  void ReadCommand(const syntax::TaskDecl& task, Item& item) const;
  Review ReadReview(const syntax::ReviewExpr& review) const;
  Shape ReadChoice(const syntax::Choice& choice) const;

  std::vector<Field> Fields(llvm::ArrayRef<syntax::Field> fields) const;
  std::vector<Field> Outputs(llvm::ArrayRef<syntax::Output> outputs) const;
  Text TypeText(const syntax::TypeExpr& type) const;
  Text RuleText(const syntax::ByRule& rule) const;
  Text NameText(llvm::StringRef name) const;          // linked where it is one of the program's
  std::string SourceText(source::Range range) const;  // on one line
  std::string SourceText(const syntax::Expr* expr) const;
  std::string LinkOf(llvm::StringRef name) const;

  const source::SourceManager& sources_;
  const sema::Program& program_;
  const ir::Module& module_;
  const syntax::ModuleScope& scope_;
  const llvm::DenseMap<const syntax::Decl*, std::string>& links_;
};

}  // namespace hwf::doc
