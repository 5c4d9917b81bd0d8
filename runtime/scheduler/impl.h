// The scheduler's state and its transitions; private to this folder. One construct's transitions lie in one file,
// node_<construct>.cpp; frames.cpp has what they share.
//
// A frame is one instance of a region: a slot for each parameter and node. A node waits for the slots that it reads;
// when the last is there it enters the queue; the queue is worked off within the same Apply. A slot ends as a value or
// dead, with its cause. `settled` (the value is there) and `finished` (nothing of the node runs any more) differ for
// nodes with inner regions: a call's outputs can be used while other parts of it still run.
//
// Nothing here recurses along the data: settling a slot only fills the queue. Only the nesting of regions is recursed.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "runtime/scheduler/plan.h"
#include "runtime/scheduler/scheduler.h"
#include "runtime/state/evaluate.h"

namespace hwf::scheduler {

using FrameId = uint32_t;
inline constexpr uint32_t kNothing = 0xffffffff;

// What a value, or that it is there at all, depends on, of the things that may turn out otherwise: an index into
// Impl::taints_; 0: none of them. See taint.cpp.
using Taint = uint32_t;
inline constexpr uint32_t kRedone = 0, kChanged = 1;  // marks

enum class SlotState : uint8_t { kEmpty, kValue, kDead };

struct Slot {
  Json value;
  uint32_t cause = 0;  // of a dead one: index into causes
  Taint taint = 0;
  SlotState state = SlotState::kEmpty;
};

// What a tried call gives.
inline Json OkValue(const Json& outputs, bool gives) {
  Json fields = Json::Object();
  if (gives) fields.Set("value", outputs);
  return Json().Set("variant", "ok").Set("fields", std::move(fields));
}
inline Json ReasonValue(ir::Reason reason) {
  return Json().Set("variant", std::string(ir::ToString(reason))).Set("fields", Json::Object());
}

inline Slot ValueSlot(Json value, Taint taint) {
  Slot slot;
  slot.value = std::move(value);
  slot.taint = taint;
  slot.state = SlotState::kValue;
  return slot;
}

struct NodeState {
  uint32_t pending = 0;
  uint32_t instance = kNothing;  // of a task, review, `for`, loop or watch: index into its table; of a source: the ask
  uint32_t doom = 0;             // cause for which it will be skipped
  Taint taint = 0;
  bool queued = false;
  bool begun = false;
  bool finished = false;
};

struct Waiter {
  FrameId frame = 0;
  Reader reader;
};

struct Frame {
  FrameId id = 0;
  const RegionPlan* plan = nullptr;
  Frame* outer = nullptr;    // lexically; null for a workflow's own region
  FrameId owner = kNothing;  // the frame of the node that made this one
  uint32_t owner_node = 0;
  uint32_t ordinal = 0;       // which element, arm or emission
  FrameId call = kNothing;    // the innermost tried call of a workflow in which this is, or which it is
  uint32_t watch = kNothing;  // the watch in whose body this is, and the emission that it shows
  int64_t emission = 0;
  uint32_t unfinished = 0;
  uint32_t result_pending = 0;
  uint32_t first_failure = 0;  // cause of the first node of this frame that died of a failure
  Taint taint = 0, result_taint = 0;
  bool result_settled = false;
  bool gone = false;   // finished or cancelled; freed at the end of the step
  std::string prefix;  // of places: "each.3."
  std::vector<Slot> slots;
  std::vector<NodeState> nodes;
  std::vector<FrameId> children;
  // Readers in inner frames, by slot; and `for`s that wait for the length of one.
  std::unique_ptr<std::unordered_map<uint32_t, std::vector<Waiter>>> waiters, length_waiters;
};

// Why a slot is dead. Not every end is a failure: a review withdrawn because its job ended takes what hangs on it along
// without failing the run.
struct Cause {
  std::string text;
  bool failure = false;
  // What a `try` around it gives for them.
  ir::Reason reason = ir::Reason::kOutput;
  std::string message;  // empty: the text
};

// A failure, and whose it is: of the tried call, or (kNothing) of the run.
struct Failure {
  Taint taint = 0;
  uint32_t cause = 0;
  FrameId call = kNothing;
  std::string told;
};

// `try` of a workflow's call, until it gives its value. The key is its frame.
struct TriedCall {
  FrameId owner = kNothing;  // whose node it is
  uint32_t node = 0;
  Slot result;                  // of the workflow, once it is there
  uint32_t cause = 0;           // the first failure in it; 0: none yet
  Taint taint = 0;              // of the failure, or of all that went well
  bool ending = false;          // it is in the list of those that are to give their values
  bool stopped = false;         // after a failure: what was left of it is cancelled
  std::vector<uint32_t> tasks;  // of a stopped one: those whose end is awaited
};

enum class TaskPhase : uint8_t { kIdle, kStarting, kSubmitted, kRunning, kDoubt, kEnded };

// Of a message, for the current attempt: the sequence of its PlaceMessage (0: none yet), and whether it was placed.
struct Placing {
  uint64_t sequence = 0;
  bool done = false;
};
// Files that were given up, and the sequence of the command that says so.
struct Removal {
  std::string site;
  std::vector<std::string> files;
  uint64_t sequence = 0;
};
// What only some tasks need.
struct TaskExtra {
  std::vector<uint32_t> watches;
  std::vector<uint32_t> reviews;           // withdrawn when the job ends
  std::unordered_set<std::string> files;   // of emissions of the current attempt
  std::vector<Placing> placed;             // by message
  int64_t carried = 0;                     // messages that some emission carried
  std::unordered_set<int64_t> sent_again;  // numbers of messages whose `send` a rewind came to again
  std::string cancelled_by;
  std::optional<state::AttemptEnded> in_doubt;
  // Where a stream has `keep`: by stream the emissions whose files are there, and the one that the attempt began with;
  // how many of them name a file; the watches that show them; whether outputs lie apart from them, once that is known.
  std::vector<std::vector<int64_t>> kept;
  std::vector<int64_t> previous;
  std::unordered_map<std::string, int> named;
  std::vector<uint32_t> shown_in;
  std::optional<bool> outputs_apart;
  std::vector<Removal> removals;
  Json caught;  // of a tried call that failed: its value; null if its log is not known
};
struct TaskState {
  FrameId frame = kNothing;  // kNothing: the frame was cancelled; only the attempt's end is awaited
  uint32_t node = 0;
  const NodePlan* plan = nullptr;
  TaskPhase phase = TaskPhase::kIdle;
  bool reuse_refused = false;
  bool cancel_asked = false;
  bool cancelled_by_program = false;
  bool ended_with_run = false;              // it was cancelled with the run
  bool ended_with_call = false;             // with a tried call that failed
  ir::Reason reason = ir::Reason::kOutput;  // of its failure
  bool fresh = false;                       // no result of before may be taken
  uint32_t messages_at_start = 0;
  Taint taint = 0;
  int lost_in_a_row = 0;   // attempts that ended with their machine and were repeated for it
  int lost = 0;            // in all; they are none of its retries
  int64_t earlier_ms = 0;  // how long the attempts before this one took
  uint64_t start_sequence = 0, cancel_sequence = 0;
  std::unique_ptr<TaskExtra> extra;
};

struct ArmedClock {
  state::Clock clock = state::Clock::kExpire;
  int index = 0;
  TimeMs due = 0;
  uint64_t sequence = 0;
};
struct ReviewState {
  FrameId frame = kNothing;
  uint32_t node = 0;
  uint64_t open_sequence = 0, close_sequence = 0;
  std::optional<int64_t> within, remind;
  std::vector<TimeMs> remind_at;  // of reminders in working days, all of them
  std::vector<std::pair<int64_t, RuleView>> escalations;
  Json else_value;  // null: the variant `expired`
  Json value;       // of the node, once it is answered
  std::vector<std::pair<std::string, int64_t>> up_to;
  bool ended_with_run = false, ended_with_call = false;
  std::vector<ArmedClock> clocks;  // not fired yet
  TimeMs form_until = 0;           // somebody has the form open until then
};

struct ForState {
  FrameId frame = kNothing;
  uint32_t node = 0;
  bool expanded = false;
  std::vector<Slot> elements;
  size_t unsettled = 0, open = 0;
  uint32_t first_death = 0;
  std::vector<FrameId> bodies;
  std::vector<uint32_t> followers;  // other `for`s, element by element
};

struct LoopState {
  FrameId frame = kNothing;
  uint32_t node = 0;
  int64_t rounds = 0;  // opened so far
  int64_t max = 0;
  size_t open = 0;  // rounds in which something still runs
};

struct WatchState {
  Place place;
  FrameId frame = kNothing;
  uint32_t node = 0;
  uint32_t task = kNothing;
  size_t open = 0;
  FrameId body = kNothing;       // of a `latest` watch: the one that is open
  int64_t waiting = 0;           // of a `latest` watch: the newest emission that waits for its turn; 0: none
  std::vector<int64_t> opened;   // the emissions that got a body which was not cancelled since
  std::vector<int64_t> wanted;   // those that its `where` takes
  std::vector<int64_t> showing;  // those whose bodies are open
  bool job_ended = false;
  bool closed = false;
};

// A file that was asked for. Each time has a name of its own, so that a late answer is taken for no other path.
struct SourceState {
  FrameId frame = kNothing;
  uint32_t node = 0;
  Place place;
  uint32_t ask = 1;  // how often it was asked for at this place
  std::string path;
  uint64_t sequence = 0;
};
inline Place SourceName(const Place& place, uint32_t ask) {
  return ask == 1 ? place : fmt::format("{}~{}", place, ask);
}
// What is known of a file at a place.
struct SourceKnown {
  uint32_t asks = 0;  // so far
  std::string path;   // of the value
  Json value;         // null: none yet
};

// Through the program again: back to a place, or because an answer is not the one that was assumed.
struct Redo {
  Place place;
  bool to_place = false;
  Json set;  // parameters that are another value now
  bool fresh = false;
  std::string why;  // ends the sentence "cancelled…"
};
// While a rewind goes through the program again: what was there before, by place, as long as nothing took it over.
struct Memory {
  std::unordered_map<Place, std::vector<uint32_t>> tasks, reviews;
  std::unordered_map<Place, WatchState> watches;
  std::unordered_map<Place, SourceState> sources;
  std::unordered_set<Place> failed_calls;
  std::deque<std::pair<FrameId, uint32_t>> later;  // nodes of jobs that were not come to yet, and of failed calls
  Redo redo;
  bool found = false;  // its place
};

class Scheduler::Impl {
 public:
  explicit Impl(const ir::Module& module);

