// A machine reached by OpenSSH's own `ssh`, as its user has set that up (~/.ssh/config, agents, jump hosts): this makes
// the command lines. All of them share one connection a host and user, which a master process keeps (ControlMaster); it
// is never opened in a way that asks the user for anything, except by `hwf login`. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace hwf::ssh {

struct HostOptions {
  std::string host;  // a name of ~/.ssh/config, or of the network
  std::string user;  // empty: as ssh decides
  int port = 0;      // 0: likewise
};

class SshHost {
 public:
  // Makes the directory of the connections' sockets (0700, the user's own) and the configuration that all calls use:
  // what hwf insists on, then the user's (`HWF_SSH_CONFIG`, else ~/.ssh/config) and the system's, then what is sensible
  // where they say nothing.
  static ErrorOr<SshHost> Open(const HostOptions& options);

  // "ana@edge1:2222", for messages.
  const std::string& name() const { return name_; }
  // Held (flock) while a connection is opened: two at once would leave one that is no master and never ends.
  const std::string& lock_path() const { return lock_path_; }

  // Whether there is a connection: exit code 0. Talks to the master alone.
  std::vector<std::string> Check() const;
  // Opens it and goes into the background; `ask`: the terminal may be asked for passwords and unknown host keys.
  std::vector<std::string> OpenMaster(bool ask) const;
  std::vector<std::string> CloseMaster() const;
  // Runs `script` there by /bin/sh, whatever the user's shell is.
  std::vector<std::string> RunScript(const std::string& script) const;
  // The words before the host, for `rsync -e`, and the host as rsync takes it.
  std::string RemoteShell() const;
  const std::string& target() const { return target_; }

 private:
  std::vector<std::string> Base() const;

  std::string target_, name_, config_, lock_path_;
  int port_ = 0;
};

}  // namespace hwf::ssh
