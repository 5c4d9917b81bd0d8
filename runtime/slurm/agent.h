// The agent of a Slurm site: one engine's requests in, jobs submitted, watched and explained, every step of their
// attempts into the log and from there to the engine. It runs no task itself; the jobs' runners do (job.h), and their
// records decide what became of an attempt; Slurm only explains why a record is missing. It may be killed or leave at
// any time: the jobs go on, and the next agent reads what they wrote.
//
// An attempt: queued → in a submission whose intent is on disk → sbatch → its element claimed it → its records are read
// → ended in the log. Nothing is submitted twice knowingly; where nobody can know (a controller that timed out), the
// claim decides which copy runs.
//
// One thread; programs of Slurm run beside it, one of each kind at a time.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "runtime/platform/command.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/runner/front.h"
#include "runtime/runner/images.h"
#include "runtime/runner/record_log.h"
#include "runtime/slurm/commands.h"
#include "runtime/slurm/records.h"
#include "runtime/slurm/settings.h"
#include "runtime/slurm/submission.h"

namespace hwf::slurm {

// Between two tries to submit, should Slurm not take what it is given.
inline constexpr int64_t kLongestWaitMs = 60'000;

struct AgentOptions {
  std::string run_directory;    // absolute; attempts lie below its `tasks/`
  std::string state_directory;  // of log, socket, spool and submissions
  std::string runner;           // absolute path of hwf-runner as the nodes see it
  std::string containers;
  Settings settings;
  int64_t kill_grace_ms = 5000;
  int64_t idle_exit_ms = 60'000;
  int64_t record_grace_ms = 0;          // for records of a job that Slurm says is over; 0: as late as files may be
  int64_t least_poll_ms = 1000;         // between two queries
  int64_t allocation_idle_ms = 60'000;  // how long a node of an allocation waits for more, should nobody tell it
};

class Agent {
 public:
  static ErrorOr<std::unique_ptr<Agent>> Open(AgentOptions options, int lock_fd);
  ~Agent();
  // Until the run is over or nobody needs it; the exit code.
  int Run();

 private:
  // An attempt that has not ended.
  struct Attempt {
    runner::Start start;   // what is submitted again, if it must be
    std::string tag;       // of its submission; empty: it waits in queue_
    int index = 0;         // its element
    bool claimed = false;  // its record is in the log
    bool started = false;
    bool cancelled = false;
    int tries = 0;                  // submissions that ended before it began
    std::set<std::string> emitted;  // files of emissions in the log
    std::string waiting;            // the last word about why it waits
  };
  struct ElementState {
    ElementIds attempts;
    JobState state = JobState::kPending;
    bool seen = false;          // in the last answer
    bool placed = false;        // it has, or had, nodes
    bool over = false;          // nothing of it is awaited any more
    std::string reason;         // of Slurm
    mutable size_t gone = 0;    // so many of its attempts, from the first, are not awaited
    std::string beat;           // when last looked at …
    int64_t beat_ms = 0;        // … and when that was new
    int64_t over_since_ms = 0;  // Slurm says so; 0: it does not
    int absent = 0;             // answers without it, in a row
    int64_t absent_since_ms = 0;
    std::vector<runner::Ended> unexplained;  // ended by a signal to the runner: Slurm may know why
  };
  struct Submission {
    enum class Phase {
      kReady,   // to be handed to sbatch
      kAsking,  // sbatch runs
      kUnsure,  // sbatch did not say
      kQueued,  // Slurm has it
    };
    std::string tag;
    Phase phase = Phase::kReady;
    Needs needs;
    std::string job;
    std::vector<ElementState> elements;
    std::vector<uint64_t> offsets;  // of its logs, read up to here: one for each element, or node
    // Of an allocation, whose attempts are those of its only element:
    int nodes = 0;              // 0: it is none
    int batches = 0;            // that were given to it
    bool began = false;         // some attempt did
    bool closed = false;        // nothing more is given to it
    int64_t idle_since_ms = 0;  // nothing of it is awaited
    int64_t release_at_ms = 0;  // when it is ended by force
    int64_t unsure_since_ms = 0;
    int unsure_answers = 0;  // of squeue since then, without it
  };
  enum class Program { kConfig, kSubmit, kQueue, kCancel, kAccount };

  Agent(AgentOptions options, int lock_fd);

  // agent.cpp: the loop
  ErrorOr<Success> Prepare();
  void Watch(int fd, uint32_t events);
  int Timeout() const;
  void Tick();
  bool MayAsk() const;  // Slurm, for what became of the jobs
  bool MayLeave() const;
  bool Log(const runner::Report& report);
  void Hold(const std::string& why);
  ErrorOr<Success> Recover();
  std::vector<Element> StartsOf(Submission& submission) const;

  // agent_requests.cpp
  void OnRequest(runner::Request request);
  void OnStart(runner::Start start);
  void OnMessage(const runner::Message& message);
  void OnCancel(const runner::Cancel& cancel);
  void PlaceCancels();
  ErrorOr<Success> PlaceCancel(const std::string& key, Attempt& attempt);
  void OnDrain();
  void EndAttempt(const std::string& key, std::optional<ir::Reason> failure, const std::string& why);

