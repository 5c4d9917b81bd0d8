#include "runtime/staging/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

#include "runtime/platform/clock.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/paths.h"
#include "runtime/runner/store.h"
#include "runtime/ssh/ssh_trouble.h"
#include "runtime/staging/limits.h"
#include "runtime/staging/store_call.h"
#include "runtime/state/command.h"

namespace hwf::staging {
namespace {

using platform::CommandResult;
using state::ShellQuote;

constexpr int64_t kBatchMs = 3'600'000;       // rsync itself ends when nothing moves
constexpr int kPartial = 23, kVanished = 24;  // rsync: some files did not come

}  // namespace

Batch::Batch(std::vector<Item> items, Store from, Store to)
    : items_(std::move(items)), from_(std::move(from)), to_(std::move(to)), paths_(items_.size()) {
  for (size_t i = 0; i < items_.size(); ++i) left_.push_back(i);
  marker_ = "hwf-" + platform::NewId();
  Begin(Step::kLook);
}

Batch::~Batch() {
  std::error_code ignored;
  if (!from_.host) std::filesystem::remove_all(Laid(), ignored);
}

std::string Batch::Laid() const { return fmt::format("{}/.out-{}", from_.directory, marker_); }

// `hwf-runner store` of what is left, at that side.
std::vector<std::string> Batch::At(const Store& side, const std::string& verb, const std::string& directory) const {
  std::vector<Content> contents;
  for (const size_t i : left_) {
    contents.emplace_back(items_[i].digest, verb == "lay" ? items_[i].path : platform::BaseName(items_[i].path));
  }
  return StoreCall(side, marker_, verb, directory, contents);
}

std::vector<std::string> Batch::Copy() const {
  const Store& here = from_.host ? to_ : from_;
  const ssh::SshHost& host = from_.host ? *from_.host : *to_.host;
  const std::string shell = fmt::format("'{}' rsh {}", here.runner, host.RemoteShell());
  const std::string remote = host.target() + ":";
  return {"rsync",
          "-rLtO",
          "-s",
          "--partial",
          std::string("--timeout=") + kStillSeconds,
          "-e",
          shell,
          "--",
          (from_.host ? remote : "") + Laid() + "/",
          (to_.host ? remote : "") + to_.directory + "/"};
}

std::vector<std::string> Batch::CommandOf(Step step) const {
  switch (step) {
    case Step::kLook:
      return At(to_, "look", to_.directory);
    case Step::kLay:
      return At(from_, "lay", Laid());
    case Step::kCopy:
      return Copy();
    case Step::kClear:
      return from_.host->RunScript("rm -rf " + ShellQuote(Laid()) + "\n");
    case Step::kKeep:
      return At(to_, "keep", to_.directory);
    case Step::kPause:
      return {};
  }
  HWF_UNREACHABLE();
}

void Batch::Begin(Step step) {
  step_ = step;
  platform::SpawnOptions options;
  options.argv = CommandOf(step);
  options.inherit_env = true;
  options.env = {{"LC_ALL", "C.UTF-8"}};
  auto command = platform::Command::Start(options, "", {step == Step::kCopy ? kBatchMs : kWordMs, kMaxOut});
  if (!command.ok()) return End();
  command_ = *std::move(command);
}

// What nothing is left for is over.
void Batch::Next(Step step) {
  if (left_.empty()) return End();
  Begin(step);
}

void Batch::End() {
  left_.clear();
  ended_ = true;
}

std::optional<std::vector<std::string>> Batch::Poll() {
  if (step_ == Step::kPause && !ended_ && pause_.over()) Begin(Step::kLook);
  if (command_) {
    if (const std::optional<CommandResult> result = command_->Poll()) {
      command_.reset();
      OnEnded(*result);
    }
  }
  if (!ended_) return std::nullopt;
  return paths_;
}

int Batch::Wait() const {
  const int64_t now = platform::RealClock().MonotonicMs();
  if (ended_) return 0;
  if (step_ == Step::kPause) return pause_.left();
  return command_ ? static_cast<int>(std::max<int64_t>(0, command_->deadline_ms() - now)) : -1;
}

// It is in the store, or goes its own way.
void Batch::Settle(size_t index, bool there) {
  const Item& item = items_[index];
  if (there) paths_[index] = to_.directory + "/" + runner::PlaceInStore(item.digest, platform::BaseName(item.path));
  std::erase(left_, index);
}

void Batch::OnEnded(const CommandResult& result) {
  if (step_ == Step::kCopy) return OnCopied(result);
  if (step_ == Step::kClear) return Next(Step::kKeep);
  const std::vector<std::string> words = StoreWords(result.out, marker_, left_.size());
  if (words.empty()) {
    const Store& side = step_ == Step::kLay ? from_ : to_;
    // What cannot be asked here is asked for each, and says why.
    if (!side.host) return End();
    return Again(ssh::ExplainSsh(result.err, side.site, side.host->name()).why);
  }
  const std::vector<size_t> asked = left_;
  for (size_t i = 0; i < asked.size(); ++i) {
    const bool goes_on = words[i] == "lacks" || words[i] == "laid";
    if (!goes_on) Settle(asked[i], words[i] == "have" || words[i] == "ok");
  }
  if (step_ == Step::kKeep) return End();
  Next(step_ == Step::kLook ? Step::kLay : Step::kCopy);
}

void Batch::OnCopied(const CommandResult& result) {
  const bool some = result.exit_code == kPartial || result.exit_code == kVanished;
  const bool room =
      result.err.find("No space left") != std::string::npos || result.err.find("quota exceeded") != std::string::npos;
  if (room) return Again(fmt::format("there is no room for it in {}: make some", to_.directory));
  if (result.exit_code == 127 || result.err.find("command not found") != std::string::npos) return End();
  if (result.exit_code != 0 && !some) {
    const std::string why = ssh::LastLine(result.err);
    return Again(
        fmt::format("the copy broke off ({}), and goes on where it was", why.empty() ? "rsync was ended" : why));
  }
  Next(from_.host ? Step::kClear : Step::kKeep);
}

void Batch::Again(const std::string& why) {
  trouble_ = why;
  step_ = Step::kPause;
  pause_.Begin();
}

}  // namespace hwf::staging
