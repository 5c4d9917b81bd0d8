// From the queue to sbatch: equal needs together, as arrays; the intent on disk before.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "runtime/platform/file_system.h"
#include "runtime/platform/ids.h"
#include "runtime/runner/attempt_files.h"
#include "runtime/runner/room.h"
#include "runtime/slurm/agent.h"
#include "runtime/state/command.h"

namespace hwf::slurm {
namespace {

constexpr int64_t kFirstWaitMs = 1000;
constexpr int64_t kRetryMs = 1000;
constexpr size_t kMaxName = 60;

// What people see in squeue.
std::string JobName(const state::Place& place) {
  std::string name;
  for (const char c : place) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    name += plain ? c : '-';
  }
  return name.substr(0, kMaxName);
}

// Exactly these: --export-file takes NAME=value, ended by NUL.
std::string EnvironmentOfJobs() {
  std::string text = "PATH=/usr/local/bin:/usr/bin:/bin";
  text += '\0';
  for (const char* name : {"HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ"}) {
    const char* value = std::getenv(name);
    if (value == nullptr) continue;
    text += std::string(name) + "=" + value;
    text += '\0';
  }
  return text;
}

std::string JobScript(const std::string& runner, const std::string& tag, const std::string& directory) {
  return fmt::format("#!/bin/sh\n# hwf {}\nexec {} job --submission {} 2>>{}\n", tag, state::ShellQuote(runner),
                     state::ShellQuote(directory), state::ShellQuote(directory + "/errors"));
}

ErrorOr<Success> MakeAttempt(const runner::Start& start, mode_t mode) {
  platform::FileSystem& files = platform::RealFileSystem();
  HWF_TRY(platform::MakeDirectories(files, start.directory, mode));
  if (start.accepts_messages || !start.messages.empty()) HWF_TRY(runner::MakeMessageDirectories(start.directory, mode));
  for (const Json& body : start.messages) HWF_TRY(runner::PlaceMessage(start.directory, body));
  return Success{};
}

}  // namespace

// Elements that are with Slurm and have not ended.
size_t Agent::InSlurm() const {
  size_t count = 0;
  for (const auto& [tag, submission] : submissions_) {
    count += static_cast<size_t>(std::count_if(submission.elements.begin(), submission.elements.end(),
                                               [](const ElementState& element) { return !element.over; }));
  }
  return count;
}

void Agent::FormSubmissions() {
  if (queue_.empty()) return;
  gathering_since_ms_ = 0;
  if (const std::string lack = runner::LackOfRoom(options_.run_directory); !lack.empty()) {
    Hold(lack);  // a job would wait in the queue and fail for nothing
    form_at_ms_ = now_ms_ + kRetryMs;
    return;
  }
  if (!FormAllocations()) {
    form_at_ms_ = now_ms_ + kRetryMs;
    return;
  }
  std::map<Needs, std::vector<std::string>> groups;
  for (const std::string& key : queue_) groups[NeedsOf(attempts_[key].start, options_.settings)].push_back(key);
  const auto most = static_cast<size_t>(options_.settings.max_jobs);
  for (const auto& [needs, keys] : groups) {
    const size_t each = static_cast<size_t>(needs.pack);
    for (size_t at = 0; at < keys.size();) {
      const size_t with_slurm = InSlurm();
      if (most > 0 && with_slurm >= most) {
        form_at_ms_ = now_ms_ + kRetryMs;  // some will have ended
        return;
      }
      if (at > 0 && most_elements_ < static_cast<size_t>(limits_.max_array)) return;  // one after the other
      size_t elements = std::min(most_elements_, static_cast<size_t>(limits_.max_array));
      if (most > 0) elements = std::min(elements, most - with_slurm);
      const size_t end = std::min(keys.size(), at + elements * each);
      if (!Intend(needs,
                  {keys.begin() + static_cast<std::ptrdiff_t>(at), keys.begin() + static_cast<std::ptrdiff_t>(end)})) {
        form_at_ms_ = now_ms_ + kRetryMs;
        return;
      }
      at = end;
    }
  }
}

