// Making a run's directory with everything in it that has a fixed mode (docs/architecture.md): whoever may answer must
// reach the inbox, and nobody else anything. Any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"

namespace hwf::review {

struct RunDirectory {
  std::string id;  // UTC date and time, and chance; mkdir decides that it is nobody else's
  std::string path;
};

// Below `runs` (absolute), which is made if needed, with the rights of the directory that it is in: where people share
// a directory, the second one can begin a run too. With `share`, this group may read the run and write to its inbox. It
// is opened to the group, and is durable, when all of it is there.
ErrorOr<RunDirectory> MakeRunDirectory(const std::string& runs, std::optional<gid_t> share, int64_t now_ms);

// The gid for --share, or why that name cannot be used: unknown, or a group in which we are not.
ErrorOr<gid_t> ShareGroup(const std::string& name);

}  // namespace hwf::review
