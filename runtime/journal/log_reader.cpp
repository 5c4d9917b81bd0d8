// Reads the log in pieces and hands out whole frames. At bytes that are no frame it looks at what lies behind them: a
// torn tail ends the reading quietly (the writer may be in the middle of it), damage is an error.
#include "runtime/journal/log_reader.h"

#include <algorithm>
#include <cerrno>

#include "runtime/journal/frame.h"
#include "runtime/journal/log.h"

namespace hwf::journal {
namespace {

constexpr uint64_t kChunk = 1 << 20;
// How far behind a bad frame whole ones are looked for.
constexpr uint64_t kSearchWindow = uint64_t{64} << 20;

bool OnlyZeros(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

ErrorOr<bool> HeaderIsWhole(platform::FileSystem& files, const std::string& path) {
  HWF_ASSIGN(std::string head, files.ReadRange(path, 0, kLogHeader.size()));
  if (head == kLogHeader) return true;
  // Made, but the power went before its header was on disk.
  if (head.size() < kLogHeader.size() && kLogHeader.substr(0, head.size()) == head) return false;
  if (OnlyZeros(head)) {
    HWF_ASSIGN(std::string rest, files.ReadRange(path, 0, kSearchWindow));
    if (OnlyZeros(rest)) return false;
  }
  std::string_view family = kLogHeader.substr(0, 8);
  if (std::string_view(head).substr(0, family.size()) == family) {
    return MakeError("{} was written by a newer hwf (its format is `{}`, this one reads `hwf-log 1`)", path,
                     head.substr(0, head.find('\n')));
  }
  return MakeError("{} is not a log of hwf: its first bytes are not `hwf-log 1`", path);
}

}  // namespace

ErrorOr<uint64_t> Scan(platform::FileSystem& files, const std::string& path, uint64_t offset, const TakeRecord& take) {
  HWF_ASSIGN(bool whole_header, HeaderIsWhole(files, path));
  if (!whole_header) return uint64_t{0};
  uint64_t at = std::max<uint64_t>(offset, kLogHeader.size());
  uint64_t want = kChunk;
  while (true) {
    HWF_ASSIGN(std::string bytes, files.ReadRange(path, at, want));
    bool at_end = bytes.size() < want;
    std::string_view rest = bytes;
    while (std::optional<Frame> frame = ParseFrame(rest)) {
      at += frame->size;
      rest.remove_prefix(frame->size);
      if (!frame->note) HWF_TRY(take(frame->payload, at));
    }
    if (rest.empty() && at_end) return at;
    std::optional<uint64_t> size = rest.size() >= kFrameHead ? FrameSize(rest) : kFrameHead;
    if (size && *size > rest.size() && !at_end) {  // goes on behind this piece
      want = std::max(kChunk, *size);
      continue;
    }
    HWF_ASSIGN(std::string tail, files.ReadRange(path, at, kSearchWindow));
    if (ParseFrame(tail)) continue;  // the writer has finished it in between
    if (Classify(tail, at) == Tail::kTorn) return at;
    return MakeError(
        "{} is damaged: the record at byte {} does not check, but whole records follow it. Nothing was changed; "
        "restore "
        "the file from a copy or a snapshot of the file system",
        path, at);
  }
}

ErrorOr<Success> LogReader::Read(const std::function<ErrorOr<Success>(std::string_view payload, uint64_t end)>& take) {
  auto note_and_take = [&](std::string_view payload, uint64_t end) -> ErrorOr<Success> {
    HWF_TRY(take(payload, end));
    offset_ = end;
    return Success();
  };
  ErrorOr<uint64_t> end = Scan(*files_, path_, offset_, note_and_take);
  if (!end.ok() && end.error().code() == ENOENT) return Success();
  if (!end.ok()) return end.error();
  offset_ = std::max(offset_, *end);
  return Success();
}

}  // namespace hwf::journal
