// The passes over the IR: each takes a sound module and gives a sound one that means the same, where tasks run decided
// and what the runtime can use noted at the nodes (ir::TaskNode). Pure functions; one file a pass.
#pragma once

#include "ir/module.h"

namespace hwf::passes {

// Of the sites of `on a | b` takes one for each call: TaskNode::site and why.
ir::Module Place(ir::Module module);
// Notes which values must be brought from one file system to another: TaskNode::moves. After Place.
ir::Module Stages(ir::Module module);
// Notes which calls from a `for` can go to Slurm as one array: TaskNode::array. After Place.
ir::Module Arrays(ir::Module module);
// Notes how many calls of an array share a job: TaskNode::pack. After Arrays.
ir::Module Packs(ir::Module module);

// All of them, in their order.
ir::Module Run(ir::Module module);

}  // namespace hwf::passes
