// A run in a world of its own: the scheduler as it is, a virtual clock, and a Behaviour in the place of tasks and
// people. Nothing is started, read or written, and no time passes but on the clock. Deterministic. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/module.h"
#include "runtime/scheduler/scheduler.h"
#include "runtime/simulate/behaviour.h"
#include "runtime/simulate/rooms.h"

namespace hwf::simulate {

// A task's attempt or a review that the run's end waited for, from when to when.
struct Stretch {
  enum class What { kTask, kRoom, kReview };  // kRoom: the attempt waited for room on its site
  What what = What::kTask;
  state::Place place;
  state::TimeMs from = 0, to = 0;  // since the beginning
};
struct Simulated {
  std::optional<scheduler::FinishRun> finish;
  std::string stuck;          // without a finish: why it does not come to its end
  state::TimeMs elapsed = 0;  // on the clock
  int64_t events = 0;
  std::vector<Stretch> critical;   // of the way that the end waited for, in the order of time
  state::TimeMs people_alone = 0;  // nothing ran, and a review was open
};

class Simulator {
 public:
  // All outlive the simulator. `rooms`: what the sites have; null: no end of everything.
  Simulator(const ir::Module& module, Behaviour& behaviour, Rooms* rooms = nullptr);
  // Runs the module's entry. Once.
  Simulated Run(Json params);
  const scheduler::Scheduler& scheduler() const { return scheduler_; }
  // When the clock begins: a Monday, 2026-01-05 09:00 UTC.
  static constexpr state::TimeMs kBegin = 1'767'603'600'000;

 private:
  static constexpr uint32_t kNothing = 0xffffffff;
  static constexpr state::TimeMs kEnd = 9'000'000'000'000'000;
  // A Vote stands for the answer of all whom the rule wants: its review and form are looked at when it is due.
  struct Due {
    state::TimeMs time = 0;
    uint64_t sequence = 0;
    uint32_t cause = kNothing;  // the step because of which it happens
    state::EventBody body;
  };
  struct Later {
    bool operator()(const Due& a, const Due& b) const {
      return a.time != b.time ? a.time > b.time : a.sequence > b.sequence;
    }
  };
  struct Attempt {
    int number = 0;
    int64_t messages = 0;  // that it was given so far
    bool runs = false;
    bool tried = false;  // its failure comes with a log
    uint32_t step = 0;
    int64_t limit_ms = 0;  // of `needs time`; 0: none
    Rooms::Ticket ticket;
    Outcome outcome;
  };
  // A task's attempt or a review, and what had to be before it: kNothing for the beginning.
  struct Step {
    bool review = false;
    uint32_t cause = kNothing;
    state::TimeMs ready = 0, begin = 0;
    state::Place place;
  };

  // The clock so much later. Past its end the simulation is stuck.
  state::TimeMs After(int64_t delay_ms);
  void At(state::TimeMs time, state::EventBody body);
  // It does not go on; the first reason counts.
  void Stick(std::string why);
  static void OrderStarts(std::vector<scheduler::Command>& commands);
  void Apply(state::EventBody body);
  bool Happens(state::EventBody& body);
  void Take(scheduler::Command& command);
  void Open(const scheduler::OpenReview& open);
  void Start(scheduler::StartTask& start);
  void Begin(const state::Place& place);
  void Ended(const state::Place& place);
  void Cancel(const scheduler::CancelAttempt& cancel);
  uint32_t AddStep(bool review, const state::Place& place);
  void NoteCause(const state::EventBody& body);
  void Pass(state::TimeMs to);
  std::vector<Stretch> Critical() const;
  void Opened(const std::string& review);
  void Answer(const state::Vote& reply);
  std::string WhyStuck() const;

  const ir::Module& module_;
  Behaviour& behaviour_;
  Rooms* rooms_;
  scheduler::Scheduler scheduler_;
  state::TimeMs now_ = kBegin;
  uint64_t sequence_ = 0;
  std::priority_queue<Due, std::vector<Due>, Later> due_;
  std::unordered_map<state::Place, Attempt> attempts_;     // whose end is awaited
  std::unordered_map<std::string, state::TimeMs> clocks_;  // armed, by review and kind
  std::vector<Step> steps_;
  std::unordered_map<std::string, uint32_t> open_;  // reviews that are open: their steps
  uint32_t cause_ = kNothing;                       // the step of what happens now
  int64_t running_ = 0;
  Simulated result_;
};

}  // namespace hwf::simulate
