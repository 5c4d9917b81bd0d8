#include "runtime/runner/attempt_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/platform/rename.h"

namespace hwf::runner {
namespace {

mode_t Umask() {
  static const mode_t kMask = [] {
    const mode_t mask = umask(0);
    umask(mask);
    return mask;
  }();
  return kMask;
}

// 0 or an errno.
int WriteOnce(const std::string& path, std::string_view bytes, struct stat* written) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return errno;
  int error = 0;
  while (!bytes.empty() && error == 0) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) error = errno;
    if (count > 0) bytes.remove_prefix(static_cast<size_t>(count));
  }
  if (written != nullptr && fstat(fd, written) != 0 && error == 0) error = errno;
  if (close(fd) != 0 && error == 0) error = errno;
  return error;
}

}  // namespace

int MakeDirectory(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) != 0) return errno;
  if ((mode & Umask()) != 0 && chmod(path.c_str(), mode) != 0) return errno;
  return 0;
}

ErrorOr<Success> WriteNew(const std::string& path, std::string_view bytes, struct stat* written) {
  int error = WriteOnce(path, bytes, written);
  // Lost, as a network file system may say at the very end: the next one may be luckier.
  for (int more = 2; error == EIO && more > 0 && unlink(path.c_str()) == 0; --more) {
    error = WriteOnce(path, bytes, written);
  }
  if (error != 0) return ErrnoError(error, "writing " + path);
  return Success{};
}

ErrorOr<Success> MakeMessageDirectories(const std::string& attempt_directory, mode_t mode) {
  for (const char* name : {"/messages", "/messages/taken"}) {
    const int error = MakeDirectory(attempt_directory + name, mode);
    if (error != 0 && error != EEXIST) return ErrnoError(error, "making " + attempt_directory + name);
  }
  return Success{};
}

ErrorOr<Success> PlaceMessage(const std::string& attempt_directory, const Json& body) {
  const int64_t number = body["number"].AsInt();
  const std::string name = fmt::format("{:06}.json", number);
  const std::string directory = attempt_directory + "/messages";
  const std::string target = directory + "/" + name;
  struct stat info {};
  if (lstat(target.c_str(), &info) != 0 && lstat((directory + "/taken/" + name).c_str(), &info) != 0) {
    const std::string beside = fmt::format("{}/.{}.new", directory, name);
    (void)unlink(beside.c_str());
    HWF_TRY(WriteNew(beside, body.Dump() + "\n"));
    const int renamed = platform::RenameAndLook(beside, target);
    if (renamed != 0) return ErrnoError(renamed, "placing the message " + target);
  }
  return Success{};
}

}  // namespace hwf::runner
