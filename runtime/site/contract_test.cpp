// What every site promises, tried on each kind of them with the real things behind it (runtime/site/testing).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/site/testing/site_fixture.h"

namespace hwf::site {
namespace {

using runner::OutputSpec;
using runner::Start;
using runner::testing::Eventually;
using runner::testing::Mark;
using runner::testing::ProcessesWith;
using ::testing::HasSubstr;

// One world of each kind for all tests of a process: some take seconds to start.
class Worlds final : public ::testing::Environment {
 public:
  // Why there is none in `missing`.
  testing::World* Find(const testing::WorldKind& kind, std::string& missing) {
    Entry& entry = entries_[kind.name];
    if (!entry.world && entry.missing.empty()) {
      std::unique_ptr<testing::World> world = kind.make();
      entry.missing = world->missing();
      if (entry.missing.empty()) world->Up();
      if (entry.missing.empty()) entry.world = std::move(world);
    }
    missing = entry.missing;
    return entry.world.get();
  }
  void TearDown() override {
    for (auto& [name, entry] : entries_) {
      if (entry.world) entry.world->Down();
    }
    entries_.clear();
  }

 private:
  struct Entry {
    std::unique_ptr<testing::World> world;
    std::string missing;
  };
  std::map<std::string, Entry> entries_;
};
Worlds* const kWorlds = static_cast<Worlds*>(::testing::AddGlobalTestEnvironment(new Worlds));

class SiteContract : public testing::SiteFixture, public ::testing::WithParamInterface<testing::WorldKind> {
 protected:
  void SetUp() override {
    std::string missing;
    testing::World* const world = kWorlds->Find(GetParam(), missing);
    if (world == nullptr) GTEST_SKIP() << missing;
    RunIn(world);
  }
};

INSTANTIATE_TEST_SUITE_P(All, SiteContract, ::testing::ValuesIn(testing::AllWorlds()),
                         [](const auto& param_info) { return param_info.param.name; });

// ---------------------------------------------------------------- how a task ends

TEST_P(SiteContract, ExitStatusesAreExact) {
  std::vector<Start> starts;
  const std::vector<int> codes = {0, 1, 2, 42, 125, 126, 127, 128, 137, 255};
  for (const int code : codes) starts.push_back(Script(fmt::format("exit{}", code), fmt::format("exit {}", code)));
  site_->Submit(starts);
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == codes.size(); })) << recorder_.trouble_;
  for (const int code : codes) {
    const runner::Ended& ended = recorder_.ended_[fmt::format("exit{}", code)];
    EXPECT_EQ(ended.exit_code, code);
    EXPECT_EQ(ended.failure, code == 0 ? std::nullopt : std::optional(ir::Reason::kExit)) << code << ended.message;
  }
}

TEST_P(SiteContract, SignalsAreToldApartFromStatuses) {
  site_->Submit({Script("term", "kill -TERM $$"), Script("kill", "kill -KILL $$"), Script("segv", "kill -SEGV $$")});
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 3; })) << recorder_.trouble_;
  EXPECT_EQ(recorder_.ended_["term"].signal, SIGTERM);
  EXPECT_EQ(recorder_.ended_["kill"].signal, SIGKILL);
  EXPECT_EQ(recorder_.ended_["segv"].signal, SIGSEGV);
  for (const auto& [place, ended] : recorder_.ended_) EXPECT_EQ(ended.failure, ir::Reason::kSignal) << ended.message;
}

TEST_P(SiteContract, AMissingProgramIsStatus127AndNamed) {
  Start start = Script("absent", "");
  start.argv = {"no-such-program-here", "x"};
  const runner::Ended ended = RunOne(start);
  EXPECT_EQ(ended.exit_code, 127);
  EXPECT_THAT(ended.err + ended.message, HasSubstr("no-such-program-here"));
}

