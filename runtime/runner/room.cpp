#include "runtime/runner/room.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <cstdint>

namespace hwf::runner {
namespace {

constexpr uint64_t kLowWater = 1 << 20;  // bytes

}  // namespace

std::string LackOfRoom(const std::string& directory) {
  struct statvfs info {};
  if (statvfs(directory.c_str(), &info) != 0) return "";
  const uint64_t left = uint64_t{info.f_bavail} * info.f_frsize;
  if (left < kLowWater) return fmt::format("disk full: {} has {} KiB left", directory, left >> 10);
  if (info.f_files > 0 && info.f_favail == 0) return fmt::format("disk full: {} has no inode left", directory);
  return "";
}

}  // namespace hwf::runner