// False: nothing has changed; they wait in the queue.
bool Agent::Intend(const Needs& needs, std::vector<std::string> keys) {
  const std::string tag = platform::NewId();
  std::vector<Element> elements;
  Intent intent;
  intent.tag = tag;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i % static_cast<size_t>(needs.pack) == 0) {
      elements.emplace_back();
      intent.elements.emplace_back();
    }
    const runner::Start& start = attempts_[keys[i]].start;
    elements.back().push_back(start);
    intent.elements.back().push_back({start.place, start.attempt});
  }
  const std::string directory = SubmissionDirectory(tag);
  auto written = WriteFiles(directory, needs, JobScript(options_.runner, tag, directory), elements);
  if (written.ok()) written = records_->Append(intent, /*durable=*/true);
  if (!written.ok()) {
    Hold(runner::NoRoomText(written.error(), "a submission cannot be written"));
    return false;
  }
  Submission& submission = submissions_[tag];
  submission.tag = tag;
  submission.needs = needs;
  submission.offsets.assign(intent.elements.size(), 0);
  for (ElementIds& ids : intent.elements) submission.elements.emplace_back().attempts = std::move(ids);
  for (size_t i = 0; i < keys.size(); ++i)
    BelongsTo(keys[i], tag, static_cast<int>(i / static_cast<size_t>(needs.pack)));
  std::set<std::string> gone(keys.begin(), keys.end());
  std::erase_if(queue_, [&](const std::string& key) { return gone.contains(key); });
  return true;
}

// It was submitted, with its messages.
void Agent::BelongsTo(const std::string& key, const std::string& tag, int index) {
  Attempt& attempt = attempts_[key];
  attempt.tag = tag;
  attempt.index = index;
  for (const Json& body : attempt.start.messages) {
    Log(runner::MessagePlaced{attempt.start.place, attempt.start.attempt, body["number"].AsInt()});
  }
  attempt.start.messages.clear();
}

// Their directories, with what they were told.
ErrorOr<Success> Agent::MakeAttempts(Element& starts) const {
  struct stat info {};
  if (stat(options_.run_directory.c_str(), &info) != 0)
    return ErrnoError(errno, "looking at " + options_.run_directory);
  const mode_t mode = (info.st_mode & 050) == 050 ? 0750 | (info.st_mode & S_ISGID) : 0700;
  for (runner::Start& start : starts) {
    HWF_TRY(MakeAttempt(start, mode));
    start.messages.clear();
  }
  return Success{};
}

ErrorOr<Success> Agent::WriteFiles(const std::string& directory, const Needs& needs, const std::string& script,
                                   const std::vector<Element>& elements) {
  platform::FileSystem& files = platform::RealFileSystem();
  std::vector<Element> given = elements;
  for (Element& element : given) HWF_TRY(MakeAttempts(element));
  HWF_TRY(platform::MakeDirectories(files, directory, 0700));
  Spec spec;
  spec.run_directory = options_.run_directory;
  spec.spool = options_.state_directory + "/spool";
  spec.kill_grace_ms = std::min(options_.kill_grace_ms, limits_.kill_wait_ms / 2);
  spec.cpus = needs.cpus;
  spec.memory = needs.memory;
  spec.setup = options_.settings.setup;
  spec.launch = options_.settings.launch;
  spec.containers = options_.containers;
  if (images_) spec.images = images_->directory();
  spec.idle_ms = options_.allocation_idle_ms;
  HWF_TRY(files.WriteAtomically(directory + "/script", script, 0700, false));
  HWF_TRY(files.WriteAtomically(directory + "/environment", EnvironmentOfJobs(), 0600, false));
  return WriteSubmission(directory, spec, given);
}

