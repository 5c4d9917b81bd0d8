// Where each call of a program runs and why, and what is brought there: the part of `hwf plan` that is about sites.
// One thread; module, parameters and sizes outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/module.h"

namespace hwf::cli {

struct PlannedMove {
  std::string value;  // its name
  std::string from;   // a site; empty: this machine
  std::string to;
  std::optional<int64_t> bytes;  // known before anything runs
};

struct PlannedCall {
  std::string name;  // of the node
  const ir::Task* task = nullptr;
  std::string site;
  std::string kind;
  std::string why;  // or empty: because the source says so
  std::vector<PlannedMove> moves;
  bool reusable = false;  // its result may be reused, by this run or a later one
  bool array = false;
  int64_t pack = 0;
  int64_t allocation = 0;  // nodes of the one that its elements share
};

class PlanSites {
 public:
  // `sources`: the bytes of the entry's own `file(…)` and `dir(…)`, by the names of their nodes.
  PlanSites(const ir::Module& module, const ir::Workflow& entry, const Json& params,
            const std::map<std::string, int64_t>& sources);

  // Whether there is more than one place where a task could run.
  bool choice() const { return choice_; }
  PlannedCall Of(const ir::Workflow& workflow, const ir::Node& node, const ir::TaskNode& call) const;
  // Every call that the entry can come to.
  std::vector<PlannedCall> All() const;

  // "on train (slurm), the first of its sites"
  static std::string Where(const PlannedCall& call);
  // What stands below it, a line each.
  static std::vector<std::string> Details(const PlannedCall& call);
  // "2 values, 1.5 MiB of them known now"; empty if nothing moves. What goes to sites that share files goes once.
  std::string Total() const;
  Json ToJson() const;

 private:
  struct Value {
    std::string name;
    std::optional<int64_t> bytes;
  };
  using Values = std::unordered_map<ir::ValueId, Value>;
  void Name(const ir::Region& region, bool top, Values& values) const;
  void Collect(const ir::Workflow& workflow, const ir::Region& region, std::set<std::string>& seen,
               std::vector<PlannedCall>& calls) const;

  const ir::Module& module_;
  const ir::Workflow& entry_;
  const std::map<std::string, int64_t>& sources_;
  bool choice_ = false;
  std::unordered_map<const ir::Workflow*, Values> values_;
};

}  // namespace hwf::cli
