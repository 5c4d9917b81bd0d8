// `hwf login SITE`: opens the connection to a site reached by ssh, the one step that may ask for something.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "ir/sites.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/site_words.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/process.h"
#include "runtime/ssh/far_place.h"

namespace hwf::cli {
namespace {

// With this terminal; the exit code.
int RunHere(const std::vector<std::string>& argv, bool quiet) {
  platform::SpawnOptions options;
  options.argv = argv;
  options.inherit_env = true;
  if (!quiet) options.files = {{0, 0}, {1, 1}, {2, 2}};
  const ErrorOr<pid_t> pid = platform::Spawn(options);
  if (!pid.ok()) {
    Complain(pid.error().message());
    return -1;
  }
  int status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int RunLogin(Context& context, const Arguments& arguments) {
  const NamedSite named = FindSite(context, arguments);
  if (named.exit != 0) return named.exit;
  if (ir::IsOnThisMachine(named.site)) {
    Complain(fmt::format("site `{}` of kind {} is this machine: there is nothing to log in to", named.site.name,
                         named.site.kind));
    return kExitUsage;
  }
  const ErrorOr<ssh::FarPlace> place = ssh::FarPlaceFromFields(named.site);
  const ErrorOr<ssh::SshHost> host = place.ok() ? ssh::HostOf(*place) : place.error();
  if (!host.ok()) {
    Complain(host.error().message());
    return kExitUsage;
  }
  const bool open = RunHere(host->Check(), true) == 0;
  if (arguments.Has("close")) {
    if (open) RunHere(host->CloseMaster(), true);
    fmt::print("{} to {}\n", open ? "closed the connection" : "there was no connection", host->name());
    return kExitDone;
  }
  if (open) {
    fmt::print("the connection to {} is open\n", host->name());
    return kExitDone;
  }
  // A run that is just opening it is waited for: two at once would leave one that nobody uses.
  const platform::FileDescriptor lock(
      ::open(host->lock_path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.valid()) (void)flock(lock.get(), LOCK_EX);
  // ssh ends a moment before the master that it leaves has a session of its own; once that one answers, the end of this
  // terminal does not reach it.
  const auto answers = [&] { return RunHere(host->Check(), true) == 0; };
  if (!answers() && (RunHere(host->OpenMaster(true), false) != 0 || !answers())) {
    Complain(fmt::format("the connection to {} could not be opened", host->name()));
    return kExitWorld;
  }
  fmt::print("the connection to {} is open; runs use it as long as it lasts, at most 12 h without use\n", host->name());
  return kExitDone;
}

}  // namespace

CommandSpec LoginCommand() {
  CommandSpec spec;
  spec.name = "login";
  spec.positional = "SITE [FILE]";
  spec.least = 1;
  spec.most = 2;
  spec.summary = "open the connection to a site that asks for a password";
  spec.text =
      "Runs use one connection a host, and never ask for anything themselves: where a password, a passphrase or an\n"
      "unknown host key stands in the way, they wait and say so. This command opens the connection in your terminal;\n"
      "whatever waits for it goes on. FILE declares the site (sites.hwf). ~/.ssh/config counts, or the file that\n"
      "HWF_SSH_CONFIG names.";
  spec.options = {{"close", "", "close it instead"}};
  spec.examples = {{"hwf login edge", "open it, asking what has to be asked"}, {"hwf login edge --close", "close it"}};
  spec.run = RunLogin;
  return spec;
}

}  // namespace hwf::cli
