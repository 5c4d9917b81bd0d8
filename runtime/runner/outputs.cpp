#include "runtime/runner/outputs.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/utf8.h"
#include "runtime/platform/paths.h"
#include "runtime/runner/digest.h"
#include "runtime/runner/read_only.h"

namespace hwf::runner {
namespace {

using Kind = OutputSpec::Kind;

constexpr size_t kMaxMatches = 1'000'000;

bool IsInside(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

// Resolves the outputs of one attempt.
class Resolver {
 public:
  explicit Resolver(const OutputsRequest& request) : request_(request) {}

  ErrorOr<Json> Resolve(const OutputSpec& output) {
    switch (output.kind) {
      case Kind::kFile:
        return FileOrDir(output, false);
      case Kind::kDir:
        return FileOrDir(output, true);
      case Kind::kGlobFiles:
        return Glob(output, false);
      case Kind::kGlobDirs:
        return Glob(output, true);
      case Kind::kText:
      case Kind::kJson:
        return Value(output, output.path);
      case Kind::kStdoutText:
      case Kind::kStdoutJson:
        return Value(output, "");
      case Kind::kStdoutFile:
        return Digested(output, request_.stdout_path, false);
    }
    HWF_UNREACHABLE();
  }

  // The files and directories that it found, which change no more.
  std::vector<std::string> TakeFiles() {
    for (const std::string& file : files_) MakeReadOnly(file, RealDirectory());
    return std::move(files_);
  }

 private:
  // The path to open; an error if it leads out of the attempt's directory; empty if there is nothing.
  ErrorOr<std::string> Locate(const OutputSpec& output, const std::string& path) {
    const bool absolute = path.starts_with('/');
    const std::string full = absolute ? path : request_.directory + "/" + path;
    const std::string real = platform::RealPathOr(full, "");
    if (real.empty()) return std::string();
    if (!absolute && !IsInside(real, RealDirectory())) {
      return MakeError("output `{}`: `{}` leads to {}, outside of the task's directory", output.name, path, real);
    }
    return full;
  }

  ErrorOr<Json> Missing(const OutputSpec& output, std::string_view what) {
    if (output.optional) return Json();
    return MakeError("output `{}`: the command ended well, but {}", output.name, what);
  }

  ErrorOr<Json> FileOrDir(const OutputSpec& output, bool directory) {
    HWF_ASSIGN(const std::string path, Locate(output, output.path));
    if (path.empty()) return Missing(output, fmt::format("`{}` is not there", output.path));
    return Digested(output, path, directory);
  }

  ErrorOr<Json> Digested(const OutputSpec& output, const std::string& path, bool directory) {
    if (!IsUtf8(path)) return MakeError("output `{}`: the name of {} is not UTF-8 text", output.name, ToUtf8(path));
    auto value = directory ? DigestDirectoryValue(path) : DigestFileValue(path);
    if (!value.ok()) return value.error().WithContext(fmt::format("output `{}`", output.name));
    files_.push_back(path);
    return value;
  }

  ErrorOr<Json> Glob(const OutputSpec& output, bool directories) {
    std::vector<std::string> found;
    const bool absolute = output.path.starts_with('/');
    Expand(absolute ? "/" : request_.directory + "/", std::string_view(output.path).substr(absolute ? 1 : 0), found);
    std::sort(found.begin(), found.end());
    Json list = Json::Array();
    for (const std::string& path : found) {
      struct stat info {};
      if (stat(path.c_str(), &info) != 0 || S_ISDIR(info.st_mode) != directories) continue;
      const std::string real = platform::RealPathOr(path, "");
      if (!absolute && !IsInside(real, RealDirectory())) {
        return MakeError("output `{}`: {} leads to {}, outside of the task's directory", output.name, path, real);
      }
      HWF_ASSIGN(Json value, Digested(output, path, directories));
      list.Add(std::move(value));
    }
    if (list.AsArray().empty()) {
      return Missing(output, fmt::format("no {} matches `{}`", directories ? "directory" : "file", output.path));
    }
    return list;
  }

  // Everything below `base` (which ends in a slash) that matches the pattern, component by component.
  void Expand(const std::string& base, std::string_view pattern, std::vector<std::string>& found) {
    const size_t slash = std::min(pattern.find('/'), pattern.size());
    const std::string part(pattern.substr(0, slash));
    const bool last = slash == pattern.size();
    const std::string_view rest = last ? std::string_view() : pattern.substr(slash + 1);
    if (part.empty() && !last) return Expand(base, rest, found);
    if (part == "..") return;
    DIR* dir = opendir(base.c_str());
    if (dir == nullptr) return;
    while (const dirent* entry = readdir(dir)) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == ".." || found.size() >= kMaxMatches) continue;
      if (fnmatch(part.c_str(), entry->d_name, FNM_PERIOD) != 0) continue;
      if (request_.holds_command && name == "command" && base == request_.directory + "/") continue;
      if (last) {
        found.push_back(base + entry->d_name);
      } else {
        Expand(base + entry->d_name + "/", rest, found);
      }
    }
    closedir(dir);
  }

