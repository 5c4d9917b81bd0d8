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

namespace hwf::simulate {

struct Simulated {
  std::optional<scheduler::FinishRun> finish;
  std::string stuck;          // without a finish: why it does not come to its end
  state::TimeMs elapsed = 0;  // on the clock
  int64_t events = 0;
};

class Simulator {
 public:
  // Both outlive the simulator.
  Simulator(const ir::Module& module, Behaviour& behaviour);
  // Runs the module's entry. Once.
  Simulated Run(Json params);
  const scheduler::Scheduler& scheduler() const { return scheduler_; }
  // When the clock begins: a Monday, 2026-01-05 09:00 UTC.
  static constexpr state::TimeMs kBegin = 1'767'603'600'000;

 private:
  // A Vote stands for the answer of all whom the rule wants: its review and form are looked at when it is due.
  struct Due {
    state::TimeMs time = 0;
    uint64_t sequence = 0;
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
  };

  void At(state::TimeMs time, state::EventBody body);
  void Apply(state::EventBody body);
  bool Happens(state::EventBody& body);
  void Take(scheduler::Command& command);
  void Start(scheduler::StartTask& start);
  void Cancel(const scheduler::CancelAttempt& cancel);
  void Opened(const std::string& review);
  void Answer(const state::Vote& reply);
  std::string WhyStuck() const;

  Behaviour& behaviour_;
  scheduler::Scheduler scheduler_;
  state::TimeMs now_ = kBegin;
  uint64_t sequence_ = 0;
  std::priority_queue<Due, std::vector<Due>, Later> due_;
  std::unordered_map<state::Place, Attempt> attempts_;     // whose end is awaited
  std::unordered_map<std::string, state::TimeMs> clocks_;  // armed, by review and kind
  Simulated result_;
};

}  // namespace hwf::simulate
