#include "runtime/review/identity.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/platform/file_system.h"
#include "runtime/platform/process.h"
#include "runtime/platform/testing/temp_dir.h"
#include "runtime/platform/users.h"
#include "runtime/review/people.h"

namespace hwf::review {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uid_t kStranger = 65533;

class IdentityTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, std::string_view text = "{}", mode_t mode = 0644) {
    ASSERT_TRUE(files_.WriteAtomically(dir_ / name, text, mode, false).ok());
  }
  std::string Refusal(const std::string& name) {
    auto file = PersonFromFile(dir_.path(), name, getuid() + 1, people_);
    return file.ok() ? "accepted" : file.error().message();
  }

  platform::testing::TempDir dir_;
  platform::FileSystem& files_ = platform::RealFileSystem();
  People people_;
};

TEST_F(IdentityTest, TheOwnersFileIsOfLevelOneAnothersOfLevelTwo) {
  Write("a.json", "bytes");
  auto own = PersonFromFile(dir_.path(), "a.json", getuid(), people_);
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(own->person.level, 1);
  EXPECT_EQ(own->person.proof, "file");
  EXPECT_EQ(own->bytes, "bytes");
  auto other = PersonFromFile(dir_.path(), "a.json", getuid() + 1, people_);
  EXPECT_EQ(other->person.level, 2);
  EXPECT_EQ(other->person.uid, getuid());
}

TEST_F(IdentityTest, WhatOthersCouldHaveWrittenDoesNotCount) {
  Write("group.json", "{}", 0664);
  Write("world.json", "{}", 0646);
  EXPECT_THAT(Refusal("group.json"), HasSubstr("mode is 0664: others may have written it"));
  EXPECT_THAT(Refusal("world.json"), HasSubstr("mode is 0646"));
  Write("two.json");
  ASSERT_TRUE(files_.Link(dir_ / "two.json", dir_ / "names.json").ok());
  EXPECT_THAT(Refusal("two.json"), HasSubstr("has 2 names"));
}

TEST_F(IdentityTest, NeitherLinksNorPipesNorDirectoriesAreOpened) {
  Write("target.json");
  ASSERT_EQ(symlink("target.json", (dir_ / "link.json").c_str()), 0);
  EXPECT_EQ(PersonFromFile(dir_.path(), "link.json", getuid(), people_).error().code(), ELOOP);
  ASSERT_EQ(mkfifo((dir_ / "pipe.json").c_str(), 0644), 0);
  EXPECT_THAT(Refusal("pipe.json"), HasSubstr("not a regular file"));
  ASSERT_TRUE(files_.MakeDirectory(dir_ / "dir.json", 0755).ok());
  EXPECT_THAT(Refusal("dir.json"), HasSubstr("not a regular file"));
  EXPECT_EQ(PersonFromFile(dir_.path(), "none.json", getuid(), people_).error().code(), ENOENT);
}

TEST_F(IdentityTest, AFileHasAtMost64KiB) {
  Write("most.json", std::string(64 << 10, ' '));
  Write("more.json", std::string((64 << 10) + 1, ' '));
  EXPECT_EQ(Refusal("most.json"), "accepted");
  EXPECT_THAT(Refusal("more.json"), HasSubstr("more than 65536"));
}

TEST_F(IdentityTest, TheUidOfNobodyKnownIsNobody) {
  EXPECT_THAT(PersonFromPeer(platform::OverflowUid(), 1, people_).error().message(), HasSubstr("cannot name"));
  if (geteuid() != 0) GTEST_SKIP() << "giving a file to another uid needs root";
  Write("a.json");
  ASSERT_EQ(chown((dir_ / "a.json").c_str(), platform::OverflowUid(), 0), 0);
  EXPECT_THAT(Refusal("a.json"), HasSubstr("cannot name"));
  ASSERT_EQ(chown((dir_ / "a.json").c_str(), kStranger, 0), 0);
  auto file = PersonFromFile(dir_.path(), "a.json", 0, people_);
  EXPECT_EQ(file->person.uid, kStranger);
  EXPECT_EQ(file->person.level, 2);
}

