// Attempts in containers: their images made ready beside the loop, their boxes killed and settled.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/runner/process_tree.h"
#include "runtime/runner/rank_box.h"
#include "runtime/runner/ranks.h"
#include "runtime/runner/runner.h"

namespace hwf::runner {
namespace {

// Rounds of 100 ms until the process inside, and then its engine, has had its chance to kill what is inside.
constexpr int kInsideRounds = 5;
constexpr int kEngineRounds = 100;
constexpr int kMostRemovals = 5;

}  // namespace

void Runner::WantReady(const std::string& image) {
  if (images_) return images_->Want(image);
  front_->Say(ImageReady{image, "", "this site has no container engine: give it `containers: ENGINE`"});
}

void Runner::OnImage(const std::string& image, const ErrorOr<container::Image>& ready) {
  queue_changed_ = true;
  front_->Say(Answer(image, ready));
  if (ready.ok()) return;
  for (size_t i = 0; i < queue_.size();) {
    if (queue_[i].image != image) {
      ++i;
      continue;
    }
    const Start never = std::move(queue_[i]);
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(i));
    EndUnrun(never, ir::Reason::kSite, ready.error().message());
  }
}

// Whether it is to wait for its image.
bool Runner::WaitsForImage(const Start& start) {
  if (start.image.empty() || images_->Find(start.image) != nullptr) return false;
  images_->Want(start.image);
  return true;
}

ErrorOr<Success> Runner::DescribeBox(Attempt& attempt, LaunchSpec& spec) {
  const Start& start = attempt.start;
  BoxTask task;
  task.start = &start;
  task.env = EnvironmentOf(attempt);
  HWF_ASSIGN(TaskCommand command,
             CommandOf(start, {options_.launch, container::kInsideProgram, options_.in_job}, task.env));
  task.argv = std::move(command.here);
  task.gpu_ids = attempt.share->gpu_ids;
  task.cpu_ids = attempt.share->cpu_ids;
  task.out = slots_.Path(attempt.slot, false);
  task.err = slots_.Path(attempt.slot, true);
  task.stray_grace_ms = options_.stray_grace_ms;
  task.kill_grace_ms = options_.kill_grace_ms;
  if (!command.over_nodes.empty()) return DescribeRankBoxes(attempt, task, std::move(command.over_nodes), spec);
  HWF_ASSIGN(attempt.box, boxes_->Furnish(task, spec));
  return Success{};
}

// A container for each process that srun starts.
ErrorOr<Success> Runner::DescribeRankBoxes(Attempt& attempt, const BoxTask& task, std::vector<std::string> srun,
                                           LaunchSpec& spec) {
  HWF_ASSIGN(attempt.rank_boxes, boxes_->FurnishRanks(task, spec));
  spec.argv = std::move(srun);
  spec.argv.insert(spec.argv.end(), {self_, "box"});
  spec.directory = attempt.start.directory;
  spec.out = slots_.out(attempt.slot);
  spec.err = slots_.err(attempt.slot);
  return Success{};
}

void Runner::AskBoxToEnd(const Attempt& attempt) { attempt.box->Tell(container::kAskToEnd); }

// Called until its command is dead. The process inside kills the quickest; where it cannot, the engine does.
void Runner::KillBox(Attempt& attempt) {
  Box& box = *attempt.box;
  ++box.kills;
  box.Tell(container::kKill);
  if (box.kills <= kInsideRounds) return;
  if (!boxes_->engine().owns_processes()) RemoveBox(attempt);
  if (boxes_->engine().owns_processes() || box.kills > kEngineRounds) SignalTree(attempt, SIGKILL);
}

