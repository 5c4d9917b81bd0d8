#include "runtime/ssh/far_place.h"

namespace hwf::ssh {
namespace {

constexpr int64_t kMaxPort = 65535;

// "ana@login1", "login1"
HostOptions LoginOf(const std::string& login) {
  const size_t at = login.find('@');
  HostOptions host;
  host.host = at == std::string::npos ? login : login.substr(at + 1);
  if (at != std::string::npos) host.user = login.substr(0, at);
  return host;
}

}  // namespace

ErrorOr<FarPlace> FarPlaceFromFields(const ir::Site& site) {
  const bool slurm = site.kind == "slurm";
  FarPlace place;
  place.name = site.name;
  place.workdir = site.fields.StringOr("workdir", "");
  if (slurm) {
    place.host = LoginOf(site.fields.StringOr("login", ""));
  } else {
    const int64_t port = site.fields.IntOr("port", 0);
    if (port < 0 || port > kMaxPort) return MakeError("site `{}`: {} is no port", site.name, port);
    place.host = {site.fields.StringOr("host", ""), site.fields.StringOr("user", ""), static_cast<int>(port)};
  }
  if (place.host.host.empty()) {
    return slurm ? MakeError("site `{}`: `login` is the name of a machine, or `user@machine`", site.name)
                 : MakeError("site `{}`: an ssh site needs a `host`", site.name);
  }
  if (!place.workdir.starts_with('/') && (slurm || !place.workdir.starts_with("~/"))) {
    return slurm ? MakeError(
                       "site `{}`: with `login` a slurm site needs a `workdir` there, an absolute path that its "
                       "nodes see, too",
                       site.name)
                 : MakeError(
                       "site `{}`: an ssh site needs a `workdir` there, an absolute path or one that begins "
                       "with `~/`",
                       site.name);
  }
  if (place.workdir.find('\n') != std::string::npos) return MakeError("site `{}`: a `workdir` has one line", site.name);
  return place;
}

ErrorOr<SshHost> HostOf(const FarPlace& place) {
  ErrorOr<SshHost> host = SshHost::Open(place.host);
  if (!host.ok()) return host.error().WithContext("site `" + place.name + "`");
  return host;
}

}  // namespace hwf::ssh