TEST_F(IdentityTest, ThePeopleFileNamesAccounts) {
  auto people = People::Parse(R"({"v":1,"people":[{"name":"ana","uid":65533,"groups":["board"]},
                                                  {"name":"chief","login":"root"}]})");
  ASSERT_TRUE(people.ok()) << people.error().message();
  EXPECT_EQ(PersonFromPeer(65533, 1, *people)->name, "ana");
  EXPECT_EQ(PersonFromPeer(0, 1, *people)->name, "chief");
  EXPECT_EQ(PersonFromPeer(65000, 1, *people)->name, "uid 65000");
  state::Person ana = *PersonFromPeer(65533, 1, *people);
  EXPECT_THAT(GroupsOf(ana, {"board", "root", "other"}, *people, {}), ElementsAre("board"));
  state::Person chief = *PersonFromPeer(0, 1, *people);
  EXPECT_THAT(GroupsOf(chief, {"board", "root"}, *people, {}), ElementsAre("root"));  // the Unix group
  // What the program declares is all that counts for that name; it may list the person or the login.
  EXPECT_THAT(GroupsOf(ana, {"board"}, *people, {{"board", {"chief"}}}), IsEmpty());
  EXPECT_THAT(GroupsOf(chief, {"board"}, *people, {{"board", {"root"}}}), ElementsAre("board"));
  EXPECT_TRUE(IsKnown("board", *people, {}));
  EXPECT_TRUE(IsKnown("root", People(), {}));
  EXPECT_FALSE(IsKnown("no-such-group-here", *people, {}));
}

// Somebody with keys and no account here, and the account of somebody else with the same name.
TEST_F(IdentityTest, ALoginIsNotWhoIsCalledLikeIt) {
  for (const char* text : {R"({"v":1,"people":[{"name":"root","groups":["board"],"keys":[]}]})",
                           R"({"v":1,"people":[{"name":"root","uid":65533,"groups":["board"]}]})"}) {
    const People people = *People::Parse(text);
    const state::Person login = *PersonFromPeer(0, 1, people);
    EXPECT_EQ(login.name, "root (uid 0)");
    EXPECT_THAT(GroupsOf(login, {"board", "root", "declared"}, people, {{"declared", {"root"}}}), IsEmpty());
    const std::optional<uid_t> uid = people.entries()[0].uid;
    const state::Person entry{"root", uid ? static_cast<int64_t>(*uid) : -1, 2, "ssh-signature"};
    EXPECT_THAT(GroupsOf(entry, {"board", "declared"}, people, {{"declared", {"root"}}}),
                ElementsAre("board", "declared"));
  }
  // In an older record, or by hand.
  const People people = *People::Parse(R"({"v":1,"people":[{"name":"root","groups":["board"]}]})");
  EXPECT_THAT(GroupsOf({"root", 0, 2, "socket"}, {"board"}, people, {}), IsEmpty());
}

TEST_F(IdentityTest, APeopleFileThatOthersMayChangeIsRefused) {
  Write("people", R"({"v":1,"people":[]})", 0664);
  EXPECT_THAT(People::Load(files_, dir_ / "people", getuid()).error().message(), HasSubstr("others may change it"));
  Write("people", R"({"v":1,"people":[]})", 0644);
  EXPECT_TRUE(People::Load(files_, dir_ / "people", getuid()).ok());
  EXPECT_TRUE(People::Load(files_, dir_ / "none", getuid()).ok());
  if (geteuid() == 0) {
    ASSERT_EQ(chown((dir_ / "people").c_str(), kStranger, 0), 0);
    EXPECT_FALSE(People::Load(files_, dir_ / "people", 1).ok());
  }
}

