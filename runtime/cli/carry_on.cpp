#include "runtime/cli/carry_on.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "runtime/cli/locate.h"
#include "runtime/engine/signals.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/file_system.h"
#include "runtime/report/event_line.h"
#include "runtime/report/progress.h"
#include "runtime/report/status.h"

namespace hwf::cli {
namespace {

using engine::Ending;
using engine::Outcome;
using engine::RunRecord;

constexpr int64_t kRedrawMs = 1000;
constexpr int64_t kAtMostEveryMs = 50;

size_t Running(const RunRecord& record) {
  const report::TaskCounts counts = report::CountTasks(record.scheduler());
  return counts.running;
}

// What all followers say alike.
class FollowerBase : public engine::Follower {
 public:
  explicit FollowerBase(bool color) : style_(color) {}

  void OnDrain(const RunRecord& record) override {
    const size_t running = Running(record);
    const std::string run = RunWord(record.paths().root);
    std::string text = "nothing new is started";
    if (running > 0)
      text += fmt::format("; {} running {} to {} end", running, running == 1 ? "task goes on" : "tasks go on",
                          running == 1 ? "its" : "their");
    text +=
        fmt::format("\n  go on later:     hwf resume {0}\n  end it all:      hwf cancel {0}   (or Ctrl-C again)", run);
    Say(text);
  }
  void OnCancel() override { Say("cancelling"); }

 protected:
  virtual void Say(const std::string& text) = 0;
  report::Style style_;
};

class PlainFollower : public FollowerBase {
 public:
  explicit PlainFollower(bool color) : FollowerBase(color) {}
  void OnEvent(const state::Event& event, const RunRecord& record) override {
    // Of thousands that wait for the same, the first stands for all.
    const auto* waiting = std::get_if<state::AttemptWaiting>(&event.body);
    if (waiting != nullptr && std::exchange(waits_for_, waiting->why) == waiting->why) return;
    const std::string line = report::EventLine(event, record.scheduler(), RunWord(record.paths().root), style_);
    if (!line.empty()) Say(line);
  }
  void OnTrouble(const std::string& what) override { Say(style_.Yellow("hwf: ") + report::Printable(what, true)); }
  int OnTurn(const RunRecord&) override {
    std::fflush(stdout);
    return -1;
  }

 private:
  void Say(const std::string& text) override { fmt::print("{}\n", text); }

  std::string waits_for_;  // the last one's reason
};

class JsonFollower : public FollowerBase {
 public:
  JsonFollower() : FollowerBase(false) {}
  void OnEvent(const state::Event& event, const RunRecord& record) override {
    fmt::print("{}\n", report::EventJsonLine(event, record.facts().id));
  }
  void OnTrouble(const std::string& what) override {
    fmt::print("{}\n", Json().Set("kind", "trouble").Set("what", what).Dump());
  }
  int OnTurn(const RunRecord&) override {
    std::fflush(stdout);
    return -1;
  }

 private:
  void Say(const std::string& text) override { fmt::print(stderr, "{}\n", text); }
};

// The live screen: what has ended scrolls away above it, the rest is redrawn in place. Redraws at once when something
// happened (but not faster than 20 times a second), else once a second while something runs, else not at all.
class LiveFollower : public FollowerBase {
 public:
  explicit LiveFollower(bool color) : FollowerBase(color), screen_(STDOUT_FILENO) {}
  void OnEvent(const state::Event& event, const RunRecord& record) override {
    changed_ = true;
    if (!IsLasting(event)) return;
    const std::string line = report::EventLine(event, record.scheduler(), RunWord(record.paths().root), style_);
    if (!line.empty()) screen_.Print(line);
  }
  void OnTrouble(const std::string& what) override { Say(style_.Yellow("hwf: ") + report::Printable(what, true)); }
  int OnTurn(const RunRecord& record) override {
    const int64_t now = platform::RealClock().MonotonicMs();
    const bool moves = report::ProgressMoves(record) && !record.facts().finished;
    const int64_t wait = changed_ || resized() ? kAtMostEveryMs : moves ? kRedrawMs : -1;
    if (wait < 0) return -1;
    const int64_t left = drawn_ms_ == 0 ? 0 : drawn_ms_ + wait - now;
    if (left > 0 && !record.facts().finished) return static_cast<int>(left);
    Draw(record, now);
    return moves ? static_cast<int>(kRedrawMs) : -1;
  }
  // What it showed is no longer so: what is left is said behind it.
  void Close() {
    screen_.Draw({});
    screen_.Close();
  }

