// Source files and ranges. A SourceManager owns every file that one compilation reads, as bytes that are valid UTF-8;
// a Range names bytes of one of them. Built by the driver, read by every phase; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hwf::source {

enum class FileId : uint32_t {};

// Bytes [begin, end) of a file. An empty range stands for a point between bytes.
struct Range {
  FileId file{};
  uint32_t begin = 0;
  uint32_t end = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

// 1-based; columns count code points, as editors and SARIF (`columnKind: unicodeCodePoints`) do.
struct Position {
  uint32_t line = 1;
  uint32_t column = 1;
};

struct File {
  std::string path;  // as given or imported; shown to people
  std::string text;
  std::vector<uint32_t> line_starts;  // byte offsets
};

class SourceManager {
 public:
  // The largest file that is read, in bytes.
  static constexpr size_t kMaxFileBytes = size_t{64} << 20;

  // Reads a file from disk. Fails on a missing, unreadable, irregular or too large file, and on invalid UTF-8 or NUL
  // (the message gives line and byte).
  ErrorOr<FileId> Load(const std::string& path);
  // Adds text that is not on disk (tests, an editor's buffer). Same checks as Load.
  ErrorOr<FileId> Add(std::string path, std::string text);

  const File& file(FileId id) const { return files_[static_cast<uint32_t>(id)]; }
  size_t file_count() const { return files_.size(); }
  std::string_view Text(Range range) const;
  Position PositionOf(FileId file, uint32_t offset) const;
  // The word that begins at a position of the file, or the byte; empty, at the end, if there is no such position.
  Range WordAt(FileId file, Position position) const;
  // The line that holds `offset`, without its newline.
  std::string_view LineAt(FileId file, uint32_t offset) const;

 private:
  std::deque<File> files_;
  // The last place that PositionOf was asked for: places come nearly in order, so the column is counted on from there
  // and a line of a megabyte costs no more than many short ones.
  struct LastPlace {
    FileId file{};
    uint32_t line_start = 0, offset = 0, column = 1;
    bool valid = false;
  };
  mutable LastPlace last_;
};

}  // namespace hwf::source
