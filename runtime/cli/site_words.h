// A site by its name, from the file that declares it, for commands that talk to it without a run. The main thread only.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/cli/command.h"

namespace hwf::cli {

struct NamedSite {
  ir::Site site;
  std::shared_ptr<const ir::Module> module;  // that declares it
  int exit = 0;                              // not 0: there is none, which has been said
};
// `positional`: SITE [FILE]; FILE is `sites.hwf` where it is not given.
NamedSite FindSite(const Context& context, const Arguments& arguments);

}  // namespace hwf::cli
