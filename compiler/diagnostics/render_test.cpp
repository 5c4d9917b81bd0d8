#include "compiler/diagnostics/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/json.h"
#include "compiler/diagnostics/catalog.h"
#include "compiler/diagnostics/codes.h"

namespace hwf::diagnostics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RenderTest : public ::testing::Test {
 protected:
  RenderTest() : emitter_(collector_) { file_ = *sources_.Add("a b.hwf", "hwf 1\nlét x = y\x1b[0m\n"); }
  source::Range At(uint32_t begin, uint32_t end) const { return {file_, begin, end}; }
  std::vector<Diagnostic> All() const { return Sorted(sources_, collector_.diagnostics()); }

  source::SourceManager sources_;
  Collector collector_;
  Emitter emitter_;
  source::FileId file_{};
};

TEST_F(RenderTest, TextShowsTheLineAndThePlace) {
  emitter_.Report(At(15, 16), kSyntax, "`y`", "z").Suggest("write `z`", At(15, 16), "z").Note(At(0, 3), "here");
  emitter_.Report(At(0, 3), kMissingEdition);
  EXPECT_EQ(RenderText(sources_, All(), false),
            "a b.hwf:1:1: error[E0101]: the file does not begin with its edition, `hwf 1`\n"
            "    1 | hwf 1\n"
            "      | ^~~\n"
            "\n"
            "a b.hwf:2:9: error[E0103]: found `y`, expected z\n"
            "    2 | lét x = y [0m\n"
            "      |         ^\n"
            "  note: a b.hwf:1:1: here\n"
            "    1 | hwf 1\n"
            "      | ^~~\n"
            "  help: write `z`\n"
            "      + lét x = z [0m\n"
            "\n"
            "2 errors in 1 file\n");
  EXPECT_THAT(RenderText(sources_, All(), true), HasSubstr("\x1b[1;31merror[E0103]\x1b[0m"));
}

TEST_F(RenderTest, TextShowsAWindowOfALongLine) {
  file_ = *sources_.Add("long", std::string(1000000, 'a') + "!" + std::string(1000000, 'b'));
  emitter_.Report(At(1000000, 1000001), kBadCharacter, "`!`");
  std::string text = RenderText(sources_, All(), false);
  EXPECT_LT(text.size(), 1000u);
  EXPECT_THAT(text, HasSubstr("a!b"));
}

TEST_F(RenderTest, SortsAndDropsDoubles) {
  emitter_.Report(At(9, 10), kMixedList);
  emitter_.Report(At(0, 1), kMixedList);
  emitter_.Report(At(9, 10), kMixedList);
  ASSERT_EQ(All().size(), 2u);
  EXPECT_EQ(All()[0].range.begin, 0u);
}

TEST_F(RenderTest, JsonHasEverything) {
  emitter_.Report(At(15, 16), kSyntax, "`y`", "z").Suggest("write `z`", At(15, 16), "z").Note(At(0, 3), "here");
  auto json = Json::Parse(RenderJson(sources_, All(), {}));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["version"].AsInt(), 1);
  EXPECT_EQ((*json)["errors"].AsInt(), 1);
  const Json& d = (*json)["diagnostics"].AsArray().at(0);
  EXPECT_EQ(d["code"].AsString(), "E0103");
  EXPECT_EQ(d["range"]["begin"]["line"].AsInt(), 2);
  EXPECT_EQ(d["range"]["begin"]["column"].AsInt(), 9);
  EXPECT_EQ(d["fixes"].AsArray().at(0)["text"].AsString(), "z");
  EXPECT_EQ(d["notes"].AsArray().at(0)["message"].AsString(), "here");
}

TEST_F(RenderTest, SarifHasRulesRegionsAndFixes) {
  emitter_.Report(At(15, 16), kSyntax, "`y`", "z").Suggest("write `z`", At(15, 16), "z");
  auto json = Json::Parse(RenderSarif(sources_, All(), {}, "0.1.0"));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["version"].AsString(), "2.1.0");
  const Json& run = (*json)["runs"].AsArray().at(0);
  EXPECT_EQ(run["columnKind"].AsString(), "unicodeCodePoints");
  EXPECT_EQ(run["tool"]["driver"]["rules"].AsArray().at(0)["id"].AsString(), "E0103");
  const Json& result = run["results"].AsArray().at(0);
  EXPECT_EQ(result["ruleIndex"].AsInt(), 0);
  const Json& place = result["locations"].AsArray().at(0)["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"].AsString(), "a%20b.hwf");
  EXPECT_EQ(place["region"]["startColumn"].AsInt(), 9);
  const Json& change = result["fixes"].AsArray().at(0)["artifactChanges"].AsArray().at(0);
  EXPECT_EQ(change["replacements"].AsArray().at(0)["insertedContent"]["text"].AsString(), "z");
}

TEST(Catalog, EveryCodeIsExplainedOnceAndWellFormed) {
  std::set<std::string> codes, names;
  for (const CatalogEntry& entry : Catalog()) {
    std::string code = entry.info.code;
    EXPECT_TRUE(codes.insert(code).second) << code << " stands twice";
    EXPECT_TRUE(names.insert(entry.info.name).second) << entry.info.name << " stands twice";
    EXPECT_EQ(code.size(), 5u) << code;
    EXPECT_EQ(code[0], entry.info.severity == Severity::kError ? 'E' : 'W') << code;
    EXPECT_GT(entry.explanation.size(), 60u) << code << " has no long text for `hwfc explain`";
  }
  EXPECT_EQ(FindCode("e0103"), FindCode("syntax"));
  EXPECT_EQ(FindCode("E9999"), nullptr);
}

}  // namespace
}  // namespace hwf::diagnostics
