// What jobs tell, by their records, and what Slurm tells of jobs, where a record is missing.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/utf8.h"
#include "runtime/journal/log.h"
#include "runtime/platform/file_system.h"
#include "runtime/slurm/agent.h"
#include "runtime/slurm/claim.h"
#include "runtime/slurm/signs.h"

namespace hwf::slurm {
namespace {

constexpr int64_t kSpoolMs = 300;           // behind inotify, which sees what this machine does, not what others do
constexpr int kLeastAnswers = 3;            // of squeue without a job, before it is called lost …
constexpr int64_t kLeastAbsentMs = 30'000;  // … and that long
constexpr int64_t kBeatsMs = 60'000;  // a runner that shows nothing for so long, and that Slurm does not know, is dead
constexpr int64_t kUnexplainedMs = 30'000;
constexpr int kMostTidied = 50;
constexpr int kMostTold = 100;
constexpr uint64_t kMaxErrors = 2000;
constexpr const char* kOurClaim = "its job ended before it began";
constexpr int kMostTries = 3;  // submissions whose job ended before its runner began

std::string LastErrors(const std::string& directory) {
  auto text = platform::RealFileSystem().Read(directory + "/errors", 1 << 20);
  if (!text.ok() || text->empty()) return "";
  if (text->size() > kMaxErrors) text->erase(0, text->size() - kMaxErrors);
  while (text->ends_with('\n')) text->pop_back();
  return ": " + ToUtf8(*std::move(text));
}

std::string_view Words(JobState state) {
  switch (state) {
    case JobState::kPending:
      return "is pending";
    case JobState::kRunning:
      return "runs";
    case JobState::kCompleted:
      return "ended";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "was cancelled in Slurm, not by hwf";
    case JobState::kTimeLimit:
      return "reached its time limit in Slurm";
    case JobState::kOom:
      return "used more memory than Slurm gave it";
    case JobState::kNodeFail:
      return "lost its node";
    case JobState::kPreempted:
      return "was preempted";
  }
  HWF_UNREACHABLE();
}

// Why what had begun has no end of its own.
ir::Reason ReasonOf(JobState state) {
  switch (state) {
    case JobState::kTimeLimit:
      return ir::Reason::kTimeLimit;
    case JobState::kOom:
      return ir::Reason::kOom;
    case JobState::kCancelled:
      return ir::Reason::kCancelled;
    case JobState::kPreempted:
      return ir::Reason::kPreempted;
    case JobState::kPending:
    case JobState::kRunning:
    case JobState::kCompleted:
    case JobState::kFailed:
    case JobState::kNodeFail:
      return ir::Reason::kNodeFail;
  }
  HWF_UNREACHABLE();
}

}  // namespace

// ---------------------------------------------------------------- what jobs tell

// The name goes first: what is written later makes it again.
void Agent::ReadSpool() {
  spool_at_ms_ = now_ms_ + kSpoolMs;
  const std::string spool = options_.state_directory + "/spool";
  const auto names = platform::RealFileSystem().List(spool);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const size_t dot = name.rfind('.');
    if (dot == std::string::npos || dot == 0) continue;
    (void)unlink((spool + "/" + name).c_str());
    const int index = std::atoi(name.c_str() + dot + 1);
    Submission* submission = FindSubmission(name.substr(0, dot));
    if (submission == nullptr || index < 0 || static_cast<size_t>(index) >= submission->offsets.size()) continue;
    ReadLog(*submission, index);
    // Slurm says it later.
    if (submission->nodes > 0 && HasLeft(ElementDirectory(submission->tag, index))) {
      query_every_ms_ = options_.least_poll_ms;
      query_at_ms_ = std::min(query_at_ms_, now_ms_ + query_every_ms_);
    }
    // Its job ends now, or has: what is behind it in the queue can go on.
    if (submission->nodes == 0 && submission->elements[static_cast<size_t>(index)].over) LookAfter(*submission);
  }
}

void Agent::ReadElement(Submission& submission, int index) {
  if (submission.nodes == 0) return ReadLog(submission, index);
  for (int node = 0; node < submission.nodes; ++node) ReadLog(submission, node);
}

