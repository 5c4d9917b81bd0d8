// A submission's files, which its jobs and the agent share:
//   JOBS/<tag>/spec        what each element (a job, or one of an array) is to do
//             /secrets-<i> variables of element i that are secret; taken away by who reads them
//             /script, /environment   what sbatch is given
//             /errors      what went wrong before an element had a log
//             /<i>/log     the element's records; with its streams, and `beat`, written anew while it lives
//   SPOOL/<tag>.<i>        a name: element i has new records
// and in an attempt's directory `claim` (claim.h) and `cancel`: it is not wanted any more.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/runner/protocol.h"

namespace hwf::slurm {

struct Spec {
  std::string run_directory;  // where `tasks/` lies
  std::string spool;
  int64_t kill_grace_ms = 5000;
  double cpus = 1;     // that an element gives to its attempts, of each node
  int64_t memory = 0;  // 0: what the node has
  std::string setup;
  std::string launch;
  std::string containers;
  std::string images;   // where the agent has made them ready
  int64_t idle_ms = 0;  // of an allocation: how long a node waits for more
};

using Element = std::vector<runner::Start>;

// Writes the spec, and the secrets beside it; on disk when it returns.
ErrorOr<Success> WriteSubmission(const std::string& directory, const Spec& spec, const std::vector<Element>& elements);

struct Assignment {
  Spec spec;
  Element starts;  // with their secrets
};
// What element `index` is to do. The secrets are read, and gone: a second reader has none.
ErrorOr<Assignment> TakeAssignment(const std::string& directory, int index);
ErrorOr<Spec> ReadSpec(const std::string& directory);
// All that were to be done; their secrets have names, but no values.
ErrorOr<std::vector<Element>> ReadElements(const std::string& directory);

// `cancel` in an attempt's directory.
ErrorOr<Success> AskToCancel(const std::string& attempt_directory);
bool IsCancelAsked(const std::string& attempt_directory);

}  // namespace hwf::slurm