  // agent_submit.cpp
  void FormSubmissions();
  size_t InSlurm() const;
  bool Intend(const Needs& needs, std::vector<std::string> keys);
  ErrorOr<Success> MakeAttempts(Element& starts) const;
  ErrorOr<Success> WriteFiles(const std::string& directory, const Needs& needs, const std::string& script,
                              const std::vector<Element>& elements);
  void BelongsTo(const std::string& key, const std::string& tag, int index);
  void SubmitNext();
  void OnSubmitted(const platform::CommandResult& result);
  void Refuse(Submission& submission, const std::string& why);
  void Dissolve(Submission& submission, const std::string& why);
  void HasJob(Submission& submission, const std::string& job);

  // agent_allocate.cpp
  bool FormAllocations();
  std::string AllocationScript(const std::string& directory, const std::string& tag) const;
  bool WantsAllocation(const runner::Start& start, const std::map<std::string, size_t>& kinds) const;
  const Submission* FindAllocation(const runner::Start& start) const;
  std::string OpenAllocation(const runner::Start& first);
  bool GiveBatches(Submission& submission, const std::vector<std::string>& keys);
  ErrorOr<Success> GiveBatch(Submission& submission, const std::vector<std::string>& keys);
  void SettleAllocations();
  void Settle(Submission& submission);
  int64_t AllocationsDue() const;

  // agent_programs.cpp: programs of Slurm
  bool Launch(Program program, std::vector<std::string> argv);
  void PollPrograms();
  void OnEnded(Program program, const platform::CommandResult& result);
  void OnQueue(const platform::CommandResult& result);
  void OnAccounts(const platform::CommandResult& result);
  void ControllerIsDown(const std::string& why);
  void SendCancels();
  void CancelAgain();

  // agent_watch.cpp: what jobs tell, and what Slurm tells of them
  void ReadSpool();
  void ReadElement(Submission& submission, int index);
  void ReadLog(Submission& submission, int log);
  void Take(Submission& submission, int index, runner::Report report);
  void TakeEnded(Submission& submission, ElementState& element, runner::Ended ended);
  void LookAfter(Submission& submission);
  void LookAfter(Submission& submission, int index);
  void Explain(Submission& submission, int index, JobState state, const std::string& words);
  void TellWaiting(const Submission& submission, const ElementState& element);
  bool Beats(const Submission& submission, ElementState& element, int index);
  bool AllGone(const Submission& submission, const ElementState& element) const;
  std::vector<std::string> Awaited(const Submission& submission) const;
  void Close(const std::string& tag);
  void Tidy();

  std::string SubmissionDirectory(const std::string& tag) const;
  std::string ElementDirectory(const std::string& tag, int index) const;
  Submission* FindSubmission(const std::string& tag);
  // A copy: looking after a submission may close it.
  std::vector<std::string> Tags() const;
  Attempt* FindAttempt(const std::string& key);
  bool IsOpen(const AttemptId& id) const;

  AgentOptions options_;
  int lock_fd_;
  Limits limits_;
  std::string user_;
  std::unique_ptr<runner::RecordLog> log_;
  std::unique_ptr<Records> records_;
  std::unique_ptr<runner::Front> front_;
  // Here, for all nodes, where they see this machine's files; its digest, for the engine, wherever they are.
  std::unique_ptr<runner::Images> images_;  // null: no engine
  platform::FileDescriptor epoll_, signals_, inotify_;
  std::map<Program, std::unique_ptr<platform::Command>> programs_;
  std::string submitting_;  // the tag that sbatch is asked for
  std::vector<std::string> asked_accounts_;

  std::deque<std::string> queue_;                      // keys, in the order of their coming
  std::unordered_map<std::string, Attempt> attempts_;  // by key
  std::map<std::string, Submission> submissions_;      // by tag
  std::vector<std::string> to_cancel_;                 // keys, of which nobody could be told yet
  std::map<std::string, std::set<int>> cancels_;       // elements of jobs, for scancel
  std::map<std::string, std::set<int>> asked_;         // … which it was asked for, until it said that it is done
  std::deque<AttemptId> to_tidy_;                      // that have ended
  std::string held_;
  bool finishing_ = false;
  bool terminated_ = false;
  bool accounting_ = true;           // until sacct says that there is none
  bool configured_ = false;          // limits_ are the controller's
  size_t most_elements_ = SIZE_MAX;  // of an array, since Slurm took no more
  int64_t now_ms_ = 0;
  int64_t idle_since_ms_ = 0;
  int64_t form_at_ms_ = 0;
  int64_t gathering_since_ms_ = 0;  // 0: nothing waits in queue_
  int64_t submit_at_ms_ = 0;
  int64_t submit_wait_ms_ = 0;
  int64_t query_at_ms_ = 0;
  int64_t query_every_ms_ = 0;
  int64_t spool_at_ms_ = 0;
  int64_t place_at_ms_ = 0;  // to_cancel_
  int64_t log_at_ms_ = 0;    // records that wait for room
};

}  // namespace hwf::slurm
