// Evidence: what a review shows, frozen. A file becomes `evidence/<hex of its digest>/<its name>`, read-only, by
// reflink or copy, whatever its size, and its digest is taken of the frozen bytes. A directory stays where it is; its
// manifest's digest is checked again before an answer counts. Touches files only: runs on any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/hash.h"
#include "runtime/state/files.h"

namespace hwf::engine {

using ShownValues = std::vector<std::pair<std::string, Json>>;  // label, value

// As ReviewOpened records it: [{"label","value"}], the paths being those of the frozen files. The error names the file
// that could not be frozen or is not what its digest says. All of it is on disk when it returns: the record that names
// it comes after.
ErrorOr<Json> FreezeEvidence(platform::FileSystem& files, const ShownValues& shown,
                             const std::string& evidence_directory, bool shared);

// Whether what a review shows still has its digests. A file that the kernel says is untouched since it was last checked
// (inode, size, times) is not read again; a directory always is. Any thread.
class EvidenceChecker {
 public:
  // Whether that takes no longer than an answer may keep everything else waiting.
  bool IsQuick(const Json& evidence) const;
  // The error says what has changed.
  ErrorOr<Success> Check(const Json& evidence);

 private:
  bool Knows(const std::string& path, const std::string& stamp) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::string> checked_;  // path -> digest and stamp
};

// The hexadecimal part of a digest: what follows the name of its kind and `:`. Pure.
std::string HexOf(const std::string& digest);

using state::CollectFiles;
using state::IsFileValue;
void CollectParts(Json& value, std::vector<Json*>& files);  // as CollectFiles, to be changed
// The same with each file by its digest and name: where it lies says nothing.
Json ByContent(const Json& value);
// The File or Dir value of what lies at the absolute `path` now.
ErrorOr<Json> FileValue(const std::string& path, bool directory);
// What `file(…)` and `dir(…)` give: read, or by sizes and times if it `stays` on this machine's file system.
ErrorOr<Json> SourceValue(const std::string& path, bool directory, bool stays);
// The value of what stays at `site` (empty: of this machine's file system) and is not read: `found` is what is known of
// it.
Json StayingValue(const std::string& site, const std::string& path, const platform::FileDigest& found);

// The frozen, read-only file of that value's digest, checked now; a directory, checked, where it is.
ErrorOr<Json> CheckedCopy(platform::FileSystem& files, const Json& value, const std::string& evidence_directory,
                          bool shared);

}  // namespace hwf::engine
