// Each step from the run's directory on is opened in the one before it, without following links. What was looked at can
// then be exchanged by its owner alone, who is trusted.
#include "runtime/engine/trusted_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "runtime/engine/evidence.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/paths.h"

namespace hwf::engine {
namespace {

using platform::FileDescriptor;

constexpr size_t kMaxTrustedEntries = 100'000;  // below a directory

bool IsBelow(const std::string& path, const std::string& directory) { return path.starts_with(directory + "/"); }

ErrorOr<Success> TheirsAlone(const struct stat& info, uid_t owner, const std::string& path) {
  if (info.st_uid != owner) return MakeError("{} is not theirs (its uid is {})", path, info.st_uid);
  if ((info.st_mode & 0022) != 0) {
    return MakeError("{} can be written to by others (its mode is {:04o})", path, info.st_mode & 07777);
  }
  return Success{};
}

// `path`, which lies below `run`.
ErrorOr<FileDescriptor> OpenTheirs(const std::string& run, const std::string& path, uid_t owner, struct stat& info) {
  FileDescriptor at(open(run.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!at.valid() || fstat(at.get(), &info) != 0) return ErrnoError(errno, run);
  HWF_TRY(TheirsAlone(info, owner, run));
  for (size_t from = run.size() + 1; from <= path.size();) {
    const size_t to = std::min(path.find('/', from), path.size());
    const std::string name = path.substr(from, to - from), whole = path.substr(0, to);
    const int flags = to == path.size() ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY;
    FileDescriptor next(openat(at.get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid() || fstat(next.get(), &info) != 0) return ErrnoError(errno, whole);
    HWF_TRY(TheirsAlone(info, owner, whole));
    at = std::move(next);
    from = to + 1;
  }
  return at;
}

// `opened` leads to the directory of the real path `directory`.
ErrorOr<Success> CheckBelow(const std::string& opened, const std::string& directory, uid_t owner) {
  namespace fs = std::filesystem;
  std::error_code error;
  size_t count = 0;
  fs::recursive_directory_iterator end, entry(opened, error);
  for (; !error && entry != end; entry.increment(error)) {
    const std::string path = entry->path().string(), shown = directory + path.substr(opened.size());
    if (++count > kMaxTrustedEntries) return MakeError("{} has more than {} entries", directory, kMaxTrustedEntries);
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0) return ErrnoError(errno, shown);
    if (S_ISLNK(info.st_mode)) {
      const ErrorOr<std::string> leads = platform::RealPath(path);
      if (!leads.ok() || !IsBelow(*leads, directory)) return MakeError("{} is a link that leads out of it", shown);
      continue;
    }
    HWF_TRY(TheirsAlone(info, owner, shown));
  }
  if (error) return MakeError("{} cannot be looked through: {}", directory, error.message());
  return Success{};
}

}  // namespace

ErrorOr<Json> CheckTrustedFile(const std::string& runs, const std::string& id, uid_t owner, const Json& file) {
  const std::string path = file.StringOr("path", "");
  if (!file.StringOr("site", "").empty()) return MakeError("{} lies at a distant site", path);
  HWF_ASSIGN(const std::string beside, platform::RealPath(runs));
  HWF_ASSIGN(const std::string real, platform::RealPath(path));
  const std::string run = beside + "/" + id;
  if (!IsBelow(real, run)) return MakeError("{} lies outside of that run", path);
  if (platform::BaseName(real) != platform::BaseName(path)) return MakeError("{} is a link to {}", path, real);
  struct stat info {};
  HWF_ASSIGN(const FileDescriptor opened, OpenTheirs(run, real, owner, info));
  const std::string through = fmt::format("/proc/self/fd/{}", opened.get());
  if (S_ISDIR(info.st_mode)) HWF_TRY(CheckBelow(through, real, owner));
  const ErrorOr<Json> now = FileValue(through, S_ISDIR(info.st_mode));
  if (!now.ok()) {
    std::string why = now.error().message();
    for (size_t at = 0; (at = why.find(through, at)) != std::string::npos; at += real.size()) {
      why.replace(at, through.size(), real);
    }
    return MakeError("{}", why);
  }
  const std::string digest = file.StringOr("digest", "");
  if ((*now)["digest"] != file["digest"] || (*now)["size"] != file["size"]) {
    return MakeError("{} is not what it was: its digest was {}, now it is {}", path, digest,
                     now->StringOr("digest", ""));
  }
  Json checked = file;
  return checked.Set("path", real);
}

}  // namespace hwf::engine
