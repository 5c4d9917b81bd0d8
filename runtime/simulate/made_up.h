// Files that nobody wrote: in a simulated world a File or Dir is a name, and a content of its own for each place that
// makes one. Pure functions.
#pragma once

#include <string_view>

#include "base/json.h"
#include "ir/type.h"

namespace hwf::simulate {

// Data of that name.
Json MadeUpFile(std::string_view name, std::string_view place);

// A value that a stub at `place` gave, with every File and Dir in it completed.
Json Completed(Json value, ir::TypeRef type, std::string_view place);

// Something of the type: no, 0, an empty text or list, the first variant.
Json Blank(ir::TypeRef type, std::string_view place);

}  // namespace hwf::simulate
