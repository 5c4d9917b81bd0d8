// The front of a runner in a Slurm job: its work comes from the submission's spec, what becomes of it goes into the
// element's own log, and a name in the agent's spool says that there is something to read. Nobody is connected: the
// engine and the agent may be gone. One thread: the runner's.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/runner/front.h"
#include "runtime/slurm/signs.h"
#include "runtime/slurm/submission.h"

namespace hwf::slurm {

class JobLink final : public runner::Front {
 public:
  struct Options {
    std::string tag;
    int index = 0;
    std::string directory;  // the element's
    std::string spool;
    std::string who;  // for claims
  };
  // Asks for `starts` at once.
  JobLink(Options options, Element starts, runner::FrontCallbacks callbacks);

  bool OnReadable(int, uint32_t) override { return false; }
  void OnAppended(uint64_t begin, uint64_t end, std::string_view payload) override;
  void Say(const runner::Report&) override {}
  void Repeat(uint64_t) override {}
  void Hold(const std::string&) override {}
  ErrorOr<bool> Claim(const runner::Start& start) override;
  void Look() override;
  void Flush(int64_t now_ms) override;
  int64_t due_ms() const override { return due_ms_; }
  bool listening() const override { return false; }
  int64_t alone_since_ms() const override { return 0; }

 private:
  Options options_;
  runner::FrontCallbacks callbacks_;
  std::unordered_map<std::string, std::pair<runner::Cancel, std::string>> open_;  // not cancelled; with its directory
  Signs signs_;
  int64_t due_ms_ = 0;
};

}  // namespace hwf::slurm
