#include "runtime/slurm/job.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>

#include "runtime/container/engine.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/process.h"
#include "runtime/runner/attempt_files.h"
#include "runtime/runner/runner.h"
#include "runtime/slurm/job_link.h"
#include "runtime/slurm/submission.h"

namespace hwf::slurm {
namespace {

constexpr char kUsage[] = R"(usage: hwf-runner job --submission DIR [--index N]

Runs the element N (default: SLURM_ARRAY_TASK_ID, or 0) of a submission. For the scripts of Slurm jobs.
)";

struct Place {
  std::string directory;  // of the submission
  int index = 0;
};

ErrorOr<Place> ReadArguments(const std::vector<std::string>& arguments) {
  Place place;
  const char* array = std::getenv("SLURM_ARRAY_TASK_ID");
  std::string index = array != nullptr ? array : "0";
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    if (arguments[i] == "--submission") {
      place.directory = arguments[i + 1];
    } else if (arguments[i] == "--index") {
      index = arguments[i + 1];
    } else {
      return MakeError("{} is not known\n{}", arguments[i], kUsage);
    }
  }
  const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), place.index);
  const bool number = error == std::errc() && end == index.data() + index.size() && place.index >= 0;
  if (!number || place.directory.empty() || place.directory.front() != '/') return Error(kUsage);
  return place;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "?";
}

ErrorOr<int> Run(const Place& place) {
  const std::string tag = TagOf(place.directory);
  const std::string state = fmt::format("{}/{}", place.directory, place.index);
  HWF_ASSIGN(const bool ours, TakeElement(state));
  if (!ours) return 0;
  HWF_ASSIGN(Assignment assignment, TakeAssignment(place.directory, place.index));
  const Spec& spec = assignment.spec;
  runner::RunnerOptions options = OptionsOfJob(spec, state);
  options.limits.cpus = spec.cpus;
  options.limits.memory = spec.memory;
  JobLink::Options link;
  link.tag = tag;
  link.index = place.index;
  link.directory = state;
  link.spool = spec.spool;
  link.who = WhoWeAre(tag, place.index);
  if (chdir(spec.run_directory.c_str()) != 0) return ErrnoError(errno, "going to " + spec.run_directory);
  auto make_front = [&](runner::RecordLog& log,
                        runner::FrontCallbacks callbacks) -> ErrorOr<std::unique_ptr<runner::Front>> {
    std::unique_ptr<JobLink> front =
        std::make_unique<JobLink>(std::move(link), std::move(assignment.starts), std::move(callbacks));
    (void)log;
    return std::unique_ptr<runner::Front>(std::move(front));
  };
  HWF_ASSIGN(const std::unique_ptr<runner::Runner> made, runner::Runner::Open(options, make_front));
  return made->Run();
}

}  // namespace

ErrorOr<bool> TakeElement(const std::string& directory) {
  const int error = runner::MakeDirectory(directory, 0700);
  if (error == EEXIST) return false;
  if (error != 0) return ErrnoError(error, "making " + directory);
  return true;
}

runner::RunnerOptions OptionsOfJob(const Spec& spec, const std::string& state) {
  runner::RunnerOptions options;
  options.run_directory = spec.run_directory;
  options.state_directory = state;
  options.ledger_directory = state;
  options.in_job = true;
  options.containers = container::EngineNamed(spec.containers);
  options.images = spec.images;
  options.setup = spec.setup;
  options.launch = spec.launch;
  options.idle_exit_ms = 0;
  options.kill_grace_ms = spec.kill_grace_ms;
  return options;
}

std::string WhoWeAre(const std::string& tag, int index) {
  return fmt::format("{} {} job {} {} {}", tag, index, Variable("SLURM_JOB_ID"), platform::HostName(),
                     platform::OwnIdentity().start);
}

std::string TagOf(const std::string& submission) { return submission.substr(submission.rfind('/') + 1); }

int RunJob(const std::vector<std::string>& arguments) {
  auto place = ReadArguments(arguments);
  if (!place.ok()) {
    fmt::print(stderr, "hwf-runner job: {}\n", place.error().message());
    return 2;
  }
  auto code = Run(*place);
  if (code.ok()) return *code;
  fmt::print(stderr, "hwf-runner job: element {}: {}\n", place->index, code.error().message());
  return 3;
}

}  // namespace hwf::slurm
