#include "runtime/cli/doctor_ssh.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <set>

#include "base/json.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/process.h"
#include "runtime/report/text.h"
#include "runtime/ssh/far_tools.h"
#include "runtime/ssh/ssh_trouble.h"
#include "runtime/state/command.h"

namespace hwf::cli {
namespace {

constexpr int64_t kOpenMs = 60'000;
constexpr int64_t kLookMs = 90'000;
constexpr int64_t kLowBytes = int64_t{1} << 30;
constexpr int64_t kSkewSeconds = 5;

// One line "what found" each; what is missing is said by its absence.
constexpr const char* kLook = R"sh(w={workdir}
printf '\n%s\n' {marker}
echo "machine $(uname -m)"
echo "time $(date +%s)"
for p in bash python3 rsync tar sha256sum base64; do command -v $p >/dev/null 2>&1 && echo "program $p"; done
why=$(mkdir -p "$w" 2>&1 && : > "$w/.hwf-doctor-$$" 2>&1 && rm -f "$w/.hwf-doctor-$$") && [ -d "$w" ] && echo "writable"
[ -z "$why" ] || echo "why $why"
df -Pk "$w" 2>/dev/null | awk 'NR == 2 {{ print "space " $4 }}'
)sh";

struct Looked {
  std::string machine, why;
  std::set<std::string> programs;
  int64_t time = 0, space_kib = -1;
  bool writable = false;
};

Looked Read(const std::string& text) {
  Looked looked;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const size_t space = line.find(' ');
    const std::string word = line.substr(0, space), rest = space == std::string::npos ? "" : line.substr(space + 1);
    if (word == "machine") looked.machine = rest;
    if (word == "time") looked.time = std::atoll(rest.c_str());
    if (word == "program") looked.programs.insert(rest);
    if (word == "writable") looked.writable = true;
    if (word == "why") looked.why = rest;
    if (word == "space") looked.space_kib = std::atoll(rest.c_str());
  }
  return looked;
}

platform::SpawnOptions Program(const std::vector<std::string>& argv) {
  platform::SpawnOptions options;
  options.argv = argv;
  options.inherit_env = true;
  return options;
}

void SayPrograms(const Looked& looked, const SayCheck& say) {
  for (const char* needed : {"bash", "rsync", "tar", "sha256sum", "base64"}) {
    const bool there = looked.programs.contains(needed);
    say(there ? Health::kGood : Health::kBad, needed, there ? "there" : "not in PATH there: hwf needs it");
  }
  if (!looked.programs.contains("python3")) {
    say(Health::kLook, "python3", "not in PATH there: tasks with `run python` will fail");
  }
}

void SayMachine(const Looked& looked, const std::string& programs, const std::string& python, const SayCheck& say) {
  const auto tools = ssh::FindTools(programs, python);
  if (!tools.ok()) return say(Health::kBad, "tools", tools.error().message());
  for (const ssh::ToolSet& set : *tools) {
    if (set.machine == looked.machine) return say(Health::kGood, "machine", looked.machine);
  }
  say(Health::kBad, "machine", looked.machine + ": no hwf-runner for it lies beside hwf");
}

// What was asked on an open connection, once it is; the error says why it is not.
ErrorOr<std::string> LookThere(const ssh::FarPlace& place, const ssh::SshHost& host, const std::string& marker) {
  HWF_ASSIGN(const auto open, platform::RunToEnd(Program(host.Check()), "", {.timeout_ms = kOpenMs}));
  if (open.exit_code != 0) {
    HWF_ASSIGN(const auto opened, platform::RunToEnd(Program(host.OpenMaster(false)), "", {.timeout_ms = kOpenMs}));
    if (opened.exit_code != 0) return Error(ssh::ExplainSsh(opened.output, place.name, host.name()).why);
  }
  const std::string script =
      fmt::format(fmt::runtime(kLook), fmt::arg("workdir", ssh::ScriptPath(place.workdir)), fmt::arg("marker", marker));
  HWF_ASSIGN(auto answer, platform::RunToEnd(Program(host.RunScript(script)), "", {kLookMs, 1 << 20}));
  if (answer.output.find("\n" + marker + "\n") != std::string::npos) return std::move(answer.output);
  return Error(ssh::ExplainSsh(answer.output, place.name, host.name()).why);
}

void SayWorkdir(const ssh::FarPlace& place, const Looked& looked, const SayCheck& say) {
  say(looked.writable ? Health::kGood : Health::kBad, "workdir",
      looked.writable ? place.workdir : fmt::format("{} cannot be written: {}", place.workdir, looked.why));
  if (looked.space_kib < 0) return;
  const bool low = looked.space_kib * 1024 < kLowBytes;
  say(low ? Health::kLook : Health::kGood, "space", report::FormatBytes(looked.space_kib * 1024) + " free there");
}

void SayClock(int64_t there, int64_t here, const SayCheck& say) {
  const int64_t skew = there - here;
  const bool far_off = std::abs(skew) > kSkewSeconds;
  say(far_off ? Health::kLook : Health::kGood, "clock",
      far_off ? fmt::format("{} s {} this machine's: hwf compares no times of two machines, but logs will look odd",
                            std::abs(skew), skew > 0 ? "ahead of" : "behind")
              : "as here");
}

}  // namespace

bool CheckFarPlace(const ssh::FarPlace& place, const SayCheck& say) {
  const ErrorOr<ssh::SshHost> host = ssh::HostOf(place);
  if (!host.ok()) {
    say(Health::kBad, "site", host.error().message());
    return false;
  }
  const std::string marker = "hwf-" + platform::NewId();
  const ErrorOr<std::string> answer = LookThere(place, *host, marker);
  if (!answer.ok()) {
    say(Health::kBad, "connection", answer.error().message());
    return false;
  }
  const int64_t now = std::time(nullptr);
  const size_t at = answer->find("\n" + marker + "\n");
  say(Health::kGood, "connection", host->name());
  if (const std::string printed = ssh::LastLine(answer->substr(0, at)); !printed.empty()) {
    say(Health::kLook, "login",
        fmt::format("something is printed before a command begins, such as `{}`; hwf passes over it",
                    report::Printable(printed)));
  }
  const Looked looked = Read(answer->substr(at + marker.size() + 2));
  SayMachine(looked, place.program_directory, place.python_directory, say);
  SayPrograms(looked, say);
  SayWorkdir(place, looked, say);
  SayClock(looked.time, now, say);
  return true;
}

}  // namespace hwf::cli
