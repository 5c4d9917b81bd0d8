// An agent at the far end of ssh: the connection is opened if there is none, the tools are installed there if they are
// not, and `hwf-runner attach` is run, whose standard streams are the agent's socket from then on. What a login prints
// before is passed over. Nothing blocks: each step is a program that runs beside the engine's loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/site/connector.h"
#include "runtime/ssh/far_tools.h"
#include "runtime/ssh/ssh_host.h"

namespace hwf::ssh {

struct FarAgent {
  std::string site;     // its name
  std::string workdir;  // absolute, or "~/…"
  std::string run_id;
  std::vector<std::string> options;                 // of hwf-runner, beside --run and --state
  std::string program_directory, python_directory;  // of the tools here
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

std::unique_ptr<SshConnector> MakeSshConnector(SshHost host, FarAgent agent);

}  // namespace hwf::ssh
