#include "compiler/diagnostics/silence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "compiler/diagnostics/codes.h"
#include "compiler/diagnostics/render.h"

namespace hwf::diagnostics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SilenceTest : public ::testing::Test {
 protected:
  // Every comment of `text` is read; W0901 stands at each `!`, E0103 at each `?`.
  std::vector<Diagnostic> Apply(const std::string& text, bool judged = true) {
    const source::FileId file = *sources_.Add("a.hwf", text);
    Emitter emitter(collector_);
    for (uint32_t at = 0; at < text.size(); ++at) {
      if (text[at] == '!') emitter.Report({file, at, at + 1}, kNoDeadline);
      if (text[at] == '?') emitter.Report({file, at, at + 1}, kSyntax, "`?`", "z");
      if (text[at] != '#') continue;
      const auto end = static_cast<uint32_t>(std::min(text.find('\n', at), text.size()));
      silencer_.Read({file, at, end}, judged);
      at = end;
    }
    return silencer_.Apply(collector_.diagnostics());
  }
  static std::vector<std::string> Said(const std::vector<Diagnostic>& all) {
    std::vector<std::string> out;
    for (const Diagnostic& d : all) out.push_back(std::string(d.info.code) + (d.silenced ? ": " + *d.silenced : ""));
    return out;
  }

  source::SourceManager sources_;
  Collector collector_;
  Silencer silencer_{sources_};
};

TEST_F(SilenceTest, TheLineBelowOrItsOwn) {
  EXPECT_THAT(Said(Apply("# hwf: allow W0901 it is a test\n!\n!\n! # hwf: allow W0901\n!\n")),
              ElementsAre("W0901: it is a test", "W0901", "W0901: ", "W0901"));
}

TEST_F(SilenceTest, CommentsOfOneLineStandOneBelowTheOther) {
  EXPECT_THAT(Said(Apply("  # hwf: allow W0901 first\n  # hwf: allow w0902\n  ## what it is\n  !\n")),
              ElementsAre("W0901: first", "W0910"));
}

TEST_F(SilenceTest, SeveralCodes) {
  EXPECT_THAT(Said(Apply("#hwf:allow W0904, W0901 W0903,W0902 W is no code\n!\n")),
              ElementsAre("W0901: W is no code", "W0910", "W0910", "W0910"));
}

TEST_F(SilenceTest, ErrorsStay) { EXPECT_THAT(Said(Apply("# hwf: allow E0103\n?\n")), ElementsAre("E0103", "W0911")); }

TEST_F(SilenceTest, WhatIsNoCode) {
  const std::vector<Diagnostic> all = Apply("# hwf: allow no-deadline\n!\n# hwf: allow\n# hwf: allow W9999 x\n");
  EXPECT_THAT(Said(all), ElementsAre("W0901", "W0911", "W0911", "W0911"));
  EXPECT_THAT(all[1].help, HasSubstr("`W0901`"));
  ASSERT_EQ(all[1].fixes.size(), 1u);
  EXPECT_EQ(all[1].fixes[0].text, "W0901");
}

TEST_F(SilenceTest, OtherCommentsAreNone) {
  EXPECT_THAT(Said(Apply("# hwf: allowed W0901\n# allow W0901\n## hwf: allow W0901\n# hwf\n#\n!\n")),
              ElementsAre("W0901"));
}

TEST_F(SilenceTest, UnjudgedOnesAreNotComplainedAbout) {
  EXPECT_THAT(Said(Apply("# hwf: allow W0901 W9999\n", false)), IsEmpty());
}

TEST_F(SilenceTest, EachFormatSaysIt) {
  const std::vector<Diagnostic> all = Apply("# hwf: allow W0901 meant so\n!\n!\n");
  EXPECT_THAT(RenderText(sources_, all, false), HasSubstr("a.hwf:3:1"));
  EXPECT_THAT(RenderText(sources_, all, false), Not(HasSubstr("a.hwf:2:1")));
  EXPECT_THAT(RenderText(sources_, all, false), HasSubstr("\n1 warning in 1 file\n"));
  EXPECT_EQ(RenderText(sources_, {all[0]}, false), "");
  const Json json = *Json::Parse(RenderJson(sources_, all, {}));
  EXPECT_EQ(json["warnings"].AsInt(), 1);
  ASSERT_EQ(json["diagnostics"].AsArray().size(), 1u);
  ASSERT_EQ(json["silenced"].AsArray().size(), 1u);
  EXPECT_EQ(json["silenced"].AsArray()[0]["why"].AsString(), "meant so");
  const Json sarif = *Json::Parse(RenderSarif(sources_, all, {}, "1"));
  const auto& results = sarif["runs"].AsArray()[0]["results"].AsArray();
  ASSERT_EQ(results.size(), 2u);
  ASSERT_EQ(results[0]["suppressions"].AsArray().size(), 1u);
  EXPECT_EQ(results[0]["suppressions"].AsArray()[0]["kind"].AsString(), "inSource");
  EXPECT_EQ(results[0]["suppressions"].AsArray()[0]["justification"].AsString(), "meant so");
  EXPECT_TRUE(results[1]["suppressions"].is_null());
}

}  // namespace
}  // namespace hwf::diagnostics