TEST_P(SiteContract, TimeLimitAndMemoryAreToldApart) {
  Start late = Script("late", "sleep 100");
  late.time_limit_ms = 700;
  Start large = Script("large", "exec python3 -c 'x = bytearray(400 << 20); import time; time.sleep(100)'");
  large.memory = int64_t{100} << 20;
  Start both = Script("deaf", "trap '' TERM; while true; do sleep 0.1; done");
  both.time_limit_ms = 500;
  site_->Submit({late, large, both});
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 3; })) << recorder_.trouble_;
  EXPECT_EQ(recorder_.ended_["late"].failure, ir::Reason::kTimeLimit) << recorder_.ended_["late"].message;
  EXPECT_EQ(recorder_.ended_["large"].failure, ir::Reason::kOom) << recorder_.ended_["large"].message;
  EXPECT_EQ(recorder_.ended_["deaf"].failure, ir::Reason::kTimeLimit) << recorder_.ended_["deaf"].message;
}

// ---------------------------------------------------------------- what a task gets and gives

TEST_P(SiteContract, ArgumentsAndEnvironmentAreExact) {
  const std::vector<std::string> odd = {
      "",   " a  b ", "x,y=z", "quote's \"two\" `three`", "new\nline\ttab", "$HOME", "\\ back", "ünï \xff\xfe",
      "-n", "*?[a]"};
  Start start = Script("odd", "");
  start.argv = {"python3", "-c",
                "import os, sys\n"
                "out = open('got', 'wb')\n"
                "out.write(b'\\0'.join(os.fsencode(a) for a in sys.argv[1:]) + b'\\n--\\n')\n"
                "out.write(b'\\0'.join(sorted(k + b'=' + v for k, v in os.environb.items())))\n"};
  start.argv.insert(start.argv.end(), odd.begin(), odd.end());
  for (size_t i = 0; i < odd.size(); ++i) start.env.emplace_back(fmt::format("ODD_{}", i), odd[i]);
  start.outputs = {{"got", OutputSpec::Kind::kFile, "got", false}};
  setenv("HWF_CONTRACT_LEAK", "of the engine's own", 1);
  const runner::Ended ended = RunOne(start);
  ASSERT_FALSE(ended.failure.has_value()) << ended.message;
  const std::string got = ReadFile(Directory("odd") + "/got");
  const std::string arguments = got.substr(0, got.find("\n--\n"));
  EXPECT_EQ(arguments, fmt::format("{}", fmt::join(odd, std::string(1, '\0'))));
  std::map<std::string, std::string> variables;
  std::istringstream text(got.substr(got.find("\n--\n") + 4));
  for (std::string entry; std::getline(text, entry, '\0');) {
    variables[entry.substr(0, entry.find('='))] = entry.substr(entry.find('=') + 1);
  }
  for (size_t i = 0; i < odd.size(); ++i) EXPECT_EQ(variables[fmt::format("ODD_{}", i)], odd[i]);
  EXPECT_EQ(variables["HWF_TASK_DIR"], start.directory);
  EXPECT_EQ(variables["PATH"], "/usr/bin:/bin");
  for (const auto& [name, value] : variables) {
    bool known = name.starts_with("ODD_") || name.starts_with("HWF_") || name.ends_with("_NUM_THREADS") ||
                 name == "PATH" || name == "LC_CTYPE";  // which python sets for itself
    for (const std::string& extra : world_->extra_variables()) known = known || name.starts_with(extra);
    EXPECT_TRUE(known) << name << "=" << value;
  }
  EXPECT_FALSE(variables.contains("HWF_CONTRACT_LEAK"));
}