  std::vector<Command> Apply(const state::Event& event);
  std::vector<Command> Pending() const;
  std::optional<StartTask> FindStart(std::string_view place) const;
  std::string Explain(const state::Vote& vote) const;
  const TaskView* FindTask(std::string_view place) const;
  const ReviewView* FindReview(std::string_view id) const;

  std::vector<TaskView> tasks;
  std::vector<ReviewView> reviews;
  std::vector<std::pair<Place, Json>> checkpoints;
  std::vector<std::string> failures;
  std::vector<std::pair<Place, std::string>> caught;
  bool finished = false;
  int generation = 1;
  Rewound rewound;

 private:
  friend struct EventHandler;
  friend struct NodeRunner;

  // ---- frames.cpp
  Frame& Open(const RegionPlan& plan, Frame* outer, FrameId owner, uint32_t owner_node, uint32_t ordinal,
              std::string prefix, std::vector<Slot> params);
  void Register(Frame& frame);
  void RegisterWaits(Frame& frame, uint32_t node, const std::vector<Dependency>& waits);
  Frame* Alive(FrameId id) const;
  static Frame& At(Frame& frame, uint32_t up);
  void Settle(Frame& frame, uint32_t node, Json value, Taint taint = 0);
  void Kill(Frame& frame, uint32_t node, uint32_t cause);
  void Finish(Frame& frame, uint32_t node);
  void Done(Frame& frame, uint32_t node, Json value);
  void Die(Frame& frame, uint32_t node, uint32_t cause);
  void SetParam(Frame& frame, uint32_t slot, const Slot& value);
  void Wake(Frame& frame, uint32_t slot);
  void WakeLength(Frame& frame, uint32_t slot);
  void Arrive(Frame& frame, Reader reader, const Slot& slot);
  void Drain();
  void RunNode(Frame& frame, uint32_t node);
  void Skip(Frame& frame, uint32_t node);
  void RunResult(Frame& frame);
  void SettleResult(Frame& frame, Slot result);
  void TryFinishFrame(Frame& frame);
  void ChildResult(Frame& owner, uint32_t node, Frame& child, Slot result);
  void ChildFinished(Frame& owner, uint32_t node, Frame& child);
  void CancelFrame(Frame& frame, const std::string& why);
  void Sweep();
  void TryFinishRun();
  void OpenRoot();
  // A failure of the node itself: recorded, and the cause of what depends on it.
  uint32_t Fail(const Frame& frame, uint32_t node, const std::string& message, const ir::Span& span,
                ir::Reason reason = ir::Reason::kOutput);
  uint32_t Fail(const Frame& frame, uint32_t node, const state::Failure& failure);
  uint32_t MakeCause(std::string text, bool failure);
  std::string PlaceOf(const Frame& frame, uint32_t node) const;
  Place UniquePlace(Place place) const;
  state::Evaluation Evaluate(const Frame& frame, const ir::Expr& expr) const;
  state::Evaluation EvaluateIn(const Frame& frame, const ir::Region& region, Json argument) const;
  uint64_t Emit(Command command);

