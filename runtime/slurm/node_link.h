// The front of a runner on a node of an allocation: it takes batches of attempts (batches.h) as there is room on its
// node, claims each attempt before it starts, and leaves when nothing more comes: the agent has said so, or nothing
// came for a while, or the allocation's time is too short for what is left. Nobody is connected. One thread: the
// runner's.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "runtime/runner/front.h"
#include "runtime/slurm/batches.h"
#include "runtime/slurm/signs.h"

namespace hwf::slurm {

class NodeLink final : public runner::Front {
 public:
  struct Options {
    std::string tag;
    std::string directory;  // the submission's
    int node = 0;
    std::string spool;
    std::string who;  // for claims
    double cpus = 1;
    int64_t idle_ms = 0;
    int64_t margin_ms = 0;  // for ending things, before the allocation's end
    int64_t ends_ms = 0;    // of the allocation, by CLOCK_BOOTTIME
    int64_t now_ms = 0;
  };
  NodeLink(Options options, runner::FrontCallbacks callbacks);

  bool OnReadable(int, uint32_t) override { return false; }
  void OnAppended(uint64_t begin, uint64_t end, std::string_view payload) override;
  void Say(const runner::Report&) override {}
  // It came once more, behind its end.
  void Repeat(uint64_t) override { waiting_.erase(handing_); }
  void Hold(const std::string&) override {}
  ErrorOr<bool> Claim(const runner::Start& start) override;
  void Look() override;
  void Flush(int64_t now_ms) override;
  int64_t due_ms() const override { return due_ms_; }
  bool listening() const override { return !over_; }
  int64_t alone_since_ms() const override { return 0; }

 private:
  struct Running {
    runner::Cancel id;
    std::string directory;
    double cpus = 0;
    int64_t since_ms = 0;
  };
  bool HasRoom() const { return waiting_.empty() && busy_ + 1 <= options_.cpus; }
  bool Fits(const runner::Start& start) const;
  void Take();

  Options options_;
  runner::FrontCallbacks callbacks_;
  Signs signs_;
  BatchTaker batches_;
  std::unordered_set<std::string> waiting_;           // handed to the runner, and not begun
  std::string handing_;                               // the last of them
  std::unordered_map<std::string, Running> running_;  // by key
  double busy_ = 0;                                   // CPUs
  int64_t longest_ms_ = 0;                            // that an attempt took here
  bool left_ = false;                                 // something was, for want of time
  bool over_ = false;
  bool given_up_ = false;
  int64_t now_ms_ = 0;
  int64_t idle_since_ms_ = 0;
  int64_t take_at_ms_ = 0;
  int64_t take_every_ms_ = 0;
  int64_t look_at_ms_ = 0;
  int64_t look_unasked_at_ms_ = 0;
  int64_t due_ms_ = 0;
};

}  // namespace hwf::slurm
