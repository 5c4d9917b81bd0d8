#include "runtime/platform/hash.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "runtime/platform/file_descriptor.h"

namespace hwf::platform {
namespace {

constexpr size_t kDigestBytes = 32;
constexpr size_t kPiece = 256 << 10;
constexpr int kMaxDepth = 256;

ErrorOr<FileDigest> DigestOpen(const FileDescriptor& fd, const std::string& path) {
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return ErrnoError(errno, "stat " + path);
  if (!S_ISREG(status.st_mode)) return Error(fmt::format("hash {}: not a regular file", path), EINVAL);
  Hasher hasher;
  FileDigest out;
  std::vector<char> piece(std::min<size_t>(kPiece, static_cast<size_t>(status.st_size) + 1));
  while (true) {
    ssize_t got = read(fd.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(errno, "read " + path);
    if (got == 0) break;
    out.size += static_cast<uint64_t>(got);
    hasher.Add({piece.data(), static_cast<size_t>(got)});
  }
  out.digest = hasher.Finish();
  return out;
}

ErrorOr<std::string> LinkText(int directory, const std::string& name, const std::string& path) {
  std::string text(4096, '\0');
  ssize_t length = readlinkat(directory, name.c_str(), text.data(), text.size());
  if (length < 0) return ErrnoError(errno, "read link " + path);
  text.resize(static_cast<size_t>(length));
  return text;
}

ErrorOr<std::vector<std::string>> Names(int directory, const std::string& path) {
  int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return ErrnoError(errno, "list " + path);
  DIR* stream = fdopendir(copy);
  if (stream == nullptr) {
    int code = errno;
    close(copy);
    return ErrnoError(code, "list " + path);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(stream)) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  int code = errno;
  closedir(stream);
  if (code != 0) return ErrnoError(code, "list " + path);
  return names;
}

struct Manifest {
  enum class By { kContent, kStamp, kTimes };
  By by = By::kContent;  // how files are known; a stamp is inode, mode, size and time of change
  size_t most = SIZE_MAX;
  std::vector<std::string> lines;  // "<relative path> NUL <type> <what>"
  uint64_t size = 0;
};

std::string SizeAndTime(const struct stat& status) {
  return fmt::format("f {} {}.{:09}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

// Everything is opened relative to its directory's descriptor, so that a tree that changes underneath cannot lead out.
ErrorOr<Success> Collect(int directory, const std::string& path, const std::string& prefix, int depth,
                         Manifest& manifest) {
  if (depth > kMaxDepth) return MakeError("hash {}: nested deeper than {} directories", path, kMaxDepth);
  HWF_ASSIGN(std::vector<std::string> names, Names(directory, path));
  for (const std::string& name : names) {
    std::string full = path + "/" + name, relative = prefix + name;
    if (manifest.lines.size() == manifest.most) {
      return Error(fmt::format("{} has more than {} entries", path, manifest.most), EFBIG);
    }
    struct stat status {};
    if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return ErrnoError(errno, "stat " + full);
    std::string line = relative + '\0';
    if (S_ISLNK(status.st_mode)) {
      HWF_ASSIGN(std::string text, LinkText(directory, name, full));
      manifest.lines.push_back(line + "l " + text);
    } else if (S_ISDIR(status.st_mode)) {
      FileDescriptor inner(openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!inner.valid()) return ErrnoError(errno, "open " + full);
      manifest.lines.push_back(line + "d");
      HWF_TRY(Collect(inner.get(), full, relative + "/", depth + 1, manifest));
    } else if (manifest.by == Manifest::By::kTimes) {
      manifest.size += static_cast<uint64_t>(status.st_size);
      manifest.lines.push_back(line + SizeAndTime(status));
    } else if (manifest.by == Manifest::By::kStamp) {
      manifest.lines.push_back(fmt::format("{}f {} {} {} {}.{:09}", line, status.st_mode, status.st_ino, status.st_size,
                                           status.st_mtim.tv_sec, status.st_mtim.tv_nsec));
    } else {
      FileDescriptor fd(openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      if (!fd.valid()) return ErrnoError(errno, "open " + full);
      HWF_ASSIGN(FileDigest file, DigestOpen(fd, full));
      manifest.size += file.size;
      manifest.lines.push_back(line + ((status.st_mode & S_IXUSR) != 0 ? "x " : "f ") + file.digest);
    }
  }
  return Success();
}

ErrorOr<std::string> DigestOf(const std::string& path, Manifest& manifest) {
  FileDescriptor fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, "open directory " + path);
  HWF_TRY(Collect(fd.get(), path, "", 0, manifest));
  std::sort(manifest.lines.begin(), manifest.lines.end());
  Hasher hasher;
  for (const std::string& line : manifest.lines) {
    hasher.Add(fmt::format("{}\n", line.size()));  // lengths, so that no name can look like two entries
    hasher.Add(line);
  }
  return hasher.Finish();
}

}  // namespace

// crypto_generichash needs no sodium_init: that only picks faster code for the machine and readies the generator.
Hasher::Hasher() { crypto_generichash_init(&state_, nullptr, 0, kDigestBytes); }

void Hasher::Add(std::string_view bytes) {
  crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::string Hasher::Finish() {
  unsigned char digest[kDigestBytes];
  crypto_generichash_final(&state_, digest, sizeof(digest));
  std::string text = "b2:";
  for (unsigned char byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string Digest(std::string_view bytes) {
  Hasher hasher;
  hasher.Add(bytes);
  return hasher.Finish();
}

bool IsDigest(std::string_view text) {
  if (text.size() != 3 + 2 * kDigestBytes || text.substr(0, 3) != "b2:") return false;
  return text.substr(3).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

ErrorOr<FileDigest> DigestFile(const std::string& path, bool follow) {
  FileDescriptor fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW)));
  if (!fd.valid()) return ErrnoError(errno, "open " + path);
  return DigestOpen(fd, path);
}

ErrorOr<FileDigest> DigestDirectory(const std::string& path) {
  Manifest manifest;
  HWF_ASSIGN(std::string digest, DigestOf(path, manifest));
  return FileDigest{std::move(digest), manifest.size};
}

ErrorOr<std::string> StampDirectory(const std::string& path, size_t most) {
  Manifest manifest;
  manifest.by = Manifest::By::kStamp;
  manifest.most = most;
  return DigestOf(path, manifest);
}

ErrorOr<FileDigest> DigestTimes(const std::string& path, bool directory) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return ErrnoError(errno, "look at " + path);
  if (!directory && !S_ISREG(status.st_mode)) return Error(path + " is no regular file", EINVAL);
  Manifest manifest;
  manifest.by = Manifest::By::kTimes;
  manifest.size = directory ? 0 : static_cast<uint64_t>(status.st_size);
  std::string below = SizeAndTime(status);
  if (directory) {
    HWF_ASSIGN(below, DigestOf(path, manifest));
  }
  return FileDigest{Digest(fmt::format("times {}\n{}", path, below)), manifest.size};
}

}  // namespace hwf::platform
