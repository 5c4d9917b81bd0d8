#include "runtime/review/delivery.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "runtime/journal/lease.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/testing/temp_dir.h"
#include "runtime/review/mailbox.h"
#include "runtime/review/reachable.h"
#include "runtime/review/run_directory.h"

namespace hwf::review {
namespace {

using ::testing::HasSubstr;

// Two accounts that no machine has, and a group for them.
constexpr uid_t kAna = 65532;
constexpr uid_t kEve = 65531;
constexpr gid_t kTeam = 65530;

// Runs `body` as another account in a child; its result as the exit code.
int As(uid_t uid, std::vector<gid_t> groups, const std::function<int()>& body) {
  pid_t pid = fork();
  if (pid == 0) {
    bool done = setgroups(groups.size(), groups.data()) == 0 && setgid(uid) == 0 && setuid(uid) == 0;
    umask(0077);
    _exit(done ? body() : 99);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

class DeliveryTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(chmod(dir_.path().c_str(), 0755), 0); }

  Request Answer(const RunDirectory& run) {
    Request request;
    request.run = run.id;
    request.review = "v1";
    request.form = "f1";
    request.variant = "keep";
    return request;
  }

  platform::testing::TempDir dir_;
  platform::FileSystem& files_ = platform::RealFileSystem();
  People people_;
};

TEST_F(DeliveryTest, RunDirectoriesHaveTheirModesWhateverTheUmask) {
  mode_t before = umask(0077);
  auto alone = MakeRunDirectory(dir_ / "runs", std::nullopt, 1'700'000'000'000);
  auto shared = MakeRunDirectory(dir_ / "runs", getgid(), 1'700'000'000'000);
  umask(before);
  ASSERT_TRUE(alone.ok() && shared.ok());
  EXPECT_NE(alone->id, shared->id);
  EXPECT_EQ(files_.Stat(alone->path)->mode, 0700u);
  EXPECT_EQ(files_.Stat(alone->path + "/inbox")->mode, 0700u);
  EXPECT_EQ(files_.Stat(shared->path)->mode, 02750u);
  EXPECT_EQ(files_.Stat(shared->path + "/inbox")->mode, 03770u);
  EXPECT_EQ(files_.Stat(shared->path + "/replies")->mode, 02750u);
  EXPECT_EQ(files_.Stat(shared->path + "/runner")->mode, 02750u);
  EXPECT_FALSE(ShareGroup("no-such-group-here").ok());
}

TEST_F(DeliveryTest, WithoutAnEngineItIsQueuedAndLaterAnswered) {
  auto run = MakeRunDirectory(dir_ / "runs", std::nullopt, 1'700'000'000'000);
  auto receipt = Deliver(files_, run->path, Answer(*run));
  ASSERT_TRUE(receipt.ok()) << receipt.error().message();
  EXPECT_EQ(receipt->outcome, Receipt::Outcome::kQueued);
  EXPECT_EQ(receipt->why, "no engine has run here yet");
  EXPECT_EQ(CheckReceipt(files_, run->path, receipt->id)->outcome, Receipt::Outcome::kQueued);
  MailboxActions actions;
  actions.applied = [](const Incoming&) { return std::optional<Reply>(); };
  actions.apply = [](const Incoming& incoming) -> ErrorOr<Reply> {
    EXPECT_EQ(incoming.person.level, 1);
    EXPECT_EQ(incoming.request.variant, "keep");
    return Reply{true, "", "next", false};
  };
  actions.sync = []() -> ErrorOr<Success> { return Success(); };
  Mailbox mailbox(files_, run->path, run->id, getuid(), people_);
  ASSERT_EQ(*mailbox.Drain(actions), 1u);
  auto later = CheckReceipt(files_, run->path, receipt->id);
  EXPECT_EQ(later->outcome, Receipt::Outcome::kAccepted);
  EXPECT_EQ(later->next, "next");
  EXPECT_FALSE(CheckReceipt(files_, run->path, "../../x").ok());
}

TEST_F(DeliveryTest, ALivingEngineIsWaitedFor) {
  auto run = MakeRunDirectory(dir_ / "runs", std::nullopt, 1'700'000'000'000);
  auto lease = journal::Lease::Acquire(files_, run->path, journal::OwnEngineId(), {});
  ASSERT_TRUE(lease.ok());
  auto silent = Deliver(files_, run->path, Answer(*run), {.wait_ms = 30});
  EXPECT_EQ(silent->outcome, Receipt::Outcome::kQueued);
  EXPECT_THAT(silent->why, HasSubstr("has not answered"));
  Request request = Answer(*run);
  request.id = std::string(26, 'Q');
  std::thread engine([&] {
    int64_t deadline = platform::RealClock().MonotonicMs() + 10'000;
    std::string reply = ToJson(Reply{false, "closed by ben", "", false}).Dump();
    while (!files_.Stat(run->path + "/inbox/" + request.id + ".json").ok()) {
      if (platform::RealClock().MonotonicMs() > deadline) return;
      std::this_thread::yield();
    }
    EXPECT_TRUE(files_.WriteAtomically(run->path + "/replies/" + request.id + ".json", reply, 0640, true).ok());
  });
  auto receipt = Deliver(files_, run->path, request, {.wait_ms = 10'000});
  engine.join();
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(receipt->outcome, Receipt::Outcome::kRefused);
  EXPECT_EQ(receipt->why, "closed by ben");
}

TEST_F(DeliveryTest, AColleaguesAnswerArrivesAStrangersDoesNot) {
  if (geteuid() != 0) GTEST_SKIP() << "answering from other accounts needs root";
  auto run = MakeRunDirectory(dir_ / "runs", kTeam, 1'700'000'000'000);
  ASSERT_TRUE(run.ok()) << run.error().message();
  int ana = As(kAna, {kTeam}, [&] { return Deliver(files_, run->path, Answer(*run)).ok() ? 0 : 1; });
  EXPECT_EQ(ana, 0);
  int eve = As(kEve, {}, [&] {
    auto receipt = Deliver(files_, run->path, Answer(*run));
    if (receipt.ok()) return 1;
    return receipt.error().message().find("has mode 2750") != std::string::npos ? 0 : 2;
  });
  EXPECT_EQ(eve, 0);
  // Nor can a colleague take away or replace what another has put there.
  std::string name = files_.List(run->path + "/inbox")->at(0);
  int replace = As(kEve, {kTeam}, [&] {
    bool written = files_.WriteAtomically(run->path + "/inbox/" + name, "{}", 0644, false).ok();
    bool removed = files_.Unlink(run->path + "/inbox/" + name).ok();
    return written || removed ? 1 : 0;
  });
  EXPECT_EQ(replace, 0);
  auto file = PersonFromFile(run->path + "/inbox", name, 0, people_);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->person.uid, kAna);
  EXPECT_EQ(file->person.level, 2);
}

TEST_F(DeliveryTest, TheDirectoryInTheWayIsNamed) {
  auto shared = MakeRunDirectory(dir_ / "home/runs", kTeam == 0 ? 0 : getgid(), 1'700'000'000'000);
  ASSERT_TRUE(shared.ok());
  Account member{"ana", kAna, {getgid()}}, stranger{"eve", kEve, {}};
  ASSERT_EQ(chmod((dir_ / "home").c_str(), 0755), 0);
  EXPECT_EQ(WhyUnreachable(shared->path, member), std::nullopt);
  EXPECT_THAT(*WhyUnreachable(shared->path, stranger), HasSubstr("in which eve is not"));
  ASSERT_EQ(chmod((dir_ / "home").c_str(), 0700), 0);
  EXPECT_THAT(*WhyUnreachable(shared->path, Account{"ana", kAna, {kTeam}}),
              HasSubstr((dir_ / "home") + " has mode 0700, so ana cannot pass through it: `chmod o+x"));
  ASSERT_EQ(chmod((dir_ / "home").c_str(), 0755), 0);
  auto alone = MakeRunDirectory(dir_ / "home/runs", std::nullopt, 1'700'000'000'000);
  EXPECT_THAT(*WhyUnreachable(alone->path, member), HasSubstr("start it with --share GROUP"));
}

}  // namespace
}  // namespace hwf::review