TEST_P(SiteContract, OutputsOfAllKindsComeBack) {
  Start start =
      Script("made",
             "printf 'text\\n' > t.txt; echo '{\"a\": NaN}' > j.json; mkdir d; echo 1 > d/one; echo 2 > d/two; "
             "head -c 100000 /dev/zero > big; echo printed");
  start.outputs = {
      {"text", OutputSpec::Kind::kText, "t.txt", false},    {"json", OutputSpec::Kind::kJson, "j.json", false},
      {"dir", OutputSpec::Kind::kDir, "d", false},          {"big", OutputSpec::Kind::kFile, "big", false},
      {"glob", OutputSpec::Kind::kGlobFiles, "d/*", false}, {"out", OutputSpec::Kind::kStdoutText, "", false},
      {"none", OutputSpec::Kind::kFile, "absent", true}};
  const runner::Ended ended = RunOne(start);
  ASSERT_FALSE(ended.failure.has_value()) << ended.message;
  EXPECT_EQ(ended.outputs["text"].AsString(), "text");
  EXPECT_TRUE(ended.outputs["json"]["a"].is_double());
  EXPECT_EQ(ended.outputs["big"]["size"].AsInt(), 100'000);
  EXPECT_THAT(ended.outputs["big"]["digest"].AsString(), HasSubstr("b2:"));
  EXPECT_EQ(ended.outputs["glob"].AsArray().size(), 2u);
  EXPECT_EQ(ended.outputs["out"].AsString(), "printed");
  EXPECT_TRUE(ended.outputs["none"].is_null());
  EXPECT_EQ(ReadFile(ended.outputs["dir"]["path"].AsString() + "/two"), "2\n");
}

TEST_P(SiteContract, AMissingOutputFailsAndIsNamed) {
  Start start = Script("lacking", "echo words");
  start.outputs = {{"model", OutputSpec::Kind::kFile, "model.pt", false}};
  const runner::Ended ended = RunOne(start);
  EXPECT_EQ(ended.failure, ir::Reason::kOutput);
  EXPECT_THAT(ended.message, HasSubstr("model"));
}

TEST_P(SiteContract, LongStreamsAreFilesAndShortOnesAreInTheRecord) {
  const runner::Ended ended = RunOne(Script("noisy", "head -c 20000 /dev/zero | tr '\\0' x; echo short >&2"));
  EXPECT_EQ(ended.err, "short\n");
  EXPECT_EQ(ReadFile(Directory("noisy") + "/" + ended.out_file).size(), 20'000u);
}

TEST_P(SiteContract, CheckpointsComeOutAndMessagesGoInWhileItRuns) {
  Start start = Script("job",
                       "emit() { printf '{\"checkpoint\":\"epoch\",\"values\":{\"n\":%d}}' $1 > checkpoints/.$1; "
                       "mv checkpoints/.$1 checkpoints/$1.json; }\n"
                       "emit 1\n"
                       "while [ ! -e messages/000002.json ]; do sleep 0.02; done\n"
                       "emit 2\ncat messages/*.json");
  start.streams = {"epoch"};
  start.every_all = {"epoch"};
  start.accepts_messages = true;
  const auto body = [](int number) {
    return Json::Object().Set("number", number).Set("message", "halt").Set("fields", Json::Object());
  };
  start.messages = {body(1)};
  site_->Submit({start});
  ASSERT_TRUE(Until([&] { return recorder_.emitted_["job"].size() == 1; })) << recorder_.trouble_;
  EXPECT_FALSE(recorder_.ended_.contains("job"));
  site_->Deliver({"job", 1, 2, body(2)});
  ASSERT_TRUE(Ended("job"));
  EXPECT_EQ(recorder_.emitted_["job"].size(), 2u);
  EXPECT_EQ(recorder_.emitted_["job"][1].content["values"]["n"].AsInt(), 2);
  EXPECT_THAT(recorder_.ended_["job"].out, HasSubstr("\"number\":1"));
  EXPECT_GE(recorder_.placed_, 2);
}

TEST_P(SiteContract, SecretsReachTheTaskAndNoFileNorCommandLine) {
  const std::string secret = fmt::format("hush-{}-{}", Mark(), getpid());
  Start start = Script("secret", "printf %s \"$TOKEN\" | sha256sum; while [ ! -e go ]; do sleep 0.02; done");
  start.secrets = {{"TOKEN", secret}};
  site_->Submit({start});
  ASSERT_TRUE(Started("secret")) << recorder_.trouble_;
  EXPECT_TRUE(ProcessesWith(secret).empty());
  std::ofstream(Directory("secret") + "/go") << "";
  ASSERT_TRUE(Ended("secret"));
  const runner::Ended ended = recorder_.ended_["secret"];
  EXPECT_FALSE(ended.failure.has_value()) << ended.message;
  EXPECT_THAT(ended.out,
              HasSubstr(testing::RunProgram({"sh", "-c", "printf %s " + secret + " | sha256sum"}).substr(0, 64)));
  // The run's directory, and, of Slurm, the spool, state and logs of its daemons; of sshd its log.
  for (const std::string& directory : world_->directories()) {
    EXPECT_EQ(testing::RunProgram({"grep", "-rlasF", "--", secret, directory}, /*must_succeed=*/false), "");
  }
}

TEST_P(SiteContract, UsesAreSeenByTheirNames) {
  std::ofstream(world_->root() + "/lib.txt") << "lib";
  Start start = Script("uses", "cat lib.txt");
  start.links = {world_->root() + "/lib.txt"};
  EXPECT_EQ(RunOne(start).out, "lib");
}

// ---------------------------------------------------------------- cancelling

TEST_P(SiteContract, ACancelLeavesNothingAlive) {
  const std::string mark = Mark();
  site_->Submit(
      {Script("job", fmt::format("(setsid sleep {0} &) ; sleep {0} & trap '' TERM; touch up; wait; sleep {0}", mark))});
  ASSERT_TRUE(Started("job")) << recorder_.trouble_;
  ASSERT_TRUE(Until([&] { return ProcessesWith(mark).size() >= 2; }));
  site_->Cancel("job", 1);
  ASSERT_TRUE(Ended("job"));
  EXPECT_EQ(recorder_.ended_["job"].failure, ir::Reason::kCancelled) << recorder_.ended_["job"].message;
  EXPECT_TRUE(Eventually([&] { return ProcessesWith(mark).empty(); })) << "something of it lives";
}

TEST_P(SiteContract, WhatHasNotBegunIsCancelledAndNeverBegins) {
  Start wide = Script("wide", "sleep 60");
  wide.cpus = 2;
  std::vector<Start> starts = {wide};
  for (int i = 0; i < 3; ++i) {
    starts.push_back(Script(fmt::format("behind{}", i), fmt::format("touch '{}/ran{}'", "$HWF_TASK_DIR/../../..", i)));
    starts.back().cpus = 2;
  }
  site_->Submit(starts);
  for (int i = 0; i < 3; ++i) site_->Cancel(fmt::format("behind{}", i), 1);
  site_->Cancel("wide", 1);
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 4; })) << recorder_.trouble_;
  for (const auto& [place, ended] : recorder_.ended_) EXPECT_EQ(ended.failure, ir::Reason::kCancelled) << place;
}

