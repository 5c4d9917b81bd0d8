// What is appended to a journal reads back, whatever it holds.
#include "runtime/engine/journal_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.h"
#include "runtime/platform/testing/temp_dir.h"

namespace hwf::engine {
namespace {

using testing::HasSubstr;

class JournalKeeperTest : public testing::Test {
 protected:
  ErrorOr<Success> TryAppend(const state::EventBody& body) {
    event_.time = 5;
    event_.body = body;
    HWF_ASSIGN(JournalKeeper keeper, JournalKeeper::Open(files_, path_, 1));
    return keeper.Append(event_, Durability::kSoon);
  }
  // The event as it is behind Append; every reader must see the same.
  const state::Event& Append(const state::EventBody& body) {
    const ErrorOr<Success> done = TryAppend(body);
    EXPECT_TRUE(done.ok()) << done.error().message();
    return event_;
  }
  std::vector<state::Event> Read() {
    std::vector<state::Event> events;
    journal::LogReader reader(files_, path_);
    const auto done = reader.Read([&](std::string_view text, uint64_t) -> ErrorOr<Success> {
      HWF_ASSIGN(const Json json, Json::Parse(text, {.allow_nan = true}));
      HWF_ASSIGN(state::Event event, state::EventFromJson(json));
      events.push_back(std::move(event));
      return Success{};
    });
    EXPECT_TRUE(done.ok()) << done.error().message();
    return events;
  }

  state::Event event_;
  platform::testing::TempDir dir_;
  platform::FileSystem& files_ = platform::RealFileSystem();
  std::string path_ = dir_.path() + "/journal";
};

TEST_F(JournalKeeperTest, BytesThatAreNoTextAreReplaced) {
  const std::string bad = "a\xff\xe2\x96";
  const Json value = Json::Object().Set("k" + bad, bad);
  state::Person person;
  person.name = bad;
  state::AttemptEnded ended;
  ended.place = "t";
  ended.failure = ir::Reason::kExit;
  ended.message = bad;
  ended.outputs = value;
  const std::vector<state::EventBody> bodies = {state::RunStarted{"r", "b2:0", value, person, "/" + bad, ""},
                                                state::EngineStarted{bad, 1},
                                                state::SourceResolved{"data", value, bad},
                                                ended,
                                                state::Emission{"t", 1, "epoch", bad, value, 0},
                                                state::EmissionRefused{"t", 1, bad, bad},
                                                state::ReviewOpened{"r", value},
                                                state::Vote{"r", person, {bad}, bad, value, bad},
                                                state::ReviewVoided{"r", bad},
                                                state::CancelRequested{person, "t", bad},
                                                state::RunFinished{false, value, bad}};
  std::vector<std::string> appended;
  for (const state::EventBody& body : bodies) {
    appended.push_back(state::ToJson(Append(body)).Dump());
    EXPECT_TRUE(IsUtf8(appended.back()));
  }
  const std::vector<state::Event> read = Read();
  ASSERT_EQ(read.size(), bodies.size());
  for (size_t i = 0; i < read.size(); ++i) EXPECT_EQ(state::ToJson(read[i]).Dump(), appended[i]);
  EXPECT_EQ(std::get<state::AttemptEnded>(read[3].body).message, "a\uFFFD\uFFFD\uFFFD");
}

// Nothing of such an event is written, and what is recorded in its place fails what made it.
TEST_F(JournalKeeperTest, WhatIsTooLargeFailsInstead) {
  const Json large = Json::Object().Set("text", std::string(journal::kMaxRecordBytes, 'x'));
  Json deep(1);
  for (int i = 0; i < 130; ++i) deep = Json::Array().Add(std::move(deep));
  state::AttemptEnded ended;
  ended.place = "t";
  for (const Json& value : {large, Json::Object().Set("value", deep)}) {
    ended.outputs = value;
    for (const state::EventBody& body :
         std::vector<state::EventBody>{ended, state::ReviewOpened{"r", value}, state::RunFinished{true, value, ""}}) {
      const ErrorOr<Success> refused = TryAppend(body);
      ASSERT_FALSE(refused.ok());
      EXPECT_EQ(refused.error().code(), EMSGSIZE);
      EXPECT_THAT(refused.error().message(), HasSubstr("written to files"));
      const std::optional<state::EventBody> instead = Instead(body, refused.error().message());
      ASSERT_TRUE(instead.has_value());
      EXPECT_THAT(state::ToJson(Append(*instead)).Dump(), HasSubstr("cannot be recorded: its record would"));
    }
  }
  const std::vector<state::Event> read = Read();
  ASSERT_EQ(read.size(), 6u);
  EXPECT_EQ(std::get<state::AttemptEnded>(read[0].body).failure, ir::Reason::kOutput);
  EXPECT_EQ(std::get<state::ReviewVoided>(read[1].body).review, "r");
  EXPECT_FALSE(std::get<state::RunFinished>(read[2].body).ok);
}

}  // namespace
}  // namespace hwf::engine
