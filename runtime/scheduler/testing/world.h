// For tests: a virtual world around a Scheduler. It keeps the journal, a virtual clock and what was commanded, and
// plays the engine: opens reviews, starts attempts, places messages, fires clocks. After every event it can check that
// a replay of the journal so far gives the same pending commands and views, and that these are exactly the commands
// that were given and not answered yet.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/scheduler/scheduler.h"

namespace hwf::scheduler::testing {

constexpr TimeMs kMinute = 60 * 1000;
constexpr TimeMs kHour = 60 * kMinute;

class World {
 public:
  explicit World(const ir::Module& module);

  // What the world does by itself; on unless said otherwise.
  bool submits = true, starts = true, opens = true, places = true, cancels = true, resolves = true;
  bool check_replay = true;
  // The result of a task by its name, at once when it starts. A task without one runs until Succeed or FailWith.
  std::map<std::string, std::function<Json(const StartTask&)>> results;

  void Run(Json params = Json::Object());
  void Apply(state::EventBody body);
  void Advance(TimeMs by);  // fires the clocks that fall due, in order

  void Succeed(const Place& place, Json outputs = Json::Object());
  void FailWith(const Place& place, ir::Reason reason, const std::string& message = "broken");
  void Emit(const Place& place, const std::string& stream, Json values, int64_t after_message = 0);
  void Vote(const std::string& review, const std::string& person, const std::string& variant,
            Json fields = Json::Object(), std::vector<std::string> groups = {});

  // `started` is what was started since.
  void Rewind(const Place& place, Json set = Json(), bool fresh = false);

  std::vector<std::string> Started() const;  // places, in the order of their starts
  const TaskView& Task(const Place& place) const;
  Json LogOf(const Place& place) const;  // that the engine would keep of the attempt; null: it is not tried
  const ReviewView& Review(const std::string& id) const;
  bool Has(const std::string& review) const { return scheduler->FindReview(review) != nullptr; }

  std::unique_ptr<Scheduler> scheduler;
  TimeMs now = 1'000'000;
  std::vector<state::Event> journal;
  std::vector<std::string> log;  // every command, as text
  std::vector<StartTask> started;
  std::vector<PlaceMessage> placed;
  std::vector<std::string> removed;  // files
  std::vector<std::string> notified;
  std::optional<FinishRun> finish;
  std::vector<std::string> problems;  // of the replay checks; stays empty

 private:
  void Take(const Command& command);
  void Drain();
  void Settle(const state::EventBody& body);
  void CheckReplay();
  int attempt(const Place& place) const;

  const ir::Module& module_;
  std::vector<state::EventBody> queue_;
  std::map<std::string, std::string> outstanding_;  // by what answers it: the command as text
  std::map<std::pair<std::string, std::string>, ArmClock> clocks_;
  int files_ = 0;
};

// Who started the run.
state::Person Owner();
// The outputs {n} and {model: a file of three bytes} of a task.
Json N(int64_t n);
Json Model(const std::string& digest);
// A command with all its members, as one line.
std::string ToText(const Command& command);
// Everything that the views show.
std::string ViewsText(const Scheduler& scheduler);

}  // namespace hwf::scheduler::testing
