// The runner's loop: requests in from whoever gives it work (front.h), tasks started, watched and ended, every step
// into the log. One thread (beside the log's syncing and the worker's hashing); everything here belongs to it.
//
// An attempt: queued → (CPUs taken from the ledger) claimed in the log → directory, process → main process dead →
// nothing of it lives → emissions and outputs recorded → ended in the log. What has no record is not done; what is
// claimed is never started again, by this runner or the next.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "runtime/runner/attempt.h"
#include "runtime/runner/boxes.h"
#include "runtime/runner/front.h"
#include "runtime/runner/launch.h"
#include "runtime/runner/ledger.h"
#include "runtime/runner/machine.h"
#include "runtime/runner/outputs.h"
#include "runtime/runner/protocol.h"
#include "runtime/runner/record_log.h"
#include "runtime/runner/slots.h"
#include "runtime/runner/spare_directories.h"
#include "runtime/runner/worker.h"

namespace hwf::runner {

// Until what found no room is tried again.
inline constexpr int64_t kRetryMs = 500;
inline constexpr const char* kLogStands = "the runner's log cannot grow";

struct RunnerOptions {
  std::string run_directory;    // absolute; the attempts' directories lie below its `tasks/`
  std::string state_directory;  // of log, socket and streams; empty: `runner` in the run's
  MachineLimits limits;
  int64_t kill_grace_ms = 5000;   // from SIGTERM to SIGKILL
  int64_t idle_exit_ms = 60'000;  // without engine and work
  int64_t stray_grace_ms = 1000;  // for what outlives a task's main process
  std::string ledger_directory;   // empty: the user's
  // In a Slurm job: the machine is what the job was given, nobody else's runner shares it; attempts' directories are
  // there already; its variables SLURM… are the tasks' too.
  bool in_job = false;
  std::string setup;                                               // shell text in front of each command; empty: none
  std::string launch;                                              // what starts ranks, where a task does not say
  std::optional<container::EngineKind> containers = std::nullopt;  // what runs tasks that have an image
  std::string images;                                              // where they are kept; empty: the user's place
};

class Runner {
 public:
  using MakeFront = std::function<ErrorOr<std::unique_ptr<Front>>(RecordLog& log, FrontCallbacks callbacks)>;
  // Ends what a dead runner left; then its front is made, and may ask for something at once.
  static ErrorOr<std::unique_ptr<Runner>> Open(const RunnerOptions& options, const MakeFront& make_front);
  ~Runner();
  // Until the run is over or nobody needs it; the exit code.
  int Run();

 private:
  // A process that does not show whose it is, while several tasks ran: ended with the last of those it may belong to.
  struct Unowned {
    pid_t pid = 0;
    std::vector<std::string> candidates;
  };
  struct LostAttempt;
  // The outputs of an attempt, found.
  struct Resolved {
    std::string key;
    ErrorOr<Outputs> outputs;
  };

  Runner(const RunnerOptions& options, mode_t directory_mode);

  // runner.cpp: the loop
  ErrorOr<Success> OpenDescriptors();
  void Watch(int fd, uint32_t events);
  int Timeout() const;
  void Dispatch(int fd, uint32_t events);
  void OnSignal();
  void Tick();
  bool IsOver();

  // runner_requests.cpp: what the front asks for
  void OnRequest(Request request);
  void OnStart(Start start);
  void OnCancel(const Cancel& cancel);
  void OnDrain();

  // runner_log.cpp: the log
  bool Log(const Report& report);  // false: it waits for room
  bool ReserveRoom();
  void Hold(const std::string& why);
  ErrorOr<Success> Recover();
  std::vector<pid_t> RemainsOf(const LostAttempt& lost, const std::string& directory) const;
  void RecordLeft(LostAttempt& lost, const std::string& checkpoints);
  void EndLost(LostAttempt& lost);

  // runner_start.cpp
  void StartQueued();
  bool Begin(Start& start, Share share);
  ErrorOr<Success> Prepare(Attempt& attempt);
  ErrorOr<Success> MakeAttemptDirectory(const std::string& directory);
  ErrorOr<Success> DescribeTask(const Attempt& attempt, LaunchSpec& spec) const;
  void LaunchTask(Attempt& attempt);
  void EndUnrun(const Start& start, ir::Reason reason, const std::string& why);
  ErrorOr<Success> Place(const Start& start, const Json& body);
  void OnMessage(const Message& message);
  void PlaceWaiting();
  std::vector<std::string> EnvironmentOf(const Attempt& attempt) const;

