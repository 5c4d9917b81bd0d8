// The frames of a log as bytes: making one, reading one, and telling a torn tail from damage. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hwf::journal {

inline constexpr std::string_view kLogHeader{"hwf-log 1\n\0\0\0\0\0\0", 16};
inline constexpr uint64_t kFrameHead = 8;  // length and CRC
inline constexpr uint64_t kNoteSize = kFrameHead + 8;

struct Frame {
  bool note = false;  // a sync note, not a record
  std::string_view payload;
  uint64_t size = 0;    // with its head
  uint64_t synced = 0;  // of a note
};

void AppendFrame(std::string_view payload, std::string& out);
// A sync note: all before the byte `synced` was on disk when this was written.
void AppendNote(uint64_t synced, std::string& out);

// The whole frame at the beginning of `bytes`, or nothing if it is short or does not check.
std::optional<Frame> ParseFrame(std::string_view bytes);

// How many bytes the frame at the beginning of `bytes` (at least kFrameHead) says it has; nothing if that is no valid
// length.
std::optional<uint64_t> FrameSize(std::string_view bytes);

enum class Tail {
  kTorn,    // an unfinished or lost write: to be cut
  kDamaged  // something that was safely on disk has changed
};

// `bytes` begin at `offset` of the log with something that is not a whole frame, and go to its end (or far enough).
Tail Classify(std::string_view bytes, uint64_t offset);

}  // namespace hwf::journal
