// Making a run's directory with everything in it that has a fixed mode (docs/architecture.md). The id is time and
// chance; mkdir decides that it is nobody else's.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/error.h"

namespace hwf::review {

struct RunDirectory {
  std::string id;
  std::string path;  // absolute
};

// Below `runs_dir`, which is made if needed. With `share`, this group may read the run and write to its inbox.
ErrorOr<RunDirectory> MakeRunDirectory(const std::string& runs_dir, std::optional<gid_t> share);

// The gid for --share, or why that name cannot be used: unknown, or a group in which we are not.
ErrorOr<gid_t> ShareGroup(const std::string& name);

}  // namespace hwf::review
