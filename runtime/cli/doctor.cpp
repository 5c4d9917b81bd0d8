// `hwf doctor`: whether this machine and this place are fit for runs; one line a check, and what to do about it.
#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>

#include "ir/sites.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/doctor_slurm.h"
#include "runtime/cli/doctor_ssh.h"
#include "runtime/cli/locate.h"
#include "runtime/cli/site_words.h"
#include "runtime/cli/version.h"
#include "runtime/container/engine.h"
#include "runtime/platform/process.h"
#include "runtime/report/text.h"

namespace hwf::cli {
namespace {

enum class Verdict { kGood, kWarning, kBad };

class Report {
 public:
  Report(bool color, bool json) : style_(color), json_(json) {}
  void Say(Verdict verdict, const std::string& what, const std::string& found) {
    if (verdict == Verdict::kBad) ++bad_;
    if (json_) {
      const char* word = verdict == Verdict::kGood ? "ok" : verdict == Verdict::kWarning ? "look" : "bad";
      checks_.Add(Json().Set("what", what).Set("verdict", word).Set("found", found));
      return;
    }
    const std::string mark = verdict == Verdict::kGood      ? style_.Green("ok  ")
                             : verdict == Verdict::kWarning ? style_.Yellow("look")
                                                            : style_.Red("bad ");
    fmt::print("{}  {} {}\n", mark, report::Pad(what, 14), found);
  }
  void End() const {
    if (json_) fmt::print("{}", Json().Set("v", 1).Set("good", good()).Set("checks", checks_).DumpPretty());
  }
  bool good() const { return bad_ == 0; }

