#include "runtime/ssh/ssh_trouble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hwf::ssh {
namespace {

using ::testing::HasSubstr;

// Words of OpenSSH 9.2.
constexpr const char* kChanged = R"(@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Host key for edge1 has changed and you have requested strict checking.
Host key verification failed.
)";

TEST(SshTrouble, WhatAPersonCanMendNamesTheCommand) {
  const SshTrouble changed = ExplainSsh(kChanged, "edge", "ana@edge1");
  EXPECT_TRUE(changed.needs_person);
  EXPECT_THAT(changed.why, HasSubstr("not the one that is known"));
  EXPECT_THAT(changed.why, HasSubstr("hwf login edge"));

  const SshTrouble unknown = ExplainSsh(
      "No ED25519 host key is known for edge1 and you have requested strict checking.\r\n"
      "Host key verification failed.\r\n",
      "edge", "edge1");
  EXPECT_TRUE(unknown.needs_person);
  EXPECT_THAT(unknown.why, HasSubstr("is not known here"));

  const SshTrouble denied =
      ExplainSsh("Welcome!\nana@edge1: Permission denied (publickey,password).\r\n", "edge", "edge1");
  EXPECT_TRUE(denied.needs_person);
  EXPECT_THAT(denied.why, HasSubstr("hwf login edge"));
  EXPECT_THAT(denied.why, HasSubstr("(publickey,password)"));
}

TEST(SshTrouble, WhatOnlyTimeCanMendIsTriedAgain) {
  for (const char* words :
       {"ssh: connect to host edge1 port 22: Connection refused",
        "ssh: Could not resolve hostname edge1: Name or service not known",
        "Connection timed out during banner exchange", "client_loop: send disconnect: Broken pipe"}) {
    const SshTrouble trouble = ExplainSsh(std::string(words) + "\r\n", "edge", "edge1");
    EXPECT_FALSE(trouble.needs_person) << words;
    EXPECT_EQ(trouble.why, std::string("edge1 cannot be reached: ") + words);
  }
  EXPECT_EQ(ExplainSsh(" \n", "edge", "edge1").why, "edge1 cannot be reached: the connection ended at once");
  const SshTrouble full =
      ExplainSsh("mux_client_request_session: session request failed: Session open refused by peer\n", "edge", "edge1");
  EXPECT_FALSE(full.needs_person);
  EXPECT_THAT(full.why, HasSubstr("MaxSessions"));
}

TEST(SshTrouble, ALineIsShort) {
  EXPECT_EQ(LastLine("one\ntwo \r\n\n"), "two");
  EXPECT_EQ(LastLine(""), "");
  EXPECT_EQ(LastLine(std::string(5000, 'x')).size(), 300u);
  EXPECT_EQ(TellingLine("tar: hwf-runner: Cannot write: No space left on device\ntar: Exiting with failure status\n"),
            "tar: hwf-runner: Cannot write: No space left on device");
  EXPECT_EQ(TellingLine("first\nlast\n"), "last");
}

}  // namespace
}  // namespace hwf::ssh
