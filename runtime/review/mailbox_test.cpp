#include "runtime/review/mailbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "runtime/platform/testing/crash_file_system.h"

namespace hwf::review {
namespace {

using platform::testing::CrashFileSystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string IdOfLetter(char letter) { return std::string(26, letter); }

Request Answer(char letter, std::string variant = "keep") {
  Request request;
  request.id = IdOfLetter(letter);
  request.run = "run1";
  request.review = "v1";
  request.form = "f1";
  request.variant = std::move(variant);
  return request;
}

// An engine in small: a journal of request ids, of which the synced part survives.
struct Engine {
  std::vector<std::string> journal, synced;
  std::map<std::string, int> times;
  bool fail = false, busy = false;

  MailboxActions Actions() {
    MailboxActions actions;
    actions.applied = [this](const Incoming& incoming) -> std::optional<Reply> {
      if (std::find(journal.begin(), journal.end(), incoming.request.id) == journal.end()) return std::nullopt;
      return Reply{true, "", "counted before", true};
    };
    actions.hopeless = [](const Request& request) -> std::optional<Reply> {
      if (request.review == "v1") return std::nullopt;
      return Reply{false, "no such review", "", false};
    };
    actions.apply = [this](const Incoming& incoming) -> ErrorOr<Reply> {
      if (fail) return Error("disk full", ENOSPC);
      if (busy && incoming.request.variant == "later") return Error("being looked at", EINPROGRESS);
      if (incoming.request.variant == "bad") return Reply{false, "no such answer", "", false};
      journal.push_back(incoming.request.id);
      return Reply{true, "", "counted", false};
    };
    actions.sync = [this]() -> ErrorOr<Success> {
      synced = journal;
      return Success();
    };
    return actions;
  }
};

class MailboxTest : public ::testing::Test {
 protected:
  void Prepare(CrashFileSystem& files) {
    for (const char* path : {"/run", "/run/inbox", "/run/replies", "/run/refused"}) {
      ASSERT_TRUE(files.MakeDirectory(path, 0700).ok());
    }
    ASSERT_TRUE(files.SyncDirectory("/").ok());
    ASSERT_TRUE(files.SyncDirectory("/run").ok());
  }
  Mailbox Make(CrashFileSystem& files) {
    Mailbox mailbox(files, "/run", "run1", 1000, people_);
    mailbox.set_read_file([&files](const std::string& directory, const std::string& name) -> ErrorOr<AnswerFile> {
      HWF_ASSIGN(std::string bytes, files.Read(directory + "/" + name, kMaxRequestBytes));
      return AnswerFile{{"ana", 1001, 2, "file"}, std::move(bytes)};
    });
    return mailbox;
  }
  static void Put(CrashFileSystem& files, const Request& request) {
    ASSERT_TRUE(files.WriteAtomically("/run/inbox/" + request.id + ".json", ToJson(request).Dump(), 0644, true).ok());
  }
  static std::optional<Reply> ReplyTo(CrashFileSystem& files, char letter) {
    auto text = files.Read("/run/replies/" + IdOfLetter(letter) + ".json", 1 << 16);
    if (!text.ok()) return std::nullopt;
    return *ParseReply(*text);
  }

