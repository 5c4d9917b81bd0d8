#include "runtime/platform/command.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "runtime/platform/clock.h"

namespace hwf::platform {
namespace {

CommandResult RunShell(const std::string& script, const std::string& input = "", RunLimits limits = {}) {
  SpawnOptions options;
  options.argv = {"sh", "-c", script};
  options.inherit_env = true;
  auto command = Command::Start(options, input, limits);
  EXPECT_TRUE(command.ok()) << (command.ok() ? "" : command.error().message());
  if (!command.ok()) return {};
  for (int i = 0; i < 1000; ++i) {
    if (auto result = (*command)->Poll()) return *result;
    pollfd ready{(*command)->fd(), POLLIN, 0};
    poll(&ready, 1, 50);
  }
  ADD_FAILURE() << "it does not end";
  return {};
}

TEST(Command, BothStreamsAndTheExitStatusAreItsOwn) {
  const CommandResult result = RunShell("cat; echo bad >&2; exit 3", "some\ninput");
  EXPECT_EQ(result.out, "some\ninput");
  EXPECT_EQ(result.err, "bad\n");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_FALSE(result.timed_out);
}

TEST(Command, MuchOutputIsCutAndDoesNotBlock) {
  const CommandResult result = RunShell("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2", "", {20'000, 1000});
  EXPECT_EQ(result.out.size(), 1000u);
  EXPECT_EQ(result.err.size(), 1000u);
  EXPECT_EQ(result.exit_code, 0);
}

TEST(Command, ItsTimeIsBounded) {
  const int64_t begin = RealClock().MonotonicMs();
  const CommandResult result = RunShell("echo here; sleep 100", "", {300, 1000});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.out, "here\n");
  EXPECT_LT(RealClock().MonotonicMs() - begin, 20'000);
}

TEST(Command, WhatItLeavesBehindDoesNotHoldUs) {
  const CommandResult result = RunShell("sleep 100 & echo done");
  EXPECT_EQ(result.out, "done\n");
  EXPECT_EQ(result.exit_code, 0);
}

TEST(Command, ASignalIsToldApart) {
  const CommandResult result = RunShell("kill -TERM $$");
  EXPECT_FALSE(result.exit_code.has_value());
  EXPECT_EQ(result.signal, 15);
}

TEST(Command, AMissingProgramIsAnError) {
  SpawnOptions options;
  options.argv = {"no-such-program-here"};
  const auto command = Command::Start(options, "", {});
  ASSERT_FALSE(command.ok());
  EXPECT_EQ(command.error().code(), ENOENT);
}

}  // namespace
}  // namespace hwf::platform
