// A site behind an agent: the engine's end of the protocol (runtime/runner/protocol.h). What is asked of the agent is
// kept until its log shows it, and asked again after a broken connection; the agent's claim makes that safe. How the
// agent is reached is the Connector's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/site/connector.h"
#include "runtime/site/site.h"

namespace hwf::site {

struct AgentOptions {
  std::string name;
  std::string root;                                                   // see Site::root; empty: the connector knows
  bool shares_files = true;                                           // see Site::shares_files
  bool patient = false;                                               // see Site::patient
  size_t most_waiting = kMostWaitingLocal;                            // see Site::most_waiting
  std::function<ErrorOr<Success>(const runner::Start& start)> admit;  // none: whatever is asked
};

std::unique_ptr<Site> MakeAgentSite(AgentOptions options, std::unique_ptr<Connector> connector, Listener& listener);

}  // namespace hwf::site
