#include "runtime/engine/uses_bundle.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "runtime/engine/evidence.h"
#include "runtime/platform/hash.h"
#include "runtime/platform/ids.h"

namespace hwf::engine {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostStamped = 100'000;  // entries below a directory; more are copied each time

Error Failed(const std::string& what, const std::error_code& code) { return ErrnoError(code.value(), what); }

// A link that is named itself stands for what it leads to; those inside of a directory stay links, as in each Dir.
ErrorOr<Success> CopyAll(const std::vector<std::string>& paths, const fs::path& to) {
  std::error_code code;
  fs::create_directories(to, code);
  if (code) return Failed("making " + to.string(), code);
  for (const std::string& path : paths) {
    const fs::path real = fs::canonical(path, code);
    const auto how = fs::copy_options::recursive | fs::copy_options::copy_symlinks;
    if (!code) fs::copy(real, InBundle(to.string(), path), how, code);
    if (code) return Failed("copying " + path + " for its site", code);
  }
  return Success{};
}

// What was not put in its place.
void RemoveHidden(const std::string& directory) {
  std::error_code code, ignored;
  std::vector<fs::path> left;
  for (fs::directory_iterator it(directory, code), end; !code && it != end; it.increment(code)) {
    if (it->path().filename().string().starts_with('.')) left.push_back(it->path());
  }
  for (const fs::path& path : left) fs::remove_all(path, ignored);
}

// Of what lies there now; empty: it cannot be had.
std::string StampOf(const std::vector<std::string>& paths) {
  std::string stamp;
  for (const std::string& path : paths) {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return "";
    stamp += fmt::format("{} {} {}.{:09}\n", info.st_ino, info.st_size, info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
    if (!S_ISDIR(info.st_mode)) continue;
    const auto below = platform::StampDirectory(path, kMostStamped);
    if (!below.ok()) return "";
    stamp += *below + "\n";
  }
  return stamp;
}

}  // namespace

std::string InBundle(const std::string& bundle, const std::string& path) {
  const size_t end = path.find_last_not_of('/') + 1;
  const size_t begin = path.rfind('/', end - 1) + 1;
  return bundle + "/" + path.substr(begin, end - begin);
}

ErrorOr<Json> UsesBundles::Of(const std::vector<std::string>& paths) {
  const std::string stamp = StampOf(paths);
  if (const auto known = known_.find(paths); known != known_.end() && !stamp.empty() && known->second.stamp == stamp) {
    return known->second.value;
  }
  if (!std::exchange(tidy_, true)) RemoveHidden(directory_);
  ErrorOr<Json> value = Make(paths);
  if (value.ok() && StampOf(paths) == stamp) known_[paths] = {stamp, *value};
  return value;
}

// Copied first and then hashed: what was copied is what the attempt gets. Put in its place whole; what lies there
// already may be torn, from before the machine died.
ErrorOr<Json> UsesBundles::Make(const std::vector<std::string>& paths) const {
  const std::string beside = directory_ + "/." + platform::NewId();
  std::error_code ignored, code;
  const ErrorOr<Success> copied = CopyAll(paths, beside + "/uses");
  ErrorOr<Json> value = copied.ok() ? FileValue(beside + "/uses", true) : ErrorOr<Json>(copied.error());
  if (value.ok()) {
    const std::string digest = value->StringOr("digest", "");
    const std::string there = directory_ + "/" + digest.substr(digest.find(':') + 1);
    const ErrorOr<Json> already = FileValue(there + "/uses", true);
    if (!already.ok() || already->StringOr("digest", "") != digest) {
      fs::remove_all(there, ignored);
      fs::rename(beside, there, code);
      if (code) value = Failed("making " + there, code);
    }
    if (value.ok()) value->Set("path", there + "/uses");
  }
  fs::remove_all(beside, ignored);
  return value;
}

}  // namespace hwf::engine
