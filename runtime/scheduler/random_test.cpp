// The sample program under random lives: emissions, votes, forms, clocks, failures, retries, delays of the engine,
// cancels. Whatever happens: a replay gives the same, what is pending is what was not answered, and the run can be
// brought to an end in which nothing is left open.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "ir/sample.h"
#include "runtime/scheduler/testing/world.h"

namespace hwf::scheduler::testing {
namespace {

using ::testing::IsEmpty;

Json FileValue(const std::string& path) {
  return Json::Object().Set("path", Json(path)).Set("digest", Json("b2:" + path)).Set("size", Json(1));
}

class Life {
 public:
  Life(const ir::Module& module, unsigned seed) : world(module), random_(seed) {
    world.places = Chance(80);
    world.opens = Chance(80);
    world.starts = Chance(80);
    world.results["prepare"] = [](const StartTask&) {
      return Json::Object().Set("train", FileValue("/train")).Set("test", FileValue("/test"));
    };
  }

  void Run() {
    world.Run(Json::Object().Set("rate", Json(0.1)));
    for (int step = 0; step < 40 && !world.finish; ++step) {
      world.now += static_cast<TimeMs>(random_() % (2 * kMinute));
      Step();
    }
    End();
  }

  World world;

 private:
  bool Chance(unsigned percent) { return random_() % 100 < percent; }
  bool Running(const Place& place) const {
    const TaskView* view = world.scheduler->FindTask(place);
    return view != nullptr && (view->status == TaskStatus::kRunning || view->status == TaskStatus::kRetrying ||
                               (view->status == TaskStatus::kWaiting && view->attempt > 0));
  }
  state::Person Somebody() {
    static const char* const kNames[] = {"ana", "ben", "owner", "head-of-lab"};
    const size_t which = random_() % 4;
    return {.name = kNames[which], .uid = which == 2 ? 1000 : -1, .level = 2, .proof = "socket"};
  }
  std::string SomeReview() {
    const auto& reviews = world.scheduler->reviews();
    return reviews.empty() ? "none" : reviews[random_() % reviews.size()].id;
  }

  void Step() {
    switch (random_() % 10) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Emit();
      case 4:
      case 5:
        return Vote();
      case 6:
        return world.Apply(state::FormOpened{SomeReview(), Somebody()});
      case 7:
        return world.Advance(static_cast<TimeMs>(random_() % (40 * kMinute)));
      case 8:
        return Catchup();
      default:
        return Trouble();
    }
  }
  void Emit() {
    if (!Running("job")) return;
    Json values = Json::Object().Set("n", Json(static_cast<int64_t>(10 * (random_() % 5)))).Set("loss", Json(0.5));
    values.Set("weights", FileValue("/w"));
    world.Emit("job", "epoch", values, static_cast<int64_t>(random_() % 4));
  }
  void Vote() {
    std::string review = SomeReview();
    static const char* const kVariants[] = {"keep", "retune", "halt", "approve", "reject", "nonsense"};
    Json fields = Json::Object().Set("rate", Json(0.05)).Set("reason", Json("so"));
    std::vector<std::string> groups = {"ml-team", "safety-board"};
    state::Vote vote{review, Somebody(), groups, kVariants[random_() % 6], fields, "q"};
    world.Apply(vote);
  }
  // What the engine had not come to yet.
  void Catchup() {
    for (const Command& command : world.scheduler->Pending()) {
      if (const auto* open = std::get_if<OpenReview>(&command)) {
        return world.Apply(state::ReviewOpened{open->review, Json::Array()});
      }
      if (const auto* place = std::get_if<PlaceMessage>(&command)) {
        return world.Apply(state::MessageDelivered{place->place, place->attempt, place->number});
      }
    }
    const TaskView* job = world.scheduler->FindTask("job");
    if (job != nullptr && job->status != TaskStatus::kRunning && Running("job")) {
      world.Apply(state::AttemptStarted{"job", job->attempt, "h", 1});
    }
  }
  void Trouble() {
    switch (random_() % 8) {
      case 0:
        return world.Apply(state::ReviewVoided{SomeReview(), "changed"});
      case 1:
        return world.Apply(state::CancelRequested{Somebody(), "job", "q"});
      case 2:
        return Running("publish") ? world.FailWith("publish", ir::Reason::kNodeFail) : void();
      case 3:
        return world.Apply(state::CancelRequested{Somebody(), "", "q"});
      default:
        return Running("job") ? world.FailWith("job", ir::Reason::kOom) : void();
    }
  }

  void End() {
    for (int round = 0; round < 20 && !world.finish; ++round) {
      world.opens = world.places = world.starts = true;
      Catchup();
      if (Running("job")) {
        Json metrics = Json::Object().Set("loss", Json(0.25)).Set("accuracy", Json(1));
        world.Succeed("job", Json::Object().Set("model", FileValue("/m")).Set("metrics", metrics));
      }
      if (Running("publish")) world.Succeed("publish");
      const TaskView* publish = world.scheduler->FindTask("publish");
      if (publish != nullptr && publish->status == TaskStatus::kInDoubt) {
        world.Apply(state::DoubtResolved{"publish", publish->attempt, true, Somebody(), "q"});
      }
      world.Advance(49 * kHour);
    }
  }

  std::mt19937 random_;
};

TEST(RandomTest, EveryLifeReplaysAndEnds) {
  ir::Module module = ir::sample::Digits();
  for (unsigned seed = 0; seed < 16; ++seed) {
    Life life(module, seed);
    life.Run();
    ASSERT_THAT(life.world.problems, IsEmpty()) << "seed " << seed;
    ASSERT_TRUE(life.world.finish) << "seed " << seed << "\n" << ViewsText(*life.world.scheduler);
    EXPECT_TRUE(life.world.scheduler->finished());
    for (const ReviewView& review : life.world.scheduler->reviews()) {
      EXPECT_NE(review.status, ReviewStatus::kOpen) << "seed " << seed;
      EXPECT_NE(review.status, ReviewStatus::kOpening) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace hwf::scheduler::testing
