// How an agent starts: one for each state directory, in the background, and only when it listens, or has said why not,
// does the process that was started end.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"

namespace hwf::runner {

// Makes the state directory, detaches (not with `foreground`), locks `lock` there, goes to `work_directory`, opens the
// agent and runs what that gives; the exit code. 0 at once if another one listens there; one that lives on another
// machine, which shares the directory, is named. `name` is for messages.
int RunAlone(const std::string& name, const std::string& state_directory, const std::string& work_directory,
             bool foreground, const std::function<ErrorOr<std::function<int()>>(int lock_fd)>& open);

// A closed standard stream must not become one of our files.
void HoldStandardStreams();

}  // namespace hwf::runner
