#include "runtime/cli/plan_simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/open_run.h"
#include "runtime/platform/file_system.h"
#include "runtime/simulate/simulator.h"
#include "runtime/simulate/table.h"

namespace hwf::cli {
namespace {

constexpr uint64_t kMaxTableBytes = uint64_t{16} << 20;
constexpr size_t kMostLines = 20;
constexpr double kHour = 3600e3;

double Rounded(double value) { return std::round(value * 1000) / 1000; }
std::string Number(double value) { return fmt::format("{:g}", Rounded(value)); }
std::string Counted(size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// What people cost: waiting on the critical way, and what would stand still if their answers were waited for.
struct People {
  std::vector<simulate::Stretch> waits;  // on the critical way, the longest first
  int64_t critical_ms = 0;
  double watched_gpu_hours = 0;  // of jobs that go on while people look at them
  double alone_gpu_hours = 0;    // an allocation of the most GPUs, while only people are waited for
};

struct Found {
  simulate::Simulated run;
  People people;
  double cpu_hours = 0, gpu_hours = 0;
  size_t tasks = 0, reviews = 0;
};

// The GPUs of the job that the review is about, while it was open.
double WatchedGpuMs(const ir::Module& module, const simulate::Rooms& rooms, const scheduler::Scheduler& run,
                    const scheduler::ReviewView& review) {
  if (review.job_stream.empty()) return 0;
  const scheduler::TaskView* task = run.FindTask(review.job_stream.substr(0, review.job_stream.rfind('.')));
  if (task == nullptr) return 0;
  scheduler::StartTask start;
  start.place = task->place;
  start.attempt = std::max(task->attempt, 1);
  start.task = task->task;
  start.site = task->site;
  start.arguments = task->arguments;
  const auto needs = simulate::NeedsOf(module, start);
  if (!needs.ok()) return 0;
  const auto ticket = rooms.TicketOf(start, *needs);
  const auto open = static_cast<double>(std::min(review.closed, task->ended) - review.opened);
  return ticket.ok() ? ticket->amount.gpus * std::max(open, 0.0) : 0;
}

Found Simulate(const Program& program, const Json& params, simulate::Table& table, simulate::Rooms& rooms) {
  simulate::Simulator simulator(*program.module, table, &rooms);
  Found found;
  found.run = simulator.Run(params);
  found.tasks = simulator.scheduler().tasks().size();
  found.reviews = simulator.scheduler().reviews().size();
  for (const auto& [site, room] : rooms.rooms()) {
    found.cpu_hours += room.cpu_ms / kHour;
    found.gpu_hours += room.gpu_ms / kHour;
  }
  for (const simulate::Stretch& stretch : found.run.critical) {
    if (stretch.what != simulate::Stretch::What::kReview) continue;
    found.people.waits.push_back(stretch);
    found.people.critical_ms += stretch.to - stretch.from;
  }
  std::stable_sort(found.people.waits.begin(), found.people.waits.end(),
                   [](const auto& a, const auto& b) { return a.to - a.from > b.to - b.from; });
  for (const scheduler::ReviewView& review : simulator.scheduler().reviews()) {
    found.people.watched_gpu_hours += WatchedGpuMs(*program.module, rooms, simulator.scheduler(), review) / kHour;
  }
  found.people.alone_gpu_hours = rooms.most().gpus * static_cast<double>(found.run.people_alone) / kHour;
  return found;
}

std::string_view WordFor(simulate::Stretch::What what) {
  switch (what) {
    case simulate::Stretch::What::kTask:
      return "task";
    case simulate::Stretch::What::kRoom:
      return "room";
    case simulate::Stretch::What::kReview:
      return "people";
  }
  HWF_UNREACHABLE();
}

std::optional<double> Share(double used_ms, const std::optional<double>& has, int64_t elapsed) {
  if (!has || *has <= 0 || elapsed <= 0) return std::nullopt;
  return used_ms / (*has * static_cast<double>(elapsed));
}

Json ToJson(const Found& found, const simulate::Rooms& rooms, const simulate::Table& table) {
  Json sites = Json::Array(), critical = Json::Array(), unknown = Json::Array(), unmatched = Json::Array();
  const auto number = [](const std::optional<double>& value) { return value ? Json(Rounded(*value)) : Json(); };
  for (const auto& [name, room] : rooms.rooms()) {
    if (room.starts == 0) continue;
    Json site;
    site.Set("site", name).Set("starts", room.starts).Set("waited_ms", room.waited_ms);
    site.Set("cpu_hours", Rounded(room.cpu_ms / kHour)).Set("gpu_hours", Rounded(room.gpu_ms / kHour));
    site.Set("most_cpus", room.most.cpus).Set("most_gpus", room.most.gpus);
    site.Set("cpu_share", number(Share(room.cpu_ms, room.cpus, found.run.elapsed)));
    sites.Add(site.Set("gpu_share", number(Share(room.gpu_ms, room.gpus, found.run.elapsed))));
  }
  for (const simulate::Stretch& stretch : found.run.critical) {
    critical.Add(Json()
                     .Set("what", WordFor(stretch.what))
                     .Set("place", stretch.place)
                     .Set("from_ms", stretch.from)
                     .Set("to_ms", stretch.to));
  }
  for (const std::string& task : table.unknown()) unknown.Add(task);
  for (const std::string& name : table.Unmatched()) unmatched.Add(name);
  Json out;
  out.Set("v", 1).Set("ok", found.run.finish && found.run.finish->ok).Set("makespan_ms", found.run.elapsed);
  out.Set("why", found.run.finish ? found.run.finish->why : found.run.stuck);
  out.Set("tasks", static_cast<int64_t>(found.tasks)).Set("reviews", static_cast<int64_t>(found.reviews));
  out.Set("cpu_hours", Rounded(found.cpu_hours)).Set("gpu_hours", Rounded(found.gpu_hours));
  out.Set("sites", std::move(sites)).Set("critical", std::move(critical));
  out.Set("people", Json()
                        .Set("critical_ms", found.people.critical_ms)
                        .Set("alone_ms", found.run.people_alone)
                        .Set("idle_gpu_hours_if_allocated", Rounded(found.people.alone_gpu_hours))
                        .Set("idle_gpu_hours_if_jobs_waited", Rounded(found.people.watched_gpu_hours)));
  return out.Set("without_duration", std::move(unknown)).Set("unmatched", std::move(unmatched));
}

void PrintCritical(const Found& found) {
  if (found.run.critical.empty()) return;
  fmt::print("\nthe end waits for\n");
  size_t shown = 0;
  for (const simulate::Stretch& stretch : found.run.critical) {
    if (++shown > kMostLines) {
      fmt::print("  … and {} more\n", found.run.critical.size() - kMostLines);
      break;
    }
    fmt::print("  {} {} {}\n", report::Pad(stretch.place, 28), report::Pad(std::string(WordFor(stretch.what)), 6),
               report::FormatDuration(stretch.to - stretch.from));
  }
}

void PrintPeople(const Found& found) {
  if (found.reviews == 0) return;
  const auto elapsed = static_cast<double>(std::max<int64_t>(found.run.elapsed, 1));
  fmt::print("\npeople: {} on the way to the end ({:.0f} %)\n", report::FormatDuration(found.people.critical_ms),
             100.0 * static_cast<double>(found.people.critical_ms) / elapsed);
  for (size_t i = 0; i < std::min(found.people.waits.size(), kMostLines); ++i) {
    const simulate::Stretch& wait = found.people.waits[i];
    fmt::print("  {} {}\n", report::Pad(wait.place, 28), report::FormatDuration(wait.to - wait.from));
  }
  fmt::print(
      "idle GPU-hours if an allocation waited for people: {}; if jobs "
      "stood still while people look: {}; as hwf "
      "does it: 0\n",
      Number(found.people.alone_gpu_hours), Number(found.people.watched_gpu_hours));
}

void Print(const Found& found, const simulate::Rooms& rooms, const simulate::Table& table, const report::Style& style) {
  const std::string end = !found.run.finish       ? style.Red("stuck: " + report::Printable(found.run.stuck))
                          : !found.run.finish->ok ? style.Red("it fails: " + report::Printable(found.run.finish->why))
                                                  : "";
  fmt::print("{} {}\n", style.Bold("simulated:"), report::FormatDuration(found.run.elapsed));
  if (!end.empty()) fmt::print("{}\n", end);
  fmt::print("{}, {}, {} CPU-hours, {} GPU-hours\n", Counted(found.tasks, "task"), Counted(found.reviews, "review"),
             Number(found.cpu_hours), Number(found.gpu_hours));
  for (const auto& [name, room] : rooms.rooms()) {
    if (room.starts == 0) continue;
    fmt::print("  {} at most {} cpus, {} gpus", report::Pad(name.empty() ? "here" : name, 12), Number(room.most.cpus),
               Number(room.most.gpus));
    if (const auto share = Share(room.cpu_ms, room.cpus, found.run.elapsed))
      fmt::print(", cpus {:.0f} % used", *share * 100);
    if (const auto share = Share(room.gpu_ms, room.gpus, found.run.elapsed))
      fmt::print(", gpus {:.0f} % used", *share * 100);
    if (room.waited_ms > 0) fmt::print(", waited for room {}", report::FormatDuration(room.waited_ms));
    fmt::print("\n");
  }
  PrintCritical(found);
  PrintPeople(found);
  if (!table.unknown().empty()) {
    fmt::print("\ntaken to need no time, since nothing says how long: {}\n", fmt::join(table.unknown(), ", "));
  }
  const std::vector<std::string> unmatched = table.Unmatched();
  if (unmatched.empty()) return;
  fmt::print("\nlines of --durations that nothing in this run fits: {}", report::Printable(unmatched.front()));
  for (size_t i = 1; i < std::min(unmatched.size(), kMostLines); ++i)
    fmt::print(", {}", report::Printable(unmatched[i]));
  fmt::print("{}\n", unmatched.size() > kMostLines ? fmt::format(" and {} more", unmatched.size() - kMostLines) : "");
}

}  // namespace

int SimulatePlan(const Program& program, const Json& params, const Arguments& arguments, const report::Style& style) {
  simulate::Table table(*program.module);
  if (arguments.Has("like")) {
    const OpenResult opened = OpenRun(arguments, arguments.Get("like"), Naming::kLooking);
    if (opened.exit != 0) return opened.exit;
    table.Like(opened.run.record->scheduler());
  }
  if (const std::string path = arguments.Get("durations"); !path.empty()) {
    const ErrorOr<std::string> text = platform::RealFileSystem().Read(path, kMaxTableBytes);
    if (!text.ok()) {
      Complain(text.error().message());
      return kExitWorld;
    }
    const ErrorOr<Success> read = table.Read(*text);
    if (!read.ok()) {
      Complain(read.error().WithContext(path).message());
      return kExitUsage;
    }
  }
  simulate::Rooms rooms(*program.module);
  const Found found = Simulate(program, params, table, rooms);
  if (arguments.Has("json")) {
    fmt::print("{}", ToJson(found, rooms, table).DumpPretty());
  } else {
    Print(found, rooms, table, style);
  }
  return found.run.finish && found.run.finish->ok ? kExitDone : kExitFailed;
}

}  // namespace hwf::cli