void Agent::SubmitNext() {
  if (programs_.count(Program::kSubmit) > 0 || now_ms_ < submit_at_ms_) return;
  const auto next = std::find_if(submissions_.begin(), submissions_.end(),
                                 [](const auto& entry) { return entry.second.phase == Submission::Phase::kReady; });
  if (next == submissions_.end()) return;
  Submission& submission = next->second;
  const bool wanted = std::any_of(submission.elements.begin(), submission.elements.end(),
                                  [&](const ElementState& element) { return !AllGone(submission, element); });
  if (!wanted) return Close(std::string(submission.tag));
  const std::string directory = SubmissionDirectory(submission.tag);
  const state::Place& first = submission.elements.front().attempts.front().place;
  std::vector<std::string> argv = {
      "sbatch",
      "--parsable",
      "--no-requeue",
      "--kill-on-invalid-dep=yes",
      "--export-file=" + directory + "/environment",
      "--job-name=" + JobName(submission.nodes > 0 && !KindOf(first).empty() ? KindOf(first) : first),
      "--comment=hwf:" + submission.tag,
      "--output=/dev/null",
      "--chdir=" + options_.run_directory};
  for (std::string& argument : AskFor(submission.needs, options_.settings)) argv.push_back(std::move(argument));
  if (submission.elements.size() > 1) {
    argv.push_back("--array=" + ArraySpec(static_cast<int>(submission.elements.size()), options_.settings.throttle));
  }
  argv.push_back(directory + "/script");
  submitting_ = submission.tag;
  if (Launch(Program::kSubmit, std::move(argv))) submission.phase = Submission::Phase::kAsking;
}

void Agent::OnSubmitted(const platform::CommandResult& result) {
  Submission* submission = FindSubmission(submitting_);
  if (submission == nullptr) return;
  Submitted submitted = ReadSubmitted(result);
  query_every_ms_ = options_.least_poll_ms;
  query_at_ms_ = now_ms_ + query_every_ms_;
  switch (submitted.kind) {
    case Submitted::Kind::kAccepted:
      HasJob(*submission, submitted.job);
      most_elements_ = std::min(most_elements_, size_t{1} << 20) * 2;
      submit_wait_ms_ = 0;
      Hold("");
      return;
    case Submitted::Kind::kWait:
      submission->phase = Submission::Phase::kReady;
      submit_wait_ms_ = std::clamp(submit_wait_ms_ * 2, kFirstWaitMs, kLongestWaitMs);
      submit_at_ms_ = now_ms_ + submit_wait_ms_;
      return Hold(
          fmt::format("Slurm takes no jobs now: {}; tried again in {} s", submitted.why, submit_wait_ms_ / 1000));
    case Submitted::Kind::kLimit:
      return Dissolve(*submission, submitted.why);
    case Submitted::Kind::kWrong:
      return Refuse(*submission, submitted.why);
    case Submitted::Kind::kAmbiguous:
      submission->phase = Submission::Phase::kUnsure;
      submission->unsure_since_ms = now_ms_;
      submission->unsure_answers = 0;
      return Hold(fmt::format("whether Slurm took the job is not known: {}; looking for it", submitted.why));
  }
}

void Agent::HasJob(Submission& submission, const std::string& job) {
  submission.phase = Submission::Phase::kQueued;
  submission.job = job;
  (void)records_->Append(Accepted{submission.tag, job}, /*durable=*/false);
  // What was cancelled meanwhile.
  for (size_t i = 0; i < submission.elements.size(); ++i) {
    if (AllGone(submission, submission.elements[i])) cancels_[submission.tag].insert(static_cast<int>(i));
  }
}

// Fewer may find room: its attempts go back to the queue. Should it have been submitted all the same, its job finds
// nothing to do.
void Agent::Dissolve(Submission& submission, const std::string& why) {
  const std::string tag = submission.tag;
  most_elements_ = std::max<size_t>(1, submission.elements.size() / 2);
  submit_wait_ms_ = std::clamp(submit_wait_ms_ * 2, kFirstWaitMs, kLongestWaitMs);
  form_at_ms_ = submit_at_ms_ = now_ms_ + submit_wait_ms_;
  Hold(fmt::format("Slurm takes no more jobs now: {}; tried with {} in {} s", why, most_elements_,
                   submit_wait_ms_ / 1000));
  for (const std::string& key : Awaited(submission)) {
    attempts_[key].tag.clear();
    queue_.push_back(key);
  }
  Close(tag);
}

// It never will be submitted: its attempts end, as the site's fault.
void Agent::Refuse(Submission& submission, const std::string& why) {
  const std::string tag = submission.tag;
  for (const std::string& key : Awaited(submission)) {
    EndAttempt(key, ir::Reason::kSite, "sbatch refused it: " + why);
  }
  Close(tag);
}

}  // namespace hwf::slurm
