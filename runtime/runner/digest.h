// File and Dir values: absolute path, size and digest of what lies there. Any thread; reading may take long.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json.h"
#include "runtime/runner/emissions.h"

namespace hwf::runner {

// {"path","digest","size"} of a regular file, following links.
ErrorOr<Json> DigestFileValue(const std::string& path);
// Of a directory, below and including `path`: the digest of its manifest.
ErrorOr<Json> DigestDirectoryValue(const std::string& path);

// What an emission says, with the values of its files, which lie in `directory` and are reached without following any
// link. What changes while it is read is an error. When it returns, they are on disk, with the names that lead to them.
ErrorOr<Json> ResolveEmission(const Emission& emission, const std::string& directory, const std::string& run_directory);

}  // namespace hwf::runner
