#include "runtime/platform/event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "runtime/platform/clock.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/inotify_watch.h"
#include "runtime/platform/testing/temp_dir.h"
#include "runtime/platform/unix_socket.h"

namespace hwf::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Turns the loop until `done` holds; fails the test after a bounded time.
template <typename Done>
void TurnUntil(EventLoop& loop, Done done) {
  int64_t deadline = RealClock().MonotonicMs() + 10'000;
  while (!done()) {
    ASSERT_LT(RealClock().MonotonicMs(), deadline) << "nothing happened";
    ASSERT_TRUE(loop.RunOnce(100).ok());
  }
}

TEST(EventLoopTest, TimersFireInOrderAndCanBeCancelled) {
  auto loop = *EventLoop::Make();
  std::string fired;
  loop->After(500, [&] { fired += 'c'; });  // far enough for a machine that is busy
  loop->After(0, [&] { fired += 'a'; });
  EventLoop::TimerId cancelled = loop->After(5, [&] { fired += 'x'; });
  loop->CancelTimer(cancelled);
  loop->AtUtc(RealClock().NowMs() + 5, [&] { fired += 'b'; });
  loop->AtUtc(RealClock().NowMs() + 3'600'000, [&] { fired += 'x'; });
  TurnUntil(*loop, [&] { return fired.size() == 3; });
  EXPECT_EQ(fired, "abc");
}

TEST(EventLoopTest, ATimerThatSetsItselfAgainDoesNotHoldUpTheLoop) {
  auto loop = *EventLoop::Make();
  int fired = 0;
  std::function<void()> again = [&] {
    ++fired;
    loop->After(0, again);
  };
  loop->After(0, again);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(loop->RunOnce(100).ok());
  EXPECT_EQ(fired, 5);
}

TEST(EventLoopTest, PostAndStopFromAnotherThread) {
  auto loop = *EventLoop::Make();
  bool posted = false;
  std::thread other([&] {
    loop->Post([&] { posted = true; });
    loop->Stop();
  });
  ASSERT_TRUE(loop->Run().ok());
  other.join();
  if (!posted) {
    ASSERT_TRUE(loop->RunOnce(0).ok());
  }
  EXPECT_TRUE(posted);
}

TEST(EventLoopTest, SignalsArriveInTheLoop) {
  auto loop = *EventLoop::Make();
  std::vector<int> got;
  ASSERT_TRUE(loop->OnSignal(SIGUSR1, [&](int number) { got.push_back(number); }).ok());
  ASSERT_TRUE(loop->OnSignal(SIGUSR2, [&](int number) { got.push_back(number); }).ok());
  kill(getpid(), SIGUSR2);
  kill(getpid(), SIGUSR1);
  TurnUntil(*loop, [&] { return got.size() == 2; });
}

TEST(EventLoopTest, ACallbackMayForgetOthersOfItsTurn) {
  auto loop = *EventLoop::Make();
  int a[2], b[2], calls = 0;
  ASSERT_EQ(pipe(a), 0);
  ASSERT_EQ(pipe(b), 0);
  auto forget_both = [&](uint32_t) {
    ++calls;
    loop->Forget(a[0]);
    loop->Forget(b[0]);
  };
  ASSERT_TRUE(loop->Watch(a[0], EventLoop::kRead, forget_both).ok());
  ASSERT_TRUE(loop->Watch(b[0], EventLoop::kRead, forget_both).ok());
  ASSERT_EQ(write(a[1], "x", 1), 1);
  ASSERT_EQ(write(b[1], "x", 1), 1);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(loop->RunOnce(0).ok());
  EXPECT_EQ(calls, 1);
  for (int fd : {a[0], a[1], b[0], b[1]}) close(fd);
}

TEST(EventLoopTest, AnIdleLoopSleeps) {
  auto loop = *EventLoop::Make();
  loop->After(300, [&] { loop->Stop(); });
  loop->AtUtc(RealClock().NowMs() + 3'600'000, [] {});
  rusage before{}, after{};
  getrusage(RUSAGE_THREAD, &before);
  ASSERT_TRUE(loop->Run().ok());
  getrusage(RUSAGE_THREAD, &after);
  EXPECT_LE(after.ru_nvcsw - before.ru_nvcsw, 10);  // times that it went to sleep
}

