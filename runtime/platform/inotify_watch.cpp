#include "runtime/platform/inotify_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hwf::platform {

ErrorOr<DirectoryWatch> DirectoryWatch::Make() {
  FileDescriptor fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) return ErrnoError(errno, "watch directories");
  return DirectoryWatch(std::move(fd));
}

ErrorOr<Success> DirectoryWatch::Add(const std::string& directory) {
  int id = inotify_add_watch(fd_.get(), directory.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR);
  if (id < 0) return ErrnoError(errno, "watch directory " + directory);
  directories_[id] = directory;
  return Success();
}

void DirectoryWatch::Remove(const std::string& directory) {
  for (auto entry = directories_.begin(); entry != directories_.end(); ++entry) {
    if (entry->second != directory) continue;
    inotify_rm_watch(fd_.get(), entry->first);
    directories_.erase(entry);
    return;
  }
}

std::vector<DirectoryWatch::Seen> DirectoryWatch::Drain() {
  std::vector<Seen> seen;
  alignas(inotify_event) char buffer[16 << 10];
  while (true) {
    ssize_t got = read(fd_.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return seen;
    for (ssize_t at = 0; at < got;) {
      inotify_event event{};
      std::memcpy(&event, buffer + at, sizeof(event));
      const char* name = buffer + at + sizeof(event);
      at += static_cast<ssize_t>(sizeof(event) + event.len);
      if ((event.mask & IN_Q_OVERFLOW) != 0) {
        for (const auto& [id, directory] : directories_) seen.push_back({directory, ""});
        continue;
      }
      auto found = directories_.find(event.wd);
      if (found == directories_.end()) continue;
      if ((event.mask & IN_IGNORED) != 0) {
        directories_.erase(found);
      } else {
        seen.push_back({found->second, event.len > 0 ? std::string(name) : std::string()});
      }
    }
  }
}

}  // namespace hwf::platform