  // ---- taint.cpp
  static uint32_t AssumedMark(uint32_t review) { return 2 + review; }
  Taint MarkedTaint(uint32_t mark);
  Taint Join(Taint a, Taint b);
  Taint JoinAll(Taint taint, const std::vector<Slot>& slots);
  Taint Intern(std::vector<uint32_t> marks);
  bool Has(Taint taint, uint32_t mark) const;

  // ---- rewind.cpp
  void OnRewind(const state::RewindRequested& event);
  void Rewind(Redo redo);
  void Remember();
  void Forget();
  bool IsTarget(const std::string& prefix) const;
  void MarkTarget(Frame& frame, uint32_t node);
  bool WaitsForJob(const Frame& frame, uint32_t node) const;
  uint32_t ClaimTask(const Frame& frame, uint32_t node);
  bool WasThere(const Frame& frame, uint32_t node) const;
  uint32_t Replace(Frame& frame, uint32_t node, uint32_t task);
  bool GoesOn(Frame& frame, uint32_t node, uint32_t task, const std::vector<Json>& arguments);
  bool SameQuestion(const Frame& frame, uint32_t review) const;
  bool ReviewGoesOn(Frame& frame, uint32_t node, const ir::ReviewNode& review);
  void WatchGoesOn(uint32_t watch, const WatchState& before);
  bool SentBefore(uint32_t task, const MessageRecord& record);
  void CheckChanged(const Frame& frame, uint32_t node);

