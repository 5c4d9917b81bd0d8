#include "runtime/slurm/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace hwf::slurm {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kMarginMinutes = 2;  // Slurm looks at limits every half minute
constexpr int64_t kMiB = 1 << 20;

std::vector<std::string_view> Split(std::string_view line, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = std::min(line.find(separator), line.size());
    parts.push_back(line.substr(0, end));
    if (end == line.size()) return parts;
    line.remove_prefix(end + 1);
  }
}

int NumberOr(std::string_view text, int fallback) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : fallback;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

template <size_t N>
bool HasAny(std::string_view text, const std::string_view (&parts)[N]) {
  return std::any_of(std::begin(parts), std::end(parts), [&](std::string_view part) { return Has(text, part); });
}

// The request may have reached the controller.
constexpr std::string_view kAmbiguousWords[] = {"Socket timed out",
                                                "Zero Bytes were transmitted",
                                                "Unexpected message received",
                                                "Transport endpoint",
                                                "Broken pipe",
                                                "Connection reset",
                                                "Message receive failure"};
// It did not, or was turned away for now.
constexpr std::string_view kWaitWords[] = {"Unable to contact slurm controller",
                                           "connect failure",
                                           "Munge encode failed",
                                           "communication failure",
                                           "Slurm backup controller in standby",
                                           "Slurm controller not responding",
                                           "Too many open files",
                                           "Job submission disabled",
                                           "No space left on device",
                                           "in DOWN state",
                                           "Slurm accounting storage is down"};

// There are too many. sbatch itself tries again and again on some of these, until its time is over.
constexpr std::string_view kLimitWords[] = {"submit limit",
                                            "SubmitLimit",
                                            "MaxSubmitJob",
                                            "violates accounting/QOS policy",
                                            "maximum number of jobs",
                                            "MaxJobCount",
                                            "temporarily unable to accept job",
                                            "Resource temporarily unavailable"};

std::string FirstLines(std::string_view text) {
  std::string words;
  int lines = 0;
  for (std::string_view line : Split(text, '\n')) {
    if (line.starts_with("sbatch: error: ")) line.remove_prefix(15);
    if (line.starts_with("sbatch: ")) line.remove_prefix(8);
    if (line.empty() || ++lines > 3) continue;
    if (!words.empty()) words += "; ";
    words += line;
  }
  return words;
}

}  // namespace

Needs NeedsOf(const runner::Start& start, const Settings& settings) {
  Needs needs;
  needs.cpus = std::max(1, static_cast<int>(std::ceil(start.cpus)));
  needs.gpus = start.gpus;
  needs.gpu = start.gpu;
  needs.memory = start.memory;
  needs.disk = start.disk;
  needs.time_limit_ms = start.time_limit_ms;
  needs.nodes = start.nodes;
  needs.ranks = start.ranks;
  needs.ranks_per_node = start.ranks_per_node;
  needs.pack = std::max(1, start.pack > 0 ? start.pack : settings.pack);
  if (needs.nodes > 1 || needs.ranks > 1) needs.pack = 1;
  return needs;
}

bool FitsAllocation(const Needs& needs, const Settings& settings) {
  if (settings.allocation == 0 || needs.nodes > 1 || needs.ranks > 1 || needs.disk > 0) return false;
  return needs.time_limit_ms + kMarginMinutes * kMinuteMs <= settings.max_time_ms || needs.time_limit_ms == 0;
}

void AddGpus(const runner::Start& start, const Settings& settings, Needs& allocation) {
  if (start.gpus == 0) return;
  allocation.gpus = std::max({allocation.gpus, start.gpus, settings.gpus_per_node});
  if (!start.gpu.empty()) allocation.gpu = start.gpu;
}

std::string KindOf(const state::Place& place) {
  std::string kind;
  bool element = false;
  for (const std::string_view part : Split(place, '.')) {
    const bool number = IsNumber(part);
    element = element || number;
    if (!kind.empty()) kind += '.';
    kind += number ? "*" : part;
  }
  return element ? kind : "";
}

