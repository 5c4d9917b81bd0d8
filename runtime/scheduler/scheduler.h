// The scheduler: a pure function (state, event) -> commands. No I/O, no clock: time comes with the events. The engine
// appends an event to the journal, applies it here, and carries out the commands; after a restart it replays the
// journal and asks Pending() for what is still to be done. Deterministic: equal events give equal states and commands.
// One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/module.h"
#include "runtime/state/events.h"

namespace hwf::scheduler {

using state::Place;
using state::TimeMs;

// Run attempt `attempt` of a task. `arguments` are by parameter; `previous` is the record of newest emissions (null
// members where none); `messages` are all that the job has been sent so far (what an earlier attempt took, then what
// nobody took yet), in order, to be placed before it starts. Later ones follow as PlaceMessage once it has started.
// An attempt numbered 1 with `may_reuse` is first looked up by its key; the engine answers TaskReused or submits.
struct QueuedMessage {
  int64_t number = 0;  // from 1, of the job over all attempts
  std::string message;
  Json fields;
};
struct StartTask {
  Place place;
  int attempt = 1;
  const ir::Task* task = nullptr;
  std::string site;  // where it runs
  std::vector<Json> arguments;
  Json previous;
  std::vector<QueuedMessage> messages;
  bool may_reuse = true;
  bool tried = false;    // its failure is a value: the log of the attempt that fails last is kept as a file
  int64_t priority = 0;  // of what is ready, the greater goes first
};
struct ResolveSource {
  Place place;
  const ir::SourceNode* source = nullptr;
  std::string path;  // as the expression gave it
};
// A review to be put before people. The engine freezes the evidence, writes the record, then applies ReviewOpened.
struct OpenReview {
  std::string review;
  Place place;
};
// The review is closed: its record is updated and late answers are told by whom. No event records that this was done,
// so Pending() names every closed review; doing it again changes nothing.
struct CloseReview {
  std::string review;
};
// Fire Clock{…} at `due` unless the review has closed by then. A later ArmClock of the same clock replaces it.
struct ArmClock {
  std::string review;
  state::Clock clock = state::Clock::kExpire;
  int index = 0;
  TimeMs due = 0;
};
// A review, a reminder or an escalation: tell people (`--notify`). At most once: not part of Pending().
struct Notify {
  std::string review;
  std::string what;  // "opened", "remind", "escalate"
};
// Place message `number` (from 1) into the running attempt's directory.
struct PlaceMessage {
  Place place;
  int attempt = 1;
  int64_t number = 0;
  std::string message;
  Json fields;
};
// The files of an emission that its stream's `keep` has let go: nothing of the run asks for them any more. No event
// records that they are gone; removing them again changes nothing. They are below `tasks/` of the run's directory
// there.
struct RemoveFiles {
  Place place;
  std::string site;                // a distant one, where they lie; empty: here
  std::vector<std::string> files;  // absolute paths
};
// End an attempt; answered by AttemptEnded (failure kCancelled, unless it ended by itself before). Also of an attempt
// that was never submitted: then the engine only forgets it, and answers the same.
struct CancelAttempt {
  Place place;
  int attempt = 1;
};
// An effect's attempt was claimed and has no result: ask the owner.
struct AskDoubt {
  Place place;
  int attempt = 1;
};
// Nothing is left to do: append RunFinished with these, unless the run was rewound since.
struct FinishRun {
  bool ok = false;
  Json outputs;
  std::string why;
  int generation = 1;  // of the run that is finished
};

using Command = std::variant<StartTask, ResolveSource, OpenReview, CloseReview, ArmClock, Notify, PlaceMessage,
                             RemoveFiles, CancelAttempt, AskDoubt, FinishRun>;

// ---------------------------------------------------------------- views of the state (status, reviews, progress)

enum class TaskStatus { kWaiting, kRunning, kRetrying, kDone, kReused, kFailed, kSkipped, kCancelled, kInDoubt };

struct EmissionRecord {
  int64_t number = 0;  // in its stream, from 1
  int attempt = 1;
  TimeMs time = 0;
  int64_t after_message = 0;
  Json values;
  bool replayed = false;
  bool files_removed = false;  // as its stream's `keep` says
};
struct MessageRecord {
  int64_t number = 0;
  std::string message;
  Json fields;
  TimeMs sent = 0;
  std::string sender;         // the review or place it comes from
  Place place;                // of the `send`
  int64_t seen_emission = 0;  // the emission of the watched stream that the person saw; 0 if unknown
  int64_t first_carried = 0;  // the first emission that carried it; 0 so far none
  bool delivered = false;
  bool undelivered_job_ended = false;
  bool taken_back = false;  // a rewind undid its `send` before it was placed
};
struct TaskView {
  Place place;
  const ir::Task* task = nullptr;
  std::string site;  // where it runs
  TaskStatus status = TaskStatus::kWaiting;
  int attempt = 0;
  TimeMs submitted = 0, started = 0, ended = 0;
  std::string why;      // of failed, skipped, cancelled
  std::string waiting;  // why the submitted attempt has not begun, as its site says
  std::vector<Json> arguments;
  Json outputs;
  state::Usage usage;
  std::vector<std::pair<std::string, std::vector<EmissionRecord>>> streams;
  std::vector<MessageRecord> messages;
  int generation = 1;
  bool superseded = false;  // a rewind, or an answer that was not the assumed one, has it done again elsewhere
  bool assumed = false;     // it goes on as a review's `assume` says, which nobody has confirmed
};

enum class ReviewStatus { kOpening, kOpen, kAnswered, kExpired, kWithdrawn, kVoided };

// A form field with its bounds evaluated.
struct FormFieldView {
  std::string name;
  ir::TypeRef type = nullptr;
  bool required = true;
  Json low, high;      // null: no range
  Json one_of;         // null: no list
  Json default_value;  // null: none
};
struct ChoiceView {
  std::string name;
  std::vector<FormFieldView> fields;
  std::string grants;
};
// ir::ByRule with its names evaluated.
struct RuleView {
  ir::ByRule::Kind kind = ir::ByRule::Kind::kOwner;
  std::string who;
  int quorum = 1;
  bool not_starter = false;
  ir::ByRule::Level level = ir::ByRule::Level::kAny;
  std::vector<RuleView> parts;
};
// What a working day is among a review's delays (ir::ReviewNode::within_workdays).
inline constexpr int64_t kWorkdayMs = 86'400'000;

struct ReviewView {
  std::string id;
  Place place;
  const ir::ReviewNode* node = nullptr;
  std::string question;
  std::vector<std::pair<std::string, Json>> show;  // label, value
  std::vector<ChoiceView> choices;
  RuleView rule;            // with escalations that have happened joined by kOr
  std::string form_digest;  // of question, choices, rule: an answer names it
  ReviewStatus status = ReviewStatus::kOpening;
  TimeMs opened = 0, deadline = 0;  // 0: none
  std::vector<state::Vote> votes;   // the newest of each person
  std::vector<TimeMs> vote_times;
  std::string closed_by;  // "ana", "policy (no answer within 48 h)", "job ended"
  std::string answer;     // variant
  Json answer_fields;
  TimeMs closed = 0;
  std::string job_stream;  // in a watch: "job.epoch"
  int64_t emission = 0;    // in a watch: which one
  Json evidence;           // as ReviewOpened brought it
  // The place of the whole, where one `for` opens several: "each.*.call"; else empty.
  std::string group;
  Json assumed;              // the answer that is assumed until one is given; null: none
  std::string carried_from;  // the run whose answer it took over; else empty
  int generation = 1;
  bool superseded = false;
};

class Scheduler {
 public:
  // `module` outlives the scheduler.
  explicit Scheduler(const ir::Module& module);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Applies one event and returns what is to be done because of it. An event that contradicts the state (a vote on a
  // closed review, a second end of an attempt) changes nothing and returns nothing.
  std::vector<Command> Apply(const state::Event& event);

  // After a replay: every command whose effect no event has recorded yet, in the order in which it arose.
  std::vector<Command> Pending() const;

  // The StartTask of the task's current attempt, whether or not it was submitted; none when it has ended. For an engine
  // that finds an attempt submitted in the journal but unknown to the runner.
  std::optional<StartTask> FindStart(std::string_view place) const;

  // Views; references are valid until the next Apply.
  const std::vector<TaskView>& tasks() const;      // in order of first mention: ready, sent to or watched, or skipped
  const std::vector<ReviewView>& reviews() const;  // in order of opening
  const TaskView* FindTask(std::string_view place) const;
  const ReviewView* FindReview(std::string_view id) const;
  // Named checkpoints reached: name (place) and value.
  const std::vector<std::pair<Place, Json>>& checkpoints() const;
  bool finished() const;
  // From 1; each rewind begins another.
  int generation() const;
  // What went wrong so far, one line each with its place and source span; without what a `try` caught.
  const std::vector<std::string>& failures() const;
  // Calls of workflows by `try` that failed, in the order of their ends: the place, and what failed in it.
  const std::vector<std::pair<Place, std::string>>& caught() const;

  // What the last rewind did. One that is refused leaves a state that is of no use: an engine asks a scheduler of its
  // own first, and records what was not refused.
  struct Rewound {
    std::string refused;               // why it cannot be, for people; empty: it could
    std::vector<Place> done_again;     // tasks, as far as they had begun
    std::vector<Place> cancelled;      // of them, those that ran
    std::vector<Place> effects;        // of them, those whose effect has happened, or may have
    std::vector<std::string> reviews;  // asked again, or withdrawn
  };
  const Rewound& rewound() const;

  // What a vote would do now; used by the CLI to say what happens next ("2 of 2: decides", "1 of 2").
  std::string Explain(const state::Vote& vote) const;

 private:
  friend struct NodeRunner;
  friend struct EventHandler;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hwf::scheduler
