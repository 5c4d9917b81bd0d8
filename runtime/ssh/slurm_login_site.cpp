#include "runtime/ssh/slurm_login_site.h"

#include <utility>

#include "runtime/site/agent_site.h"
#include "runtime/ssh/ssh_connector.h"

namespace hwf::ssh {

ErrorOr<std::unique_ptr<site::Site>> MakeSlurmLoginSite(const FarPlace& place, const site::SlurmOptions& options,
                                                        site::Listener& listener) {
  HWF_ASSIGN(SshHost host, HostOf(place));
  site::AgentOptions agent = site::SlurmAgentOptions(options);
  agent.shares_files = place.shares_files;
  auto connector = MakeSshConnector(std::move(host), place, {"slurm", site::SlurmAgentWords(options), "sbatch"});
  return site::MakeAgentSite(std::move(agent), std::move(connector), listener);
}

}  // namespace hwf::ssh
