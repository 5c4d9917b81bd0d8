// The passes over the IR: each takes a sound module and gives a sound one that means the same, what would be for
// nothing left out, where tasks run decided, and what the runtime can use noted at the nodes (ir::TaskNode). Pure
// functions; one file a pass.
#pragma once

#include <string>
#include <vector>

#include "ir/module.h"

namespace hwf::passes {

// Leaves out the nodes that no output needs and nothing that acts: an effect, a review, a watch, a message, a
// checkpoint, a `fail`.
ir::Module Prune(ir::Module module);
// Makes one of equal calls of a task that may reuse each other's result: the others become names for its value.
ir::Module Merge(ir::Module module);
// Of the sites of `on a | b` takes one for each call: TaskNode::site and why.
ir::Module Place(ir::Module module);
// Notes which values must be brought from one file system to another: TaskNode::moves. After Place.
ir::Module Stages(ir::Module module);
// Notes which calls from a `for` can go to Slurm as one array: TaskNode::array. After Place.
ir::Module Arrays(ir::Module module);
// Notes how many calls of an array share a job: TaskNode::pack. After Arrays.
ir::Module Packs(ir::Module module);
// Notes how long the way from the beginning of each call to the end is: TaskNode::priority.
ir::Module Priorities(ir::Module module);

// All of them, in their order.
ir::Module Run(ir::Module module);

// Where what stays at a site is asked for in vain: by a call whose site does not see it, or shown to people.
struct Astray {
  ir::Span at;
  std::string task;  // empty: it is shown
  std::string site;  // of the call
  std::string stays;
};
// Of a module through the passes, which is not changed.
std::vector<Astray> FindAstray(ir::Module& module);

}  // namespace hwf::passes