  // ---- assume.cpp
  void Assume(Frame& frame, uint32_t node, uint32_t review);
  void Conclude(uint32_t review, Json value);
  void EndAssumption(uint32_t review, bool redo);
  bool IsAssumed(uint32_t review) const { return assumed_.count(AssumedMark(review)) != 0; }
  bool IsUncertain(Taint taint) const;
  bool IsHeld(const Frame& frame, uint32_t node) const;
  bool IsWithinLimits(const Frame& frame, uint32_t node) const;
  int64_t Used(uint32_t mark, const std::string& of) const;
  void NoteAssumed(uint32_t task);
  void ReleaseHeld();

  // ---- one file a construct
  void RunLet(Frame& frame, uint32_t node, const ir::LetNode& let);
  void RunCheckpoint(Frame& frame, uint32_t node, const ir::CheckpointNode& checkpoint);
  void RunFail(Frame& frame, uint32_t node, const ir::FailNode& fail);
  void RunSource(Frame& frame, uint32_t node, const ir::SourceNode& source);
  void RunIf(Frame& frame, uint32_t node, const ir::IfNode& branch);
  void RunMatch(Frame& frame, uint32_t node, const ir::MatchNode& match);
  void RunWorkflow(Frame& frame, uint32_t node, const ir::WorkflowNode& call);
  void RunFor(Frame& frame, uint32_t node, const ir::ForNode& loop);
  void RunLoop(Frame& frame, uint32_t node, const ir::LoopNode& loop);
  void RunTask(Frame& frame, uint32_t node, const ir::TaskNode& call);
  void RunSend(Frame& frame, uint32_t node, const ir::SendNode& send);
  void RunCancel(Frame& frame, uint32_t node);
  void RunReview(Frame& frame, uint32_t node, const ir::ReviewNode& review);
  void RunWatch(Frame& frame, uint32_t node, const ir::WatchNode& watch);

  // node_for.cpp
  void Expand(Frame& frame, uint32_t node, ForState& loop, std::vector<Slot> elements);
  void ElementSettled(uint32_t index, uint32_t element, Slot result);
  uint32_t MakeFor(Frame& frame, uint32_t node);

