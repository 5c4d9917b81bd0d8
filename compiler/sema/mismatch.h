// What to do where a value of one type stands for another: the slips that people make. Pure.
#pragma once

#include <string>

#include "compiler/syntax/ast.h"

namespace hwf::sema {

// Empty if nothing is known to help. `expr` has its type.
std::string MismatchHelp(const syntax::Expr& expr, ir::TypeRef want);

}  // namespace hwf::sema
