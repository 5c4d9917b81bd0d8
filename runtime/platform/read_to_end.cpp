#include "runtime/platform/read_to_end.h"

#include <unistd.h>

#include <cerrno>

namespace hwf::platform {

ErrorOr<std::string> ReadToEnd(int fd, size_t most, const std::string& what) {
  std::string text;
  char piece[64 << 10];
  while (text.size() <= most) {
    const ssize_t count = read(fd, piece, sizeof piece);
    if (count == 0) return text;
    if (count < 0 && errno != EINTR) return ErrnoError(errno, "reading " + what);
    if (count > 0) text.append(piece, static_cast<size_t>(count));
  }
  return MakeError("{} is longer than {} bytes", what, most);
}

}  // namespace hwf::platform
