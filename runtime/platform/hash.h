// Content digests: BLAKE2b-256, written "b2:<64 hex digits>". A Hasher is one thread's; the functions are thread-safe.
#pragma once

#include <sodium/crypto_generichash.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hwf::platform {

class Hasher {
 public:
  Hasher();
  void Add(std::string_view bytes);
  // The digest of all that was added; ends the hasher.
  std::string Finish();

 private:
  crypto_generichash_state state_;
};

std::string Digest(std::string_view bytes);
// "b2:" and 64 lower-case hex digits.
bool IsDigest(std::string_view text);

struct FileDigest {
  std::string digest;
  uint64_t size = 0;  // of a directory: of all its files
};
// Of a regular file, read in pieces. ELOOP if it is a link and `follow` is false; EINVAL if it is no regular file.
ErrorOr<FileDigest> DigestFile(const std::string& path, bool follow = true);
// Of a directory's manifest: for each entry below it, in order of its relative path: type, path, and a file's digest
// and executable bit or a link's text. Links are recorded, never followed. Sockets and devices are an error.
ErrorOr<FileDigest> DigestDirectory(const std::string& path);
// The same of a manifest with a file's inode, size and time of change in the place of its content, which is not read:
// whether anything below the directory was changed since. EFBIG for more than `most` entries.
ErrorOr<std::string> StampDirectory(const std::string& path, size_t most);
// The same of what is too large to be read, a directory or a regular file: by its path, and the sizes and times of
// change (mtime) of what it holds, which a copy that keeps times has too. `size`: of all its files.
ErrorOr<FileDigest> DigestTimes(const std::string& path, bool directory);

}  // namespace hwf::platform
