// Tests of containers, over every engine, against real ones: tests/support/containers/engines.py starts them and says
// where things are. What is not there is skipped by name.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/container/engine.h"
#include "runtime/platform/process.h"
#include "runtime/runner/testing/runner_harness.h"

namespace hwf::runner::testing {

inline std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

class BoxesTest : public ::testing::TestWithParam<container::EngineKind> {
 protected:
  void SetUp() override {
    const std::string name = container::ToString(GetParam()), without = "; " + Variable("HWF_TEST_WITHOUT");
    const size_t at = without.find("; " + name + ": ");
    if (at != std::string::npos) GTEST_SKIP() << without.substr(at + 2, without.find("; ", at + 2) - at - 2);
    Launch(runner_);
    runner_.Connect();
  }

  static void Launch(RunnerHarness& runner, std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--containers", container::ToString(GetParam()), "--kill-grace-ms", "2000",
                                   "--stray-grace-ms", "300"});
    runner.Launch(options);
  }

  static std::string Made(const std::string& name) { return Variable("HWF_TEST_IMAGES") + "/" + name; }
  static std::string Usual() { return "docker-archive:" + Made("image.tar"); }

  // The environment is what a task of an image has: nothing of this machine.
  static Start InBox(Start start, const std::string& image = Usual()) {
    start.image = image;
    start.env = {{"HWF_RUN", "test"}};
    return start;
  }
  Ended RunScript(const std::string& place, const std::string& script) {
    runner_.Send(InBox(runner_.Script(place, script)));
    return runner_.WaitEnded(place, 1, 90'000);
  }
  Ended RunStart(const Start& start) {
    runner_.Send(start);
    return runner_.WaitEnded(start.place, start.attempt, 90'000);
  }

  std::string Write(const std::string& name, const std::string& text) const {
    std::string path = runner_.directory() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  bool Exists(const std::string& path) const { return access(path.c_str(), F_OK) == 0; }

  // What the engine itself says.
  static std::vector<std::string> Containers() {
    std::vector<std::string> argv{container::ToString(GetParam()), "ps", "--all", "--quiet", "--filter", "label=hwf"};
    if (container::MakeEngine(GetParam())->owns_processes()) return {};
    platform::SpawnOptions options;
    options.argv = argv;
    options.inherit_env = true;
    const auto listed = platform::RunToEnd(options, "", {.timeout_ms = 30'000});
    std::vector<std::string> lines;
    std::istringstream text(listed.ok() ? listed->output : "?");
    for (std::string line; std::getline(text, line);) {
      if (line.size() >= 12 && line.find(' ') == std::string::npos) lines.push_back(line);  // not a warning
    }
    return lines;
  }
  // Nothing lives that has `Mark()` on its command line, and the engine knows of no container.
  static bool NothingLeft() {
    return Eventually([] { return ProcessesWith(Mark()).empty() && Containers().empty(); }, 10'000);
  }

  RunnerHarness runner_{HWF_RUNNER_PROGRAM};
};

inline std::string EngineName(const ::testing::TestParamInfo<container::EngineKind>& info) {
  return container::ToString(info.param);
}

}  // namespace hwf::runner::testing
