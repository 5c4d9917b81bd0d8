// The scan that LogReader and LogWriter share.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "runtime/platform/file_system.h"

namespace hwf::journal {

using TakeRecord = std::function<ErrorOr<Success>(std::string_view payload, uint64_t end)>;

// Hands every whole record from `offset` on to `take`; returns where the whole part ends (0: not even a header).
ErrorOr<uint64_t> Scan(platform::FileSystem& files, const std::string& path, uint64_t offset, const TakeRecord& take);

}  // namespace hwf::journal
