// What the sites of a program have, in a simulated world: who may begin, and how much is used over time. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/scheduler/scheduler.h"
#include "runtime/state/command.h"

namespace hwf::simulate {

struct Amount {
  double cpus = 0;
  double gpus = 0;
};

// What the attempt asks for. The error says which of its `needs` cannot be computed.
ErrorOr<state::Needs> NeedsOf(const ir::Module& module, const scheduler::StartTask& start);

class Rooms {
 public:
  struct Ticket {
    std::string site;
    Amount amount;
  };
  struct Room {
    std::optional<double> cpus, gpus;  // that it has; absent: no end of them
    Amount used;
    Amount most;  // used at a time
    double cpu_ms = 0,
           gpu_ms = 0;  // used, times how long; right when all is given back
    int64_t starts = 0;
    int64_t waited_ms = 0;  // of all starts together
  };

  // The sites as they are declared: `cpus` and `gpus`, of a Slurm site those of a node times its `nodes`.
  explicit Rooms(const ir::Module& module);

  // Of all its nodes. The error says that its site never has so much.
  ErrorOr<Ticket> TicketOf(const scheduler::StartTask& start, const state::Needs& needs) const;
  // Whether it begins now; else it waits for its turn, the greater priority first. `name` is the attempt's own.
  bool Take(const Ticket& ticket, const std::string& name, int64_t priority, state::TimeMs now);
  // Gives back what was taken, and lets those begin whose turn has come.
  std::vector<std::string> Give(const Ticket& ticket, state::TimeMs now);
  // It waits and shall not begin.
  void Forget(const std::string& name) { forgotten_.insert(name); }

  const std::map<std::string, Room>& rooms() const { return rooms_; }
  // Of all sites together, used at a time.
  Amount most() const { return most_; }

 private:
  struct Waiting {
    int64_t priority = 0;
    uint64_t sequence = 0;
    std::string name;
    Amount amount;
    state::TimeMs since = 0;
  };
  struct Behind {
    bool operator()(const Waiting& a, const Waiting& b) const {
      return a.priority != b.priority ? a.priority < b.priority : a.sequence > b.sequence;
    }
  };
  static bool Fits(const Room& room, const Amount& amount);
  void Change(Room& room, const Amount& amount, double sign, state::TimeMs now);

  std::map<std::string, Room> rooms_;
  std::map<std::string, std::priority_queue<Waiting, std::vector<Waiting>, Behind>> waiting_;
  std::unordered_set<std::string> forgotten_;
  uint64_t sequence_ = 0;
  Amount used_, most_;
};

}  // namespace hwf::simulate
