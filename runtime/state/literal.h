// A value by its type, as languages write it: a File is its path, a Duration its seconds, Bytes a count, a record a map
// of its fields; an enum without fields is the name of its variant, another a map of "variant" and "fields". Pure.
#pragma once

#include "base/json.h"
#include "ir/type.h"
#include "languages/literal.h"

namespace hwf::state {

languages::Literal ToLiteral(const Json& value, ir::TypeRef type);

}  // namespace hwf::state
