#include "runtime/engine/tried_log.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/platform/hash.h"

namespace hwf::engine {
namespace {

ErrorOr<Success> MakeFolder(platform::FileSystem& files, const std::string& path, bool shared) {
  ErrorOr<Success> made = files.MakeDirectory(path, shared ? 02750 : 0700);
  if (!made.ok() && made.error().code() == EEXIST) return Success{};
  return made;
}

std::string Line(std::string text) {
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

}  // namespace

ErrorOr<std::string> TriedLogText(platform::FileSystem& files, const Written& written, const std::string& directory,
                                  const std::string& message) {
  if (written.file.empty()) return written.text.empty() ? Line(message) : written.text;
  const std::string path = directory + "/" + written.file;
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 && errno == ENOENT) {
    return fmt::format("all that it wrote is in `{}` of its attempt's directory on site `{}`; its end:\n{}",
                       written.file, written.site, Line(message));
  }
  const uint64_t size = static_cast<uint64_t>(info.st_size);
  const uint64_t left_out = size > kMaxTriedLog ? size - kMaxTriedLog : 0;
  HWF_ASSIGN(std::string text, files.ReadRange(path, left_out, kMaxTriedLog));
  if (left_out > 0) text.insert(0, fmt::format("({} bytes before this are left out: `hwf logs` has them)\n", left_out));
  return text.empty() ? Line(message) : text;
}

ErrorOr<Json> KeepTriedLog(platform::FileSystem& files, const std::string& text, const std::string& store,
                           bool shared) {
  const std::string digest = platform::Digest(text);
  const std::string folder = store + "/" + digest.substr(digest.find(':') + 1), path = folder + "/log";
  HWF_TRY(MakeFolder(files, store, shared));
  HWF_TRY(MakeFolder(files, folder, shared));
  if (access(path.c_str(), F_OK) != 0) HWF_TRY(files.WriteAtomically(path, text, shared ? 0440 : 0400, true));
  HWF_TRY(files.SyncDirectory(folder));
  HWF_TRY(files.SyncDirectory(store));
  HWF_TRY(files.SyncDirectory(store.substr(0, store.find_last_of('/'))));
  return Json().Set("path", path).Set("digest", digest).Set("size", static_cast<int64_t>(text.size()));
}

}  // namespace hwf::engine
