#include "runtime/engine/evidence.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/hash.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/paths.h"

namespace hwf::engine {
namespace {

using platform::FileDescriptor;
using platform::FileSystem;

constexpr off_t kQuickBytes = 1 << 20;

bool IsDirectory(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// The first `size` bytes, or fewer if there are fewer.
ErrorOr<Success> CopyBytes(int from, int to, off_t size, const std::string& path) {
  for (off_t left = size; left > 0;) {
    const ssize_t count = sendfile(to, from, nullptr, static_cast<size_t>(std::min(left, off_t{1} << 24)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoError(errno, "copying " + path);
    if (count == 0) break;
    left -= count;
  }
  return Success{};
}

// Makes `target` with the bytes of `source` and exactly `mode`; it does not exist yet. Never a link: whoever has the
// source open could still write into what was approved.
ErrorOr<Success> Duplicate(const std::string& source, const std::string& target, mode_t mode) {
  // Without blocking: by now a FIFO may lie there.
  const FileDescriptor from(open(source.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!from.valid()) return ErrnoError(errno, "reading " + source);
  struct stat info {};
  if (fstat(from.get(), &info) != 0) return ErrnoError(errno, "reading " + source);
  if (!S_ISREG(info.st_mode)) return MakeError("{} is not a regular file any more", source);
  FileDescriptor to(open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!to.valid()) return ErrnoError(errno, "making " + target);
  if (ioctl(to.get(), FICLONE, from.get()) != 0) {
    HWF_TRY(CopyBytes(from.get(), to.get(), info.st_size, source));
  }
  if (fchmod(to.get(), mode) != 0) return ErrnoError(errno, "setting the mode of " + target);
  if (fsync(to.get()) != 0) return ErrnoError(errno, "syncing " + target);
  const int closed = to.Close();
  if (closed != 0) return ErrnoError(closed, "closing " + target);
  return Success{};
}

ErrorOr<Success> CheckDigest(const std::string& path, const std::string& digest) {
  const ErrorOr<Json> now = FileValue(path, IsDirectory(path));
  if (!now.ok()) return now.error();
  if (now->StringOr("digest", "") == digest) return Success{};
  return MakeError("{} has changed: its digest was {}, now it is {}", path, digest, now->StringOr("digest", ""));
}

// Of a frozen file: whatever shows that somebody has changed it.
std::string Stamp(const Json& file, const struct stat& info) {
  return fmt::format("{} {} {} {}.{} {}.{}", file.StringOr("digest", ""), info.st_ino, info.st_size,
                     info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
}

// Where evidence is frozen.
struct Freezer {
  FileSystem& files;
  const std::string& directory;
  bool shared;

  ErrorOr<Success> MakeFolder(const std::string& path) const {
    // With the set-group bit: what lies in it is the group's, not the owner's own group's.
    ErrorOr<Success> made = files.MakeDirectory(path, shared ? 02750 : 0700);
    if (!made.ok() && made.error().code() == EEXIST) return Success{};
    return made;
  }

  ErrorOr<Success> Copy(const std::string& path, const std::string& digest, const std::string& target) const {
    if (access(target.c_str(), F_OK) == 0) return CheckDigest(target, digest);
    const std::string folder = target.substr(0, target.find_last_of('/'));
    HWF_TRY(MakeFolder(folder));
    const std::string temporary = folder + "/.new-" + platform::NewId();
    ErrorOr<Success> done = Duplicate(path, temporary, shared ? 0440 : 0400);
    if (done.ok()) done = CheckDigest(temporary, digest);
    if (done.ok()) done = files.Rename(temporary, target);
    if (!done.ok()) unlink(temporary.c_str());
    return done;
  }

  // When it returns, the copy is on disk with all that leads to it, also if an engine that died made it: now it may be
  // recorded.
  ErrorOr<Json> File(const Json& value) const {
    const std::string path = value.StringOr("path", ""), digest = value.StringOr("digest", "");
    if (IsDirectory(path)) {
      HWF_TRY(CheckDigest(path, digest));
      return value;
    }
    const std::string folder = directory + "/" + HexOf(digest), target = folder + "/" + platform::BaseName(path);
    HWF_TRY(Copy(path, digest, target));
    HWF_TRY(files.SyncDirectory(folder));
    HWF_TRY(files.SyncDirectory(directory));
    Json frozen = value;
    frozen.Set("path", target);
    return frozen;
  }

  // `value` with each file in it frozen.
  ErrorOr<Json> Value(const Json& value) const {
    if (IsFileValue(value)) return File(value);
    if (value.is_array()) {
      Json list = Json::Array();
      for (const Json& item : value.AsArray()) {
        HWF_ASSIGN(Json frozen, Value(item));
        list.Add(std::move(frozen));
      }
      return list;
    }
    if (value.is_object()) {
      Json object = Json::Object();
      for (const JsonMember& member : value.AsObject()) {
        HWF_ASSIGN(Json frozen, Value(member.value));
        object.Set(member.key, std::move(frozen));
      }
      return object;
    }
    return value;
  }
};

}  // namespace

std::string HexOf(const std::string& digest) { return digest.substr(digest.find(':') + 1); }

ErrorOr<Json> SourceValue(const std::string& path, bool directory, bool stays) {
  if (!stays) return FileValue(path, directory);
  HWF_ASSIGN(const platform::FileDigest found, platform::DigestTimes(path, directory));
  return StayingValue("", path, found);
}

Json StayingValue(const std::string& site, const std::string& path, const platform::FileDigest& found) {
  Json value;
  value.Set("path", path).Set("digest", found.digest).Set("size", static_cast<int64_t>(found.size));
  if (!site.empty()) value.Set("site", site);
  return value.Set("stays", true);
}

ErrorOr<Json> FileValue(const std::string& path, bool directory) {
  HWF_ASSIGN(const platform::FileDigest digest,
             directory ? platform::DigestDirectory(path) : platform::DigestFile(path));
  Json value;
  value.Set("path", path).Set("digest", digest.digest).Set("size", digest.size);
  return value;
}

Json ByContent(const Json& value) {
  if (IsFileValue(value)) {
    Json file;
    return file.Set("path", value.StringOr("digest", "") + "/" + platform::BaseName(value.StringOr("path", "")));
  }
  if (value.is_array()) {
    Json list = Json::Array();
    for (const Json& item : value.AsArray()) list.Add(ByContent(item));
    return list;
  }
  if (value.is_object()) {
    Json object = Json::Object();
    for (const JsonMember& member : value.AsObject()) object.Set(member.key, ByContent(member.value));
    return object;
  }
  return value;
}

void CollectParts(Json& value, std::vector<Json*>& files) {
  if (IsFileValue(value)) {
    files.push_back(&value);
  } else if (value.is_array()) {
    for (Json& item : value.AsArray()) CollectParts(item, files);
  } else if (value.is_object()) {
    for (JsonMember& member : value.AsObject()) CollectParts(member.value, files);
  }
}

ErrorOr<Json> FreezeEvidence(FileSystem& files, const ShownValues& shown, const std::string& evidence_directory,
                             bool shared) {
  const Freezer freezer{files, evidence_directory, shared};
  Json evidence = Json::Array();
  for (const auto& [label, value] : shown) {
    ErrorOr<Json> frozen = freezer.Value(value);
    if (!frozen.ok()) return frozen.error().WithContext("`" + label + "`");
    Json entry;
    evidence.Add(entry.Set("label", label).Set("value", std::move(frozen).value()));
  }
  return evidence;
}

bool EvidenceChecker::Knows(const std::string& path, const std::string& stamp) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto known = checked_.find(path);
  return known != checked_.end() && known->second == stamp;
}

bool EvidenceChecker::IsQuick(const Json& evidence) const {
  std::vector<const Json*> files;
  CollectFiles(evidence, files);
  off_t unread = 0;
  for (const Json* file : files) {
    const std::string path = file->StringOr("path", "");
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) continue;  // that is soon said
    if (S_ISDIR(info.st_mode)) return false;
    if (!Knows(path, Stamp(*file, info))) unread += std::min(info.st_size, kQuickBytes + 1);
    if (unread > kQuickBytes) return false;
  }
  return true;
}

ErrorOr<Success> EvidenceChecker::Check(const Json& evidence) {
  std::vector<const Json*> files;
  CollectFiles(evidence, files);
  for (const Json* file : files) {
    const std::string path = file->StringOr("path", "");
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return ErrnoError(errno, "looking at the evidence " + path);
    std::string stamp = Stamp(*file, info);
    if (!S_ISDIR(info.st_mode) && Knows(path, stamp)) continue;
    HWF_TRY(CheckDigest(path, file->StringOr("digest", "")));
    const std::lock_guard<std::mutex> lock(mutex_);
    checked_[path] = std::move(stamp);
  }
  return Success{};
}

ErrorOr<Json> CheckedCopy(FileSystem& files, const Json& value, const std::string& evidence_directory, bool shared) {
  return Freezer{files, evidence_directory, shared}.Value(value);
}

}  // namespace hwf::engine
