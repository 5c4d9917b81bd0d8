// For tests: small programs built by hand, so that the engine is tested without a compiler.
#pragma once

#include "ir/module.h"

namespace hwf::engine::testing {

// greet(name) writes a line; the result is its text. Parameter `name`.
ir::Module Hello();
// `command` is the shell text of one task without outputs' paths; its standard output is the result `text`.
ir::Module OneTask(const std::string& command);
// A review (choices yes(n: Int in 1..10) and no, within an hour) whose answer decides what a task echoes.
ir::Module Asked();
// Three tasks in a row, each writing its place to the file of parameter `side` and then waiting for the file `go`.
ir::Module Chain();

}  // namespace hwf::engine::testing
