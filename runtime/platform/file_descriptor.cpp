#include "runtime/platform/file_descriptor.h"

#include <unistd.h>

#include <cerrno>

namespace hwf::platform {

void FileDescriptor::Reset() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

int FileDescriptor::Close() {
  if (fd_ < 0) return 0;
  int fd = std::exchange(fd_, -1);
  // On Linux the descriptor is gone even after EINTR; closing again could hit another thread's.
  if (close(fd) == 0 || errno == EINTR) return 0;
  return errno;
}

}  // namespace hwf::platform