void Agent::ReadLog(Submission& submission, int log) {
  const int index = submission.nodes > 0 ? 0 : log;
  ElementState& element = submission.elements[static_cast<size_t>(index)];
  uint64_t& offset = submission.offsets[static_cast<size_t>(log)];
  journal::LogReader reader(platform::RealFileSystem(), ElementDirectory(submission.tag, log) + "/log");
  reader.Seek(offset);
  (void)reader.Read([&](std::string_view payload, uint64_t end) -> ErrorOr<Success> {
    offset = end;
    auto json = Json::Parse(payload, {.depth = 128, .bytes = size_t{1} << 30, .allow_nan = true});
    auto report = json.ok() ? runner::ReportFromJson(*json) : ErrorOr<runner::Report>(json.error());
    if (report.ok()) Take(submission, index, *std::move(report));
    return Success{};
  });
  element.over = AllGone(submission, element);
}

// Nothing of it is awaited: its attempts have ended, or are in another submission.
bool Agent::AllGone(const Submission& submission, const ElementState& element) const {
  for (; element.gone < element.attempts.size(); ++element.gone) {
    const AttemptId& id = element.attempts[element.gone];
    const auto found = attempts_.find(runner::KeyOf(id.place, id.attempt));
    if (found != attempts_.end() && found->second.tag == submission.tag) return false;
  }
  return true;
}

// The keys of its attempts that have not ended and are in no other.
std::vector<std::string> Agent::Awaited(const Submission& submission) const {
  std::vector<std::string> keys;
  for (const ElementState& element : submission.elements) {
    for (const AttemptId& id : element.attempts) {
      std::string key = runner::KeyOf(id.place, id.attempt);
      const auto found = attempts_.find(key);
      if (found != attempts_.end() && found->second.tag == submission.tag) keys.push_back(std::move(key));
    }
  }
  return keys;
}

void Agent::Take(Submission& submission, int index, runner::Report report) {
  const auto attempt_of = [&](const auto& of) { return FindAttempt(runner::KeyOf(of.place, of.attempt)); };
  if (const auto* claimed = std::get_if<runner::Claimed>(&report)) {
    Attempt* attempt = attempt_of(*claimed);
    submission.began = true;
    if (attempt == nullptr) return;
    if (attempt->tag != submission.tag) submission.elements[static_cast<size_t>(index)].gone = 0;
    attempt->tag = submission.tag;  // of two submissions, this one runs it
    attempt->index = index;
    if (!std::exchange(attempt->claimed, true)) Log(*claimed);
  } else if (const auto* started = std::get_if<runner::Started>(&report)) {
    Attempt* attempt = attempt_of(*started);
    if (attempt != nullptr && !std::exchange(attempt->started, true)) Log(*started);
  } else if (const auto* emitted = std::get_if<runner::Emitted>(&report)) {
    Attempt* attempt = attempt_of(*emitted);
    if (attempt != nullptr && attempt->emitted.insert(emitted->file).second) Log(*emitted);
  } else if (const auto* bad = std::get_if<runner::EmissionBad>(&report)) {
    Attempt* attempt = attempt_of(*bad);
    if (attempt != nullptr && attempt->emitted.insert(bad->file).second) Log(*bad);
  } else if (auto* ended = std::get_if<runner::Ended>(&report)) {
    TakeEnded(submission, submission.elements[static_cast<size_t>(index)], std::move(*ended));
  }
}

// A runner that was told to end does not know why: Slurm may.
void Agent::TakeEnded(Submission& submission, ElementState& element, runner::Ended ended) {
  const std::string key = runner::KeyOf(ended.place, ended.attempt);
  const Attempt* attempt = FindAttempt(key);
  if (attempt == nullptr) return;  // another record has ended it
  if (ended.failure == ir::Reason::kPreempted) {
    if (attempt->cancelled) {
      ended.failure = ir::Reason::kCancelled;
    } else if (!IsOver(element.state)) {
      element.unexplained.push_back(std::move(ended));
      element.over_since_ms = now_ms_;
      query_at_ms_ = now_ms_;
      return;
    } else if (element.state != JobState::kCompleted && element.state != JobState::kFailed) {
      ended.failure = ReasonOf(element.state);
      ended.message = fmt::format("job {} {}\n{}", submission.job, Words(element.state), ended.message);
    }
  }
  attempts_.erase(key);
  Log(ended);
}

// ---------------------------------------------------------------- what Slurm tells