  // node_loop.cpp
  void OpenRound(uint32_t index, std::vector<Slot> carried);
  void RoundSettled(uint32_t index, const Slot& result);

  // node_task.cpp
  uint32_t EnsureTask(Frame& frame, uint32_t node);
  uint32_t NewTask(Frame& frame, uint32_t node);
  TaskExtra& Extra(uint32_t task);
  std::optional<std::string> CheckApproved(uint32_t task) const;
  void IssueStart(uint32_t task);
  StartTask MakeStart(uint32_t task) const;
  void OnSubmitted(const state::AttemptSubmitted& event);
  void OnWaiting(const state::AttemptWaiting& event);
  void OnStarted(const state::AttemptStarted& event);
  void OnEnded(const state::AttemptEnded& event);
  void OnReused(const state::TaskReused& event);
  void OnDoubtResolved(const state::DoubtResolved& event);
  bool TryAgain(uint32_t task, ir::Reason reason);
  void NextAttempt(uint32_t task);
  void Succeed(uint32_t task, Json outputs, TaskStatus status);
  Json ValueOf(uint32_t task) const;
  void FailTask(uint32_t task, const state::AttemptEnded& end, const std::string& message);
  void EndTask(uint32_t task, TaskStatus status);
  void DieEnded(Frame& frame, uint32_t node, uint32_t task);
  uint32_t FindTaskIndex(std::string_view place) const;

  // node_try.cpp
  bool IsTried(uint32_t task) const;
  static Json Caught(const state::AttemptEnded& end, bool cancelled);
  void Catch(Frame& frame, uint32_t node, uint32_t task);

  // node_try_workflow.cpp
  static bool IsWithin(const std::unordered_set<Place>& calls, const Place& place);
  bool IsTriedCall(const Frame& frame) const { return frame.call == frame.id; }
  void OpenCall(Frame& frame, FrameId owner, uint32_t node);
  void CallFinished(Frame& frame);
  void TakeFailure(const Failure& failure);
  bool IsFailing(const Frame& frame) const;
  bool EndCalls();
  bool IsOver(FrameId id, TriedCall& call);
  void StopCall(FrameId id, TriedCall& call);
  void GiveValue(Frame& owner, TriedCall call);
  bool WaitsForCall(const Frame& frame, uint32_t node) const;

  // emissions.cpp
  Json WithStreams(uint32_t task, Json value) const;
  void OnEmission(const state::Emission& event);
  Json Previous(uint32_t task) const;
  std::vector<EmissionRecord>* StreamOf(uint32_t task, std::string_view name);

  // messages.cpp
  void Send(Frame& frame, uint32_t node, uint32_t task, MessageRecord record);
  void PlaceWaiting(uint32_t task);
  PlaceMessage MakePlace(uint32_t task, size_t message) const;
  void OnDelivered(const state::MessageDelivered& event);
  void JobEnded(uint32_t task);
  std::string SenderOf(Frame& frame, uint32_t node) const;

  // kept_files.cpp
  void NoteFiles(uint32_t task, uint32_t stream, const EmissionRecord& emission);
  void PinFiles(const Json& value);
  void MayRelease(uint32_t task);
  void ReleaseFiles();
  void ReleaseFilesOf(uint32_t task);
  bool AllWatchesBegun(uint32_t task) const;
  bool OutputsMayBeCheckpoints(uint32_t task);
  bool IsNeeded(uint32_t task, uint32_t stream, int64_t number) const;
  void Release(uint32_t task, EmissionRecord& emission);
  std::string ShownWithoutFiles() const;

  // node_watch.cpp
  void WatchEmission(uint32_t watch, const EmissionRecord& emission);
  bool IsWanted(uint32_t watch, const EmissionRecord& emission);
  void ShowEmission(uint32_t watch, const EmissionRecord& emission);
  void OpenBody(uint32_t watch, const EmissionRecord& emission);
  void WaitingTakesPlace(uint32_t watch);
  const Frame* LatestBodyAround(FrameId id) const;
  bool GivesWay(const Frame& body) const;
  void CountReviews(const Frame& frame, int& open, bool& held) const;
  void WatchJobEnded(uint32_t watch);
  void BodyClosed(uint32_t watch);
  const EmissionRecord* FindEmission(const WatchState& watch, int64_t number) const;

