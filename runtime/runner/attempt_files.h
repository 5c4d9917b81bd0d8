// Files in an attempt's directory that hwf puts there. Modes are exact, whatever the umask. Any thread.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace hwf::runner {

// The errno, or 0.
int MakeDirectory(const std::string& path, mode_t mode);

// A file that was not there, 0600; `written`: its state.
ErrorOr<Success> WriteNew(const std::string& path, std::string_view bytes, struct stat* written = nullptr);

// `messages` and `messages/taken`; it is no error if they are there.
ErrorOr<Success> MakeMessageDirectories(const std::string& attempt_directory, mode_t mode);

// By rename, and once: a message that lies there already, taken or not, stays as it is.
ErrorOr<Success> PlaceMessage(const std::string& attempt_directory, const Json& body);

}  // namespace hwf::runner