 private:
  void Say(const std::string& text) override { screen_.Print(text); }
  void Draw(const RunRecord& record, int64_t now) {
    report::ProgressView view = screen_.Size();
    columns_ = view.columns;
    view.now = platform::RealClock().NowMs();
    view.run = RunWord(record.paths().root);
    std::vector<std::string> lines;
    if (!record.facts().finished) lines = report::ProgressLines(record, style_, view);
    screen_.Draw(lines);
    changed_ = false;
    drawn_ms_ = now;
  }
  bool resized() const { return screen_.Size().columns != columns_; }
  // Worth a line that stays: the rest is in the picture.
  static bool IsLasting(const state::Event& event) {
    const auto* ended = std::get_if<state::AttemptEnded>(&event.body);
    return ended != nullptr || std::holds_alternative<state::Vote>(event.body) ||
           std::holds_alternative<state::AnswerCarried>(event.body) ||
           std::holds_alternative<state::RunStarted>(event.body) ||
           std::holds_alternative<state::TaskReused>(event.body) ||
           std::holds_alternative<state::ClockFired>(event.body) ||
           std::holds_alternative<state::ReviewVoided>(event.body) ||
           std::holds_alternative<state::ReviewWithdrawn>(event.body) ||
           std::holds_alternative<state::CancelRequested>(event.body) ||
           std::holds_alternative<state::MessageDelivered>(event.body) ||
           std::holds_alternative<state::EmissionRefused>(event.body) ||
           std::holds_alternative<state::RunFinished>(event.body);
  }