  // A text or JSON; from standard output if `path` is empty.
  ErrorOr<Json> Value(const OutputSpec& output, const std::string& path) {
    const bool from_stdout = path.empty();
    std::string full = request_.stdout_path;
    if (!from_stdout) {
      HWF_ASSIGN(full, Locate(output, path));
      if (full.empty()) return Missing(output, fmt::format("`{}` is not there", path));
    }
    const std::string where = from_stdout ? "standard output" : fmt::format("`{}`", path);
    HWF_ASSIGN(std::string bytes, ReadValue(output, full, where));
    if (output.kind == Kind::kText || output.kind == Kind::kStdoutText) {
      if (bytes.ends_with('\n')) bytes.pop_back();
      if (!IsUtf8(bytes)) {
        return MakeError("output `{}`: {} is not UTF-8 text; declare it as a File", output.name, where);
      }
      return Json(std::move(bytes));
    }
    Json::Limits limits;
    limits.depth = kMaxValueDepth;
    limits.allow_nan = true;
    auto json = Json::Parse(bytes, limits);
    if (!json.ok()) {
      return MakeError("output `{}`: {} is not valid JSON: {}", output.name, where, json.error().message());
    }
    return json;
  }

  ErrorOr<std::string> ReadValue(const OutputSpec& output, const std::string& path, const std::string& where) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return ErrnoError(errno, fmt::format("output `{}`: opening {}", output.name, where));
    struct stat info {};
    std::optional<Error> error;
    std::string bytes;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
      error = MakeError("output `{}`: {} is not a regular file", output.name, where);
    } else if (static_cast<uint64_t>(info.st_size) > kMaxValueBytes) {
      error = MakeError("output `{}`: {} has {} bytes, more than the {} that a value may have; declare it as a File",
                        output.name, where, info.st_size, kMaxValueBytes);
    } else {
      bytes.resize(static_cast<size_t>(info.st_size));
      size_t done = 0;
      while (done < bytes.size()) {
        const ssize_t count = pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (count <= 0) break;
        done += static_cast<size_t>(count);
      }
      bytes.resize(done);
    }
    close(fd);
    if (error) return *error;
    return bytes;
  }

  const std::string& RealDirectory() {
    if (directory_.empty()) directory_ = platform::RealPathOr(request_.directory, "");
    return directory_;
  }

  const OutputsRequest& request_;
  std::string directory_;  // resolved when first needed
  std::vector<std::string> files_;
};

}  // namespace

ErrorOr<Outputs> ResolveOutputs(const OutputsRequest& request) {
  Resolver resolver(request);
  Outputs outputs{Json::Object(), {}};
  for (const OutputSpec& output : request.outputs) {
    HWF_ASSIGN(Json value, resolver.Resolve(output));
    outputs.values.Set(output.name, std::move(value));
  }
  outputs.files = resolver.TakeFiles();
  return outputs;
}

bool OutputsAreHeavy(const OutputsRequest& request) {
  return std::any_of(request.outputs.begin(), request.outputs.end(), [](const OutputSpec& output) {
    switch (output.kind) {
      case Kind::kFile:
      case Kind::kDir:
      case Kind::kGlobFiles:
      case Kind::kGlobDirs:
      case Kind::kStdoutFile:
        return true;
      case Kind::kText:
      case Kind::kJson:
      case Kind::kStdoutText:
      case Kind::kStdoutJson:
        return false;
    }
    HWF_UNREACHABLE();
  });
}

}  // namespace hwf::runner
