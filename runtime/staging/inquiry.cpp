#include "runtime/staging/inquiry.h"

#include <utility>

#include "runtime/platform/ids.h"
#include "runtime/ssh/ssh_trouble.h"
#include "runtime/staging/limits.h"

namespace hwf::staging {
namespace {

constexpr int64_t kLongestMs = 3'600'000;  // of looking at all of them
constexpr int kSshFailed = 255;

}  // namespace

Inquiry::Inquiry(std::string verb, std::string directory, std::vector<Content> contents, Store at)
    : verb_(std::move(verb)),
      directory_(std::move(directory)),
      at_(std::move(at)),
      marker_("hwf-" + platform::NewId()),
      contents_(std::move(contents)) {
  Begin();
}

void Inquiry::Begin() {
  platform::SpawnOptions options;
  options.argv = StoreCall(at_, marker_, verb_, directory_, contents_);
  options.inherit_env = true;
  options.env = {{"LC_ALL", "C.UTF-8"}};
  auto command = platform::Command::Start(options, "", {kLongestMs, kMaxOut});
  if (command.ok()) {
    command_ = *std::move(command);
  } else {
    result_.emplace(contents_.size());
  }
}

void Inquiry::OnEnded(const platform::CommandResult& result) {
  const std::vector<std::string> words = StoreWords(result.out, marker_, contents_.size());
  const bool link = words.empty() && (!result.exit_code || result.exit_code == kSshFailed) && !result.timed_out;
  if (link) {
    trouble_ = ssh::ExplainSsh(result.err, at_.site, at_.host ? at_.host->name() : "").why;
    return pause_.Begin();
  }
  result_ = words.empty() ? std::vector<std::string>(contents_.size()) : words;
}

std::optional<std::vector<std::string>> Inquiry::Poll() {
  if (!command_ && !result_ && pause_.over()) Begin();
  if (command_) {
    if (const std::optional<platform::CommandResult> ended = command_->Poll()) {
      command_.reset();
      OnEnded(*ended);
    }
  }
  return std::exchange(result_, std::nullopt);
}

int Inquiry::Wait() const {
  if (result_) return 0;
  if (!command_) return pause_.left();
  return static_cast<int>(std::max<int64_t>(0, command_->deadline_ms() - platform::RealClock().MonotonicMs()));
}

}  // namespace hwf::staging
