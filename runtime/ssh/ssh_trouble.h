// What ssh's own complaints mean, in one line that says what to do. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hwf::ssh {

struct SshTrouble {
  std::string why;            // a line for people
  bool needs_person = false;  // trying again changes nothing until somebody has done something
};

// `complaint`: what ssh wrote; `site`, `host`: as people call them.
SshTrouble ExplainSsh(std::string_view complaint, const std::string& site, const std::string& host);

// Of several lines the one that says why: about room or rights if there is one, else the last.
std::string TellingLine(std::string_view text);

// The last line with something in it, shortened.
std::string LastLine(std::string_view text);

}  // namespace hwf::ssh
