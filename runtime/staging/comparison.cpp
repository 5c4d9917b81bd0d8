#include "runtime/staging/comparison.h"

#include <utility>

#include "runtime/platform/ids.h"
#include "runtime/ssh/ssh_trouble.h"
#include "runtime/staging/limits.h"

namespace hwf::staging {
namespace {

constexpr int64_t kLongestMs = 3'600'000;  // of reading all of them
constexpr int kSshFailed = 255;

}  // namespace

Comparison::Comparison(const std::vector<Item>& items, Store at)
    : at_(std::move(at)), marker_("hwf-" + platform::NewId()) {
  for (const Item& item : items) contents_.emplace_back(item.digest, item.path);
  Begin();
}

void Comparison::Begin() {
  platform::SpawnOptions options;
  options.argv = StoreCall(at_, marker_, "same", "/", contents_);
  options.inherit_env = true;
  options.env = {{"LC_ALL", "C.UTF-8"}};
  auto command = platform::Command::Start(options, "", {kLongestMs, kMaxOut});
  if (command.ok()) {
    command_ = *std::move(command);
  } else {
    result_.emplace(contents_.size(), false);
  }
}

void Comparison::OnEnded(const platform::CommandResult& result) {
  const std::vector<std::string> words = StoreWords(result.out, marker_, contents_.size());
  const bool link = words.empty() && (!result.exit_code || result.exit_code == kSshFailed) && !result.timed_out;
  if (link) {
    trouble_ = ssh::ExplainSsh(result.err, at_.site, at_.host ? at_.host->name() : "").why;
    return pause_.Begin();
  }
  result_.emplace(contents_.size(), false);
  for (size_t i = 0; i < words.size(); ++i) (*result_)[i] = words[i] == "same";
}

std::optional<std::vector<bool>> Comparison::Poll() {
  if (!command_ && !result_ && pause_.over()) Begin();
  if (command_) {
    if (const std::optional<platform::CommandResult> ended = command_->Poll()) {
      command_.reset();
      OnEnded(*ended);
    }
  }
  return std::exchange(result_, std::nullopt);
}

int Comparison::Wait() const {
  if (result_) return 0;
  if (!command_) return pause_.left();
  return static_cast<int>(std::max<int64_t>(0, command_->deadline_ms() - platform::RealClock().MonotonicMs()));
}

}  // namespace hwf::staging
