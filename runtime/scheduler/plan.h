// What the scheduler works out of a module once: for each region its slots (parameters, then nodes), what each node
// waits for, who reads each slot, and how places are named. Immutable after BuildPlans; the module outlives it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/module.h"

namespace hwf::scheduler {

struct RegionPlan;
struct WorkflowPlan;

// How a node waits for a value.
enum class Wait : uint8_t {
  kData,      // dead: the node is skipped
  kAfter,     // `after`: a failure skips the node, else it is only order
  kOrder,     // only order: an earlier send to the same job
  kElements,  // a `for` over the list of another: the other's length, then element by element
};

// A slot of an instance: `up` frames outward in the same workflow.
struct Address {
  uint32_t up = 0;
  uint32_t slot = 0;
};
struct Dependency {
  Address from;
  Wait wait = Wait::kData;
};
struct Reader {
  uint32_t node = 0;  // index in its region; the number of nodes means the region's result
  Wait wait = Wait::kData;
};

struct NodePlan {
  const ir::Node* node = nullptr;
  std::vector<Dependency> waits;
  // Inner regions: then and else; the arms; the body of a `for`, loop or watch. Null for a missing else.
  std::vector<RegionPlan*> bodies;
  Address job;  // of watch, send, cancel
  bool has_job = false;
  bool has_withdrawn_with = false;
  Address withdrawn_with;         // of a review
  bool streams_read = false;      // of a task: an expression reads its list of emissions
  bool watched = false;           // of a task
  std::vector<uint32_t> watches;  // of a task: nodes of its region that watch it
  bool watched_within = false;    // of a task: a watch in an inner region
  bool told = false;              // of a task: a send names it
  bool follows = false;           // of a `for`: element by element behind waits[0]
  bool only_for_job = false;      // of a watch: its body does nothing but ask and send to the job
  const ir::Task* task = nullptr;
  const WorkflowPlan* workflow = nullptr;
};

struct RegionPlan {
  const ir::Region* region = nullptr;
  const RegionPlan* outer = nullptr;  // lexically; null for a workflow's own region
  const WorkflowPlan* workflow = nullptr;
  uint32_t params = 0;
  std::vector<NodePlan> nodes;
  std::vector<Dependency> result_waits;
  std::vector<std::vector<Reader>> readers;  // by own slot, in order of nodes: of this region only
  bool unit = false;                         // its value is (): settled when all its nodes are done
  std::string name_prefix;  // of an `if` or match body: empty, or the owner's name and a dot where names would clash

  uint32_t slots() const { return params + static_cast<uint32_t>(nodes.size()); }
};

struct WorkflowPlan {
  const ir::Workflow* workflow = nullptr;
  RegionPlan* root = nullptr;
  struct Definition {
    const RegionPlan* region = nullptr;
    uint32_t slot = 0;
  };
  std::unordered_map<uint32_t, Definition> values;  // by ValueId
  const Definition* Find(ir::ValueId id) const {
    auto it = values.find(static_cast<uint32_t>(id));
    return it != values.end() ? &it->second : nullptr;
  }
};

struct Plans {
  std::deque<RegionPlan> regions;
  std::deque<WorkflowPlan> workflows;
  const WorkflowPlan* Find(const std::string& name) const;
};

std::unique_ptr<Plans> BuildPlans(const ir::Module& module);

}  // namespace hwf::scheduler