void Agent::LookAfter(Submission& submission) {
  const std::string tag = submission.tag;
  if (submission.phase == Submission::Phase::kUnsure) {
    ++submission.unsure_answers;
    const bool long_enough = now_ms_ - submission.unsure_since_ms > 2 * limits_.message_timeout_ms;
    if (submission.unsure_answers >= 2 && long_enough) submission.phase = Submission::Phase::kReady;
    for (size_t i = 0; i < submission.elements.size(); ++i) ReadElement(submission, static_cast<int>(i));
  }
  for (size_t i = 0; i < submission.elements.size(); ++i) {
    if (submission.phase == Submission::Phase::kQueued) LookAfter(submission, static_cast<int>(i));
    if (FindSubmission(tag) == nullptr) return;
  }
  const bool done =
      std::all_of(submission.elements.begin(), submission.elements.end(),
                  [](const ElementState& element) { return element.over && (!element.seen || IsOver(element.state)); });
  const bool open = submission.nodes > 0 && !submission.closed &&
                    !(submission.elements.front().seen && IsOver(submission.elements.front().state));
  const bool settled = submission.phase == Submission::Phase::kQueued || submission.phase == Submission::Phase::kReady;
  if (done && settled && !open && !cancels_.contains(tag) && !asked_.contains(tag)) Close(tag);
}

void Agent::LookAfter(Submission& submission, int index) {
  ElementState& element = submission.elements[static_cast<size_t>(index)];
  if (element.over) return;
  if (element.seen && !IsOver(element.state)) {
    element.absent = 0;
    element.over_since_ms = element.unexplained.empty() ? 0 : element.over_since_ms;
    TellWaiting(submission, element);
    if (element.unexplained.empty() || now_ms_ - element.over_since_ms < kUnexplainedMs) return;
  }
  ReadElement(submission, index);
  // What was told to end, and why, as far as anybody knows.
  for (runner::Ended& ended : std::exchange(element.unexplained, {})) {
    if (!IsOver(element.state)) element.state = JobState::kCompleted;
    TakeEnded(submission, element, std::move(ended));
  }
  ReadElement(submission, index);
  if (element.over) return;
  if (element.seen) {
    if (element.over_since_ms == 0) element.over_since_ms = now_ms_;
    query_at_ms_ = now_ms_ + options_.least_poll_ms;
    if (now_ms_ - element.over_since_ms < options_.record_grace_ms) return;
    return Explain(submission, index, element.state, fmt::format("job {} {}", submission.job, Words(element.state)));
  }
  if (element.absent++ == 0) element.absent_since_ms = now_ms_;
  query_at_ms_ = std::min(query_at_ms_, now_ms_ + 10 * options_.least_poll_ms);
  if (element.absent < kLeastAnswers || now_ms_ - element.absent_since_ms < kLeastAbsentMs) return;
  if (Beats(submission, element, index)) return;
  if (!accounting_) {
    return Explain(submission, index, JobState::kNodeFail, "Slurm does not know the job any more");
  }
  if (programs_.count(Program::kAccount) > 0) return;
  asked_accounts_ = {submission.job};
  Launch(Program::kAccount, AccountArguments(asked_accounts_));
}

// Whether its runner has shown a sign of life lately, by our own clock.
bool Agent::Beats(const Submission& submission, ElementState& element, int index) {
  std::string beats;
  const int last = submission.nodes > 0 ? submission.nodes - 1 : index;
  for (int log = submission.nodes > 0 ? 0 : index; log <= last; ++log) {
    const auto beat = platform::RealFileSystem().Read(ElementDirectory(submission.tag, log) + "/beat", 64);
    if (beat.ok()) beats += *beat;
  }
  if (beats.empty()) return false;
  if (beats != element.beat) {
    element.beat = std::move(beats);
    element.beat_ms = now_ms_;
  }
  return now_ms_ - element.beat_ms < kBeatsMs;
}

