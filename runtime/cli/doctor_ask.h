// What `hwf doctor` asks programs, on this machine or at the far end of ssh. The main thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/ssh/far_place.h"

namespace hwf::cli {

enum class Health { kGood, kLook, kBad };
using SayCheck = std::function<void(Health health, const std::string& what, const std::string& found)>;

struct Answer {
  int status = 127;
  std::string text;  // what it wrote, without its last newlines
};
// Runs a program to its end, in English, for a bounded time.
using AskProgram = std::function<Answer(std::vector<std::string> argv)>;

// The beginning of what a program wrote, for a report.
std::string OneLine(std::string text);

AskProgram AskHere();
// `needed`: see ssh::DefineBegin. The connection is open.
AskProgram AskThere(const ssh::SshHost& host, const std::string& needed);

}  // namespace hwf::cli
