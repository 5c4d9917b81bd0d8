// `hwf-runner attach`: the far end of a connection to an agent over ssh. It makes the run's directory, starts the agent
// if nobody listens, says in one line where everything is, and then carries bytes between its standard streams and the
// agent's socket until either side ends. The agent goes on.
#pragma once

#include <string>
#include <vector>

namespace hwf::runner {

// The program's arguments behind `attach`; the exit code.
int Attach(const std::vector<std::string>& arguments);

}  // namespace hwf::runner