  report::LiveScreen screen_;
  bool changed_ = true;
  int64_t drawn_ms_ = 0;
  size_t columns_ = 0;
};

int ExitOf(const Outcome& outcome) {
  switch (outcome.ending) {
    case Ending::kFinished:
      return outcome.ok ? kExitDone : kExitFailed;
    case Ending::kDetached:
    case Ending::kDrained:
    case Ending::kWaiting:
      return kExitUnfinished;
    case Ending::kSuperseded:
    case Ending::kWorldFailed:
      return kExitWorld;
  }
  return kExitWorld;
}

// What failed has been said with the end of what it wrote; now how to see all of it and go on.
void SayFailed(const RunRecord& record) {
  constexpr size_t kMost = 3;
  const std::string run = RunWord(record.paths().root);
  size_t failed = 0;
  for (const scheduler::TaskView& task : record.scheduler().tasks()) {
    if (task.status != scheduler::TaskStatus::kFailed || task.started == 0) continue;
    if (++failed <= kMost) fmt::print("  all that {} wrote: hwf logs {} {}\n", task.place, run, task.place);
  }
  if (failed > kMost) fmt::print("  {} more failed: hwf status {}\n", failed - kMost, run);
  if (failed == 0) return;
  const std::vector<scheduler::ReviewView>& reviews = record.scheduler().reviews();
  const bool answered = std::any_of(reviews.begin(), reviews.end(), [](const scheduler::ReviewView& review) {
    return review.status == scheduler::ReviewStatus::kAnswered;
  });
  if (answered) {
    fmt::print("  when it is repaired: hwf run FILE --from {}; what was done or answered and has not changed counts\n",
               run);
  } else {
    fmt::print("  when it is repaired: `hwf run` again; what is done and has not changed is reused\n");
  }
}

// A run that was over when it was opened: nothing else would be said of it.
void SayOver(const RunRecord& record, bool json) {
  const engine::RunFacts& facts = record.facts();
  fmt::print(json ? stderr : stdout, "run {} is over since {}: {}; `hwf run` begins another\n", facts.id,
             report::FormatTime(facts.ended),
             facts.ok ? "finished" : "failed: " + report::Printable(facts.why.substr(0, facts.why.find('\n'))));
}

void SayEnd(const RunRecord& record, const Outcome& outcome, bool json) {
  const std::string& id = record.facts().id;
  const std::string resume = "hwf resume " + RunWord(record.paths().root);
  if (outcome.ending == Ending::kFinished) {
    if (!outcome.ok && !json) SayFailed(record);
    return;
  }
  const int code = ExitOf(outcome);
  if (json) {
    Json line;
    line.Set("kind", "left").Set("run", id).Set("exit", code).Set("why", outcome.why);
    const Json status = report::StatusJson(record, {});
    fmt::print("{}\n", line.Set("next_due", status["next_due"]).Dump());
    return;
  }
  size_t open = 0;
  for (const scheduler::ReviewView& review : record.scheduler().reviews()) {
    if (review.status == scheduler::ReviewStatus::kOpen) ++open;
  }
  std::string text = fmt::format("run {} is unfinished: {}", id, report::Printable(outcome.why, true));
  if (code == kExitWorld) text = fmt::format("run {} cannot go on: {}", id, report::Printable(outcome.why, true));
  if (const size_t running = Running(record); running > 0) text += fmt::format("; running on: {}", running);
  if (open > 0) text += fmt::format("; open reviews: {} (hwf review list {})", open, RunWord(record.paths().root));
  fmt::print(code == kExitWorld ? stderr : stdout, "{}\n  go on with: {}\n", text, resume);
}

// Of the module `hwf_task`: beside an installed hwf, or in its share directory.
std::string PythonDirectory(const Context& context) {
  for (const std::string& place :
       {context.program_directory + "/python", context.program_directory + "/../share/hwf/python"}) {
    if (access((place + "/hwf_task.py").c_str(), R_OK) == 0) return place;
  }
  return "";
}

}  // namespace

std::vector<OptionSpec> CarryOptionSpecs() {
  return {RunsOption(),
          {"notify", "CMD",
           "shell command when a review opens, is due again or escalates; it has HWF_WHAT (opened, remind, escalate), "
           "HWF_RUN, HWF_REVIEW, HWF_QUESTION"},
          {"no-reuse", "", "run everything, even where an equal task has a result"},
          {"fail-fast", "", "cancel the rest at the first failure"},
          {"json", "", "events as they come, one JSON object a line"}};
}

ErrorOr<Success> CheckRunner(const Context& context) {
  const std::string runner = context.program_directory + "/hwf-runner";
  if (access(runner.c_str(), X_OK) == 0) return Success{};
  return MakeError("no task can be started here: {}; it belongs beside hwf, install both from one release",
                   ErrnoError(errno, runner).message());
}

CarryOptions CarryOptionsFrom(const Context& context, const Arguments& arguments) {
  CarryOptions options;
  options.engine.program_directory = context.program_directory;
  options.engine.python_directory = PythonDirectory(context);
  options.engine.notify = arguments.Get("notify");
  options.engine.reuse = !arguments.Has("no-reuse");
  options.engine.fail_fast = arguments.Has("fail-fast");
  options.engine.once = arguments.Has("once") || arguments.Has("detach");
  options.engine.take_over = arguments.Has("take-over");
  options.json = arguments.Has("json");
  return options;
}

int CarryOn(const Context& context, const std::string& directory, const CarryOptions& options) {
  const ErrorOr<Success> runner = CheckRunner(context);
  if (!runner.ok()) {
    fmt::print(stderr, "hwf: {}\n", runner.error().message());
    return kExitWorld;
  }
  engine::Signals::Block();
  std::unique_ptr<FollowerBase> follower;
  LiveFollower* live = nullptr;
  if (options.json) {
    follower = std::make_unique<JsonFollower>();
  } else if (context.live && !options.engine.once) {
    auto made = std::make_unique<LiveFollower>(context.color);
    live = made.get();
    follower = std::move(made);
  } else {
    follower = std::make_unique<PlainFollower>(context.color);
  }
  auto opened = engine::Engine::Open(platform::RealFileSystem(), directory, options.engine, *follower);
  if (!opened.ok()) {
    std::fflush(stdout);
    fmt::print(stderr, "hwf: {}\n", opened.error().message());
    return kExitWorld;
  }
  const RunRecord& record = opened.value()->record();
  const bool over = record.facts().finished;
  const int generation = record.scheduler().generation();
  const Outcome outcome = opened.value()->Run();
  if (live != nullptr) live->Close();
  // A rewind that was waiting makes the run go on.
  if (over && record.scheduler().generation() == generation) {
    SayOver(record, options.json);
  } else {
    SayEnd(record, outcome, options.json);
  }
  std::fflush(stdout);
  return ExitOf(outcome);
}

}  // namespace hwf::cli