 private:
  report::Style style_;
  bool json_;
  Json checks_ = Json::Array();
  int bad_ = 0;
};

void CheckProgram(Report& report, const Context& context, const std::string& name, bool versioned) {
  const std::string path = context.program_directory + "/" + name;
  if (access(path.c_str(), X_OK) != 0) {
    report.Say(Verdict::kBad, name, fmt::format("not beside hwf ({}); install it from the same release", path));
    return;
  }
  if (!versioned) return report.Say(Verdict::kGood, name, path);
  platform::SpawnOptions options;
  options.argv = {path, "--version"};
  options.inherit_env = true;
  const ErrorOr<platform::Finished> finished = platform::RunToEnd(options, "", {.timeout_ms = 5000});
  const std::string text =
      finished.ok() ? finished->output.substr(0, finished->output.find('\n')) : finished.error().message();
  const std::string wanted = fmt::format("{} {}", name, kVersion);
  if (text == wanted) return report.Say(Verdict::kGood, name, fmt::format("{} ({})", path, text));
  report.Say(Verdict::kBad, name,
             fmt::format("{} says `{}`, this hwf wants `{}`; install both from one release", path, text, wanted));
}

void CheckPython(Report& report) {
  const char* path = std::getenv("PATH");
  const ErrorOr<std::string> python = platform::FindProgram("python3", path != nullptr ? path : "/usr/bin:/bin");
  if (python.ok()) return report.Say(Verdict::kGood, "python3", python.value());
  report.Say(Verdict::kWarning, "python3", "not in PATH: tasks with `run python` will fail here");
}

void CheckBash(Report& report) {
  const char* path = std::getenv("PATH");
  const ErrorOr<std::string> bash = platform::FindProgram("bash", path != nullptr ? path : "/usr/bin:/bin");
  if (bash.ok()) return report.Say(Verdict::kGood, "bash", bash.value());
  report.Say(Verdict::kBad, "bash", "not in PATH: `run` needs it");
}

void CheckRuns(Report& report, const std::string& runs) {
  std::string existing = runs;
  while (access(existing.c_str(), F_OK) != 0 && existing.size() > 1) {
    existing = existing.substr(0, existing.find_last_of('/'));
    if (existing.empty()) existing = "/";
  }
  if (access(existing.c_str(), W_OK | X_OK) != 0) {
    return report.Say(Verdict::kBad, "runs", fmt::format("{} cannot be written; use --runs DIR", existing));
  }
  struct stat info {};
  const bool open = stat(runs.c_str(), &info) == 0 && (info.st_mode & 0002) != 0 && (info.st_mode & S_ISVTX) == 0;
  if (open) return report.Say(Verdict::kWarning, "runs", runs + " can be written by everybody: chmod o-w it");
  report.Say(Verdict::kGood, "runs", runs);
  struct statvfs space {};
  if (statvfs(existing.c_str(), &space) != 0) return;
  const uint64_t free_bytes = uint64_t{space.f_bavail} * space.f_frsize;
  const bool low = free_bytes < (uint64_t{1} << 30) || (space.f_files > 0 && space.f_favail < 10'000);
  report.Say(low ? Verdict::kWarning : Verdict::kGood, "disk",
             fmt::format("{} free, {} inodes{}", report::FormatBytes(static_cast<int64_t>(free_bytes)), space.f_favail,
                         low ? "; `hwf gc` makes room" : ""));
}

void CheckClock(Report& report) {
  const std::time_t now = std::time(nullptr);
  const bool sane = now > 1'700'000'000;
  report.Say(sane ? Verdict::kGood : Verdict::kBad, "clock",
             report::FormatUtc(int64_t{now} * 1000) + (sane ? "" : ": deadlines need a clock that is set"));
}

void CheckMachine(Report& report) {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  const int64_t memory = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE);
  report.Say(Verdict::kGood, "machine",
             fmt::format("{}: {} CPUs, {}", platform::HostName(), cpus, report::FormatBytes(memory)));
}

// What `containers` of a site can name here.
void CheckContainers(Report& report) {
  std::string absent;
  for (const container::EngineKind kind : container::kEngines) {
    const ErrorOr<std::string> version = container::MakeEngine(kind)->Detect();
    const std::string name = container::ToString(kind);
    if (version.ok()) {
      report.Say(Verdict::kGood, name, version.value());
    } else if (version.error().code() == ENOENT) {
      absent += (absent.empty() ? "" : ", ") + name;
    } else {
      report.Say(Verdict::kWarning, name, version.error().message() + "; tasks with an `image` would fail in it");
    }
  }
  if (!absent.empty()) report.Say(Verdict::kGood, "containers", "not here: " + absent);
}

// Of a site that names one: where its tasks or, of slurm, its submissions are. A `setup` may bring it first on the
// nodes.
void CheckEngine(const ir::Site& site, const AskProgram& ask, const SayCheck& say) {
  const std::string engine = site.fields.StringOr("containers", "");
  if (engine.empty()) return;
  const Answer answer = ask({engine == "charliecloud" ? "ch-run" : engine, "--version"});
  if (answer.status == 0) return say(Health::kGood, "containers", OneLine(answer.text));
  const bool setup = site.fields.Find("setup") != nullptr;
  say(setup ? Health::kLook : Health::kBad, "containers",
      fmt::format("{} does not answer: {}{}", engine, OneLine(answer.text),
                  setup ? "; its `setup` has to bring it" : "; tasks with an `image` would fail there"));
}

int LookAtSite(const Context& context, const Arguments& arguments, const std::string& runs, Report& report) {
  const NamedSite named = FindSite(context, arguments);
  if (named.exit != 0) return named.exit;
  const SayCheck say = [&](Health health, const std::string& what, const std::string& found) {
    report.Say(health == Health::kGood   ? Verdict::kGood
               : health == Health::kLook ? Verdict::kWarning
                                         : Verdict::kBad,
               what, found);
  };
  const ir::Site& site = named.site;
  if (site.kind == "local") {
    Complain(fmt::format("site `{}` is of kind local: `hwf doctor` without a site looks at this machine", site.name));
    return kExitUsage;
  }
  const std::string directory = site.fields.StringOr("workdir", runs);
  AskProgram ask = AskHere();
  bool reached = true;
  if (ir::IsOnThisMachine(site)) {
    CheckSlurmDirectory(directory, say);
  } else {
    ErrorOr<ssh::FarPlace> place = ssh::FarPlaceFromFields(site);
    const ErrorOr<ssh::SshHost> host = place.ok() ? ssh::HostOf(*place) : place.error();
    if (!host.ok()) {
      Complain(host.error().message());
      return kExitUsage;
    }
    place->program_directory = context.program_directory;
    reached = CheckFarPlace(*place, say);
    ask = AskThere(*host, site.kind == "slurm" ? "sbatch" : "");
  }
  if (reached) CheckEngine(site, ask, say);
  if (reached && site.kind == "slurm") CheckSlurmSite(*named.module, site, ask, directory, say);
  report.End();
  return report.good() ? kExitDone : kExitWorld;
}

int RunDoctor(Context& context, const Arguments& arguments) {
  const ErrorOr<std::string> runs = RunsDirectory(arguments);
  if (!runs.ok()) {
    Complain(runs.error().message());
    return kExitUsage;
  }
  Report report(context.color, arguments.Has("json"));
  if (!arguments.positional.empty()) return LookAtSite(context, arguments, runs.value(), report);
  CheckProgram(report, context, "hwfc", true);
  CheckProgram(report, context, "hwf-runner", true);
  CheckProgram(report, context, "hwf-task", true);
  CheckBash(report);
  CheckPython(report);
  CheckRuns(report, runs.value());
  CheckClock(report);
  CheckMachine(report);
  CheckContainers(report);
  report.End();
  return report.good() ? kExitDone : kExitWorld;
}

}  // namespace

CommandSpec DoctorCommand() {
  CommandSpec spec;
  spec.name = "doctor";
  spec.positional = "[SITE [FILE]]";
  spec.most = 2;
  spec.summary = "whether this machine, or a site, is fit for runs";
  spec.text =
      "Programs beside hwf and their versions, tools that tasks need, the directory of runs, disk, clock; of a SITE "
      "that is\nreached by ssh (declared in FILE, or sites.hwf) its connection, machine, programs, workdir, space and\n"
      "clock; of a Slurm SITE its controller, partition, limits, and whether a small job would be taken, and those of\n"
      "FILE's tasks (none is submitted). Exit 3 if something is bad.";
  spec.options = {RunsOption(), JsonOption()};
  spec.examples = {{"hwf doctor", "look at everything"},
                   {"hwf doctor edge", "look at the site `edge` of sites.hwf"},
                   {"hwf doctor train fit.hwf", "would Slurm take the tasks of fit.hwf?"}};
  spec.run = RunDoctor;
  return spec;
}

}  // namespace hwf::cli
