// Programs of Slurm beside the loop: started, bounded in time, read.
#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>

#include "runtime/slurm/agent.h"

extern char** environ;

namespace hwf::slurm {
namespace {

constexpr int64_t kTimeoutMs = 60'000;
constexpr int64_t kSubmitMs = 20'000;
constexpr size_t kMaxOutput = size_t{64} << 20;  // of squeue, for hundreds of thousands of jobs
constexpr int64_t kLongestQueryMs = 30'000;
constexpr size_t kMostCancels = 200;
constexpr std::string_view kComment = "hwf:";

// Ours without what would change Slurm's answers; in English.
std::vector<std::pair<std::string, std::string>> Environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    const bool steers = name.starts_with("SBATCH_") || name.starts_with("SQUEUE_") || name.starts_with("SACCT_") ||
                        name.starts_with("SCANCEL_") || (name.starts_with("SLURM_") && name != "SLURM_CONF");
    if (steers || name.starts_with("LC_") || name == "LANG" || name.size() == text.size()) continue;
    variables.emplace_back(name, text.substr(name.size() + 1));
  }
  variables.emplace_back("LC_ALL", "C");
  return variables;
}

std::string Failure(const platform::CommandResult& result, std::string_view program) {
  if (result.timed_out) return fmt::format("{} did not end within {} s", program, kTimeoutMs / 1000);
  std::string words = result.err.substr(0, 400);
  std::replace(words.begin(), words.end(), '\n', ' ');
  if (words.empty()) words = fmt::format("{} ended with status {}", program, result.exit_code.value_or(-1));
  while (words.ends_with(' ')) words.pop_back();
  return words;
}

}  // namespace

bool Agent::Launch(Program program, std::vector<std::string> argv) {
  if (programs_.count(program) > 0) return false;
  platform::SpawnOptions options;
  options.argv = std::move(argv);
  options.env = Environment();
  // sbatch tries again for minutes by itself where there are too many jobs.
  const int64_t timeout_ms =
      program == Program::kSubmit ? std::max(kSubmitMs, 3 * limits_.message_timeout_ms) : kTimeoutMs;
  auto command = platform::Command::Start(options, "", {timeout_ms, kMaxOutput});
  if (!command.ok()) {
    ControllerIsDown(command.error().WithContext("are Slurm's commands in PATH?").message());
    return false;
  }
  Watch((*command)->fd(), EPOLLIN);
  programs_[program] = *std::move(command);
  return true;
}

void Agent::PollPrograms() {
  std::vector<std::pair<Program, platform::CommandResult>> ended;
  for (auto& [program, command] : programs_) {
    if (auto result = command->Poll()) ended.emplace_back(program, *std::move(result));
  }
  for (auto& [program, result] : ended) {
    programs_.erase(program);
    OnEnded(program, result);
  }
}

void Agent::OnEnded(Program program, const platform::CommandResult& result) {
  switch (program) {
    case Program::kConfig:
      if (result.exit_code != 0) return ControllerIsDown(Failure(result, "scontrol"));
      limits_ = LimitsFromConfig(result.out);
      configured_ = true;
      submit_wait_ms_ = 0;
      submit_at_ms_ = now_ms_;
      return Hold("");
    case Program::kSubmit:
      return OnSubmitted(result);
    case Program::kQueue:
      return OnQueue(result);
    case Program::kCancel:
      if (result.exit_code == 0) asked_.clear();
      query_at_ms_ = std::min(query_at_ms_, now_ms_ + options_.least_poll_ms);
      return;
    case Program::kAccount:
      return OnAccounts(result);
  }
}

// Nothing is known then, and nothing is concluded from it.
void Agent::ControllerIsDown(const std::string& why) {
  submit_wait_ms_ = std::clamp<int64_t>(submit_wait_ms_ * 2, 1000, kLongestWaitMs);
  submit_at_ms_ = now_ms_ + submit_wait_ms_;
  query_at_ms_ = std::max(query_at_ms_, now_ms_ + submit_wait_ms_);
  for (auto& [tag, submission] : submissions_) {
    for (ElementState& element : submission.elements) element.absent = 0;
  }
  Hold(fmt::format("Slurm does not answer: {}; what it runs goes on", why));
}

