// Tasks through the real hwf-runner: how they end, what they are given and what they leave.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/runner/testing/runner_harness.h"

namespace hwf::runner {
namespace {

using ir::Reason;
using testing::Eventually;
using ::testing::HasSubstr;
using testing::Mark;
using testing::ProcessesWith;
using testing::RunnerHarness;

class RunnerTask : public ::testing::Test {
 protected:
  void SetUp() override {
    harness_.Launch({"--kill-grace-ms", "300", "--stray-grace-ms", "200"});
    harness_.Connect();
    harness_.Wait<CaughtUp>();
  }
  RunnerHarness harness_{HWF_RUNNER_PROGRAM};
};

TEST_F(RunnerTask, ExitCodesAreExact) {
  for (int code : {0, 1, 2, 42, 127, 130, 137, 255}) {
    const Ended ended = harness_.Run(harness_.Script(fmt::format("e{}", code), fmt::format("exit {}", code)));
    EXPECT_EQ(ended.exit_code, code);
    EXPECT_EQ(ended.signal, 0);
    EXPECT_EQ(ended.failure.has_value(), code != 0);
    EXPECT_EQ(ended.failure == Reason::kExit, code != 0);
  }
}

TEST_F(RunnerTask, SignalsAreTold) {
  const Ended ended = harness_.Run(harness_.Script("s", "echo near the end >&2; kill -SEGV $$"));
  EXPECT_EQ(ended.failure, Reason::kSignal);
  EXPECT_EQ(ended.signal, SIGSEGV);
  EXPECT_FALSE(ended.exit_code.has_value());
  EXPECT_THAT(ended.message, HasSubstr("near the end"));
}

TEST_F(RunnerTask, CommandsThatAreNotThere) {
  const Ended absent = harness_.Run(harness_.Command("absent", {"no-such-program"}));
  EXPECT_EQ(absent.exit_code, 127);
  EXPECT_THAT(absent.message, HasSubstr("no-such-program: command not found"));
  const Ended refused = harness_.Run(harness_.Command("refused", {"/etc/passwd"}));
  EXPECT_EQ(refused.failure, Reason::kExit);
  EXPECT_THAT(refused.message, HasSubstr("/etc/passwd"));
}

TEST_F(RunnerTask, ArgumentsEnvironmentAndDirectoryAreExact) {
  Start start =
      harness_.Command("exact", {"python3", "-c",
                                 "import os,sys; sys.stdout.buffer.write(repr((os.fsencode(sys.argv[1]), "
                                 "sorted((k,v) for k,v in os.environb.items() if k.startswith(b'ODD')), "
                                 "os.getcwd(), open('/dev/stdin').read(), len(os.listdir('/proc/self/fd')))).encode())",
                                 "a'\"\n$(rm) \xff"});
  start.env.emplace_back("ODD1", std::string("x\n\x80=\"'`$", 8));
  start.env.emplace_back("ODD2", "");
  const Ended ended = harness_.Run(start);
  EXPECT_FALSE(ended.failure) << ended.message;
  // stdin, stdout, stderr and the listing itself: nothing of the runner's is inherited.
  EXPECT_EQ(ended.out,
            fmt::format("(b'a\\'\"\\n$(rm) \\xff', [(b'ODD1', b'x\\n\\x80=\"\\'`$'), (b'ODD2', b'')], '{}', '', 4)",
                        start.directory));
}

TEST_F(RunnerTask, TheTaskKnowsWhereItIs) {
  Start start = harness_.Script(
      "a.3.b",
      "echo $HWF_TASK_DIR $HWF_PLACE $HWF_ATTEMPT $OMP_NUM_THREADS; umask; ps -o sid= $$ | tr -d ' '; echo $$");
  start.cpus = 2;
  const Ended ended = harness_.Run(start);
  std::istringstream lines(ended.out);
  std::string first, mask, session, pid;
  std::getline(lines, first);
  std::getline(lines, mask);
  std::getline(lines, session);
  std::getline(lines, pid);
  EXPECT_EQ(first, start.directory + " a.3.b 1 2");
  EXPECT_EQ(session, pid);
}

TEST_F(RunnerTask, SignalsAreAtTheirDefaults) {
  const Ended ended = harness_.Run(harness_.Command("sig", {"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"}));
  unsigned long long blocked = 1, ignored = 1;
  ASSERT_EQ(std::sscanf(ended.out.c_str(), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2) << ended.out;
  EXPECT_EQ(blocked, 0u);
  EXPECT_EQ(ignored & ~0x180000000ull, 0u) << "32 and 33 are the C library's own and as we got them";
}

TEST_F(RunnerTask, ShortStreamsAreFoldedLongOnesAreFiles) {
  const Ended small = harness_.Run(harness_.Script("small", "printf 'out\\0\\377'; printf err >&2"));
  EXPECT_EQ(small.out, std::string("out\0\xff", 5));
  EXPECT_EQ(small.err, "err");
  EXPECT_FALSE(std::filesystem::exists(harness_.TaskDirectory("small")));
  EXPECT_FALSE(std::filesystem::exists(harness_.directory() + "/tasks/small"));
  const Ended large = harness_.Run(harness_.Script("large", "head -c 5000 /dev/zero | tr '\\0' x; printf e >&2"));
  EXPECT_EQ(large.out_file, "stdout");
  EXPECT_EQ(large.err_file, "");
  EXPECT_EQ(large.out, "");
  EXPECT_EQ(harness_.ReadFile(harness_.TaskDirectory("large") + "/stdout"), std::string(5000, 'x'));
  EXPECT_EQ(harness_.Run(harness_.Script("next", "printf n")).out, "n");
}

TEST_F(RunnerTask, OutputsOfEveryKind) {
  Start start = harness_.Script("o", R"(
    printf model > model.pt; mkdir d d2; printf x > d/x; printf 'line\n\n' > text
    printf '{"a":[1,NaN,-Infinity]}' > v.json; for i in 2 10 1; do printf $i > part-$i; done; ln -s model.pt alias
    printf '{"n":1}')");
  using Kind = OutputSpec::Kind;
  start.outputs = {{"model", Kind::kFile, "model.pt", false},    {"dir", Kind::kDir, "d", false},
                   {"parts", Kind::kGlobFiles, "part-*", false}, {"dirs", Kind::kGlobDirs, "d*", false},
                   {"text", Kind::kText, "text", false},         {"json", Kind::kJson, "v.json", false},
                   {"gone", Kind::kFile, "gone", true},          {"alias", Kind::kFile, "alias", false},
                   {"out", Kind::kStdoutJson, "", false},        {"raw", Kind::kStdoutText, "", false}};
  const Ended ended = harness_.Run(start);
  ASSERT_FALSE(ended.failure) << ended.message;
  EXPECT_EQ(ended.outputs["model"]["path"].AsString(), start.directory + "/model.pt");
  EXPECT_EQ(ended.outputs["model"]["size"].AsInt(), 5);
  EXPECT_THAT(ended.outputs["model"]["digest"].AsString(), ::testing::MatchesRegex("b2:[0-9a-f]{64}"));
  EXPECT_EQ(ended.outputs["alias"]["digest"], ended.outputs["model"]["digest"]);
  EXPECT_EQ(ended.outputs["dir"]["size"].AsInt(), 1);
  ASSERT_EQ(ended.outputs["parts"].AsArray().size(), 3u);
  EXPECT_EQ(ended.outputs["parts"].AsArray()[1]["path"].AsString(), start.directory + "/part-10");
  EXPECT_EQ(ended.outputs["dirs"].AsArray().size(), 2u);
  EXPECT_EQ(ended.outputs["text"].AsString(), "line\n");
  EXPECT_EQ(ended.outputs["json"].Dump(), R"({"a":[1,NaN,-Infinity]})");
  EXPECT_TRUE(ended.outputs["gone"].is_null());
  EXPECT_EQ(ended.outputs["out"]["n"].AsInt(), 1);
  EXPECT_EQ(ended.outputs["raw"].AsString(), R"({"n":1})");
}

// What was hashed stays as it is; somebody else's data, to which it links, and directories stay as they were.
TEST_F(RunnerTask, OutputsAreReadOnly) {
  const auto run = std::filesystem::path(harness_.TaskDirectory("o")).parent_path().parent_path().parent_path();
  const std::string data = run / "data";
  std::ofstream(data) << "mine";
  Start start =
      harness_.Script("o",
                      "umask 022; printf m > model; mkdir -p d/e; printf x > d/e/x; chmod 755 d/e/x; printf k > kept\n"
                      "ln " +
                          data + " d/hard; ln -s " + data + " d/soft; ln -s kept alias; printf l > loose");
  using Kind = OutputSpec::Kind;
  start.outputs = {
      {"model", Kind::kFile, "model", false}, {"d", Kind::kDir, "d", false}, {"alias", Kind::kFile, "alias", false}};
  const Ended ended = harness_.Run(start);
  ASSERT_FALSE(ended.failure) << ended.message;
  const auto mode = [&](const std::string& path) {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  };
  EXPECT_EQ(mode(start.directory + "/model"), 0444u);
  EXPECT_EQ(mode(start.directory + "/d/e/x"), 0555u);
  EXPECT_EQ(mode(start.directory + "/d/e"), 0755u);
  EXPECT_EQ(mode(start.directory + "/kept"), 0444u);
  EXPECT_EQ(mode(start.directory + "/loose"), 0644u);
  EXPECT_NE(mode(data) & 0200, 0u);
}

TEST_F(RunnerTask, StandardOutputAsAFile) {
  Start start = harness_.Script("f", "printf abc");
  start.outputs = {{"log", OutputSpec::Kind::kStdoutFile, "", false}};
  const Ended ended = harness_.Run(start);
  ASSERT_FALSE(ended.failure) << ended.message;
  EXPECT_EQ(ended.out_file, "stdout");
  EXPECT_EQ(harness_.ReadFile(ended.outputs["log"]["path"].AsString()), "abc");
}

TEST_F(RunnerTask, BrokenPromisesFail) {
  using Kind = OutputSpec::Kind;
  const struct {
    const char* script;
    OutputSpec output;
    const char* message;
  } cases[] = {
      {"echo hint >&2",
       {"model", Kind::kFile, "model.pt", false},
       "output `model`: the command ended well, but `model.pt` is not there\nhint"},
      {"printf '{\"a\":' > v", {"v", Kind::kJson, "v", false}, "not valid JSON"},
      {"printf '\\377' > v", {"v", Kind::kText, "v", false}, "not UTF-8"},
      {"touch a.txt $'\\377b.txt'", {"v", Kind::kGlobFiles, "*.txt", false}, "/\uFFFDb.txt is not UTF-8 text"},
      {"mkdir $'d\\377'", {"v", Kind::kGlobDirs, "d*", false}, "/d\uFFFD is not UTF-8 text"},
      {"printf '[%.0s' {1..101} > v; printf ']%.0s' {1..101} >> v",
       {"v", Kind::kJson, "v", false},
       "brackets nested deeper than 100"},
      {"head -c 9000000 /dev/zero > v", {"v", Kind::kText, "v", false}, "more than"},
      {"mkfifo v", {"v", Kind::kText, "v", false}, "not a regular file"},
      {"mkfifo v", {"v", Kind::kFile, "v", false}, "not a regular file"},
      {"ln -s /etc/passwd v", {"v", Kind::kFile, "v", false}, "outside of the task's directory"},
      {"ln -s / up", {"v", Kind::kFile, "up/etc/passwd", false}, "outside"},
      {"true", {"v", Kind::kFile, "../../../../../../../../etc/passwd", false}, "outside"},
      {"ln -s /etc e", {"v", Kind::kGlobFiles, "e/pass*", false}, "outside"},
      {"true", {"v", Kind::kGlobFiles, "*.npz", false}, "no file matches `*.npz`"},
      {"mkdir v", {"v", Kind::kFile, "v", false}, "regular file"},
      {"printf x > v", {"v", Kind::kDir, "v", false}, "output `v`"},
  };
  int number = 0;
  for (const auto& one : cases) {
    Start start = harness_.Script(fmt::format("b{}", ++number), one.script);
    start.outputs = {one.output};
    const Ended ended = harness_.Run(start);
    EXPECT_EQ(ended.failure, Reason::kOutput) << one.script;
    EXPECT_EQ(ended.exit_code, 0);
    EXPECT_THAT(ended.message, HasSubstr(one.message)) << one.script;
  }
}

TEST_F(RunnerTask, LinksAreSeenAndTaken) {
  const std::string source = harness_.directory() + "/helper.txt";
  std::ofstream(source) << "help";
  Start start = harness_.Script("l", "cat helper.txt");
  start.links = {source};
  EXPECT_EQ(harness_.Run(start).out, "help");
  EXPECT_FALSE(std::filesystem::exists(start.directory));
  EXPECT_EQ(harness_.ReadFile(source), "help");
}

TEST_F(RunnerTask, AFailedTaskKeepsItsCommand) {
  Start start = harness_.Script("k", "echo hello; false");
  EXPECT_EQ(harness_.Run(start).failure, Reason::kExit);
  EXPECT_EQ(harness_.ReadFile(start.directory + "/command"), "echo hello; false");
}

// What a task itself puts under the runner's names is not lost, and neither is what it printed.
TEST_F(RunnerTask, FilesOfATaskAreNeverReplaced) {
  using Kind = OutputSpec::Kind;
  Start start = harness_.Script("own", R"(
    head -c 5000 /dev/zero | tr '\0' x; printf e >&2; printf mine > stdout; mkdir stderr; head -c 5000 /dev/zero >&2
    rm command; printf model > command)");
  start.outputs = {{"made", Kind::kFile, "stdout", false}, {"model", Kind::kFile, "command", false}};
  const Ended ended = harness_.Run(start);
  ASSERT_FALSE(ended.failure) << ended.message;
  EXPECT_EQ(harness_.ReadFile(start.directory + "/stdout"), "mine");
  EXPECT_EQ(harness_.ReadFile(start.directory + "/command"), "model");
  EXPECT_EQ(ended.outputs["model"]["size"].AsInt(), 5);
  EXPECT_EQ(ended.out_file, "stdout.2");
  EXPECT_EQ(ended.err_file, "stderr.2");
  EXPECT_EQ(harness_.ReadFile(start.directory + "/stdout.2"), std::string(5000, 'x'));
}

TEST_F(RunnerTask, ItsCommandIsNoOutput) {
  Start start = harness_.Script("all", "printf a > a");
  start.outputs = {{"all", OutputSpec::Kind::kGlobFiles, "*", false}};
  const Ended ended = harness_.Run(start);
  ASSERT_FALSE(ended.failure) << ended.message;
  ASSERT_EQ(ended.outputs["all"].AsArray().size(), 1u);
  EXPECT_EQ(ended.outputs["all"].AsArray()[0]["path"].AsString(), start.directory + "/a");
}

TEST_F(RunnerTask, ADirectoryThatIsThereIsMovedAside) {
  Start start = harness_.Script("m", "ls");
  std::filesystem::create_directories(start.directory);
  std::ofstream(start.directory + "/old") << "old";
  EXPECT_EQ(harness_.Run(start).out, "command\n");
  EXPECT_EQ(harness_.ReadFile(start.directory + ".lost-1/old"), "old");
}

TEST_F(RunnerTask, TimeLimit) {
  Start start = harness_.Script("t", "sleep 60");
  start.time_limit_ms = 200;
  const Ended ended = harness_.Run(start);
  EXPECT_EQ(ended.failure, Reason::kTimeLimit);
  EXPECT_THAT(ended.message, HasSubstr("0.2 s"));
  EXPECT_LT(ended.usage.wall_ms, 5000);
}

TEST_F(RunnerTask, WhatTheMachineCannotGiveIsRefused) {
  Start start = harness_.Script("big", "true");
  start.cpus = 1000;
  const Ended ended = harness_.Run(start);
  EXPECT_EQ(ended.failure, Reason::kSite);
  EXPECT_THAT(ended.message, HasSubstr("1000 CPUs"));
  EXPECT_TRUE(harness_.All<Claimed>().empty());
}

// The outputs of a task are read for a while: what it held of the machine is free.
TEST_F(RunnerTask, WhatIsHashedHoldsNothingUp) {
  Start large = harness_.Script("large", "truncate -s 512M file");
  large.cpus = 4;
  large.outputs = {{"file", OutputSpec::Kind::kFile, "file", false}};
  harness_.Send(large);
  Start next = harness_.Script("next", "true");
  next.cpus = 4;
  EXPECT_FALSE(harness_.Run(next).failure);
  EXPECT_TRUE(harness_.All<Ended>().size() == 1) << "the large one is still read";
  EXPECT_FALSE(harness_.WaitEnded("large").failure);
}

TEST_F(RunnerTask, CancelBeforeItBegan) {
  Start wide = harness_.Script("wide", "sleep 60");
  wide.cpus = 4;
  harness_.Send(wide);
  harness_.WaitOf<Started>("wide");
  harness_.Send(harness_.Script("behind", "touch /tmp/never"));
  harness_.Send(Cancel{"behind", 1});
  EXPECT_EQ(harness_.WaitEnded("behind").failure, Reason::kCancelled);
  harness_.Send(harness_.Script("drained", "true"));
  harness_.Send(Drain{});
  harness_.WaitOf<Unstarted>("drained");
  harness_.Send(Cancel{"wide", 1});
  harness_.WaitEnded("wide");
  EXPECT_FALSE(harness_.Run(harness_.Script("drained", "true")).failure);
}

// An engine that has died may have submitted it or not: it ends, and what comes after all does not begin.
TEST_F(RunnerTask, CancelOfWhatNeverCame) {
  harness_.Send(Cancel{"never", 1});
  EXPECT_EQ(harness_.WaitEnded("never").failure, Reason::kCancelled);
  harness_.Send(harness_.Script("never", "true"));
  EXPECT_FALSE(harness_.Run(harness_.Script("other", "true")).failure);
  for (const Started& started : harness_.All<Started>()) EXPECT_EQ(started.place, "other");
}

// Smaller ones pass a task that waits for room, and it gets its turn.
TEST_F(RunnerTask, BackfillDoesNotStarve) {
  Start three = harness_.Script("three", "sleep 0.3");
  three.cpus = 3;
  harness_.Send(three);
  harness_.WaitOf<Started>("three");
  Start four = harness_.Script("four", "echo four");
  four.cpus = 4;
  harness_.Send(four);
  harness_.Send(harness_.Script("one", "echo one"));
  EXPECT_EQ(harness_.WaitEnded("one").out, "one\n");
  EXPECT_EQ(harness_.WaitEnded("four").out, "four\n");
  const auto ends = harness_.All<Ended>();
  EXPECT_EQ(ends.front().place, "one");
}

}  // namespace
}  // namespace hwf::runner
