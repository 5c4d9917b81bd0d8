#include "runtime/platform/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/testing/temp_dir.h"

namespace hwf::platform {
namespace {

using ::testing::HasSubstr;

SpawnOptions Shell(const std::string& text) {
  SpawnOptions options;
  options.argv = {"sh", "-c", text};
  options.env = {{"PATH", "/usr/bin:/bin"}};
  return options;
}

TEST(ProcessTest, RunsWithInputAndTellsTheEnd) {
  auto done = RunToEnd(Shell("cat; echo err >&2; exit 3"), "hello\n", {});
  ASSERT_TRUE(done.ok()) << done.error().message();
  EXPECT_EQ(done->exit_code, 3);
  EXPECT_EQ(done->output, "hello\nerr\n");
}

TEST(ProcessTest, KillsAtTheTimeoutWithAllItsChildren) {
  auto done = RunToEnd(Shell("sleep 60 & sleep 60"), "", {.timeout_ms = 50});
  ASSERT_TRUE(done.ok());
  EXPECT_TRUE(done->timed_out);
  EXPECT_EQ(done->signal, SIGKILL);
}

TEST(ProcessTest, OutputIsBounded) {
  auto done = RunToEnd(Shell("head -c 100000 /dev/zero"), "", {.timeout_ms = 10'000, .output_bytes = 100});
  EXPECT_EQ(done->exit_code, 0);
  EXPECT_EQ(done->output.size(), 100u);
}

TEST(ProcessTest, TheEnvironmentIsExactlyWhatWasAsked) {
  SpawnOptions options;
  options.argv = {"/usr/bin/env"};
  options.env = {{"A", "1"}, {"B", "two words"}};
  EXPECT_EQ(RunToEnd(options, "", {})->output, "A=1\nB=two words\n");
  setenv("HWF_TEST_INHERITED", "yes", 1);
  options.inherit_env = true;
  EXPECT_THAT(RunToEnd(options, "", {})->output, HasSubstr("HWF_TEST_INHERITED=yes"));
}

TEST(ProcessTest, NoDescriptorAndNoSignalMaskLeaks) {
  int leaked = open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as a library might
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  auto old = signal(SIGPIPE, SIG_IGN);
  // By the shell itself: around starting another program a shell may block signals of its own.
  auto done =
      RunToEnd(Shell(fmt::format("test -e /proc/self/fd/{} && echo leaked; while read -r line; do case $line in "
                                 "SigBlk*) echo \"$line\";; esac; done < /proc/self/status; kill -PIPE $$",
                                 leaked)),
               "", {});
  signal(SIGPIPE, old);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(leaked);
  EXPECT_EQ(done->output, "SigBlk:\t0000000000000000\n");
  EXPECT_EQ(done->signal, SIGPIPE);
}

TEST(ProcessTest, DescriptorsMayChangePlaces) {
  testing::TempDir dir;
  FileDescriptor a(open((dir / "a").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  FileDescriptor b(open((dir / "b").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  SpawnOptions options = Shell(fmt::format("echo to-a >&{}; echo to-b >&{}", b.get(), a.get()));
  options.files = {{a.get(), b.get()}, {b.get(), a.get()}};
  auto pid = Spawn(options);
  ASSERT_TRUE(pid.ok());
  int status = 0;
  waitpid(*pid, &status, 0);
  EXPECT_EQ(*RealFileSystem().Read(dir / "a", 100), "to-a\n");
  EXPECT_EQ(*RealFileSystem().Read(dir / "b", 100), "to-b\n");
}

TEST(ProcessTest, DirectoryAndSession) {
  testing::TempDir dir;
  SpawnOptions options = Shell("pwd -P; test $(ps -o sid= -p $$) = $$ && echo leads > leads");
  options.directory = dir.path();
  options.new_session = true;
  auto pid = Spawn(options);
  ASSERT_TRUE(pid.ok());
  int status = 0;
  waitpid(*pid, &status, 0);
  EXPECT_TRUE(RealFileSystem().Stat(dir / "leads").ok());
}

TEST(ProcessTest, WhatCannotBeStartedSaysWhy) {
  SpawnOptions options;
  options.argv = {"no-such-program-here"};
  auto missing = Spawn(options);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ENOENT);
  EXPECT_THAT(missing.error().message(), HasSubstr("no-such-program-here"));
  testing::TempDir dir;
  ASSERT_TRUE(RealFileSystem().WriteAtomically(dir / "prog", "x", 0600, false).ok());
  options.argv = {"prog"};
  options.env = {{"PATH", dir.path()}};
  EXPECT_EQ(Spawn(options).error().code(), EACCES);
}

TEST(ProcessTest, AProcessIsAliveUntilItEndsAlsoUnreaped) {
  EXPECT_EQ(LivenessOf(OwnIdentity()), Liveness::kAlive);
  pid_t pid = fork();
  if (pid == 0) {
    pause();
    _exit(0);
  }
  ProcessIdentity child{BootIdentity(), pid, *StartTimeOf(pid)};
  EXPECT_EQ(LivenessOf(child), Liveness::kAlive);
  ProcessIdentity other = child;
  other.start += 1;
  EXPECT_EQ(LivenessOf(other), Liveness::kGone);
  other.boot = "elsewhere";
  EXPECT_EQ(LivenessOf(other), Liveness::kUnknown);
  kill(pid, SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(LivenessOf(child), Liveness::kGone);  // a zombie
  waitpid(pid, nullptr, 0);
  EXPECT_EQ(LivenessOf(child), Liveness::kGone);
}

}  // namespace
}  // namespace hwf::platform
