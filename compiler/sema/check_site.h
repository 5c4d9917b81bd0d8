// `site here = local(cpus: 8)`: fields from one table, inherited from the site that it is made from. One namespace over
// all modules. Fills program.sites.
#pragma once

#include "compiler/sema/context.h"

namespace hwf::sema {

void CheckSites(Context& context);

}  // namespace hwf::sema
