// An agent at the far end of ssh: the connection is opened if there is none, the tools are installed there if they are
// not, and `hwf-runner attach` is run, whose standard streams are the agent's socket from then on. What a login prints
// before is passed over. Nothing blocks: each step is a program that runs beside the engine's loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/site/connector.h"
#include "runtime/ssh/far_place.h"
#include "runtime/ssh/ssh_host.h"

namespace hwf::ssh {

// What hwf-runner is to be there.
struct FarAgent {
  std::string kind;                  // its first argument: "slurm"; empty: it starts tasks itself
  std::vector<std::string> options;  // behind --run and --state
  std::string needs;                 // a program that has to be in its PATH; empty: none
};

// What is known of the machine there, once it was reached.
struct FarMachine {
  double cpus = 0;
  int64_t gpus = 0;
  int64_t memory = 0;
};

class SshConnector : public site::Connector {
 public:
  virtual const FarMachine& machine() const = 0;
};

std::unique_ptr<SshConnector> MakeSshConnector(SshHost host, FarPlace place, FarAgent agent);

}  // namespace hwf::ssh
