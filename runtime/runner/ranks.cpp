#include "runtime/runner/ranks.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/process.h"

namespace hwf::runner {
namespace {

constexpr int64_t kLookUpMs = 5000;

int PerNode(const Start& start) {
  if (start.ranks_per_node > 0) return start.ranks_per_node;
  return std::max(1, (start.ranks + start.nodes - 1) / start.nodes);
}

// One that is free on this machine now, where the first rank listens.
ErrorOr<int> FreePort() {
  const platform::FileDescriptor probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  if (!probe.valid() || bind(probe.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return ErrnoError(errno, "looking for a free port");
  }
  return ntohs(address.sin_port);
}

std::string NameOf(std::string_view entry) { return std::string(entry.substr(0, entry.find('='))); }

using Words = std::vector<std::string>;

void Append(Words& to, const Words& words) { to.insert(to.end(), words.begin(), words.end()); }

Words SrunOf(const Start& start, int ranks, int per_node) {
  const int cpus = std::max(1, static_cast<int>(std::ceil(start.cpus)) / std::max(1, per_node));
  return {"srun",
          fmt::format("--nodes={}", start.nodes),
          fmt::format("--ntasks={}", ranks),
          fmt::format("--ntasks-per-node={}", per_node),
          fmt::format("--cpus-per-task={}", cpus),
          "--kill-on-bad-exit=1",
          "--export=ALL",
          "--unbuffered"};
}

// Each machine's torchrun starts that machine's ranks; they meet at the first machine's port.
Words TorchrunOf(const Start& start, const std::string& address, int port) {
  Words words = {"torchrun", fmt::format("--nproc_per_node={}", PerNode(start))};
  if (start.nodes == 1) {
    words.emplace_back("--standalone");
  } else {
    Append(words, {fmt::format("--nnodes={}", start.nodes), "--rdzv_backend=c10d",
                   fmt::format("--rdzv_endpoint={}:{}", address, port), fmt::format("--rdzv_id={}", port)});
  }
  words.emplace_back("--no_python");
  return words;
}

// Open MPI gives its ranks on other machines only the variables that it is told.
Words MpirunOf(const Start& start, const Words& env) {
  Words words = {"mpirun", "-n", std::to_string(start.ranks)};
  if (start.ranks_per_node > 0) Append(words, {"--map-by", fmt::format("ppr:{}:node", start.ranks_per_node)});
  for (const std::string& entry : env) {
    if (!entry.starts_with("SLURM")) Append(words, {"-x", NameOf(entry)});
  }
  return words;
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string FirstOf(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = Environment(name); !value.empty()) return value;
  }
  return "";
}

ErrorOr<std::string> LauncherOf(const Start& start, const Ranks& ranks) {
  const std::string sites = ranks.launch.empty() && ranks.in_job ? "srun" : ranks.launch;
  const std::string launch = start.launch.empty() ? sites : start.launch;
  if (launch.empty()) {
    return MakeError("nothing starts its {} ranks here: say `launch`, in the task or the site", start.ranks);
  }
  if (!ranks.in_job && (start.nodes > 1 || launch == "srun")) {
    return MakeError("{} on {} machines need a Slurm site", launch, start.nodes);
  }
  if (!start.image.empty() && start.nodes > 1 && launch == "mpirun") {
    return MakeError("an image's mpirun knows of one machine, not of {}: say `launch srun`", start.nodes);
  }
  return launch;
}

// Where the first rank listens. An image may not know this machine's name; glibc's own program does, which a static one
// cannot ask.
std::string Address(const Start& start, bool in_job) {
  if (!in_job) return "127.0.0.1";
  std::string name = platform::HostName();
  if (start.image.empty()) return name;
  platform::SpawnOptions options;
  options.argv = {"getent", "ahostsv4", name};
  options.inherit_env = true;
  const auto found = platform::RunToEnd(options, "", {.timeout_ms = kLookUpMs});
  if (!found.ok() || found->exit_code != 0) return name;
  return found->output.substr(0, found->output.find(' '));
}

}  // namespace

bool HasRanks(const Start& start) { return start.ranks > 1 || start.nodes > 1 || !start.launch.empty(); }

ErrorOr<TaskCommand> CommandOf(const Start& start, const Ranks& ranks, Words& env) {
  TaskCommand command;
  Words argv = start.argv;
  if (!start.script.empty()) argv.emplace_back("command");
  if (!HasRanks(start)) return TaskCommand{{}, std::move(argv)};
  HWF_ASSIGN(const std::string launch, LauncherOf(start, ranks));
  HWF_ASSIGN(const int port, FreePort());
  const std::string address = Address(start, ranks.in_job);
  env.push_back("MASTER_ADDR=" + address);
  env.push_back(fmt::format("MASTER_PORT={}", port));
  if (launch == "srun") {
    command.over_nodes = SrunOf(start, start.ranks, PerNode(start));
    command.here = {ranks.self, "rank"};
  } else if (launch == "mpirun") {
    command.here = MpirunOf(start, env);
    Append(command.here, {ranks.self, "rank"});
  } else if (launch == "torchrun") {
    if (start.nodes > 1) command.over_nodes = SrunOf(start, start.nodes, 1);
    command.here = TorchrunOf(start, address, port);
  } else {
    return MakeError("`launch {}` is not known: srun, mpirun or torchrun", launch);
  }
  Append(command.here, argv);
  return command;
}

int RunRank(const std::vector<std::string>& command) {
  if (command.empty()) {
    fmt::print(stderr, "usage: hwf-runner rank COMMAND [ARGUMENT…]\n");
    return 2;
  }
  struct Row {
    const char* name;
    std::string value;
  };
  const Row rows[] = {
      {"RANK", FirstOf({"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"})},
      {"LOCAL_RANK", FirstOf({"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"})},
      {"WORLD_SIZE", FirstOf({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"})},
      {"LOCAL_WORLD_SIZE", FirstOf({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_NTASKS_PER_NODE"})},
      {"GROUP_RANK", FirstOf({"OMPI_COMM_WORLD_NODE_RANK", "SLURM_NODEID"})}};
  for (const Row& row : rows) {
    if (!row.value.empty()) setenv(row.name, row.value.c_str(), 1);
  }
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  const int error = errno;
  fmt::print(stderr, "{}: {}\n", command[0], error == ENOENT ? "command not found" : strerror(error));
  return error == ENOENT ? 127 : 126;
}

}  // namespace hwf::runner
