// The runner's own life: engines that come and go, its death, messages, emissions.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/platform/process.h"
#include "runtime/runner/process_tree.h"
#include "runtime/runner/testing/runner_harness.h"

namespace hwf::runner {
namespace {

using ir::Reason;
using testing::Eventually;
using ::testing::HasSubstr;
using testing::Mark;
using testing::NowMs;
using testing::ProcessesWith;
using testing::RunnerHarness;

class RunnerLife : public ::testing::Test {
 protected:
  void Up(const std::vector<std::string>& options = {}) {
    std::vector<std::string> all = {"--kill-grace-ms", "300"};
    all.insert(all.end(), options.begin(), options.end());
    harness_.Launch(all);
    harness_.Connect();
    harness_.Wait<CaughtUp>();
  }
  Start Job(const std::string& script) {
    Start start = harness_.Script("job", script);
    start.streams = {"epoch", "all"};
    start.every_all = {"all"};
    start.accepts_messages = true;
    return start;
  }
  RunnerHarness harness_{HWF_RUNNER_PROGRAM};
};

// Two machines share the directory, as login nodes do: a socket of the one is none of the other's.
TEST_F(RunnerLife, ARunnerOnAnotherMachineIsNamed) {
  Up();
  ASSERT_EQ(unlink((harness_.directory() + "/runner/sock").c_str()), 0);
  platform::SpawnOptions other;
  other.argv = {"unshare", "-r",
                "--uts",   "sh",
                "-c",      "hostname login2 && exec \"$@\"",
                "sh",      HWF_RUNNER_PROGRAM,
                "--run",   harness_.directory()};
  other.inherit_env = true;
  const auto finished = platform::RunToEnd(other, "", {.timeout_ms = 30'000});
  ASSERT_TRUE(finished.ok());
  EXPECT_EQ(finished->exit_code, 3);
  EXPECT_THAT(finished->output, HasSubstr(fmt::format("lives on {}, and this is login2", platform::HostName())));
}

TEST_F(RunnerLife, TheNextRunnerKnowsTheLastEngine) {
  Up();
  harness_.Disconnect();
  harness_.Connect(5);
  harness_.Wait<CaughtUp>();
  harness_.KillRunner();
  harness_.ForgetReceived();
  harness_.Launch();
  harness_.Connect(3);
  EXPECT_EQ(harness_.Wait<Superseded>().epoch, 5);
}

TEST_F(RunnerLife, TheEngineMayGoAndComeBack) {
  Up();
  harness_.Send(harness_.Script("a", "echo a"));
  harness_.WaitEnded("a");
  const uint64_t offset = harness_.offset();
  Start slow = harness_.Script("b", "while [ ! -e go ]; do sleep 0.01; done; echo b");
  harness_.Send(slow);
  harness_.WaitOf<Started>("b");
  harness_.Disconnect();
  std::ofstream(slow.directory + "/go") << "";
  harness_.ForgetReceived();
  harness_.Connect(2, offset);
  EXPECT_EQ(harness_.WaitEnded("b").out, "b\n");
  harness_.Wait<CaughtUp>();
  EXPECT_EQ(harness_.All<Claimed>().size(), 1u) << "only what lies behind the offset, once";
  EXPECT_EQ(harness_.All<Ended>().size(), 1u);
}

TEST_F(RunnerLife, EverythingIsReplayedFromTheBeginning) {
  Up();
  for (int i = 0; i < 5; ++i) harness_.Run(harness_.Script(fmt::format("t{}", i), "true"));
  harness_.Disconnect();
  harness_.ForgetReceived();
  harness_.Connect(1, 0);
  harness_.Wait<CaughtUp>();
  EXPECT_EQ(harness_.All<Claimed>().size(), 5u);
  EXPECT_EQ(harness_.All<Ended>().size(), 5u);
  uint64_t last = 0;
  for (const Envelope& envelope : harness_.received()) {
    if (envelope.end == 0) continue;
    EXPECT_GT(envelope.end, last);
    last = envelope.end;
  }
}

TEST_F(RunnerLife, ALongLogIsReplayedToItsEnd) {
  Up();
  for (int i = 0; i < 3; ++i) {
    Start start = harness_.Script(fmt::format("t{}", i), "head -c 2000000 /dev/zero | tr '\\0' x > text");
    start.outputs = {{"text", OutputSpec::Kind::kText, "text", false}};
    EXPECT_EQ(harness_.Run(start).outputs["text"].AsString().size(), 2'000'000u);
  }
  harness_.Disconnect();
  harness_.ForgetReceived();
  harness_.Connect(1, 0);
  harness_.Wait<CaughtUp>();
  EXPECT_EQ(harness_.All<Ended>().size(), 3u);
}

TEST_F(RunnerLife, AnOlderEngineIsRefusedANewerTakesOver) {
  Up();
  harness_.Connect(5);
  harness_.Wait<CaughtUp>();
  RunnerHarness* one = &harness_;
  one->ForgetReceived();
  one->Connect(4);
  EXPECT_EQ(one->Wait<Superseded>().epoch, 5);
  one->Connect(5);
  one->Wait<CaughtUp>();
}

TEST_F(RunnerLife, TheSameStartIsNeverExecutedTwice) {
  Up();
  const std::string counter = harness_.directory() + "/count";
  const Start start = harness_.Script("once", "echo x >> " + counter);
  harness_.Run(start);
  harness_.ForgetReceived();
  harness_.Send(start);
  EXPECT_EQ(harness_.WaitEnded("once").exit_code, 0) << "answered from the log";
  harness_.KillRunner();
  harness_.ForgetReceived();
  Up();
  harness_.Send(start);
  harness_.Run(harness_.Script("other", "true"));
  EXPECT_EQ(harness_.ReadFile(counter), "x\n");
}

TEST_F(RunnerLife, ARunnerThatDiedLosesItsTasksAndNothingLivesOn) {
  Up();
  const std::string counter = harness_.directory() + "/count";
  Start start = Job(fmt::format(R"(
    echo x >> {1}; echo some output
    printf '{{"checkpoint":"epoch","values":{{"n":7}}}}' > e.tmp; mv e.tmp checkpoints/7.json.wait
    (setsid sleep {0} &); touch ready; sleep {0})",
                                Mark(), counter));
  harness_.Send(start);
  harness_.Send(harness_.Script("done", "echo done"));
  harness_.WaitEnded("done");
  ASSERT_TRUE(Eventually(
      [&] { return std::filesystem::exists(start.directory + "/ready") && ProcessesWith(Mark()).size() == 2; }));
  harness_.KillRunner();
  EXPECT_EQ(ProcessesWith(Mark()).size(), 2u);
  // Emitted after the runner's death.
  std::filesystem::rename(start.directory + "/checkpoints/7.json.wait", start.directory + "/checkpoints/7.json");
  harness_.ForgetReceived();
  Up();
  const Ended ended = harness_.WaitEnded("job");
  EXPECT_EQ(ended.failure, Reason::kNodeFail);
  EXPECT_THAT(ended.message, HasSubstr("the runner died"));
  EXPECT_TRUE(ProcessesWith(Mark()).empty());
  EXPECT_EQ(harness_.ReadFile(start.directory + "/stdout"), "some output\n");
  const auto emitted = harness_.All<Emitted>();
  ASSERT_EQ(emitted.size(), 1u);
  EXPECT_EQ(emitted[0].content["values"]["n"].AsInt(), 7);
  harness_.Send(start);
  harness_.Run(harness_.Script("later", "true"));
  EXPECT_EQ(harness_.ReadFile(counter), "x\n") << "executed once";
}

TEST_F(RunnerLife, WhatClearedItsEnvironmentDiesWithALostAttempt) {
  Up({"--stray-grace-ms", "60000"});
  harness_.Send(harness_.Script("job", fmt::format("env -i bash -c 'while sleep {}; do :; done' &", Mark())));
  const auto main = static_cast<pid_t>(harness_.WaitOf<Started>("job").pid);
  ASSERT_TRUE(Eventually([&] { return !StartedAtBootMs(main) && ProcessesWith(Mark()).size() == 2; }));
  harness_.KillRunner();
  harness_.ForgetReceived();
  Up();
  EXPECT_EQ(harness_.WaitEnded("job").failure, Reason::kNodeFail);
  EXPECT_TRUE(ProcessesWith(Mark()).empty());
}

TEST_F(RunnerLife, MemoryCountsAfterTheMainProcess) {
  Up({"--stray-grace-ms", "60000"});
  Start start = harness_.Script("oom", "python3 -c 'x = bytearray(120*1024*1024); import time; time.sleep(60)' &");
  start.memory = int64_t{50} << 20;
  const Ended ended = harness_.Run(start);
  EXPECT_EQ(ended.failure, Reason::kOom) << ended.message;
  EXPECT_GT(ended.usage.max_rss, int64_t{50} << 20);
}

TEST_F(RunnerLife, ItEndsWhenTheRunIsOver) {
  Up();
  harness_.Run(harness_.Script("a", "true"));
  harness_.Send(Finish{});
  harness_.Disconnect();
  EXPECT_EQ(harness_.WaitForExit(), 0);
  EXPECT_FALSE(std::filesystem::exists(harness_.directory() + "/runner/sock"));
}

TEST_F(RunnerLife, ItDoesNotStayForEver) {
  Up({"--idle-exit-ms", "100"});
  harness_.Send(harness_.Script("a", "sleep 0.4; touch " + harness_.directory() + "/finished"));
  harness_.WaitOf<Started>("a");
  harness_.Disconnect();
  EXPECT_EQ(harness_.WaitForExit(), 0);
  EXPECT_TRUE(std::filesystem::exists(harness_.directory() + "/finished")) << "it waits for what runs";
}

TEST_F(RunnerLife, OneRunnerARun) {
  Up();
  const pid_t first = harness_.pid();
  harness_.Launch();
  EXPECT_EQ(harness_.WaitForExit(), 0);
  EXPECT_EQ(kill(first, SIGTERM), 0);
  EXPECT_TRUE(Eventually([&] { return !StartedAtBootMs(first); }));
}

TEST_F(RunnerLife, NonsenseOnTheSocketHarmsNobody) {
  Up();
  RunnerHarness* one = &harness_;
  for (const char* text :
       {"", "{", "[]", "{\"kind\":\"start\"}", "{\"kind\":\"hello\",\"epoch\":-1,\"log_offset\":0}"}) {
    one->SendText(text);
    EXPECT_NE(one->Wait<Held>().why, "");
    one->Connect();
    one->Wait<CaughtUp>();
  }
  EXPECT_EQ(one->Run(one->Script("fine", "echo fine")).out, "fine\n");
}

TEST_F(RunnerLife, Messages) {
  Up();
  auto body = [](int64_t number) {
    return Json::Object().Set("number", number).Set("message", "retune").Set("fields", Json::Object().Set("rate", 0.5));
  };
  Start start = Job(R"(
    for i in 1 2 3; do
      f=messages/00000$i.json; while [ ! -e $f ]; do sleep 0.01; done; cat $f; mv $f messages/taken/
    done)");
  start.messages = {body(1)};
  harness_.Send(start);
  harness_.WaitOf<Started>("job");
  for (int64_t number : {2, 2, 3}) harness_.Send(Message{"job", 1, number, body(number)});
  const Ended ended = harness_.WaitEnded("job");
  EXPECT_EQ(ended.out, body(1).Dump() + "\n" + body(2).Dump() + "\n" + body(3).Dump() + "\n");
  const auto placed = harness_.All<MessagePlaced>();
  EXPECT_EQ(placed.size(), 4u);
}

TEST_F(RunnerLife, GoodEmissions) {
  Up();
  Start start = Job(R"(
    mkdir checkpoints/files
    for i in 1 2 3; do
      printf "weights $i" > checkpoints/files/w$i.pt
      printf '{"checkpoint":"all","values":{"n":%d,"loss":NaN,"weights":{"file":"files/w%d.pt"}},"taken":%d}' $i $i $i > checkpoints/.$i
      mv checkpoints/.$i checkpoints/$i.json
    done)");
  harness_.Send(start);
  harness_.WaitEnded("job");
  const auto emitted = harness_.All<Emitted>();
  ASSERT_EQ(emitted.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    const Json& content = emitted[i].content;
    EXPECT_EQ(emitted[i].file, fmt::format("{}.json", i + 1));
    EXPECT_EQ(content["checkpoint"].AsString(), "all");
    EXPECT_EQ(content["taken"].AsInt(), static_cast<int64_t>(i + 1));
    const Json& weights = content["values"]["weights"];
    EXPECT_EQ(weights["path"].AsString(), fmt::format("{}/checkpoints/files/w{}.pt", start.directory, i + 1));
    EXPECT_EQ(weights["size"].AsInt(), 9);
    EXPECT_TRUE(std::filesystem::exists(weights["path"].AsString()));
    EXPECT_FALSE(std::filesystem::exists(fmt::format("{}/checkpoints/{}.json", start.directory, i + 1)));
  }
  EXPECT_TRUE(harness_.All<EmissionBad>().empty());
}

TEST_F(RunnerLife, AnEmissionArrivesWhileTheTaskRuns) {
  Up();
  Start start = Job(R"(
    printf '{"checkpoint":"epoch","values":{}}' > checkpoints/.a; mv checkpoints/.a checkpoints/a.json
    while [ ! -e go ]; do sleep 0.01; done)");
  harness_.Send(start);
  const int64_t begin = NowMs();
  harness_.WaitOf<Emitted>("job");
  EXPECT_LT(NowMs() - begin, 5000);
  EXPECT_TRUE(harness_.All<Ended>().empty());
  std::ofstream(start.directory + "/go") << "";
  harness_.WaitEnded("job");
}

TEST_F(RunnerLife, HostileEmissionsAreRefusedOneByOne) {
  const struct {
    const char* script;
    const char* why;
  } cases[] = {
      {"printf '{\"checkpoint\":' > checkpoints/a.json", "not valid JSON"},
      {"printf '[]' > checkpoints/a.json", "not a JSON object"},
      {"printf '{\"checkpoint\":\"epoch\",\"values\":3}' > checkpoints/a.json", "`values`"},
      {"printf '{\"checkpoint\":7,\"values\":{}}' > checkpoints/a.json", "`checkpoint`"},
      {"printf '{\"checkpoint\":\"other\",\"values\":{}}' > checkpoints/a.json", "declares no checkpoint"},
      {"printf '{\"checkpoint\":\"epoch\",\"values\":{},\"x\":1}' > checkpoints/a.json", "not known"},
      {"printf '{\"checkpoint\":\"epoch\",\"values\":{},\"taken\":-1}' > checkpoints/a.json", "`taken`"},
      {"head -c 70000 /dev/zero > checkpoints/a.json", "more than"},
      {"head -c 60000 /dev/zero | tr '\\0' '[' > checkpoints/a.json", "not valid JSON"},
      {"ln -s /etc/passwd checkpoints/a.json", "not a regular file"},
      {"mkfifo checkpoints/a.json", "not a regular file"},
      {"mkdir checkpoints/a.json", "not a regular file"},
      {"printf '{}' > x; ln x checkpoints/a.json", "hard link"},
      {"printf '{\"checkpoint\":\"epoch\",\"values\":{\"w\":{\"file\":\"../../secret\"}}}' > checkpoints/a.json",
       "plain path"},
      {"printf '{\"checkpoint\":\"epoch\",\"values\":{\"w\":{\"file\":\"/etc/passwd\"}}}' > checkpoints/a.json",
       "plain path"},
      {"ln -s /etc/passwd checkpoints/w; printf '{\"checkpoint\":\"epoch\",\"values\":{\"w\":{\"file\":\"w\"}}}' > "
       "checkpoints/a.json",
       "opening `w`"},
      {"ln -s /etc checkpoints/d; printf '{\"checkpoint\":\"epoch\",\"values\":{\"w\":{\"file\":\"d/passwd\"}}}' > "
       "checkpoints/a.json",
       "opening `d/passwd`"},
      {"mkfifo checkpoints/w; printf '{\"checkpoint\":\"epoch\",\"values\":{\"w\":{\"file\":\"w\"}}}' > "
       "checkpoints/a.json",
       "not a regular file"},
  };
  Up();
  int attempt = 0;
  for (const auto& one : cases) {
    Start start = Job(one.script);
    start.attempt = ++attempt;
    start.directory = harness_.TaskDirectory("job", attempt);
    harness_.Send(start);
    const Ended ended = harness_.WaitEnded("job", attempt);
    EXPECT_FALSE(ended.failure) << ended.message;
    EXPECT_THAT(harness_.WaitOf<EmissionBad>("job", attempt, 2000).why, HasSubstr(one.why)) << one.script;
  }
  EXPECT_TRUE(harness_.All<Emitted>().empty());
  EXPECT_EQ(harness_.All<EmissionBad>().size(), std::size(cases));
}

TEST_F(RunnerLife, AFloodIsCoalescedAndTheNewestKept) {
  Up();
  Start start = harness_.Command("job", {"python3", "-c", R"(
import os, time
begin = time.time()
for i in range(3000):
    with open('checkpoints/.t', 'w') as f: f.write('{"checkpoint":"epoch","values":{"n":%d}}' % i)
    os.rename('checkpoints/.t', 'checkpoints/%06d.json' % i)
print(time.time() - begin)
)"});
  start.streams = {"epoch"};
  harness_.Send(start);
  const Ended ended = harness_.WaitEnded("job");
  ASSERT_FALSE(ended.failure) << ended.message;
  const auto emitted = harness_.All<Emitted>();
  const double seconds = std::stod(ended.out);
  EXPECT_LE(static_cast<double>(emitted.size()), 5 * seconds + 3);
  ASSERT_FALSE(emitted.empty());
  int64_t counted = 0, before = -1;
  for (const Emitted& one : emitted) {
    counted += 1 + one.dropped;
    EXPECT_GT(one.content["values"]["n"].AsInt(), before);
    before = one.content["values"]["n"].AsInt();
  }
  EXPECT_EQ(before, 2999) << "the newest is kept";
  EXPECT_EQ(counted, 3000);
  EXPECT_FALSE(std::filesystem::exists(start.directory)) << "all taken away";
}

// More than one scan takes, in the last moment of the task.
TEST_F(RunnerLife, EveryAllKeepsThemAll) {
  Up();
  Start start = Job(R"(python3 -c "
import os
os.mkdir('beside')
for i in range(5000):
    with open('beside/%d.json' % i, 'w') as f: f.write('{\"checkpoint\":\"all\",\"values\":{\"n\":%d}}' % i)
for i in range(5000): os.rename('beside/%d.json' % i, 'checkpoints/%d.json' % i)
")");
  harness_.Send(start);
  const Ended ended = harness_.WaitEnded("job", 1, 100'000);
  EXPECT_FALSE(ended.failure) << ended.message;
  EXPECT_EQ(harness_.All<Emitted>().size(), 5000u);
}

TEST_F(RunnerLife, TermEndsTheRunnerAndItsTasks) {
  Up();
  harness_.Send(harness_.Script("job", fmt::format("sleep {}", Mark())));
  harness_.WaitOf<Started>("job");
  kill(harness_.pid(), SIGTERM);
  EXPECT_EQ(harness_.WaitEnded("job").failure, Reason::kPreempted);
  EXPECT_TRUE(ProcessesWith(Mark()).empty());
  EXPECT_EQ(harness_.WaitForExit(), 0);
}

}  // namespace
}  // namespace hwf::runner
