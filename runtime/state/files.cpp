#include "runtime/state/files.h"

namespace hwf::state {

bool IsFileValue(const Json& value) {
  return value.is_object() && value["path"].is_string() && value["digest"].is_string();
}

void CollectFiles(const Json& value, std::vector<const Json*>& files) {
  if (IsFileValue(value)) {
    files.push_back(&value);
  } else if (value.is_array()) {
    for (const Json& item : value.AsArray()) CollectFiles(item, files);
  } else if (value.is_object()) {
    for (const JsonMember& member : value.AsObject()) CollectFiles(member.value, files);
  }
}

}  // namespace hwf::state