  People people_;
};

TEST_F(MailboxTest, AcceptedIsAppendedSyncedRepliedAndGone) {
  CrashFileSystem files;
  Prepare(files);
  Put(files, Answer('a'));
  Engine engine;
  EXPECT_EQ(*Make(files).Drain(engine.Actions()), 1u);
  EXPECT_THAT(engine.synced, ElementsAre(IdOfLetter('a')));
  EXPECT_TRUE(ReplyTo(files, 'a')->accepted);
  EXPECT_EQ(ReplyTo(files, 'a')->next, "counted");
  EXPECT_THAT(*files.List("/run/inbox"), IsEmpty());
  EXPECT_EQ(*Make(files).Drain(engine.Actions()), 0u);
}

TEST_F(MailboxTest, ASignatureIsCheckedOnlyWhereItCouldMatter) {
  CrashFileSystem files;
  Prepare(files);
  for (const char letter : {'a', 'b'}) {
    Request request = Answer(letter);
    if (letter == 'b') request.review = "v2";
    request.signer = "ana";
    request.signature = "-----BEGIN SSH SIGNATURE-----";
    Put(files, request);
  }
  Engine engine;
  EXPECT_EQ(*Make(files).Drain(engine.Actions()), 2u);
  EXPECT_THAT(ReplyTo(files, 'a')->why, HasSubstr("no key of `ana`"));
  EXPECT_EQ(ReplyTo(files, 'b')->why, "no such review");
}

TEST_F(MailboxTest, WhatIsNotDecidedYetStaysAndHoldsNobodyUp) {
  CrashFileSystem files;
  Prepare(files);
  Put(files, Answer('a', "later"));
  Put(files, Answer('b'));
  Engine engine;
  engine.busy = true;
  Mailbox mailbox = Make(files);
  EXPECT_EQ(*mailbox.Drain(engine.Actions()), 1u);
  EXPECT_THAT(engine.synced, ElementsAre(IdOfLetter('b')));
  EXPECT_FALSE(ReplyTo(files, 'a').has_value());
  EXPECT_EQ(*mailbox.Drain(engine.Actions()), 0u);
  engine.busy = false;
  EXPECT_EQ(*mailbox.Drain(engine.Actions()), 1u);
  EXPECT_TRUE(ReplyTo(files, 'a')->accepted);
}

TEST_F(MailboxTest, RefusedGoesToItsPlaceWithTheReason) {
  CrashFileSystem files;
  Prepare(files);
  Put(files, Answer('a', "bad"));
  Request other_run = Answer('b');
  other_run.run = "run2";
  Put(files, other_run);
  ASSERT_TRUE(files.WriteAtomically("/run/inbox/" + IdOfLetter('c') + ".json", "{\"v\":1,", 0644, true).ok());
  Engine engine;
  EXPECT_EQ(*Make(files).Drain(engine.Actions()), 3u);
  EXPECT_THAT(engine.journal, IsEmpty());
  EXPECT_FALSE(ReplyTo(files, 'a')->accepted);
  EXPECT_EQ(*files.Read("/run/refused/" + IdOfLetter('a') + ".reason", 1000), "no such answer\n");
  EXPECT_THAT(ReplyTo(files, 'b')->why, HasSubstr("for the run run2"));
  EXPECT_THAT(ReplyTo(files, 'c')->why, HasSubstr("no JSON"));
  EXPECT_EQ(files.List("/run/refused")->size(), 6u);
  EXPECT_THAT(*files.List("/run/inbox"), IsEmpty());
}

TEST_F(MailboxTest, NamesThatAreNoRequestsAreLeftAlone) {
  CrashFileSystem files;
  Prepare(files);
  for (const char* name : {".tmp-x", "short.json", "noextensionnoextensionnoext"}) {
    ASSERT_TRUE(files.WriteAtomically(std::string("/run/inbox/") + name, "{}", 0644, false).ok());
  }
  Engine engine;
  EXPECT_EQ(*Make(files).Drain(engine.Actions()), 0u);
}

TEST_F(MailboxTest, AFailingWorldLeavesTheRequest) {
  CrashFileSystem files;
  Prepare(files);
  Put(files, Answer('a'));
  Engine engine;
  engine.fail = true;
  EXPECT_EQ(Make(files).Drain(engine.Actions()).error().code(), ENOSPC);
  EXPECT_FALSE(ReplyTo(files, 'a'));
  engine.fail = false;
  EXPECT_EQ(*Make(files).Drain(engine.Actions()), 1u);
  EXPECT_TRUE(ReplyTo(files, 'a')->accepted);
}

TEST_F(MailboxTest, OverTheSocketOnlyTheReplyDiffers) {
  CrashFileSystem files;
  Prepare(files);
  Engine engine;
  Mailbox mailbox = Make(files);
  auto first = mailbox.Handle(ToSocketJson(Answer('a')).Dump(), 1001, engine.Actions());
  EXPECT_TRUE(first->accepted);
  EXPECT_THAT(engine.synced, ElementsAre(IdOfLetter('a')));
  // The same request once more, as a file: the client lost the connection before it read the reply.
  Put(files, Answer('a'));
  EXPECT_EQ(*mailbox.Drain(engine.Actions()), 1u);
  EXPECT_TRUE(ReplyTo(files, 'a')->repeated);
  EXPECT_EQ(engine.journal.size(), 1u);
  EXPECT_FALSE(mailbox.Handle("{}", 1001, engine.Actions())->accepted);
}

// Whatever call the engine dies in, and whatever of the unsynced is lost then: after the next start every request is
// applied exactly once and answered, and what was refused stays refused.
TEST_F(MailboxTest, DeathAndPowerLossAtEveryCall) {
  for (bool power : {false, true}) {
    for (int64_t n = 1; n < 70; ++n) {
      CrashFileSystem files;
      Prepare(files);
      Put(files, Answer('a'));
      Put(files, Answer('b', "bad"));
      Put(files, Answer('c'));
      Engine engine;
      files.FailAfter(n);
      [[maybe_unused]] auto died = Make(files).Drain(engine.Actions());
      if (power) {
        files.PowerLoss(static_cast<uint64_t>(n));
        engine.journal = engine.synced;
      } else {
        files.Restart();
      }
      for (int round = 0; round < 2; ++round) {
        ASSERT_TRUE(Make(files).Drain(engine.Actions()).ok()) << n;
      }
      std::vector<std::string> journal = engine.journal;
      std::sort(journal.begin(), journal.end());
      EXPECT_THAT(journal, ElementsAre(IdOfLetter('a'), IdOfLetter('c'))) << "call " << n << " power " << power;
      ASSERT_TRUE(ReplyTo(files, 'a')) << n;
      EXPECT_TRUE(ReplyTo(files, 'a')->accepted);
      EXPECT_TRUE(ReplyTo(files, 'c')->accepted);
      EXPECT_FALSE(ReplyTo(files, 'b')->accepted);
      EXPECT_THAT(*files.List("/run/inbox"), IsEmpty()) << n;
    }
  }
}

}  // namespace
}  // namespace hwf::review
