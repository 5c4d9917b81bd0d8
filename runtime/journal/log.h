// A log: an append-only file of framed, checksummed records. The journal is one, the runner's log is another.
//
// File: 16 bytes `hwf-log 1\n` padded with NUL, then frames: u32 length, u32 CRC-32 of the length and the payload (both
// little-endian), payload. A reader stops at the first frame that is short or does not check: a torn tail, which the
// writer cuts when it opens the log. A frame that does not check but has whole frames behind it is damage, and an
// error. No locks; one writer (who holds the lease), any number of readers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "runtime/platform/file_system.h"

namespace hwf::journal {

// The largest payload, in bytes.
inline constexpr uint32_t kMaxRecordBytes = 16u << 20;

class LogWriter {
 public:
  // Opens or creates; cuts a torn tail. `mode` is for a new file.
  static ErrorOr<std::unique_ptr<LogWriter>> Open(platform::FileSystem& files, const std::string& path, mode_t mode);
  virtual ~LogWriter() = default;

  // Appends one record, not synced. The bytes are with the kernel when it returns: the death of this process loses
  // nothing. Returns the offset behind it.
  virtual ErrorOr<uint64_t> Append(std::string_view payload) = 0;
  // Returns when all that was appended is on disk.
  virtual ErrorOr<Success> Sync() = 0;
  // Asks a second thread to sync soon; returns at once. An error it meets is returned by the next Append or Sync.
  virtual void SyncSoon() = 0;
  // Keeps `bytes` of disk behind the end, so that the records of what already runs can be written on a full disk.
  virtual ErrorOr<Success> Reserve(uint64_t bytes) = 0;
  virtual uint64_t size() const = 0;
};

class LogReader {
 public:
  LogReader(platform::FileSystem& files, std::string path) : files_(&files), path_(std::move(path)) {}

  // Calls `take(payload, end_offset)` for each whole record from the current offset on, and stays behind the last one,
  // so that it can be called again as the log grows. A missing file has no records.
  ErrorOr<Success> Read(const std::function<ErrorOr<Success>(std::string_view payload, uint64_t end)>& take);
  void Seek(uint64_t offset) { offset_ = offset; }
  uint64_t offset() const { return offset_; }

 private:
  platform::FileSystem* files_;
  std::string path_;
  uint64_t offset_ = 0;
};

}  // namespace hwf::journal
