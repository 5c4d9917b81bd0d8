#include "runtime/container/image_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "runtime/platform/file_system.h"
#include "runtime/platform/hash.h"

namespace hwf::container {
namespace {

constexpr size_t kMostEntries = 2'000'000;  // of a directory

// What shows whether it was changed, without reading it.
ErrorOr<std::string> StateOf(const Reference& reference) {
  struct stat info {};
  if (stat(reference.name.c_str(), &info) != 0) return ErrnoError(errno, "the image " + reference.name);
  const std::string state =
      fmt::format("{}\n{}\n{}\n{}\n{}.{:09}\n{}.{:09}", reference.name, info.st_dev, info.st_ino, info.st_size,
                  info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
  if (reference.kind != Reference::Kind::kDirectory) return state;
  HWF_ASSIGN(const std::string below, platform::StampDirectory(reference.name, kMostEntries));
  return state + below;
}

std::string Hex(const std::string& digest) { return digest.substr(digest.find(':') + 1); }

}  // namespace

ErrorOr<std::string> DigestOfImage(const Reference& reference, const std::string& directory) {
  HWF_ASSIGN(const std::string before, StateOf(reference));
  const std::string kept = directory + "/digest-" + Hex(platform::Digest(before));
  auto known = platform::RealFileSystem().Read(kept, 256);
  if (known.ok() && platform::IsDigest(*known)) return *std::move(known);
  const bool is_directory = reference.kind == Reference::Kind::kDirectory;
  HWF_ASSIGN(const platform::FileDigest digest,
             is_directory ? platform::DigestDirectory(reference.name) : platform::DigestFile(reference.name));
  HWF_ASSIGN(const std::string after, StateOf(reference));
  if (after != before) return MakeError("the image {} was changed while it was read: try again", reference.name);
  // It is made again if it is lost.
  (void)platform::RealFileSystem().WriteAtomically(kept, digest.digest, 0600, false).ok();
  return digest.digest;
}

ErrorOr<std::string> FileNameOf(const Reference& reference, const std::string& directory) {
  if (reference.kind == Reference::Kind::kRegistry) return "ref-" + Hex(platform::Digest(reference.name)).substr(0, 32);
  HWF_ASSIGN(const std::string digest, DigestOfImage(reference, directory));
  return "file-" + Hex(digest).substr(0, 32);
}

}  // namespace hwf::container
