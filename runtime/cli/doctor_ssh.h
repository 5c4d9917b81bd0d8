// Whether a machine reached by ssh is fit for a site. Opens the connection if it can be opened without asking. The main
// thread only.
#pragma once

#include "runtime/cli/doctor_ask.h"
#include "runtime/ssh/far_place.h"

namespace hwf::cli {

// Whether it answers.
bool CheckFarPlace(const ssh::FarPlace& place, const SayCheck& say);

}  // namespace hwf::cli
