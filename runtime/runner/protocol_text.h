// Bytes as JSON: a string where they are UTF-8, else {"b64":"…"}; so that arguments, environment and output of tasks
// arrive exactly as they are. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace hwf::runner {

Json BytesToJson(std::string_view bytes);
// Nothing if it is neither form.
std::optional<std::string> BytesFromJson(const Json& json);

}  // namespace hwf::runner
