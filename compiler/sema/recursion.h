// A fn or workflow that calls itself, also through others, is refused: a program is a finite graph.
#pragma once

#include "compiler/sema/context.h"

namespace hwf::sema {

void RefuseRecursion(Context& context);

}  // namespace hwf::sema
