#include "runtime/runner/digest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/hash.h"
#include "runtime/runner/sync_files.h"

namespace hwf::runner {
namespace {

Json Value(const std::string& path, const platform::FileDigest& digest) {
  return Json::Object().Set("path", path).Set("digest", digest.digest).Set("size", digest.size);
}

bool Same(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

ErrorOr<Json> DigestBelow(const std::string& directory, const std::string& name) {
  if (!IsPlainRelativePath(name)) return MakeError("`{}` is not a plain path below checkpoints/", name);
  const std::string path = directory + "/" + name;
  const platform::FileDescriptor base(open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!base.valid()) return ErrnoError(errno, "opening " + directory);
  const platform::FileDescriptor file(OpenBelow(base.get(), name, O_RDONLY | O_NONBLOCK));
  if (!file.valid()) return ErrnoError(errno, fmt::format("opening `{}` of the emission", name));
  struct stat before {
  }, after{};
  if (fstat(file.get(), &before) != 0) return ErrnoError(errno, "looking at " + path);
  if (!S_ISREG(before.st_mode)) return MakeError("`{}` of the emission is not a regular file", name);
  // By way of the descriptor: the name may be made to lead elsewhere at any moment.
  const std::string opened = fmt::format("/proc/self/fd/{}", file.get());
  auto digest = platform::DigestFile(opened);
  if (!digest.ok()) return digest.error().WithContext(path);
  if (fstat(file.get(), &after) != 0 || !Same(before, after)) {
    return MakeError("`{}` of the emission changed while it was read: write it beside, then rename it", name);
  }
  return Value(path, *digest);
}

}  // namespace

ErrorOr<Json> DigestFileValue(const std::string& path) {
  HWF_ASSIGN(const platform::FileDigest digest, platform::DigestFile(path));
  return Value(path, digest);
}

ErrorOr<Json> DigestDirectoryValue(const std::string& path) {
  HWF_ASSIGN(const platform::FileDigest digest, platform::DigestDirectory(path));
  return Value(path, digest);
}

ErrorOr<Json> ResolveEmission(const Emission& emission, const std::string& directory,
                              const std::string& run_directory) {
  Json content = emission.content;
  HWF_TRY(ReplaceFiles(content, [&](const std::string& name) { return DigestBelow(directory, name); }));
  std::vector<std::string> paths;
  for (const std::string& name : emission.files) paths.push_back(directory + "/" + name);
  HWF_TRY(SyncFiles({paths}, run_directory).front());
  return content;
}

}  // namespace hwf::runner