  // runner_boxes.cpp
  void WantReady(const std::string& image);
  void OnImage(const std::string& image, const ErrorOr<container::Image>& ready);
  bool WaitsForImage(const Start& start);
  ErrorOr<Success> DescribeBox(Attempt& attempt, LaunchSpec& spec);
  ErrorOr<Success> DescribeRankBoxes(Attempt& attempt, const BoxTask& task, std::vector<std::string> srun,
                                     LaunchSpec& spec);
  static void AskBoxToEnd(const Attempt& attempt);
  void KillBox(Attempt& attempt);
  bool SettleBox(Attempt& attempt);
  void RemoveBox(Attempt& attempt);
  void OnBoxRemoved(const std::string& key, const ErrorOr<Success>& removed);
  void BlameContainer(const Attempt& attempt, bool began, const std::string& why, Ended& ended) const;
  bool DescribeTrouble(const Attempt& attempt, Ended& ended) const;
  std::vector<pid_t> ProcessesInBox(Attempt& attempt);

  // runner_end.cpp
  void ReapChildren();
  void OnMainDead(Attempt& attempt, int status, const struct rusage& usage);
  void Finalize(Attempt& attempt);
  void OnResolved(Resolved resolved);
  void SyncResolved();
  void Conclude(Attempt& attempt, ErrorOr<Json> outputs);
  void Describe(const Attempt& attempt, Ended& ended) const;
  void TidyDirectory(const Attempt& attempt, bool failed);
  void GiveShare(Attempt& attempt);
  void Forget(Attempt& attempt, bool spoilt);

  // runner_kill.cpp
  void KillAttempt(Attempt& attempt, Attempt::Kill why);
  void AskToEnd(Attempt& attempt);
  void AskRanksToEnd(const Attempt& attempt);
  int64_t ForceEnd(Attempt& attempt);

  // runner_strays.cpp
  std::vector<pid_t> DirectStrays() const;
  std::vector<pid_t> LivingStrays() const;
  bool HoldsFilesOf(pid_t pid, const Attempt& attempt) const;
  Attempt* OwnerOf(pid_t pid) const;
  void Remember(Attempt& attempt, const std::vector<pid_t>& pids);
  std::vector<pid_t> ProcessesOf(Attempt& attempt);
  std::map<Attempt*, std::vector<pid_t>> SortStrays();
  void KillStrays(Attempt& attempt, const std::vector<pid_t>& strays);
  void CheckDying();
  void SignalTree(Attempt& attempt, int signal);

  // runner_watch.cpp
  void OnInotify();
  void ScanEmissions(Attempt& attempt, bool last);
  void HandleEmission(Attempt& attempt, ReadyEmission item);
  void RecordEmission(const std::string& key, const ReadyEmission& item, ErrorOr<Json> content);
  void Sample(Attempt& attempt);

  Attempt* FindRunning(const std::string& key);
  // Of what tasks printed, and of the log, in which short streams are: a shared run's group may read it.
  mode_t FileMode() const { return directory_mode_ == 0700 ? 0600 : 0640; }

  RunnerOptions options_;
  mode_t directory_mode_;
  std::string self_;  // path of this program
  std::string boot_;  // this boot and pid namespace
  Machine machine_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<RecordLog> log_;
  std::unique_ptr<Front> front_;
  Slots slots_;
  SpareDirectories spares_;
  Worker emission_worker_{1};
  Worker output_worker_{2};  // a large file does not hold up all others
  Worker sync_worker_{1};
  Worker box_worker_{2};               // what is asked of an engine meanwhile
  std::unique_ptr<Images> images_;     // null: no engine
  std::unique_ptr<Boxes> boxes_;       // likewise
  ErrorOr<Success> left_ = Success{};  // what a dead runner left of containers is no more
  std::vector<Resolved> to_sync_;
  bool syncing_ = false;
  size_t ending_ = 0;  // attempts of which nothing lives

  int epoll_ = -1;
  int signals_ = -1;
  int inotify_ = -1;
  int children_ = -1;          // /proc/self/task/…/children
  int64_t idle_since_ms_ = 0;  // without work

  std::deque<Start> queue_;
  std::unordered_set<std::string> queued_;  // its keys
  bool queue_changed_ = false;              // or the room for it
  bool in_line_ = false;
  std::unordered_map<std::string, std::unique_ptr<Attempt>> running_;
  std::unordered_map<pid_t, Attempt*> by_pid_;
  std::unordered_map<int, Attempt*> by_watch_;
  std::vector<Unowned> unowned_;
  std::vector<Message> unplaced_;  // messages that found no room
  std::string held_;
  int64_t retry_at_ms_ = kNever;
  int64_t room_seen_ms_ = INT64_MIN / 2;  // that the disk has room
  bool finishing_ = false;
  bool terminated_ = false;
  int64_t now_ms_ = 0;
};

}  // namespace hwf::runner