TEST_P(SiteContract, ACancelOfWhatIsUnknownIsAnswered) {
  ASSERT_TRUE(Until([&] { return recorder_.caught_up_ > 0; })) << recorder_.trouble_;
  site_->Cancel("never", 1);
  ASSERT_TRUE(Ended("never"));
  EXPECT_EQ(recorder_.ended_["never"].failure, ir::Reason::kCancelled);
  site_->Submit({Script("never", "echo ran")});
  recorder_.ended_.clear();
  ASSERT_TRUE(Ended("never"));
  EXPECT_EQ(recorder_.ended_["never"].failure, ir::Reason::kCancelled);
}

// ---------------------------------------------------------------- engines and agents that die

TEST_P(SiteContract, ANewEngineAdoptsWhatRunsAndHearsOfItOnce) {
  site_->Submit({Script("a", "while [ ! -e go ]; do sleep 0.02; done; echo a"), Script("quick", "echo quick")});
  ASSERT_TRUE(Started("a")) << recorder_.trouble_;
  ASSERT_TRUE(Ended("quick"));
  const uint64_t offset = recorder_.offset_;
  site_.reset();  // the engine dies
  std::ofstream(world_->root() + "/tasks/a/1/go") << "";
  Open(2, offset);
  ASSERT_TRUE(Ended("a"));
  EXPECT_EQ(recorder_.ended_["a"].out, "a\n");
  // The engine lost its last records and submits again: it is answered, not executed.
  recorder_.ended_.clear();
  site_->Submit({Script("a", "echo again")});
  ASSERT_TRUE(Ended("a"));
  EXPECT_EQ(recorder_.ended_["a"].out, "a\n");
}

TEST_P(SiteContract, AnOldEngineIsSuperseded) {
  Open(2);
  ASSERT_TRUE(Until([&] { return recorder_.caught_up_ >= 1; }));
  testing::Recorder other;
  auto old = world_->MakeSite(other);
  old->Adopt(1, 0);
  ASSERT_TRUE(Eventually([&] {
    old->Poll();
    site_->Poll();
    return other.superseded_ == 2;
  }));
  EXPECT_EQ(other.caught_up_, 0);
}