int64_t MinutesFor(const Needs& needs, const Settings& settings) {
  if (needs.allocation) return settings.max_time_ms / kMinuteMs;
  if (needs.time_limit_ms <= 0) return 0;
  const int64_t all = needs.time_limit_ms * needs.pack;
  int64_t minutes = (all + kMinuteMs - 1) / kMinuteMs + kMarginMinutes;
  if (settings.max_time_ms > 0) minutes = std::min(minutes, std::max<int64_t>(1, settings.max_time_ms / kMinuteMs));
  return minutes;
}

std::vector<std::string> AskFor(const Needs& needs, const Settings& settings) {
  std::vector<std::string> argv;
  const auto add = [&](std::string_view option, const std::string& value) {
    if (!value.empty()) argv.push_back(fmt::format("--{}={}", option, value));
  };
  const int per_node =
      needs.ranks_per_node > 0 ? needs.ranks_per_node : std::max(1, (needs.ranks + needs.nodes - 1) / needs.nodes);
  add("partition", settings.partition);
  add("account", settings.account);
  add("qos", settings.qos);
  add("constraint", settings.features);
  add("reservation", settings.reservation);
  add("nodes", std::to_string(needs.nodes));
  add("ntasks-per-node", std::to_string(per_node));
  if (needs.allocation) {
    argv.insert(argv.end(), {"--exclusive", "--mem=0"});
  } else {
    add("cpus-per-task", std::to_string(std::max(1, needs.cpus / per_node)));
  }
  if (needs.memory > 0) add("mem", fmt::format("{}M", (needs.memory + kMiB - 1) / kMiB));
  if (needs.disk > 0) add("tmp", fmt::format("{}M", (needs.disk + kMiB - 1) / kMiB));
  if (needs.gpus > 0) {
    add("gres",
        needs.gpu.empty() ? fmt::format("gpu:{}", needs.gpus) : fmt::format("gpu:{}:{}", needs.gpu, needs.gpus));
  }
  if (const int64_t minutes = MinutesFor(needs, settings); minutes > 0) add("time", std::to_string(minutes));
  return argv;
}

std::string ArraySpec(int elements, int throttle) {
  return throttle > 0 ? fmt::format("0-{}%{}", elements - 1, throttle) : fmt::format("0-{}", elements - 1);
}

Submitted ReadSubmitted(const platform::CommandResult& result) {
  Submitted submitted;
  submitted.why = FirstLines(result.err);
  if (result.timed_out && !HasAny(result.err, kLimitWords)) {
    submitted.why = "sbatch did not end in time";
    return submitted;
  }
  if (result.exit_code == 0) {
    std::string_view id = Split(Split(result.out, '\n').front(), ';').front();  // "ID" or "ID;cluster"
    if (IsNumber(id)) {
      submitted.kind = Submitted::Kind::kAccepted;
      submitted.job = id;
    }
    return submitted;
  }
  if (HasAny(result.err, kLimitWords)) {
    submitted.kind = Submitted::Kind::kLimit;
    return submitted;
  }
  if (!result.exit_code || HasAny(result.err, kAmbiguousWords)) {
    if (submitted.why.empty()) submitted.why = fmt::format("sbatch was killed by signal {}", result.signal);
    return submitted;
  }
  submitted.kind = HasAny(result.err, kWaitWords) ? Submitted::Kind::kWait : Submitted::Kind::kWrong;
  if (submitted.why.empty()) submitted.why = fmt::format("sbatch ended with status {} and no word", *result.exit_code);
  return submitted;
}

bool IsOver(JobState state) { return state != JobState::kPending && state != JobState::kRunning; }

JobState StateFromText(std::string_view text) {
  struct Row {
    std::string_view name;
    JobState state;
  };
  // The first word: sacct says "CANCELLED by 1000".
  text = text.substr(0, text.find_first_of(" +"));
  constexpr Row kRows[] = {
      {"PENDING", JobState::kPending},       {"CONFIGURING", JobState::kPending}, {"REQUEUED", JobState::kPending},
      {"REQUEUE_HOLD", JobState::kPending},  {"REQUEUE_FED", JobState::kPending}, {"SPECIAL_EXIT", JobState::kPending},
      {"RESV_DEL_HOLD", JobState::kPending}, {"COMPLETED", JobState::kCompleted}, {"FAILED", JobState::kFailed},
      {"CANCELLED", JobState::kCancelled},   {"REVOKED", JobState::kCancelled},   {"TIMEOUT", JobState::kTimeLimit},
      {"DEADLINE", JobState::kTimeLimit},    {"OUT_OF_MEMORY", JobState::kOom},   {"NODE_FAIL", JobState::kNodeFail},
      {"BOOT_FAIL", JobState::kNodeFail},    {"PREEMPTED", JobState::kPreempted}};
  for (const Row& row : kRows) {
    if (row.name == text) return row.state;
  }
  return JobState::kRunning;  // RUNNING, COMPLETING, SUSPENDED, STOPPED, SIGNALING, STAGE_OUT, RESIZING
}