void Agent::OnQueue(const platform::CommandResult& result) {
  if (result.exit_code != 0) return ControllerIsDown(Failure(result, "squeue"));
  if (!held_.empty() && to_cancel_.empty() && programs_.count(Program::kSubmit) == 0) {
    Hold("");
    submit_wait_ms_ = 0;
    submit_at_ms_ = now_ms_;
  }
  for (auto& [tag, submission] : submissions_) {
    for (ElementState& element : submission.elements) element.seen = false;
  }
  bool changed = false;
  for (JobRow& row : ReadQueue(result.out)) {
    if (!row.comment.starts_with(kComment)) continue;
    Submission* submission = FindSubmission(row.comment.substr(kComment.size()));
    if (submission == nullptr || static_cast<size_t>(row.index) >= submission->elements.size() || row.index < 0)
      continue;
    if (submission->phase != Submission::Phase::kQueued) {
      if (submission->phase == Submission::Phase::kAsking) continue;  // sbatch will say so itself
      HasJob(*submission, row.job);
    }
    ElementState& element = submission->elements[static_cast<size_t>(row.index)];
    // A job that was submitted twice: the one that is not over counts.
    if (element.seen && IsOver(row.state)) continue;
    changed = changed || element.state != row.state || element.reason != row.reason;
    element.seen = true;
    element.state = row.state;
    element.placed = element.placed || row.placed;
    element.reason = std::move(row.reason);
  }
  CancelAgain();
  for (const std::string& tag : Tags()) {
    if (Submission* submission = FindSubmission(tag)) LookAfter(*submission);
  }
  const int64_t longest = std::max(options_.least_poll_ms, std::min(kLongestQueryMs, limits_.min_job_age_ms / 3));
  query_every_ms_ = changed ? options_.least_poll_ms : std::min(longest, query_every_ms_ * 3 / 2);
  query_at_ms_ =
      std::max(query_at_ms_ > now_ms_ ? query_at_ms_ : 0, now_ms_ + std::max(query_every_ms_, options_.least_poll_ms));
}

void Agent::OnAccounts(const platform::CommandResult& result) {
  const std::vector<std::string> asked = std::exchange(asked_accounts_, {});
  const bool none = result.exit_code != 0 && (result.err.find("accounting storage is disabled") != std::string::npos ||
                                              result.err.find("storage is not enabled") != std::string::npos);
  if (none) accounting_ = false;
  if (result.exit_code != 0) return;  // asked again by the next look
  const std::vector<Account> accounts = ReadAccounts(result.out);
  std::vector<std::pair<std::string, int>> lost;
  for (auto& [tag, submission] : submissions_) {
    if (std::find(asked.begin(), asked.end(), submission.job) == asked.end()) continue;
    for (size_t i = 0; i < submission.elements.size(); ++i) {
      ElementState& element = submission.elements[i];
      if (element.over || element.seen || element.absent == 0) continue;
      const auto account = std::find_if(accounts.begin(), accounts.end(),
                                        [&job = submission.job, index = static_cast<int>(i)](const Account& one) {
                                          return one.job == job && one.index == index;
                                        });
      // `FAILED 0:0` is what accounting says for a while after an outage of its own.
      const bool believable = account != accounts.end() && account->ended && IsOver(account->state) &&
                              !(account->state == JobState::kFailed && account->exit == "0:0");
      if (believable) {
        element.seen = true;
        element.state = account->state;
        element.over_since_ms = element.over_since_ms != 0 ? element.over_since_ms : now_ms_ - options_.record_grace_ms;
      } else {
        lost.emplace_back(tag, static_cast<int>(i));
      }
    }
  }
  for (const auto& [tag, index] : lost) {
    if (Submission* submission = FindSubmission(tag)) {
      Explain(*submission, index, JobState::kNodeFail, "Slurm does not know the job any more");
    }
  }
  for (const std::string& tag : Tags()) {
    Submission* submission = FindSubmission(tag);
    if (submission != nullptr && std::find(asked.begin(), asked.end(), submission->job) != asked.end()) {
      LookAfter(*submission);
    }
  }
}

// One call for all that are not wanted: whole arrays by their number, else element by element.
void Agent::SendCancels() {
  if (cancels_.empty() || !asked_.empty() || now_ms_ < submit_at_ms_) return;
  std::vector<std::string> argv = {"scancel"};
  for (auto it = cancels_.begin(); it != cancels_.end() && argv.size() < kMostCancels;) {
    const Submission* submission = FindSubmission(it->first);
    if (submission != nullptr && !submission->job.empty()) {
      const bool whole = submission->elements.size() == 1 || it->second.size() == submission->elements.size();
      if (whole) argv.push_back(submission->job);
      for (const int index : it->second) {
        if (!whole) argv.push_back(fmt::format("{}_{}", submission->job, index));
      }
    }
    asked_.insert(cancels_.extract(it++));
  }
  if (argv.size() > 1) (void)Launch(Program::kCancel, std::move(argv));
}

// What Slurm still has after a scancel that failed.
void Agent::CancelAgain() {
  if (programs_.count(Program::kCancel) > 0) return;
  for (const auto& [tag, elements] : std::exchange(asked_, {})) {
    const Submission* submission = FindSubmission(tag);
    for (const int index : elements) {
      if (submission == nullptr) continue;
      const ElementState& element = submission->elements[static_cast<size_t>(index)];
      if (element.seen && !IsOver(element.state)) cancels_[tag].insert(index);
    }
  }
}

}  // namespace hwf::slurm
