#include "runtime/platform/file_system_kind.h"

#include <sys/vfs.h>

#include <algorithm>
#include <iterator>

namespace hwf::platform {
namespace {

// As in Linux's magic.h, and in the modules' own headers for those that are not part of Linux.
constexpr uint32_t kLate[] = {
    0x6969,      // NFS
    0x0bd00bd0,  // Lustre
    0x47504653,  // GPFS
    0x19830326,  // BeeGFS
    0x00c36400,  // Ceph
    0xff534d42,  // CIFS
    0xfe534d42,  // SMB 2
    0x5346414f,  // AFS
    0x01021997,  // 9P
    0xaad7aaea,  // PanFS
    0x01161970,  // GFS 2
    0x7461636f,  // OCFS 2
    0x20030528,  // OrangeFS
    0x65735546,  // FUSE
};

}  // namespace

bool IsLateKind(uint32_t type) { return std::find(std::begin(kLate), std::end(kLate), type) != std::end(kLate); }

bool MayBeLate(const std::string& path) {
  struct statfs info {};
  return statfs(path.c_str(), &info) == 0 && IsLateKind(static_cast<uint32_t>(info.f_type));
}

}  // namespace hwf::platform
