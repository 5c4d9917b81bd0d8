// Running an engine's own programs. Any thread; waits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hwf::container {

inline constexpr int64_t kAskMs = 30'000;           // to look something up
inline constexpr int64_t kFetchMs = 6 * 3'600'000;  // to pull or convert an image

// What our formats begin with, so that they can be found among warnings.
inline constexpr std::string_view kMark = "hwf=";

// What it printed, standard error too. The error of a failure has the program's own last words.
ErrorOr<std::string> RunClient(const std::vector<std::string>& argv, int64_t timeout_ms);
// The rest of the line that begins with `mark`: a format of ours among warnings of theirs; empty if there is none.
std::string MarkedLine(const std::string& output, std::string_view mark);
// Its last few lines, as one.
std::string LastWords(const std::string& output);

bool HasProgram(const std::string& name);
// The environment for an engine's program: the agent's own without what would reach into a container.
std::vector<std::pair<std::string, std::string>> ClientEnvironment();

// Whether this user may make user namespaces; the error says where to look.
ErrorOr<Success> UserNamespacesWork();

}  // namespace hwf::container
