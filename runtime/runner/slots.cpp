#include "runtime/runner/slots.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/platform/rename.h"

namespace hwf::runner {
namespace {

constexpr int kMostNames = 100;

}  // namespace

Slots::~Slots() {
  for (const Slot& slot : slots_) {
    if (slot.out >= 0) close(slot.out);
    if (slot.err >= 0) close(slot.err);
  }
}

std::string Slots::Path(int slot, bool err) const {
  return fmt::format("{}/slot-{}.{}", directory_, slot, err ? "err" : "out");
}

ErrorOr<int> Slots::OpenFile(int slot, bool err) {
  const std::string path = Path(slot, err);
  const int fd = open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoError(errno, "opening " + path);
  if (mode_ != 0600 && fchmod(fd, mode_) != 0) {
    const int error = errno;
    close(fd);
    return ErrnoError(error, "setting the mode of " + path);
  }
  return fd;
}

ErrorOr<int> Slots::Take() {
  size_t index = 0;
  while (index < slots_.size() && slots_[index].used) ++index;
  if (index == slots_.size()) slots_.emplace_back();
  Slot& slot = slots_[index];
  const int number = static_cast<int>(index);
  if (slot.out < 0) {
    HWF_ASSIGN(slot.out, OpenFile(number, false));
  }
  if (slot.err < 0) {
    HWF_ASSIGN(slot.err, OpenFile(number, true));
  }
  slot.used = true;
  return number;
}

ErrorOr<std::string> Slots::Move(int slot, bool err, const std::string& directory) const {
  const std::string from = Path(slot, err), base = err ? "stderr" : "stdout";
  std::string name = base;
  for (int n = 2; n <= kMostNames; ++n) {
    const std::string to = directory + "/" + name;
    struct stat info {};
    int error = renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
    if (error == EINVAL) {  // NFS cannot; nothing of the task lives that could come between
      error = lstat(to.c_str(), &info) == 0 ? EEXIST : platform::RenameAndLook(from, to);
    }
    if (error == 0) return name;
    if (error != EEXIST) return ErrnoError(error, fmt::format("moving {} to {}", from, to));
    name = fmt::format("{}.{}", base, n);
  }
  return MakeError("moving {} to {}: all names from {} to {} are taken", from, directory, base, name);
}

ErrorOr<Stream> Slots::Collect(int slot, bool err, const std::string& directory, bool keep_file) {
  int& fd = err ? slots_[static_cast<size_t>(slot)].err : slots_[static_cast<size_t>(slot)].out;
  char buffer[kShortStream + 1];
  const ssize_t count = pread(fd, buffer, sizeof buffer, 0);
  if (count < 0) return ErrnoError(errno, "reading " + Path(slot, err));
  Stream stream;
  if (count > static_cast<ssize_t>(kShortStream) || keep_file) {
    HWF_ASSIGN(stream.file, Move(slot, err, directory));
    close(fd);
    fd = -1;
    return stream;
  }
  stream.text.assign(buffer, static_cast<size_t>(count));
  if (count > 0 && ftruncate(fd, 0) != 0) return ErrnoError(errno, "emptying " + Path(slot, err));
  return stream;
}

void Slots::Give(int slot, bool spoilt) {
  Slot& of = slots_[static_cast<size_t>(slot)];
  of.used = false;
  for (int* fd : {&of.out, &of.err}) {
    struct stat info {};
    // Not empty: Collect failed, or something wrote behind our back.
    if (*fd < 0 || (!spoilt && fstat(*fd, &info) == 0 && info.st_size == 0)) continue;
    close(*fd);
    *fd = -1;
    unlink(Path(slot, fd == &of.err).c_str());
  }
}

std::string Slots::Tail(int slot, bool err, size_t limit) const {
  const Slot& of = slots_[static_cast<size_t>(slot)];
  const int fd = err ? of.err : of.out;
  struct stat info {};
  if (fd < 0 || fstat(fd, &info) != 0) return "";
  const auto size = static_cast<size_t>(info.st_size);
  std::string text(std::min(size, limit), '\0');
  const ssize_t count = pread(fd, text.data(), text.size(), static_cast<off_t>(size - text.size()));
  text.resize(count < 0 ? 0 : static_cast<size_t>(count));
  if (size <= limit) return text;
  // From the first whole line on, or, where there is none, the first whole UTF-8 character.
  size_t begin = text.find('\n') + 1;
  for (int i = 0; i < 3 && begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80; ++i)
    ++begin;
  text.erase(0, begin);
  return text;
}

}  // namespace hwf::runner
