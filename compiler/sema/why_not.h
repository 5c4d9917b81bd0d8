// What a task needs, as far as it stands in the source, against what a site says it has. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/sema/context.h"

namespace hwf::sema {

struct Refusal {
  Range at;          // of what the task asks for
  std::string why;   // "it asks for 16 cpus, the site has 8"
  std::string help;  // or empty
};
// Why the site could never run this attempt of the task; empty: it could, as far as is known. Without a site: this
// machine, of which nothing is declared.
std::vector<Refusal> WhyNot(const TaskDecl& task, const Program::Site* site, int attempt = 1);

}  // namespace hwf::sema