TEST(UnixSocketTest, MessagesCrossALongPathAndThePeerIsKnown) {
  testing::TempDir dir;
  std::string deep = dir / std::string(100, 'd') + "/" + std::string(100, 'e');
  ASSERT_TRUE(MakeDirectories(RealFileSystem(), deep, 0700).ok());
  std::string path = deep + "/engine.sock";
  mode_t before = umask(0077);
  auto listener = ListenUnix(path, 0660);
  umask(before);
  ASSERT_TRUE(listener.ok()) << listener.error().message();
  EXPECT_EQ(RealFileSystem().Stat(path)->mode, 0660u);
  EXPECT_THAT(*RealFileSystem().List(deep), ElementsAre("engine.sock"));
  auto again = ListenUnix(path, 0660);  // over the file that is there
  ASSERT_TRUE(again.ok());

  auto loop = *EventLoop::Make();
  std::unique_ptr<Channel> server;
  std::vector<std::string> got;
  bool closed = false;
  auto on_connect = [&](uint32_t) {
    std::optional<FileDescriptor> fd = AcceptUnix(*again);
    ASSERT_TRUE(fd);
    EXPECT_EQ(PeerOf(*fd)->uid, getuid());
    EXPECT_EQ(PeerOf(*fd)->pid, getpid());
    server = std::make_unique<Channel>(std::move(*fd));
    auto on_message = [&](std::string_view text) {
      got.emplace_back(text);
      ASSERT_TRUE(server->Send("got " + std::to_string(text.size())).ok());
    };
    ASSERT_TRUE(server
                    ->Attach(*loop, on_message,
                             [&](const Error*) {
                               closed = true;
                               server.reset();
                             })
                    .ok());
  };
  ASSERT_TRUE(loop->Watch(again->get(), EventLoop::kRead, on_connect).ok());
  {
    Channel client(*ConnectUnix(path));
    ASSERT_TRUE(client.Send("{}").ok());
    ASSERT_TRUE(client.Send(std::string(5 << 20, 'x')).ok());  // more than the kernel takes at once
    TurnUntil(*loop, [&] { return client.Flush().ok() && got.size() == 2; });
    EXPECT_EQ(*client.ReceiveOne(1000), "got 2");
    EXPECT_EQ(*client.ReceiveOne(1000), "got 5242880");
    EXPECT_EQ(client.ReceiveOne(0).error().code(), ETIMEDOUT);
  }
  TurnUntil(*loop, [&] { return closed; });
}

TEST(UnixSocketTest, TooLongAMessageAndTooSlowAReaderAreErrors) {
  testing::TempDir dir;
  auto listener = *ListenUnix(dir / "s", 0600);
  Channel client(*ConnectUnix(dir / "s"), {.message = 1 << 20, .unsent = 4 << 20});
  Channel server(*AcceptUnix(listener), {.message = 10, .unsent = 100});
  EXPECT_EQ(client.Send(std::string((1 << 20) + 1, 'x')).error().code(), EMSGSIZE);
  int sent = 0;
  while (sent < 100 && client.Send(std::string(1 << 20, 'x')).ok()) ++sent;
  EXPECT_GT(sent, 2);
  EXPECT_LT(sent, 100);
  EXPECT_EQ(client.Send(std::string(1 << 20, 'x')).error().code(), ENOBUFS);
  EXPECT_EQ(server.Receive([](std::string_view) {}).error().code(), EMSGSIZE);
}

TEST(UnixSocketTest, AGonePeerIsAnErrorNotASignal) {
  testing::TempDir dir;
  auto listener = *ListenUnix(dir / "s", 0600);
  Channel client(*ConnectUnix(dir / "s"));
  AcceptUnix(listener)->Reset();
  EXPECT_EQ(client.Send("x").error().code(), EPIPE);
  EXPECT_FALSE(*client.Receive([](std::string_view) {}));
  listener.Reset();
  EXPECT_EQ(ConnectUnix(dir / "s").error().code(), ECONNREFUSED);
  EXPECT_EQ(ConnectUnix(dir / "none").error().code(), ENOENT);
}

TEST(DirectoryWatchTest, SeesWhatIsRenamedIn) {
  testing::TempDir dir;
  auto watch = DirectoryWatch::Make();
  ASSERT_TRUE(watch.ok());
  ASSERT_TRUE(watch->Add(dir.path()).ok());
  EXPECT_THAT(watch->Drain(), IsEmpty());
  ASSERT_TRUE(RealFileSystem().WriteAtomically(dir / "a.json", "{}", 0600, false).ok());
  bool seen = false;
  for (const DirectoryWatch::Seen& one : watch->Drain()) seen = seen || one.name == "a.json";
  EXPECT_TRUE(seen);
  watch->Remove(dir.path());
  ASSERT_TRUE(RealFileSystem().WriteAtomically(dir / "b.json", "{}", 0600, false).ok());
  EXPECT_THAT(watch->Drain(), IsEmpty());
}

}  // namespace
}  // namespace hwf::platform
