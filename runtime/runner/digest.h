// File and Dir values: absolute path, size and digest of what lies there. Any thread; reading may take long.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json.h"

namespace hwf::runner {

// {"path","digest","size"} of a regular file, following links.
ErrorOr<Json> DigestFileValue(const std::string& path);
// Of a directory, below and including `path`: the digest of its manifest.
ErrorOr<Json> DigestDirectoryValue(const std::string& path);

// Of a file or directory below `directory`, reached without following any link: what a task says that it
// emitted. What changes while it is read is an error.
ErrorOr<Json> DigestBelow(const std::string& directory, const std::string& name);

}  // namespace hwf::runner