std::vector<std::string> QueueArguments(const std::string& user) {
  return {"squeue", "-h", "-r", "-t", "all", "-u", user, "-o", "%F|%K|%T|%k|%N|%r"};
}

std::vector<JobRow> ReadQueue(std::string_view text) {
  std::vector<JobRow> rows;
  for (const std::string_view line : Split(text, '\n')) {
    const std::vector<std::string_view> parts = Split(line, '|');
    if (parts.size() < 6 || !IsNumber(parts[0])) continue;
    JobRow& row = rows.emplace_back();
    row.job = parts[0];
    row.index = NumberOr(parts[1], 0);  // "N/A": no array
    row.state = StateFromText(parts[2]);
    row.comment = parts[3];
    row.placed = !parts[4].empty() && parts[4] != "(null)";
    row.reason = parts[5];
  }
  return rows;
}

std::vector<std::string> AccountArguments(const std::vector<std::string>& jobs) {
  return {
      "sacct", "-n", "-X", "-P", "-j", fmt::format("{}", fmt::join(jobs, ",")), "--format=JobID,State,ExitCode,End"};
}

std::vector<Account> ReadAccounts(std::string_view text) {
  std::vector<Account> accounts;
  for (const std::string_view line : Split(text, '\n')) {
    const std::vector<std::string_view> parts = Split(line, '|');
    if (parts.size() < 4) continue;
    const std::vector<std::string_view> id = Split(parts[0], '_');
    if (!IsNumber(id[0]) || (id.size() > 1 && !IsNumber(id[1]))) continue;  // "12_[3-9]": pending elements
    Account& account = accounts.emplace_back();
    account.job = id[0];
    account.index = id.size() > 1 ? NumberOr(id[1], 0) : 0;
    account.state = StateFromText(parts[1]);
    account.exit = parts[2];
    account.ended = parts[3] != "Unknown" && !parts[3].empty();
  }
  return accounts;
}

std::string PendingText(const std::string& job, const std::string& reason) {
  struct Row {
    std::string_view part;
    std::string_view text;
  };
  constexpr Row kRows[] = {
      {"launch failed requeued held",
       "its start failed at the node and Slurm holds it: look at the node, then `scontrol release`"},
      {"JobHeldAdmin", "held by an administrator"},
      {"JobHeldUser", "held (`scontrol release` lets it go)"},
      {"DependencyNeverSatisfied", "waits for what never comes"},
      {"BadConstraints", "asks for what no node has"},
      {"ReqNodeNotAvail", "its nodes are not available: down, drained or reserved"},
      {"PartitionDown", "its partition is down"},
      {"PartitionInactive", "its partition is inactive"},
      {"PartitionNodeLimit", "asks for more nodes than its partition gives"},
      {"PartitionTimeLimit", "asks for more time than its partition gives"},
      {"AssocGrp", "a limit of its account is reached"},
      {"AssocMax", "a limit of its account is reached"},
      {"QOS", "a limit of its QOS is reached"},
      {"InvalidAccount", "its account is not valid"},
      {"InvalidQOS", "its QOS is not valid"},
      {"Licenses", "waits for licenses"},
      {"Reservation", "waits for its reservation"},
      {"Nodes required for job are DOWN, DRAINED", "its nodes are down, drained or reserved"},
      {"Resources", "waits for nodes to be free"},
      {"Priority", "others are before it in the queue"},
      {"JobArrayTaskLimit", "waits for others of its array, by the site's throttle"},
  };
  if (reason.empty() || reason == "None") return "";
  for (const Row& row : kRows) {
    if (Has(reason, row.part)) return fmt::format("job {}: {} ({})", job, row.text, reason);
  }
  return fmt::format("job {}: {}", job, reason);
}

}  // namespace hwf::slurm
