#include "runtime/cli/site_words.h"

#include "ir/sites.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/program.h"

namespace hwf::cli {
namespace {

constexpr const char* kSitesFile = "sites.hwf";

NamedSite Nothing(int exit, const std::string& why) {
  if (!why.empty()) Complain(why);
  NamedSite none;
  none.exit = exit;
  return none;
}

}  // namespace

NamedSite FindSite(const Context& context, const Arguments& arguments) {
  const std::string& name = arguments.positional[0];
  const std::string file = arguments.positional.size() > 1 ? arguments.positional[1] : kSitesFile;
  LoadedProgram loaded = LoadDeclarations(context, file, "");
  if (!loaded.program) return Nothing(loaded.error.exit, loaded.error.message);
  std::string known;
  for (const ir::Site& site : loaded.program->module->sites) {
    if (site.name == name) return {{site.name, site.kind, site.fields}, std::move(loaded.program->module), 0};
    known += (known.empty() ? "`" : ", `") + site.name + "`";
  }
  return Nothing(kExitUsage,
                 fmt::format("{} declares no site `{}`; it has {}", file, name, known.empty() ? "none" : known));
}

}  // namespace hwf::cli