TEST_P(SiteContract, ADeadAgentIsReplacedAndNothingRunsTwice) {
  const std::string side = world_->root() + "/side";
  const std::string note = "printf x >> \"$HWF_TASK_DIR/../../../side\"; ";
  site_->Submit({Script("long", note + "while [ ! -e go ]; do sleep 0.02; done; echo long")});
  ASSERT_TRUE(Started("long")) << recorder_.trouble_;
  ASSERT_TRUE(Eventually([&] { return ReadFile(side) == "x"; }));
  KillAgents();
  site_->Submit({Script("next", note + "echo next")});
  std::ofstream(world_->root() + "/tasks/long/1/go") << "";
  ASSERT_TRUE(Ended("long")) << recorder_.trouble_;
  ASSERT_TRUE(Ended("next"));
  EXPECT_EQ(recorder_.ended_["next"].out, "next\n");
  if (world_->outlives_agent()) {
    EXPECT_FALSE(recorder_.ended_["long"].failure.has_value()) << recorder_.ended_["long"].message;
  } else {
    EXPECT_EQ(recorder_.ended_["long"].failure, ir::Reason::kNodeFail);
  }
  EXPECT_EQ(ReadFile(side), "xx") << "each ran once";
}

// Killed again and again while starts, ends and cancels are under way.
TEST_P(SiteContract, AgentsMayDieAtAnyTime) {
  const std::string note = "printf \"$HWF_PLACE \" >> \"$HWF_TASK_DIR/../../../side\"; ";
  std::vector<Start> starts;
  for (int i = 0; i < 12; ++i) starts.push_back(Script(fmt::format("t{}", i), note + "sleep 0.2; echo $HWF_PLACE"));
  site_->Submit(starts);
  int kills = 0;
  int64_t next = platform::RealClock().MonotonicMs() + 60;
  ASSERT_TRUE(Until(
      [&] {
        if (kills < 8 && platform::RealClock().MonotonicMs() >= next) {
          for (const pid_t agent : world_->Agents()) kill(agent, SIGKILL);
          next = platform::RealClock().MonotonicMs() + 60 + 37 * ++kills;
        }
        return recorder_.ended_.size() == starts.size();
      },
      100'000))
      << recorder_.trouble_ << recorder_.ended_.size();
  const std::string side = ReadFile(world_->root() + "/side");
  for (int i = 0; i < 12; ++i) {
    const std::string name = fmt::format("t{} ", i);
    EXPECT_EQ(side.find(name), side.rfind(name)) << name << "ran twice: " << side;
    const runner::Ended& ended = recorder_.ended_[fmt::format("t{}", i)];
    if (world_->outlives_agent()) {
      EXPECT_FALSE(ended.failure.has_value()) << i << ended.message;
      EXPECT_EQ(ended.out, fmt::format("t{}\n", i));
    } else {
      EXPECT_TRUE(!ended.failure || *ended.failure == ir::Reason::kNodeFail) << i << ended.message;
    }
  }
}

TEST_P(SiteContract, TheSameStartTwiceRunsOnce) {
  const Start start = Script("once", "printf x >> \"$HWF_TASK_DIR/../../../side\"; sleep 0.3");
  site_->Submit({start});
  site_->Submit({start});
  site_.reset();
  Open(2, 0);
  site_->Submit({start});
  ASSERT_TRUE(Ended("once")) << recorder_.trouble_;
  EXPECT_EQ(ReadFile(world_->root() + "/side"), "x");
}

TEST_P(SiteContract, ManyTasksEndOnceEach) {
  std::vector<Start> starts;
  for (int i = 0; i < 40; ++i) starts.push_back(Script(fmt::format("n{}", i), fmt::format("echo {}", i)));
  site_->Submit(starts);
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == starts.size(); }, 100'000)) << recorder_.trouble_;
  for (int i = 0; i < 40; ++i) {
    const runner::Ended& ended = recorder_.ended_[fmt::format("n{}", i)];
    EXPECT_EQ(ended.out, fmt::format("{}\n", i)) << ended.message;
  }
}

}  // namespace
}  // namespace hwf::site
