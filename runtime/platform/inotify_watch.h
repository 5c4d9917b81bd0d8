// DirectoryWatch: names that appear in directories, by inotify. A hint only: it sees nothing of what other hosts do on
// a network file system, so whoever uses it also looks by itself now and then. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/platform/file_descriptor.h"

namespace hwf::platform {

class DirectoryWatch {
 public:
  static ErrorOr<DirectoryWatch> Make();

  // Readable when something happened.
  int fd() const { return fd_.get(); }
  // Watches for files that are renamed into the directory or closed after writing in it.
  ErrorOr<Success> Add(const std::string& directory);
  void Remove(const std::string& directory);

  struct Seen {
    std::string directory;
    std::string name;  // "": look at the whole directory (events were lost)
  };
  // What happened since the last call.
  std::vector<Seen> Drain();

 private:
  explicit DirectoryWatch(FileDescriptor fd) : fd_(std::move(fd)) {}

  FileDescriptor fd_;
  std::map<int, std::string> directories_;
};

}  // namespace hwf::platform
