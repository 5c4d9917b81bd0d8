// Any bytes as a log: reading ends, the writer that opens it leaves a log that reads the same and goes on.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "runtime/journal/log.h"
#include "runtime/platform/testing/crash_file_system.h"

namespace hwf::journal {
namespace {

ErrorOr<std::vector<std::string>> ReadAll(platform::FileSystem& files) {
  std::vector<std::string> records;
  LogReader reader(files, "/log");
  HWF_TRY(reader.Read([&](std::string_view payload, uint64_t) -> ErrorOr<Success> {
    records.emplace_back(payload);
    return Success();
  }));
  return records;
}

void Check(std::string_view bytes) {
  platform::testing::CrashFileSystem files;
  HWF_CHECK(files.WriteAtomically("/log", bytes, 0600, true).ok());
  ErrorOr<std::vector<std::string>> before = ReadAll(files);
  ErrorOr<std::unique_ptr<LogWriter>> log = LogWriter::Open(files, "/log", 0600);
  HWF_CHECK(log.ok() == before.ok());
  if (!log.ok()) {
    HWF_CHECK(*files.Read("/log", bytes.size()) == bytes);
    return;
  }
  HWF_CHECK((*log)->Append("next").ok());
  ErrorOr<std::vector<std::string>> after = ReadAll(files);
  HWF_CHECK(after.ok());
  before->push_back("next");
  HWF_CHECK(*after == *before);
}

}  // namespace
}  // namespace hwf::journal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hwf::journal::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
