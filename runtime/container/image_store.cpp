#include "runtime/container/image_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/hash.h"

namespace hwf::container {
namespace {

std::string UsersDirectory() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr && *value == '/' ? value : "");
  };
  if (std::string own = variable("HWF_IMAGES"); !own.empty()) return own;
  if (std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache + "/hwf/images";
  if (std::string home = variable("HOME"); !home.empty()) return home + "/.cache/hwf/images";
  return fmt::format("/tmp/hwf-{}/images", getuid());
}

}  // namespace

ImageStore::ImageStore(std::string directory)
    : directory_(directory.empty() ? UsersDirectory() : std::move(directory)) {}

ErrorOr<Image> ImageStore::Prepare(Engine& engine, const std::string& image) const {
  const auto read = ReadReference(image);
  if (!read.ok()) return read.error().WithContext("the image `" + image + "`");
  const Reference& reference = *read;
  const std::string directory = directory_ + "/" + ToString(engine.kind());
  HWF_TRY(platform::MakeDirectories(platform::RealFileSystem(), directory, 0700));
  const std::string name = platform::Digest(reference.name);
  const std::string path = directory + "/lock-" + name.substr(name.find(':') + 1, 32);
  const platform::FileDescriptor lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return ErrnoError(errno, "opening " + path);
  while (flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return ErrnoError(errno, "waiting for whoever makes the image ready: locking " + path);
  }
  auto ready = engine.Fetch(reference, directory);
  if (!ready.ok()) return ready.error().WithContext("the image `" + image + "`");
  return ready;
}

}  // namespace hwf::container
