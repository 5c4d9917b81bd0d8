#include "runtime/staging/transfer.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "runtime/platform/clock.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/paths.h"
#include "runtime/runner/store.h"
#include "runtime/ssh/ssh_trouble.h"
#include "runtime/staging/limits.h"
#include "runtime/state/command.h"

namespace hwf::staging {
namespace {

using platform::CommandResult;
using state::ShellQuote;

constexpr int64_t kCopyMs = int64_t{7} * 86'400'000;  // rsync itself ends when nothing moves
constexpr int kLookMs = 500;                          // how often its progress is looked at
constexpr int kSpoiltMost = 3;

// A directory that is reached by a link is named as what it is: rsync copies links as links.
std::string LocalSource(const std::string& path) {
  struct stat info {};
  const bool link = lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
  return link ? platform::RealPathOr(path, path) : path;
}

bool Has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

Transfer::Transfer(Item item, Store to, ssh::SshHost host, std::string runner)
    : item_(std::move(item)), to_(std::move(to)), host_(std::move(host)), runner_(std::move(runner)) {
  marker_ = "hwf-" + platform::NewId();
  Begin(Step::kLook);
}

std::string Transfer::Incoming() const {
  return to_.directory + "/" + runner::ArrivalInStore(item_.digest, platform::BaseName(item_.path));
}
std::string Transfer::Target() const {
  return to_.directory + "/" + runner::PlaceInStore(item_.digest, platform::BaseName(item_.path));
}

std::vector<std::string> Transfer::AtStore(const std::string& script) const {
  if (!to_.host) return {"/bin/sh", "-c", script};
  return to_.host->RunScript(script);
}

std::vector<std::string> Transfer::CommandOf(Step step) {
  const std::string incoming = Incoming(), copy = incoming + "/" + platform::BaseName(item_.path);
  if (step == Step::kLook) {
    return AtStore(
        fmt::format("umask 077\nif [ -e {} ]; then w=have\nelif w=$(mkdir -p {} 2>&1); then w=lacks\nfi\n"
                    "printf '\\n%s %s\\n' {} \"$w\"\n",
                    ShellQuote(Target()), ShellQuote(incoming), marker_));
  }
  if (step == Step::kKeep) {
    return AtStore(fmt::format("{} keep --marker {} {} {} {} && rm -rf {}\n", ShellQuote(to_.runner), marker_,
                               item_.digest, ShellQuote(copy), ShellQuote(Target()), ShellQuote(incoming)));
  }
  const std::string shell = fmt::format("'{}' rsh {}", runner_, host_.RemoteShell());
  std::vector<std::string> words = {
      "rsync", "-rlpt", "-s", "--partial", "--info=progress2", std::string("--timeout=") + kStillSeconds,
      "-e",    shell,   "--"};
  const std::string remote = host_.target() + ":";
  if (to_.host) {
    const std::string source = LocalSource(item_.path);
    // Under the name that it has here, not that of what a link leads to.
    struct stat info {};
    const bool directory = stat(source.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    words.insert(words.end(), {directory ? source + "/" : source, remote + copy + (directory ? "/" : "")});
  } else {
    words.insert(words.end(), {remote + item_.path, incoming + "/"});
  }
  return words;
}

void Transfer::Begin(Step step) {
  step_ = step;
  platform::SpawnOptions options;
  options.argv = CommandOf(step);
  options.inherit_env = true;
  options.env = {{"LC_ALL", "C.UTF-8"}};
  auto command = platform::Command::Start(options, "", {step == Step::kCopy ? kCopyMs : kWordMs, kMaxOut});
  if (!command.ok()) return Fail(fmt::format("{} cannot be started: {}", options.argv[0], command.error().message()));
  command_ = *std::move(command);
}

std::optional<ErrorOr<std::string>> Transfer::Poll() {
  if (step_ == Step::kPause && pause_.over()) Begin(Step::kLook);
  if (command_) {
    std::optional<CommandResult> ended = command_->Poll();
    if (step_ == Step::kCopy && !ended) NoteProgress();
    if (ended) {
      command_.reset();
      OnEnded(*ended);
    }
  }
  return std::exchange(result_, std::nullopt);
}

int Transfer::Wait() const {
  const int64_t now = platform::RealClock().MonotonicMs();
  if (result_) return 0;
  if (step_ == Step::kPause) return pause_.left();
  if (step_ == Step::kCopy) return kLookMs;
  return command_ ? static_cast<int>(std::max<int64_t>(0, command_->deadline_ms() - now)) : -1;
}

// "     32,768  42%    1.20MB/s    0:00:03"
void Transfer::NoteProgress() {
  const std::string& out = command_->out_so_far();
  const size_t percent = out.rfind('%');
  if (percent == std::string::npos) return;
  const size_t line = out.find_last_of("\r\n", percent);
  int64_t bytes = 0;
  for (size_t i = line == std::string::npos ? 0 : line + 1; i < percent; ++i) {
    if (out[i] >= '0' && out[i] <= '9') {
      bytes = bytes * 10 + (out[i] - '0');
    } else if (out[i] != ',' && bytes > 0) {
      break;
    }
  }
  if (bytes > 0 && bytes < (int64_t{1} << 60)) moved_ = bytes;
  if (bytes > 0) trouble_.clear();
}

void Transfer::OnEnded(const CommandResult& result) {
  if (step_ == Step::kLook) return OnLooked(result);
  if (step_ == Step::kCopy) return OnCopied(result);
  OnKept(result);
}

std::string Transfer::WordBehindMarker(const std::string& text) const {
  const size_t at = text.find("\n" + marker_ + " ");
  if (at == std::string::npos) return "";
  const size_t begin = at + marker_.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

void Transfer::OnLooked(const CommandResult& result) {
  const std::string word = WordBehindMarker(result.out);
  if (word == "have") {
    result_.emplace(Target());
  } else if (word == "lacks") {
    Begin(Step::kCopy);
  } else if (word.empty()) {
    Again(ssh::ExplainSsh(result.err, to_.site, host_.name()).why);
  } else {
    Again(fmt::format("{} cannot be made: {}", Incoming(), word));  // no room, most likely
  }
}

void Transfer::OnCopied(const CommandResult& result) {
  if (result.exit_code == 0) return Begin(Step::kKeep);
  const std::string why = ssh::LastLine(result.err);
  if (result.exit_code == 127 || Has(result.err, "command not found") || Has(result.err, "rsync: not found")) {
    return Fail(fmt::format("rsync is needed here and on {}: {}", host_.name(), why));
  }
  const bool gone = Has(result.err, "link_stat") && Has(result.err, "No such file");
  if (gone) return Fail(fmt::format("{} is not there any more", item_.path));
  const bool room = Has(result.err, "No space left") || Has(result.err, "quota exceeded");
  if (room) return Again(fmt::format("there is no room for it in {}: make some", to_.directory));
  if (result.exit_code == 23 && Has(result.err, "Permission denied")) {
    return Fail(fmt::format("{} may not be read: {}", item_.path, why));
  }
  Again(fmt::format("the copy broke off ({}), and goes on where it was", why.empty() ? "rsync was ended" : why));
}

void Transfer::OnKept(const CommandResult& result) {
  const std::string word = WordBehindMarker(result.out);
  if (word == "ok") {
    moved_ = item_.size;
    result_.emplace(Target());
  } else if (word.starts_with("differs ")) {
    if (++spoilt_ < kSpoiltMost) return Again("what arrived is not what its digest says: copied again");
    Fail(fmt::format("{} is not what it was: its digest was {}, now it is {}", item_.path, item_.digest,
                     word.substr(8)));
  } else {
    Again(word.empty() ? ssh::ExplainSsh(result.err, to_.site, host_.name()).why : word);
  }
}

void Transfer::Again(const std::string& why) {
  trouble_ = why;
  step_ = Step::kPause;
  pause_.Begin();
}

void Transfer::Fail(const std::string& why) { result_.emplace(Error(why)); }

}  // namespace hwf::staging
