// The log of a tried call that failed, as a File: `store/<hex of its digest>/log` of the run, read-only. Touches files
// only: runs on any thread.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json.h"
#include "runtime/platform/file_system.h"

namespace hwf::engine {

inline constexpr uint64_t kMaxTriedLog = 16 << 20;  // bytes; of a longer one the end is kept

// What an attempt wrote to its standard error, as its site reported it.
struct Written {
  std::string text;  // short, folded in
  std::string file;  // else its name in the attempt's directory
  std::string site;  // that has it
};

// What the log holds: what was written, or, if that is nothing or elsewhere, `message`. `directory` is the attempt's.
ErrorOr<std::string> TriedLogText(platform::FileSystem& files, const Written& written, const std::string& directory,
                                  const std::string& message);

// The File. All of it is on disk when it returns; one that is there already, of an engine that died, counts.
ErrorOr<Json> KeepTriedLog(platform::FileSystem& files, const std::string& text, const std::string& store, bool shared);

}  // namespace hwf::engine