TEST_F(IdentityTest, NamesAndKeysThatWouldMeanMoreToSshAreRefused) {
  for (const char* bad : {R"({"v":1,"people":[{"name":"*"}]})", R"({"v":1,"people":[{"name":"a,b"}]})",
                          R"({"v":1,"people":[{"name":"a"},{"name":"a"}]})",
                          R"({"v":1,"people":[{"name":"a","uid":1},{"name":"b","uid":1}]})",
                          R"({"v":1,"people":[{"name":"a","keys":["cert-authority ssh-ed25519 AAAA"]}]})",
                          R"({"v":1,"people":[{"name":"a","keys":["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA\n* x"]}]})",
                          R"({"v":1,"people":[{"name":"a","role":"root"}]})", R"({"v":2,"people":[]})", R"({})"}) {
    EXPECT_FALSE(People::Parse(bad).ok()) << bad;
  }
}

class SignatureTest : public IdentityTest {
 protected:
  void SetUp() override {
    if (!platform::FindProgram("ssh-keygen", "/usr/bin:/bin:/usr/local/bin").ok()) {
      GTEST_SKIP() << "ssh-keygen is not installed";
    }
    Run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", dir_ / "key"}, "");
    std::string key = *files_.Read(dir_ / "key.pub", 1000);
    key.pop_back();
    Json people = Json::Object().Set("v", 1);
    people.Set("people", JsonArray{Json::Object().Set("name", "ana").Set("keys", JsonArray{key}),
                                   Json::Object().Set("name", "ben")});
    people_ = *People::Parse(people.Dump());
  }
  std::string Run(std::vector<std::string> argv, const std::string& input) {
    platform::SpawnOptions options;
    options.argv = std::move(argv);
    options.inherit_env = true;
    auto finished = platform::RunToEnd(options, input, {});
    EXPECT_TRUE(finished.ok());
    EXPECT_EQ(finished->exit_code, 0) << finished->output;
    return finished->output;
  }
  std::string Sign(const std::string& text, const std::string& purpose = "hwf-answer") {
    Write("text", text);
    Run({"ssh-keygen", "-q", "-Y", "sign", "-f", dir_ / "key", "-n", purpose, dir_ / "text"}, "");
    std::string signature = *files_.Read(dir_ / "text.sig", 10'000);
    EXPECT_TRUE(files_.Unlink(dir_ / "text.sig").ok());
    return signature;
  }
};

TEST_F(SignatureTest, TheSignersOwnSignatureOverTheTextCounts) {
  std::string signature = Sign("the answer");
  auto person = PersonFromSignature(people_, "ana", "the answer", signature);
  ASSERT_TRUE(person.ok()) << person.error().message();
  EXPECT_EQ(person->name, "ana");
  EXPECT_EQ(person->level, 2);
  EXPECT_EQ(person->proof, "ssh-signature");
}

TEST_F(SignatureTest, NothingElseCounts) {
  std::string signature = Sign("the answer");
  EXPECT_THAT(PersonFromSignature(people_, "ana", "another answer", signature).error().message(),
              HasSubstr("not `ana`'s over this answer"));
  EXPECT_FALSE(PersonFromSignature(people_, "ben", "the answer", signature).ok());
  EXPECT_FALSE(PersonFromSignature(people_, "eve", "the answer", signature).ok());
  EXPECT_THAT(PersonFromSignature(people_, "ana", "the answer", "no signature").error().message(),
              HasSubstr("no SSH signature"));
  EXPECT_FALSE(
      PersonFromSignature(people_, "ana", "the answer", Sign("the answer", "git")).ok());  // made for another use
}

TEST_F(SignatureTest, AProgramThatHangsIsGivenUp) {
  Write("slow", "#!/bin/sh\nsleep 60\n", 0755);
  auto person = PersonFromSignature(people_, "ana", "x", "-----BEGIN SSH SIGNATURE-----",
                                    {.ssh_keygen = dir_ / "slow", .timeout_ms = 50});
  EXPECT_THAT(person.error().message(), HasSubstr("did not check the signature within 50 ms"));
}

}  // namespace
}  // namespace hwf::review