// Its command is dead: how the task ended. False: the engine has to make sure first that nothing lives.
bool Runner::SettleBox(Attempt& attempt) {
  Box& box = *attempt.box;
  const bool exited = WIFEXITED(attempt.status);
  box.outcome = container::OutcomeIn(box.io());
  if (box.outcome) {
    const container::Outcome& outcome = *box.outcome;
    attempt.status = outcome.exit_code ? W_EXITCODE(*outcome.exit_code, 0) : W_EXITCODE(0, outcome.signal);
    attempt.usage.cpu_ms = outcome.cpu_ms;
    attempt.usage.max_rss = outcome.max_rss;
    attempt.killed_strays = outcome.strays;
  } else {
    const std::string words = box.LastWords();
    const std::string how = exited ? fmt::format("exit status {}", WEXITSTATUS(attempt.status))
                                   : fmt::format("killed by signal {}", WTERMSIG(attempt.status));
    box.trouble = fmt::format("{}: {}", container::ToString(boxes_->engine().kind()), words.empty() ? how : words);
    attempt.status = W_EXITCODE(0, SIGKILL);
    if (!container::Began(box.io())) images_->Drop(attempt.start.image);  // it may be gone: to be looked for again
  }
  if (boxes_->engine().owns_processes() || (box.outcome && exited)) return true;
  box.unsettled = true;
  RemoveBox(attempt);
  return false;
}

void Runner::RemoveBox(Attempt& attempt) {
  Box& box = *attempt.box;
  if (box.removing) return;
  box.removing = true;
  ++attempt.jobs;
  const int64_t pause_ms = 500 * box.removals++;
  box_worker_.Add([this, key = attempt.key, name = box.name, pause_ms]() -> Worker::Completion {
    const timespec pause{pause_ms / 1000, pause_ms % 1000 * 1'000'000};
    nanosleep(&pause, nullptr);
    auto removed = std::make_shared<ErrorOr<Success>>(boxes_->End(name));
    return [this, key, removed] { OnBoxRemoved(key, *removed); };
  });
}

void Runner::OnBoxRemoved(const std::string& key, const ErrorOr<Success>& removed) {
  Attempt* attempt = FindRunning(key);
  if (attempt == nullptr) return;
  Box& box = *attempt->box;
  box.removing = false;
  --attempt->jobs;
  if (attempt->ending && attempt->jobs == 0) return Finalize(*attempt);
  if (!box.unsettled) return;  // its command still lives, or has said how it ended
  if (!removed.ok() && box.removals < kMostRemovals) return RemoveBox(*attempt);
  if (!removed.ok()) {
    box.trouble +=
        fmt::format("; whether the container {} still runs is not known: {}", box.name, removed.error().message());
  }
  box.unsettled = false;
  CheckDying();
}

// In words, where the engine has failed and not the task.
void Runner::BlameContainer(const Attempt& attempt, bool began, const std::string& why, Ended& ended) const {
  const bool limited = attempt.start.memory > 0 && boxes_->engine().limits_memory();
  ended.exit_code.reset();
  ended.signal = 0;
  ended.failure = began ? ir::Reason::kNodeFail : ir::Reason::kSite;
  ended.message =
      began ? fmt::format("its container was ended by something else{}: {}", limited ? ", perhaps for its memory" : "",
                          why)
            : fmt::format("its container could not be started with the image `{}`: {}", attempt.start.image, why);
}

bool Runner::DescribeTrouble(const Attempt& attempt, Ended& ended) const {
  if (attempt.rank_boxes) {
    const auto trouble = RankTroubleIn(attempt.rank_boxes->directory);
    if (trouble) BlameContainer(attempt, trouble->began, trouble->why, ended);
    return trouble.has_value();
  }
  if (!attempt.box) return false;
  const Box& box = *attempt.box;
  const std::string& image = attempt.start.image;
  if (!box.outcome) {
    BlameContainer(attempt, container::Began(box.io()), box.trouble, ended);
    return true;
  }
  const bool tasks_own = attempt.start.script.empty() && box.program == attempt.start.argv.front();
  if (box.outcome->exec_error != ENOENT || tasks_own) return false;
  ended.failure = ir::Reason::kSite;
  ended.message = fmt::format("the image `{}` has no `{}`, which is to run the task's command: take one that has it",
                              image, box.program);
  return true;
}

// The memory that the task's processes hold, where they can be seen.
std::vector<pid_t> Runner::ProcessesInBox(Attempt& attempt) {
  if (attempt.main_dead) return {};
  if (boxes_->engine().owns_processes()) (void)ProcessesOf(attempt);  // to know them when they leave its tree
  return boxes_->ProcessesIn(*attempt.box, attempt.pid, ChildrenOf(getpid()));
}

}  // namespace hwf::runner
