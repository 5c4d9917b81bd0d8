#include "runtime/site/site.h"

namespace hwf::site {

ErrorOr<LocalOptions> LocalOptionsFromFields(const ir::Site& site, const std::string& run_directory) {
  LocalOptions options;
  options.name = site.name;
  options.run_directory = run_directory;
  if (!site.fields.is_object()) return options;
  for (const JsonMember& member : site.fields.AsObject()) {
    const Json& value = member.value;
    const bool positive = value.is_number() && value.AsDouble() >= 0;
    if (member.key == "cpus" && positive && value.AsDouble() > 0) {
      options.cpus = value.AsDouble();
    } else if (member.key == "gpus" && positive && value.is_int()) {
      options.gpus = static_cast<int>(value.AsInt());
    } else if (member.key == "memory" && positive && value.is_int()) {
      options.memory = value.AsInt();
    } else if (member.key == "setup" && value.is_string()) {
      options.setup = value.AsString();
    } else if (member.key == "launch" && value.is_string()) {
      options.launch = value.AsString();
    } else if (member.key == "containers" && value.is_string()) {
      options.containers = value.AsString();
    } else if (member.key != "gpu" && member.key != "secrets" && member.key != "shares" && member.key != "engine_max") {
      return MakeError("site `{}`: this version cannot use the field `{}: {}` of a local site", site.name, member.key,
                       value.Dump());
    }
  }
  return options;
}

}  // namespace hwf::site
