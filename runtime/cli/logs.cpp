// `hwf logs RUN [TASK]`: what tasks wrote, byte for byte, wherever it is kept: folded into the runner's log, in the
// attempt's directory, or, while a task runs, in the runner's slot.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <map>

#include "runtime/cli/commands.h"
#include "runtime/cli/open_run.h"
#include "runtime/journal/log.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/paths.h"
#include "runtime/runner/protocol.h"

namespace hwf::cli {
namespace {

using scheduler::TaskView;

constexpr int kFollowMs = 200;

struct Kept {
  bool ended = false;
  std::string out_file, err_file;  // their names in the attempt's directory
  int slot = -1;
  std::string out, err;
};

// What the runner's log says of one attempt. Read again as it grows.
class RunnerLog {
 public:
  explicit RunnerLog(const std::string& directory) : reader_(platform::RealFileSystem(), directory + "/log") {}
  ErrorOr<Kept> Find(const state::Place& place, int attempt) {
    HWF_TRY(reader_.Read([&](std::string_view payload, uint64_t) -> ErrorOr<Success> {
      HWF_ASSIGN(const Json json, Json::Parse(payload, {.allow_nan = true}));
      HWF_ASSIGN(runner::Report report, runner::ReportFromJson(json));
      if (auto* started = std::get_if<runner::Started>(&report)) {
        kept_[{started->place, started->attempt}].slot = started->slot;
      } else if (auto* ended = std::get_if<runner::Ended>(&report)) {
        kept_[{ended->place, ended->attempt}] = {true, ended->out_file, ended->err_file, -1, ended->out, ended->err};
      }
      return Success{};
    }));
    return kept_[{place, attempt}];
  }

 private:
  journal::LogReader reader_;
  std::map<std::pair<std::string, int>, Kept> kept_;
};

// Writes what the file has beyond `offset`.
void CopyOut(const std::string& path, uint64_t& offset) {
  const platform::FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return;
  char buffer[64 << 10];
  while (true) {
    const ssize_t count = pread(fd.get(), buffer, sizeof buffer, static_cast<off_t>(offset));
    if (count <= 0) return;
    std::fwrite(buffer, 1, static_cast<size_t>(count), stdout);
    offset += static_cast<uint64_t>(count);
  }
}

class Printer {
 public:
  Printer(const OpenedRun& run, bool out, bool err) : run_(run), out_(out), err_(err) {}

  ErrorOr<Success> Print(const TaskView& task, int attempt, bool follow) {
    while (true) {
      HWF_ASSIGN(const Kept kept, LogOf(task.site).Find(task.place, attempt));
      if (out_) Stream(task, attempt, kept, kept.out, kept.out_file, false, out_at_);
      if (err_) Stream(task, attempt, kept, kept.err, kept.err_file, true, err_at_);
      std::fflush(stdout);
      if (!follow || kept.ended) break;
      poll(nullptr, 0, kFollowMs);
    }
    out_at_ = err_at_ = 0;
    return Success{};
  }

 private:
  RunnerLog& LogOf(const std::string& site) {
    return logs_.try_emplace(site, run_.record->paths().Agent(site)).first->second;
  }

  void Stream(const TaskView& task, int attempt, const Kept& kept, const std::string& folded,
              const std::string& kept_file, bool err, uint64_t& offset) const {
    if (kept.ended && kept_file.empty()) {
      if (offset < folded.size()) std::fwrite(folded.data() + offset, 1, folded.size() - offset, stdout);
      offset = std::max<uint64_t>(offset, folded.size());
      return;
    }
    const std::string directory = run_.record->paths().Attempt(task.place, attempt) + "/";
    if (kept.ended && access((directory + kept_file).c_str(), F_OK) != 0) {
      return Complain(
          fmt::format("what {} wrote is longer than its record holds: it is in `{}` of its attempt's "
                      "directory on site `{}`",
                      task.place, kept_file, task.site));
    }
    if (kept.ended) return CopyOut(directory + kept_file, offset);
    const std::string slot =
        fmt::format("{}/slot-{}.{}", run_.record->paths().Agent(task.site), kept.slot, err ? "err" : "out");
    // Its end is about to be recorded, and the file has been moved.
    const bool moved = kept.slot < 0 || access(slot.c_str(), F_OK) != 0;
    CopyOut(moved ? directory + (err ? "stderr" : "stdout") : slot, offset);
  }

