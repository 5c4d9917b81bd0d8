// `hwf-runner keep`: what was brought to a store is put in its place there, if it is what its digest says.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace hwf::runner {

struct Kept {
  std::string digest;
  std::string from, to;  // absolute, on one file system
};
// Puts contents in their places below `store`: "ok" of each, or "differs DIGEST". What is ok is on disk, read-only.
std::vector<ErrorOr<std::string>> PutInPlace(const std::vector<Kept>& contents, const std::string& store);

// --marker M DIGEST FROM TO. Prints "M ok", "M differs DIGEST" or "M error WHY" on a line of its own; the exit code.
// When it says ok, the content is on disk under its name, read-only; done before, it says so again.
int Keep(const std::vector<std::string>& arguments);

}  // namespace hwf::runner
