// An engine's end of a site in a world, for tests: opening, waiting, starting scripts.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "runtime/platform/clock.h"
#include "runtime/runner/testing/runner_harness.h"
#include "runtime/site/testing/site_world.h"

namespace hwf::site::testing {

class SiteFixture : public ::testing::Test {
 protected:
  // A world of the test's own. Skips where it cannot be had.
  void UpWith(std::unique_ptr<World> world) {
    if (const std::string missing = world->missing(); !missing.empty()) GTEST_SKIP() << missing;
    world->Up();
    own_ = std::move(world);
    RunIn(own_.get());
  }
  // A new run in a world that is up.
  void RunIn(World* world) {
    world_ = world;
    world_->NewRun();
    Open();
  }
  void TearDown() override {
    if (site_) site_->Finish();
    site_.reset();
    if (own_) own_->Down();
    own_.reset();
  }
  void Open(int64_t epoch = 1, uint64_t offset = 0) {
    site_ = world_->MakeSite(recorder_);
    site_->Adopt(epoch, offset);
    // Where attempts lie at a distant site is known once it was reached.
    ASSERT_TRUE(Until([&] { return !site_->root().empty(); })) << recorder_.trouble_;
  }
  template <typename Condition>
  bool Until(const Condition& condition, int64_t timeout_ms = 45'000) {
    const int64_t deadline = platform::RealClock().MonotonicMs() + timeout_ms;
    while (!condition()) {
      const int64_t left = deadline - platform::RealClock().MonotonicMs();
      if (left <= 0) return false;
      const int wait = site_->Poll();
      if (condition()) return true;
      pollfd ready{site_->fd(), POLLIN, 0};
      poll(&ready, 1, static_cast<int>(std::min<int64_t>(wait < 0 ? 20 : wait, std::min<int64_t>(left, 20))));
    }
    return true;
  }
  runner::Start Script(const std::string& place, const std::string& script) {
    runner::Start start;
    start.place = place;
    start.directory = Directory(place);
    start.argv = {"bash"};
    start.script = script;
    start.env = {{"PATH", "/usr/bin:/bin"}};
    return start;
  }
  std::string Directory(const std::string& place) { return fmt::format("{}/tasks/{}/1", site_->root(), place); }
  bool Ended(const std::string& place) {
    return Until([&] { return recorder_.ended_.contains(place); });
  }
  bool Started(const std::string& place) {
    return Until([&] { return recorder_.started_.contains(place); });
  }
  runner::Ended RunOne(const runner::Start& start) {
    site_->Submit({start});
    EXPECT_TRUE(Ended(start.place)) << start.place << " " << recorder_.trouble_ << recorder_.waiting_[start.place];
    return recorder_.ended_[start.place];
  }
  std::string ReadFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  void KillAgents() {
    const std::vector<pid_t> agents = world_->Agents();
    EXPECT_FALSE(agents.empty());
    for (const pid_t agent : agents) kill(agent, SIGKILL);
    EXPECT_TRUE(runner::testing::Eventually([&] { return world_->Agents().empty(); }));
  }

  std::unique_ptr<World> own_;
  World* world_ = nullptr;
  Recorder recorder_;
  std::unique_ptr<Site> site_;
};

}  // namespace hwf::site::testing
