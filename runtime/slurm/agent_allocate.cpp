// Elements of a `for` inside one job of whole nodes, an allocation: what comes while it is there is brought to it in
// batches, and it is let go when nothing more comes. One of each kind of needs is open at a time.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "runtime/platform/file_system.h"
#include "runtime/platform/ids.h"
#include "runtime/runner/engine_link.h"
#include "runtime/slurm/agent.h"
#include "runtime/slurm/batches.h"
#include "runtime/state/command.h"

namespace hwf::slurm {
namespace {

constexpr int64_t kLingerMs = 2000;             // for what the engine submits because of the last end
constexpr int64_t kReleaseMs = 20'000;          // from saying that nothing more comes to ending it by force
constexpr size_t kMostBytes = size_t{8} << 20;  // of a batch

size_t BytesOf(const runner::Start& start) {
  size_t bytes = start.script.size() + start.stream_types.size();
  for (const auto* words : {&start.argv, &start.links, &start.inputs}) {
    for (const std::string& word : *words) bytes += word.size();
  }
  for (const auto* variables : {&start.env, &start.secrets}) {
    for (const auto& [name, value] : *variables) bytes += name.size() + value.size();
  }
  return bytes;
}

// Where we find it; the nodes see the same files.
std::string PathOf(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    std::string found = fmt::format("{}/{}", rest.substr(0, end), program);
    if (platform::RealFileSystem().Stat(found).ok()) return found;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return program;
}

}  // namespace

std::string Agent::AllocationScript(const std::string& directory, const std::string& tag) const {
  return fmt::format(
      "#!/bin/sh\n# hwf {}\nexec 2>>{} </dev/null\nleft=$({} -h -j \"$SLURM_JOB_ID\" -o %L)\n"
      "exec {} --quiet --overlap --kill-on-bad-exit=0 --wait=0 --cpu-bind=none {} node --submission {} --left "
      "\"$left\"\n",
      tag, state::ShellQuote(directory + "/errors"), state::ShellQuote(PathOf("squeue")),
      state::ShellQuote(PathOf("srun")), state::ShellQuote(options_.runner), state::ShellQuote(directory));
}

// What is one of several of its kind, or would find its allocation there.
bool Agent::WantsAllocation(const runner::Start& start, const std::map<std::string, size_t>& kinds) const {
  if (!FitsAllocation(NeedsOf(start, options_.settings), options_.settings)) return false;
  if (options_.settings.allocate_all) return true;
  const auto kind = kinds.find(KindOf(start.place));
  return kind != kinds.end() && (kind->second > 1 || FindAllocation(start) != nullptr);
}

const Agent::Submission* Agent::FindAllocation(const runner::Start& start) const {
  for (const auto& [tag, submission] : submissions_) {
    if (submission.nodes == 0 || submission.closed || IsOver(submission.elements.front().state)) continue;
    const Needs& has = submission.needs;
    if (start.gpus <= has.gpus && (start.gpus == 0 || start.gpu.empty() || start.gpu == has.gpu)) return &submission;
  }
  return nullptr;
}

// Moves from the queue what belongs inside allocations. False: some of it has to wait.
bool Agent::FormAllocations() {
  if (options_.settings.allocation == 0) return true;
  std::map<std::string, size_t> kinds;
  for (const auto& [key, attempt] : attempts_) {
    if (std::string kind = KindOf(attempt.start.place); !kind.empty()) ++kinds[std::move(kind)];
  }
  std::vector<std::string> keys;
  for (const std::string& key : queue_) {
    if (WantsAllocation(attempts_[key].start, kinds)) keys.push_back(key);
  }
  bool all = true;
  while (!keys.empty() && all) {
    const runner::Start& first = attempts_[keys.front()].start;
    const Submission* found = FindAllocation(first);
    const auto most = static_cast<size_t>(options_.settings.max_jobs);
    if (found == nullptr && most > 0 && InSlurm() >= most) return false;
    const std::string tag = found != nullptr ? found->tag : OpenAllocation(first);
    Submission* const submission = FindSubmission(tag);
    if (submission == nullptr) return false;
    std::vector<std::string> fitting, others;
    for (std::string& key : keys) {
      const runner::Start& start = attempts_[key].start;
      const bool fits = start.gpus <= submission->needs.gpus &&
                        (start.gpus == 0 || start.gpu.empty() || start.gpu == submission->needs.gpu);
      (fits ? fitting : others).push_back(std::move(key));
    }
    all = GiveBatches(*submission, fitting);
    keys = std::move(others);
  }
  return all;
}

// Its intent is on disk then, and nothing in it; empty: it could not be written.
std::string Agent::OpenAllocation(const runner::Start& first) {
  Needs needs;
  needs.allocation = true;
  needs.nodes = options_.settings.allocation;
  AddGpus(first, options_.settings, needs);
  std::string tag = platform::NewId();
  const std::string directory = SubmissionDirectory(tag);
  auto written = WriteFiles(directory, needs, AllocationScript(directory, tag), {});
  if (written.ok()) written = platform::MakeDirectories(platform::RealFileSystem(), directory + "/work", 0700);
  if (written.ok()) written = records_->Append(Intent{tag, {{}}, needs.nodes}, /*durable=*/true);
  if (!written.ok()) {
    Hold(runner::NoRoomText(written.error(), "a submission cannot be written"));
    return "";
  }
  Submission& submission = submissions_[tag];
  submission.tag = tag;
  submission.needs = needs;
  submission.nodes = needs.nodes;
  submission.offsets.assign(static_cast<size_t>(needs.nodes), 0);
  submission.elements.emplace_back();
  return tag;
}

// A batch: in the making, then noted, then there to be taken. False: no room; the rest waits in the queue.
bool Agent::GiveBatches(Submission& submission, const std::vector<std::string>& keys) {
  ElementState& element = submission.elements.front();
  const size_t waiting = keys.size() + (element.attempts.size() - element.gone);
  std::set<std::string> given;
  size_t at = 0;
  for (const size_t size : BatchSizes(keys.size(), waiting, submission.nodes)) {
    for (const size_t end = at + size; at < end;) {
      std::vector<std::string> batch;
      for (size_t bytes = 0; at < end && (batch.empty() || bytes < kMostBytes); ++at) {
        bytes += BytesOf(attempts_[keys[at]].start);
        batch.push_back(keys[at]);
      }
      const auto put = GiveBatch(submission, batch);
      if (!put.ok()) {
        Hold(runner::NoRoomText(put.error(), "a batch of attempts cannot be written"));
        std::erase_if(queue_, [&](const std::string& key) { return given.contains(key); });
        return false;
      }
      given.insert(batch.begin(), batch.end());
    }
  }
  std::erase_if(queue_, [&](const std::string& key) { return given.contains(key); });
  element.over = false;
  submission.idle_since_ms = 0;
  return true;
}

ErrorOr<Success> Agent::GiveBatch(Submission& submission, const std::vector<std::string>& keys) {
  const std::string directory = SubmissionDirectory(submission.tag);
  const int number = submission.batches;
  Element starts;
  ElementIds ids;
  for (const std::string& key : keys) {
    starts.push_back(attempts_[key].start);
    ids.push_back({starts.back().place, starts.back().attempt});
  }
  HWF_TRY(MakeAttempts(starts));
  HWF_TRY(PrepareBatch(directory, number, {}, starts));
  HWF_TRY(records_->Append(Added{submission.tag, number, ids}, /*durable=*/true));
  submission.batches = number + 1;  // should it come to be there after an error, claims keep it from being run twice
  HWF_TRY(PutBatch(directory, number));
  ElementIds& attempts = submission.elements.front().attempts;
  attempts.insert(attempts.end(), ids.begin(), ids.end());
  for (const std::string& key : keys) BelongsTo(key, submission.tag, 0);
  return Success{};
}

// Lets go what nobody needs any more.
void Agent::SettleAllocations() {
  for (auto& [tag, submission] : submissions_) {
    if (submission.nodes > 0) Settle(submission);
  }
}

void Agent::Settle(Submission& submission) {
  ElementState& element = submission.elements.front();
  element.over = AllGone(submission, element);
  if (!element.over) {
    submission.idle_since_ms = 0;
    return;
  }
  if (submission.idle_since_ms == 0) submission.idle_since_ms = now_ms_;
  const bool ending = finishing_ && attempts_.empty();
  if (!submission.closed) {
    if (!ending && now_ms_ - submission.idle_since_ms < kLingerMs) return;
    if (!CloseBatches(SubmissionDirectory(submission.tag)).ok()) return;  // its nodes leave by themselves, later
    submission.closed = true;
    submission.release_at_ms = now_ms_ + kReleaseMs;
    query_at_ms_ = std::min(query_at_ms_, now_ms_ + options_.least_poll_ms);
  }
  if (submission.phase != Submission::Phase::kQueued || IsOver(element.state)) return;
  const bool begun = element.state == JobState::kRunning;
  if (begun && now_ms_ < submission.release_at_ms) return;
  if (submission.release_at_ms == INT64_MAX) return;
  submission.release_at_ms = INT64_MAX;
  cancels_[submission.tag].insert(0);
}

// What is past was tried in this turn; where it could not be done yet, later turns see to it.
int64_t Agent::AllocationsDue() const {
  int64_t due = INT64_MAX;
  for (const auto& [tag, submission] : submissions_) {
    if (submission.nodes == 0 || submission.idle_since_ms == 0) continue;
    const int64_t at = submission.closed ? submission.release_at_ms : submission.idle_since_ms + kLingerMs;
    if (at > now_ms_) due = std::min(due, at);
  }
  return due;
}

}  // namespace hwf::slurm
