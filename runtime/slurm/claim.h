// The claim of an attempt: the file `claim` in its directory, made by whoever may run it, or may say that nobody will.
// Who does not get it leaves the attempt alone. Made by link(), and believed only when it says what we wrote: right on
// NFS too, where an answer can get lost. The directory is made before by whoever submits; a missing one counts as
// taken.
#pragma once

#include <string>

#include "base/error.h"

namespace hwf::slurm {

// True: it is ours (now, or since an earlier call with the same `who`). `who` is one line, unique to the claimer.
// `durable`: it is on disk when this returns.
ErrorOr<bool> TakeClaim(const std::string& attempt_directory, const std::string& who, bool durable);

// Who has it; empty: nobody, or the directory is not there.
std::string ClaimOf(const std::string& attempt_directory);

}  // namespace hwf::slurm