  const OpenedRun& run_;
  std::map<std::string, RunnerLog> logs_;  // by site
  bool out_, err_;
  uint64_t out_at_ = 0, err_at_ = 0;
};

int PrintEvents(const OpenedRun& run) {
  journal::LogReader reader(platform::RealFileSystem(), run.record->paths().Journal());
  const ErrorOr<Success> read = reader.Read([](std::string_view payload, uint64_t) -> ErrorOr<Success> {
    fmt::print("{}\n", payload);
    return Success{};
  });
  if (read.ok()) return kExitDone;
  Complain(read.error().message());
  return kExitWorld;
}

// `hwf logs TASK` means the newest run's task, where no run has that name.
Arguments Untangle(const Arguments& arguments) {
  if (arguments.positional.size() != 1) return arguments;
  const ErrorOr<std::string> runs = RunsDirectory(arguments);
  if (!runs.ok() || FindRun(runs.value(), arguments.positional[0], Naming::kLooking).ok()) return arguments;
  const ErrorOr<std::string> latest = FindRun(runs.value(), "", Naming::kLooking);
  if (!latest.ok()) return arguments;
  const auto record = engine::RunRecord::Load(platform::RealFileSystem(), latest.value());
  if (!record.ok() || record.value()->scheduler().FindTask(arguments.positional[0]) == nullptr) return arguments;
  Arguments untangled = arguments;
  untangled.positional.insert(untangled.positional.begin(), platform::BaseName(latest.value()));
  return untangled;
}

// The attempt that is asked for; 0 if the task has had none of that number.
int AttemptOf(const TaskView& task, const Arguments& arguments) {
  if (!arguments.Has("attempt")) return task.attempt;
  const std::string text = arguments.Get("attempt");
  int number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = wrong == std::errc() && end == text.data() + text.size();
  return whole && number >= 1 && number <= task.attempt ? number : 0;
}

int NoSuchTask(const OpenedRun& run, const std::string& name) {
  std::vector<std::string> places;
  for (const TaskView& other : run.record->scheduler().tasks()) places.push_back(other.place);
  const std::string near = Nearest(name, places);
  Complain(fmt::format("run {0} has no task `{1}`{2}; hwf status {0} lists them", run.record->facts().id, name,
                       near.empty() ? "" : "; did you mean `" + near + "`?"));
  return kExitUsage;
}

int NothingToFollow(const OpenedRun& run) {
  std::string running;
  for (const TaskView& task : run.record->scheduler().tasks()) {
    if (task.status != scheduler::TaskStatus::kRunning || running.size() > 400) continue;
    running += fmt::format("\n  hwf logs {} {} -f", RunWord(run.directory), task.place);
  }
  Complain(running.empty() ? "`-f` follows one task, behind the run; none runs now"
                           : "`-f` follows one task; these run now:" + running);
  return kExitUsage;
}

ErrorOr<Success> PrintAll(const OpenedRun& run, Printer& printer, const report::Style& style) {
  for (const TaskView& task : run.record->scheduler().tasks()) {
    if (task.attempt == 0) continue;
    fmt::print("{}\n", style.Bold(fmt::format("==> {} (attempt {}) <==", task.place, task.attempt)));
    HWF_TRY(printer.Print(task, task.attempt, false));
  }
  return Success{};
}

// A name that is neither a run nor a task of the newest one; said here, since "no such run" would be half of it.
bool SaidUnknown(const Arguments& arguments) {
  if (arguments.positional.size() != 1) return false;
  const std::string& name = arguments.positional[0];
  const ErrorOr<std::string> runs = RunsDirectory(arguments);
  if (!runs.ok() || FindRun(runs.value(), name, Naming::kLooking).ok()) return false;
  const ErrorOr<std::string> latest = FindRun(runs.value(), "", Naming::kLooking);
  if (!latest.ok()) return false;
  Complain(
      fmt::format("`{}` is neither a run in {} nor a task of the newest run, {}; hwf runs lists the runs, hwf "
                  "status {} its tasks",
                  name, runs.value(), platform::BaseName(latest.value()), platform::BaseName(latest.value())));
  return true;
}

int RunLogs(Context& context, const Arguments& given) {
  const Arguments arguments = Untangle(given);
  if (SaidUnknown(arguments)) return kExitUsage;
  const std::string name = arguments.positional.empty() ? "" : arguments.positional[0];
  const OpenResult opened = OpenRun(arguments, name, Naming::kLooking);
  if (!opened.run.record) return opened.exit;
  if (arguments.Has("events")) return PrintEvents(opened.run);
  if (const auto owner = OtherOwner(opened.run.directory);
      owner && access(opened.run.record->paths().Runner().c_str(), X_OK) != 0) {
    Complain(fmt::format("what the tasks of the run {} wrote is for {} alone; hwf status {} says where it stands",
                         opened.run.record->facts().id, *owner, RunWord(opened.run.directory)));
    return kExitFailed;
  }
  const bool both = arguments.Has("stdout") == arguments.Has("stderr");
  Printer printer(opened.run, both || arguments.Has("stdout"), both || arguments.Has("stderr"));
  ErrorOr<Success> printed = Success{};
  if (arguments.positional.size() > 1) {
    const TaskView* task = opened.run.record->scheduler().FindTask(arguments.positional[1]);
    if (task == nullptr) return NoSuchTask(opened.run, arguments.positional[1]);
    const int attempt = AttemptOf(*task, arguments);
    if (arguments.Has("attempt") && attempt == 0) {
      Complain(
          fmt::format("`{}` has no attempt `{}`; it has had {}", task->place, arguments.Get("attempt"), task->attempt));
      return kExitUsage;
    }
    printed = printer.Print(*task, attempt, arguments.Has("follow"));
  } else if (arguments.Has("follow")) {
    return NothingToFollow(opened.run);
  } else {
    printed = PrintAll(opened.run, printer, report::Style(context.color));
  }
  if (printed.ok()) return kExitDone;
  Complain(printed.error().message());
  return kExitWorld;
}

}  // namespace

CommandSpec LogsCommand() {
  CommandSpec spec;
  spec.name = "logs";
  spec.positional = "[RUN] [TASK]";
  spec.most = 2;
  spec.summary = "what tasks wrote";
  spec.text =
      "With TASK (its place, as `hwf status` shows it) the exact bytes; without, those of every task under its name.";
  spec.options = {RunsOption(),
                  {"follow", "", "go on until the task ends", 'f'},
                  {"stdout", "", "standard output only"},
                  {"stderr", "", "standard error only"},
                  {"attempt", "N", "not the newest attempt"},
                  {"events", "", "the run's journal instead, one JSON event a line"}};
  spec.examples = {{"hwf logs latest fit -f", "follow a job"},
                   {"hwf logs 20260504 fit --stdout > out", "its exact output"}};
  spec.run = RunLogs;
  return spec;
}

}  // namespace hwf::cli
