// Walks over a checked tree, for what looks at all of it. No walk takes stack for a chain such as `a + b + …`, which
// has no limit. Without order: what is reported is sorted later.
#pragma once

#include <llvm/ADT/STLExtras.h>

#include "compiler/sema/program.h"

namespace hwf::sema {

// What a walk meets; each may be null.
struct Visit {
  llvm::function_ref<void(const syntax::Expr&)> expr = nullptr;
  llvm::function_ref<void(const syntax::Block&)> block = nullptr;
  llvm::function_ref<void(const syntax::Stmt&)> stmt = nullptr;
  llvm::function_ref<void(const syntax::TypeExpr&)> type = nullptr;
};

void Walk(const syntax::Decl& decl, const Visit& visit);
void Walk(const syntax::Expr& expr, const Visit& visit);
// Of all that can run: tests are left out.
void WalkAll(const Program& program, const Visit& visit);

// What is done, whatever it is done after.
const syntax::Expr& WithoutAfter(const syntax::Expr& expr);
// What a call calls, or null: `fit` of `fit(…)` and of `m.fit(…)`.
const syntax::Binding* CalleeOf(const syntax::CallExpr& call);
// The declaration of that kind which it calls, or null.
const syntax::Decl* CalledDecl(const syntax::CallExpr& call);
// The name of the site in `dir(path, on: site)` and `file(path, on: site)`; null in all other calls. Sites are no
// values, so no walk visits it.
const syntax::NameExpr* SiteOfData(const syntax::CallExpr& call);
// The arguments of a call without it.
llvm::ArrayRef<syntax::Arg> ValuesOf(const syntax::CallExpr& call);

}  // namespace hwf::sema