  // node_review.cpp, review_clock.cpp, review_answer.cpp
  bool FillView(Frame& frame, uint32_t node, const ir::ReviewNode& review, ReviewView& view, ReviewState& state);
  std::optional<Json> ValueOrFail(Frame& frame, uint32_t node, const ir::Expr& expr);
  bool FillChoices(Frame& frame, uint32_t node, const ir::ReviewNode& review, ReviewView& view);
  std::optional<RuleView> MakeRule(Frame& frame, uint32_t node, const ir::ByRule& rule);
  std::string GroupOf(const Frame& frame, const Place& place) const;
  void OnOpened(const state::ReviewOpened& event);
  TimeMs NextReminder(uint32_t review, TimeMs last) const;
  void OnVote(const state::Vote& event);
  void OnForm(const state::FormOpened& event);
  void OnClock(const state::ClockFired& event);
  void OnVoided(const state::ReviewVoided& event);
  void OnCarried(const state::AnswerCarried& event);
  void OnWithdrawn(const state::ReviewWithdrawn& event);
  void Arm(uint32_t review, state::Clock clock, int index, TimeMs due);
  void Decide(uint32_t review);
  void Answer(uint32_t review, const state::Vote& vote);
  void Expire(uint32_t review);
  void CloseReviewAs(uint32_t review, ReviewStatus status, std::string by);
  void Withdraw(uint32_t review, const std::string& why);
  Json Granted(uint32_t review, const ir::Expr& granted) const;
  void Approve(const Json& value);
  uint32_t FindReviewIndex(std::string_view id) const;

  // cancel.cpp
  void OnCancel(const state::CancelRequested& event);
  void CancelTask(uint32_t task, const std::string& by, bool by_program);

  FinishRun FinishCommand() const;
  void OnRunStarted(const state::RunStarted& event);
  void OnSourceResolved(const state::SourceResolved& event);

  const ir::Module& module_;
  std::unique_ptr<Plans> plans_;
  TimeMs time_ = 0;
  uint64_t sequence_ = 0;
  std::vector<Command> commands_;

  std::deque<std::unique_ptr<Frame>> frames_;
  std::vector<FrameId> gone_;
  std::deque<std::pair<FrameId, uint32_t>> queue_;
  std::vector<Cause> causes_;

  std::deque<TaskState> task_states_;
  std::deque<ReviewState> review_states_;
  std::deque<ForState> fors_;
  std::deque<LoopState> loops_;
  std::deque<WatchState> watches_;
  std::unordered_map<std::string, SourceState> sources_;   // being resolved, by name
  std::unordered_map<std::string, SourceKnown> resolved_;  // by place
  std::unordered_map<std::string, uint32_t> task_index_, review_index_;
  std::unordered_set<std::string> approved_;  // digests of approved values and of what they are made of

  std::vector<std::vector<uint32_t>> taints_ = {{}};  // sorted marks
  std::map<std::vector<uint32_t>, Taint> taint_index_;

  std::optional<Redo> redo_;                        // to be done at the end of the step
  std::unique_ptr<Memory> memory_;                  // while it is done
  bool fresh_ = false;                              // the last rewind wants no earlier results for what it does again
  std::unordered_set<uint32_t> assumed_;            // marks of reviews that are assumed and not answered
  std::vector<uint32_t> assumed_tasks_;             // begun on the strength of them
  std::vector<std::pair<FrameId, uint32_t>> held_;  // nodes that wait for them
  std::vector<Failure> doubtful_failures_;          // that rest on an assumption
  std::unordered_map<FrameId, TriedCall> calls_;
  std::vector<FrameId> ending_;  // of them, those that are to give their values
  std::unordered_set<Place> failed_calls_;

  std::vector<uint32_t> releasing_;         // tasks of whose emissions some files may be needed no more
  std::unordered_set<std::string> pinned_;  // files that the run goes on to need

  Json params_;
  std::string directory_;
  state::Person starter_;
  bool started_ = false;
  bool root_done_ = false;
  uint64_t finish_sequence_ = 0;
  Json outputs_;
  uint32_t root_cause_ = 0;
  std::string cancelled_by_;
  bool failed_before_cancel_ = false;  // then what failed is why the run does
  size_t active_ = 0;                  // attempts whose end is awaited
};

}  // namespace hwf::scheduler
