// FileDescriptor: owns one descriptor and closes it. Moves, never copies. One thread at a time.
#pragma once

#include <utility>

namespace hwf::platform {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { Reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset();
  // Closes and returns 0 or the errno of close: where a quota or a network file system reports a failed write.
  int Close();

 private:
  int fd_ = -1;
};

}  // namespace hwf::platform