// Its job is over, and some of its attempts have no end. What had begun ends so; what had not is submitted again where
// that may help.
void Agent::Explain(Submission& submission, int index, JobState state, const std::string& words) {
  const std::string tag = submission.tag;
  const ElementIds ids = submission.elements[static_cast<size_t>(index)].attempts;
  const bool placed = submission.elements[static_cast<size_t>(index)].placed;
  const bool began = submission.began;
  // An allocation ends for reasons of its own: what did not begin in it goes into another.
  const bool elsewhere = submission.nodes > 0 && (state != JobState::kCancelled || placed);
  const std::string errors = LastErrors(SubmissionDirectory(tag));
  for (const AttemptId& id : ids) {
    const std::string key = runner::KeyOf(id.place, id.attempt);
    Attempt* attempt = FindAttempt(key);
    if (attempt == nullptr || attempt->tag != tag) continue;
    const std::string claim = ClaimOf(attempt->start.directory);
    if (attempt->claimed || claim.starts_with(tag + " ")) {
      const bool wanted = !attempt->cancelled;
      EndAttempt(key, wanted ? ReasonOf(state) : ir::Reason::kCancelled,
                 wanted ? fmt::format("{}; its runner left no end{}", words, errors) : "cancelled");
      continue;
    }
    // Nobody else's records are read any more: what a node that was given up began after that is lost.
    const bool by_a_job = claim.find(" job ") != std::string::npos;
    if (by_a_job && FindSubmission(claim.substr(0, claim.find(' '))) == nullptr) {
      EndAttempt(key, attempt->cancelled ? ir::Reason::kCancelled : ir::Reason::kNodeFail,
                 "a node that had been given up began it, and left no end");
      continue;
    }
    // Slurm itself cancels a job whose start at its node fails; people cancel what is pending.
    const bool by_node =
        state == JobState::kNodeFail || state == JobState::kPreempted || (state == JobState::kCancelled && placed);
    const bool again = (elsewhere && began) || ((by_node || elsewhere) && ++attempt->tries < kMostTries);
    if (again && !attempt->cancelled) {
      attempt->tag.clear();
      queue_.push_back(key);
      continue;
    }
    const auto ours = TakeClaim(attempt->start.directory, kOurClaim, true);
    if (ours.ok() && !*ours) continue;  // it has just begun
    const bool by_hand = attempt->cancelled || state == JobState::kCancelled;
    EndAttempt(
        key, by_hand ? ir::Reason::kCancelled : ir::Reason::kSite,
        attempt->cancelled ? "cancelled before it began" : fmt::format("{} before its runner began{}", words, errors));
  }
  if (Submission* still = FindSubmission(tag)) ReadElement(*still, index);
}

void Agent::TellWaiting(const Submission& submission, const ElementState& element) {
  const bool pending = element.state == JobState::kPending;
  if (!pending && submission.nodes == 0) return;
  const std::string why = pending ? PendingText(submission.job, element.reason)
                                  : fmt::format("in allocation {}: its turn has not come", submission.job);
  int told = 0;
  for (size_t i = element.gone; i < element.attempts.size(); ++i) {
    const AttemptId& id = element.attempts[i];
    Attempt* attempt = FindAttempt(runner::KeyOf(id.place, id.attempt));
    if (attempt == nullptr || attempt->claimed) continue;
    // What is next in an allocation stands for what is behind it.
    if (submission.nodes > 0 && ++told > kMostTold) return;
    if (attempt->waiting == why) continue;
    attempt->waiting = why;
    front_->Say(runner::Waiting{id.place, id.attempt, why});
  }
}

// Only what is known by the log, on disk, may go.
void Agent::Close(const std::string& tag) {
  if (!log_->Sync().ok()) return;
  const auto found = submissions_.find(tag);
  if (found == submissions_.end()) return;
  for (const ElementState& element : found->second.elements) {
    for (const AttemptId& id : element.attempts) {
      if (!IsOpen(id)) to_tidy_.push_back(id);
    }
  }
  (void)records_->Append(Closed{tag}, /*durable=*/false);
  std::error_code ignored;
  std::filesystem::remove_all(SubmissionDirectory(tag), ignored);
  submissions_.erase(found);
  cancels_.erase(tag);
  asked_.erase(tag);
  idle_since_ms_ = now_ms_;
}

// What attempts that have ended leave empty, some at a time: of thousands it takes seconds, and what is downstream of
// them is not to wait for it. What a death leaves of it does no harm.
void Agent::Tidy() {
  for (int done = 0; done < kMostTidied && !to_tidy_.empty(); ++done) {
    const AttemptId id = std::move(to_tidy_.front());
    to_tidy_.pop_front();
    if (IsOpen(id)) continue;
    const std::string directory = fmt::format("{}/tasks/{}/{}", options_.run_directory, id.place, id.attempt);
    for (const char* file : {"/claim", "/cancel"}) (void)unlink((directory + file).c_str());
    for (const char* part : {"/messages/taken", "/messages", "", "/.."}) (void)rmdir((directory + part).c_str());
  }
}

}  // namespace hwf::slurm
