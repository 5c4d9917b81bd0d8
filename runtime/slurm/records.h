// What the agent must not forget of its submissions, in a log of its own beside the one of reports: the intent, on disk
// before anything is submitted; the job; that it is over. Reading and writing are pure but for the log itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "runtime/journal/log.h"
#include "runtime/runner/protocol.h"
#include "runtime/slurm/commands.h"

namespace hwf::slurm {

struct AttemptId {
  state::Place place;
  int attempt = 1;
};
using ElementIds = std::vector<AttemptId>;

// Before `sbatch`: these attempts will be submitted under this tag.
struct Intent {
  std::string tag;
  std::vector<ElementIds> elements;
  int nodes = 0;  // of an allocation, whose attempts come later
};
// These attempts will be in the allocation's batch of this number.
struct Added {
  std::string tag;
  int batch = 0;
  ElementIds attempts;
};
// It was: the job (of an array: the array's) is this.
struct Accepted {
  std::string tag;
  std::string job;
};
// Nothing of it will come any more: its attempts have ended, or are in another submission.
struct Closed {
  std::string tag;
};
using Record = std::variant<Intent, Added, Accepted, Closed>;

class Records {
 public:
  static ErrorOr<std::unique_ptr<Records>> Open(const std::string& path);
  // All that are there, in order. Once, first.
  ErrorOr<std::vector<Record>> Replay();
  // `durable`: on disk when it returns.
  ErrorOr<Success> Append(const Record& record, bool durable);

 private:
  explicit Records(std::string path) : path_(std::move(path)) {}
  std::string path_;
  std::unique_ptr<journal::LogWriter> log_;
};

}  // namespace hwf::slurm
