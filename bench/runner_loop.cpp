// What hwf-runner alone costs: submits COUNT times `true N` with two slots through the engine's own local site, without
// an engine, journal or program around it, and waits for all ends. usage: runner_loop COUNT DIRECTORY [RUNNER] prints
// seconds, from before the runner's start to the last end
#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "runtime/site/site.h"

namespace {

using namespace hwf;

class Counter final : public site::Listener {
 public:
  void OnReport(const std::string& /*site*/, runner::Report report, uint64_t /*offset*/) override {
    const auto* ended = std::get_if<runner::Ended>(&report);
    if (ended == nullptr) return;
    ++ended_;
    if (ended->failure) failed_ = ended->message;
  }
  void OnCaughtUp(const std::string& /*site*/) override {}
  void OnTrouble(const std::string& /*site*/, const std::string& why) override {
    if (!why.empty()) failed_ = why;
  }
  void OnFailed(const std::string& /*site*/, const std::string& why) override { failed_ = why; }
  void OnSuperseded(const std::string& /*site*/, int64_t /*epoch*/) override { failed_ = "superseded"; }

  int ended() const { return ended_; }
  const std::string& failed() const { return failed_; }

 private:
  int ended_ = 0;
  std::string failed_;
};

std::vector<runner::Start> MakeStarts(int count, const std::string& directory) {
  std::vector<runner::Start> starts;
  starts.reserve(count);
  for (int i = 0; i < count; ++i) {
    runner::Start start;
    start.place = fmt::format("all.{}.o", i);
    start.directory = fmt::format("{}/tasks/{}/1", directory, start.place);
    start.argv = {"true", std::to_string(i)};
    start.env = {{"PATH", "/usr/bin:/bin"}};
    start.outputs = {{"text", runner::OutputSpec::Kind::kStdoutText, "", false}};
    starts.push_back(std::move(start));
  }
  return starts;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    fmt::print(stderr, "usage: runner_loop COUNT DIRECTORY [RUNNER]\n");
    return 2;
  }
  const int count = std::atoi(argv[1]);
  site::LocalOptions options;
  options.run_directory = argv[2];
  options.cpus = 2;
  if (argc == 4) options.runner = argv[3];
  for (const char* part : {"/runner", "/tasks"}) mkdir((options.run_directory + part).c_str(), 0700);

  const auto begin = std::chrono::steady_clock::now();
  Counter counter;
  std::unique_ptr<site::Site> site = site::MakeLocalSite(options, counter);
  site->Adopt(1, 0);
  site->Submit(MakeStarts(count, options.run_directory));
  while (counter.ended() < count) {
    const int wait = site->Poll();
    if (!counter.failed().empty()) {
      fmt::print(stderr, "runner_loop: {}\n", counter.failed());
      return 3;
    }
    if (counter.ended() == count) break;
    pollfd waited{site->fd(), POLLIN, 0};
    poll(&waited, 1, wait);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  site->Finish();
  site->Poll();
  fmt::print("{:.4f}\n", seconds.count());
  return 0;
}
