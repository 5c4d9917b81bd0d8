// One node of an allocation.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "runtime/platform/file_system.h"
#include "runtime/runner/attempt_files.h"
#include "runtime/runner/process_tree.h"
#include "runtime/slurm/job.h"
#include "runtime/slurm/node_link.h"

namespace hwf::slurm {
namespace {

constexpr char kUsage[] = R"(usage: hwf-runner node --submission DIR --left TIME

Runs on the node SLURM_NODEID of an allocation what comes, for TIME (as squeue says it). For the scripts of Slurm jobs.
)";
constexpr int64_t kMarginMs = 5000;  // for records, and for Slurm's clock

struct Arguments {
  std::string directory;  // of the submission
  std::string left;
  int node = 0;
};

ErrorOr<Arguments> ReadArguments(const std::vector<std::string>& words) {
  Arguments arguments;
  for (size_t i = 0; i + 1 < words.size(); i += 2) {
    if (words[i] == "--submission") {
      arguments.directory = words[i + 1];
    } else if (words[i] == "--left") {
      arguments.left = words[i + 1];
    } else {
      return MakeError("{} is not known\n{}", words[i], kUsage);
    }
  }
  const char* node = std::getenv("SLURM_NODEID");
  if (!arguments.directory.starts_with('/') || node == nullptr || std::atoi(node) < 0) return Error(kUsage);
  arguments.node = std::atoi(node);
  return arguments;
}

ErrorOr<int> Run(const Arguments& arguments) {
  const std::string state = fmt::format("{}/{}", arguments.directory, arguments.node);
  HWF_ASSIGN(const bool ours, TakeElement(state));
  if (!ours) return 0;
  HWF_TRY(platform::RealFileSystem().MakeDirectory(state + "/work", 0700));
  HWF_ASSIGN(const Spec spec, ReadSpec(arguments.directory));
  runner::RunnerOptions options = OptionsOfJob(spec, state);
  const char* cpus = std::getenv("SLURM_CPUS_ON_NODE");
  options.limits.cpus = cpus == nullptr ? 1 : std::max(1, std::atoi(cpus));
  NodeLink::Options link;
  link.tag = TagOf(arguments.directory);
  link.directory = arguments.directory;
  link.node = arguments.node;
  link.spool = spec.spool;
  link.who = WhoWeAre(link.tag, link.node);
  link.cpus = options.limits.cpus;
  link.idle_ms = spec.idle_ms;
  link.margin_ms = spec.kill_grace_ms + kMarginMs;
  link.now_ms = runner::BootMs();
  const int64_t left_ms = DurationOf(arguments.left);
  link.ends_ms = left_ms < 0 ? runner::kNever : link.now_ms + left_ms;
  if (chdir(spec.run_directory.c_str()) != 0) return ErrnoError(errno, "going to " + spec.run_directory);
  auto make_front = [&](runner::RecordLog&,
                        runner::FrontCallbacks callbacks) -> ErrorOr<std::unique_ptr<runner::Front>> {
    return std::unique_ptr<runner::Front>(std::make_unique<NodeLink>(std::move(link), std::move(callbacks)));
  };
  HWF_ASSIGN(const std::unique_ptr<runner::Runner> made, runner::Runner::Open(options, make_front));
  return made->Run();
}

}  // namespace

int64_t DurationOf(const std::string& text) {
  int64_t days = 0, total = 0, part = 0;
  bool digits = false;
  int parts = 1;
  for (const char c : text) {
    if (c >= '0' && c <= '9' && part < 100'000'000) {
      part = part * 10 + (c - '0');
      digits = true;
    } else if (c == '-' && digits && parts == 1 && days == 0) {
      days = std::exchange(part, 0);
      digits = false;
    } else if (c == ':' && digits && ++parts <= 3) {
      total = (total + std::exchange(part, 0)) * 60;
      digits = false;
    } else {
      return -1;
    }
  }
  return digits ? (days * 86'400 + total + part) * 1000 : -1;
}

int RunNode(const std::vector<std::string>& words) {
  auto arguments = ReadArguments(words);
  if (!arguments.ok()) {
    fmt::print(stderr, "hwf-runner node: {}\n", arguments.error().message());
    return 2;
  }
  auto code = Run(*arguments);
  if (code.ok()) return *code;
  fmt::print(stderr, "hwf-runner node: node {}: {}\n", arguments->node, code.error().message());
  return 3;
}

}  // namespace hwf::slurm
