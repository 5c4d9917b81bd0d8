#include "runtime/engine/uses_bundle.h"

#include <filesystem>
#include <system_error>

#include "runtime/engine/evidence.h"
#include "runtime/platform/ids.h"

namespace hwf::engine {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

std::string InBundle(const std::string& bundle, const std::string& path) {
  const size_t end = path.find_last_not_of('/') + 1;
  const size_t begin = path.rfind('/', end - 1) + 1;
  return bundle + "/" + path.substr(begin, end - begin);
}

// Copied first and then hashed: what was copied is what the attempt gets. Put in its place whole; what lies there
// already may be torn, from before the machine died.
ErrorOr<Json> BundleUses(const std::vector<std::string>& paths, const std::string& directory) {
  const std::string beside = directory + "/." + platform::NewId();
  std::error_code ignored, code;
  const ErrorOr<Success> copied = CopyAll(paths, beside + "/uses");
  ErrorOr<Json> value = copied.ok() ? FileValue(beside + "/uses", true) : ErrorOr<Json>(copied.error());
  if (value.ok()) {
    const std::string digest = value->StringOr("digest", "");
    const std::string there = directory + "/" + digest.substr(digest.find(':') + 1);
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
