#include "compiler/driver/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace hwf::driver {
namespace {

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

bool Failed(const std::string& path) {
  fmt::print(stderr, "hwfc: cannot write {}: {}\n", path, std::strerror(errno));
  return false;
}

}  // namespace

bool WriteOutput(const std::string& path, std::string_view text) {
  if (path == "-") return WriteAll(STDOUT_FILENO, text) || Failed("the output");
  const std::string beside = fmt::format("{}.{}.part", path, getpid());
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return Failed(path);
  const bool written = WriteAll(fd, text);
  // Where space is counted late, only close says that it was not enough.
  const bool closed = close(fd) == 0;
  if (written && closed && rename(beside.c_str(), path.c_str()) == 0) return true;
  const bool failed = Failed(path);
  unlink(beside.c_str());
  return failed;
}

}  // namespace hwf::driver
