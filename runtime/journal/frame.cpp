// Telling a torn tail from damage. What was never synced may be lost in any order when the power goes: the tail can
// have a hole of zeros with whole frames behind it. So whole frames behind a bad one do not prove damage by
// themselves; a sync note among them does, when it says that the bad bytes were on disk already. Without such a note, a
// hole (a sector's worth of zeros, or zeros up to a sector's edge) is taken as a lost write, anything else as damage.
#include "runtime/journal/frame.h"

#include <zlib.h>

#include <algorithm>

#include "base/check.h"
#include "runtime/journal/log.h"

namespace hwf::journal {
namespace {

constexpr uint32_t kNoteFlag = 1u << 31;
constexpr uint64_t kSector = 512;
// Of checksums while looking for whole frames; beyond it the answer is damage.
constexpr uint64_t kSearchBudget = uint64_t{256} << 20;

void AppendU32(uint32_t value, std::string& out) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xff);
}

uint32_t ReadU32(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

uint32_t Checksum(std::string_view head, std::string_view payload) {
  uLong crc = crc32(0, reinterpret_cast<const Bytef*>(head.data()), static_cast<uInt>(head.size()));
  return static_cast<uint32_t>(
      crc32(crc, reinterpret_cast<const Bytef*>(payload.data()), static_cast<uInt>(payload.size())));
}

void AppendRaw(uint32_t word, std::string_view payload, std::string& out) {
  size_t start = out.size();
  AppendU32(word, out);
  uint32_t crc = Checksum(std::string_view(out).substr(start, 4), payload);
  AppendU32(crc, out);
  out += payload;
}

bool AllZero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

// Whether the bytes of the bad frame, up to the first whole one behind it, look like a write that never came.
bool HasHole(std::string_view bytes, uint64_t offset) {
  for (uint64_t at = 0; at < bytes.size();) {
    uint64_t edge = std::min<uint64_t>(bytes.size(), (offset + at) / kSector * kSector + kSector - offset);
    if (edge - at >= kFrameHead && AllZero(bytes.substr(at, edge - at))) return true;
    at = edge;
  }
  return false;
}

}  // namespace

void AppendFrame(std::string_view payload, std::string& out) {
  HWF_CHECK(!payload.empty() && payload.size() <= kMaxRecordBytes);
  AppendRaw(static_cast<uint32_t>(payload.size()), payload, out);
}

void AppendNote(uint64_t synced, std::string& out) {
  std::string payload;
  AppendU32(static_cast<uint32_t>(synced), payload);
  AppendU32(static_cast<uint32_t>(synced >> 32), payload);
  AppendRaw(kNoteFlag | 8u, payload, out);
}

std::optional<uint64_t> FrameSize(std::string_view bytes) {
  HWF_CHECK(bytes.size() >= kFrameHead);
  uint32_t word = ReadU32(bytes);
  if (word == (kNoteFlag | 8u)) return kNoteSize;
  if (word == 0 || word > kMaxRecordBytes) return std::nullopt;
  return kFrameHead + word;
}

std::optional<Frame> ParseFrame(std::string_view bytes) {
  if (bytes.size() < kFrameHead) return std::nullopt;
  std::optional<uint64_t> size = FrameSize(bytes);
  if (!size || *size > bytes.size()) return std::nullopt;
  Frame frame;
  frame.payload = bytes.substr(kFrameHead, *size - kFrameHead);
  if (ReadU32(bytes.substr(4)) != Checksum(bytes.substr(0, 4), frame.payload)) return std::nullopt;
  frame.size = *size;
  frame.note = (ReadU32(bytes) & kNoteFlag) != 0;
  if (frame.note) frame.synced = ReadU32(frame.payload) | uint64_t{ReadU32(frame.payload.substr(4))} << 32;
  return frame;
}

Tail Classify(std::string_view bytes, uint64_t offset) {
  uint64_t spent = 0;
  std::optional<uint64_t> first_whole;
  for (uint64_t at = 1; at + kFrameHead <= bytes.size(); ++at) {
    std::optional<uint64_t> size = FrameSize(bytes.substr(at));
    if (!size || *size > bytes.size() - at) continue;
    spent += *size;
    if (spent > kSearchBudget) return Tail::kDamaged;
    std::optional<Frame> frame = ParseFrame(bytes.substr(at));
    if (!frame) continue;
    if (frame->note && frame->synced > offset && frame->synced <= offset + at) return Tail::kDamaged;
    if (!first_whole) first_whole = at;
    at += frame->size - 1;
  }
  if (!first_whole) return Tail::kTorn;
  return HasHole(bytes.substr(0, *first_whole), offset) ? Tail::kTorn : Tail::kDamaged;
}

}  // namespace hwf::journal
