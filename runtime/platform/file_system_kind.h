// What sort of file system a path lies on. Any thread.
#pragma once

#include <cstdint>
#include <string>

namespace hwf::platform {

// Whether what another machine does there may be seen here only after a while: of network and cluster file systems, and
// of FUSE, behind which there may be one. False where it cannot be found out.
bool MayBeLate(const std::string& path);

// The same by the number that statfs(2) gives as the type.
bool IsLateKind(uint32_t type);

}  // namespace hwf::platform
