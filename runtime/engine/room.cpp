#include "runtime/engine/room.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace hwf::engine {
namespace {

constexpr size_t kBytes = 256 << 10;
constexpr mode_t kMode = 0600;

int WriteAll(int fd, const std::string& bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = write(fd, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    done += static_cast<size_t>(count);
  }
  return fdatasync(fd) == 0 ? 0 : errno;
}

}  // namespace

ErrorOr<Success> TryRoom(const std::string& directory) {
  const std::string path = directory + "/.room";
  (void)unlink(path.c_str());  // of an engine that died here
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode);
  if (fd < 0) return ErrnoError(errno, "making a file in " + directory);
  int error = WriteAll(fd, std::string(kBytes, 'r'));
  if (close(fd) != 0 && error == 0) error = errno;
  (void)unlink(path.c_str());
  if (error != 0) return ErrnoError(error, "writing into " + directory);
  return Success{};
}

}  // namespace hwf::engine
