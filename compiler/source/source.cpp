#include "compiler/source/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "base/utf8.h"

namespace hwf::source {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::vector<uint32_t> LineStarts(std::string_view text) {
  std::vector<uint32_t> starts{0};
  for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    starts.push_back(static_cast<uint32_t>(at + 1));
  }
  return starts;
}

// The first byte that is no text, or npos.
size_t FirstBadByte(std::string_view text) { return std::min(text.find('\0'), FirstNotUtf8(text)); }

Error TooLarge(const std::string& path) {
  return MakeError("cannot read `{}`: it is larger than {} MiB, the most that a source file may have", path,
                   SourceManager::kMaxFileBytes >> 20);
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

ErrorOr<std::string> ReadAll(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer; it is refused below.
  Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) return ErrnoError(errno, fmt::format("cannot read `{}`", path));
  struct stat info {};
  if (fstat(file.fd, &info) != 0) return ErrnoError(errno, fmt::format("cannot read `{}`", path));
  if (S_ISDIR(info.st_mode)) return MakeError("cannot read `{}`: it is a directory", path);
  if (!S_ISREG(info.st_mode)) return MakeError("cannot read `{}`: it is not a regular file", path);
  if (static_cast<uint64_t>(info.st_size) > SourceManager::kMaxFileBytes) return TooLarge(path);

  // One byte more than it had, so that a file which grows meanwhile is noticed.
  std::string text(static_cast<size_t>(info.st_size) + 1, '\0');
  size_t filled = 0;
  while (true) {
    if (filled == text.size()) text.resize(text.size() * 2);
    ssize_t got = read(file.fd, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(errno, fmt::format("cannot read `{}`", path));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
    if (filled > SourceManager::kMaxFileBytes) return TooLarge(path);
  }
  text.resize(filled);
  return text;
}

}  // namespace

ErrorOr<FileId> SourceManager::Load(const std::string& path) {
  HWF_ASSIGN(std::string text, ReadAll(path));
  return Add(path, std::move(text));
}

ErrorOr<FileId> SourceManager::Add(std::string path, std::string text) {
  if (text.size() > kMaxFileBytes) return TooLarge(path);
  // Some editors begin a file with a byte order mark, which says nothing in UTF-8 and is no column of its line.
  if (text.compare(0, kByteOrderMark.size(), kByteOrderMark) == 0) text.erase(0, kByteOrderMark.size());
  std::vector<uint32_t> line_starts = LineStarts(text);
  if (size_t bad = FirstBadByte(text); bad != std::string_view::npos) {
    auto after = std::upper_bound(line_starts.begin(), line_starts.end(), static_cast<uint32_t>(bad));
    size_t line = static_cast<size_t>(after - line_starts.begin());
    size_t byte_in_line = bad - *(after - 1) + 1;
    const char* what = text[bad] == '\0' ? "a NUL byte" : "not UTF-8";
    return MakeError("cannot read `{}`: line {}, byte {} is {} (0x{:02X}); source files are UTF-8 text", path, line,
                     byte_in_line, what, static_cast<unsigned char>(text[bad]));
  }
  FileId id{static_cast<uint32_t>(files_.size())};
  files_.push_back({std::move(path), std::move(text), std::move(line_starts)});
  return id;
}

std::string_view SourceManager::Text(Range range) const {
  return std::string_view(file(range.file).text).substr(range.begin, range.end - range.begin);
}

Position SourceManager::PositionOf(FileId id, uint32_t offset) const {
  const File& of = file(id);
  auto after = std::upper_bound(of.line_starts.begin(), of.line_starts.end(), offset);
  const uint32_t line_start = *(after - 1);
  offset = std::min(offset, static_cast<uint32_t>(of.text.size()));
  auto code_points = [&](uint32_t from, uint32_t to) {
    return static_cast<uint32_t>(std::count_if(of.text.begin() + from, of.text.begin() + to,
                                               [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  };
  if (!last_.valid || last_.file != id || last_.line_start != line_start) last_ = {id, line_start, line_start, 1, true};
  if (offset >= last_.offset) {
    last_.column += code_points(last_.offset, offset);
  } else {
    last_.column -= code_points(offset, last_.offset);
  }
  last_.offset = offset;
  return {static_cast<uint32_t>(after - of.line_starts.begin()), last_.column};
}

Range SourceManager::WordAt(FileId id, Position position) const {
  const File& of = file(id);
  const auto size = static_cast<uint32_t>(of.text.size());
  if (position.line == 0 || position.line > of.line_starts.size()) return {id, size, size};
  const auto is_tail = [&](uint32_t at) {
    return at < size && (static_cast<unsigned char>(of.text[at]) & 0xC0) == 0x80;
  };
  uint32_t begin = of.line_starts[position.line - 1];
  for (uint32_t column = 1; column < position.column && begin < size; ++column) {
    for (++begin; is_tail(begin);) ++begin;
  }
  const auto is_word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  uint32_t end = begin;
  while (end < size && is_word(static_cast<unsigned char>(of.text[end]))) ++end;
  return {id, begin, std::min(std::max(end, begin + 1), size)};
}

std::string_view SourceManager::LineAt(FileId id, uint32_t offset) const {
  const File& of = file(id);
  auto after = std::upper_bound(of.line_starts.begin(), of.line_starts.end(), offset);
  uint32_t begin = *(after - 1);
  uint32_t end = after == of.line_starts.end() ? static_cast<uint32_t>(of.text.size()) : *after - 1;
  if (end > begin && of.text[end - 1] == '\r') --end;
  return std::string_view(of.text).substr(begin, end - begin);
}

}  // namespace hwf::source
