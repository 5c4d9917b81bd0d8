// From bytes to the tree. One thread.
//
// Every error is reported once; what could not be parsed stands in the tree as an ErrorExpr or ErrorDecl, and
// everything around it is there. Limits: brackets and prefix operators nest at most kMaxDepth deep, so walks of the
// tree may recurse; chains (`a + b + …`, `a.b.c…`, `else if`) have no limit and must be walked by loops.
#pragma once

#include <memory>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/source/source.h"
#include "compiler/syntax/ast.h"

namespace hwf::syntax {

inline constexpr int kMaxDepth = 256;

// Never null. The tree refers to the file's text, which the SourceManager keeps.
std::unique_ptr<Module> Parse(source::SourceManager& sources, source::FileId file, diagnostics::Emitter& emitter);

}  // namespace hwf::syntax
