// Base 64 as in RFC 4648, with padding: for scripts that go through shells nobody here knows. Any thread.
#pragma once

#include <string>

namespace hwf::platform {

std::string Base64(const std::string& bytes);

}  // namespace hwf::platform
