#include "runtime/cli/locate.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <optional>

#include "base/utf8.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/paths.h"
#include "runtime/platform/users.h"
#include "runtime/report/text.h"

namespace hwf::cli {
namespace {

bool IsRun(const std::string& directory) { return access((directory + "/journal").c_str(), F_OK) == 0; }

ErrorOr<std::string> Absolute(const std::string& path) {
  if (!path.empty() && path[0] == '/') return path;
  char buffer[PATH_MAX];
  if (getcwd(buffer, sizeof buffer) == nullptr) return ErrnoError(errno, "finding the current directory");
  return std::string(buffer) + "/" + path;
}

// Whose directory it is, if it is there and may not be looked into.
std::optional<std::string> ClosedRun(const std::string& directory) {
  struct stat info {};
  if (stat(directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return std::nullopt;
  if (access(directory.c_str(), X_OK) == 0 || errno != EACCES) return std::nullopt;
  const std::optional<platform::User> user = platform::UserOf(info.st_uid);
  return user ? user->name : fmt::format("uid {}", info.st_uid);
}

std::string Names(const std::vector<std::string>& ids) {
  std::string text;
  for (size_t i = 0; i < ids.size() && i < 5; ++i) text += (i == 0 ? "" : ", ") + ids[i];
  return ids.size() > 5 ? text + fmt::format(" and {} more", ids.size() - 5) : text;
}

}  // namespace

std::string RunWord(const std::string& directory) {
  char here[PATH_MAX];
  const std::string id = platform::BaseName(directory);
  const bool usual = getcwd(here, sizeof here) != nullptr && directory == std::string(here) + "/.hwf/runs/" + id;
  return usual ? id : report::ShellWord(directory);
}

ErrorOr<std::string> RunsDirectory(const Arguments& arguments) {
  std::string runs = arguments.Get("runs", ".hwf/runs");
  while (runs.size() > 1 && runs.back() == '/') runs.pop_back();
  if (runs.empty()) return MakeError("`--runs` wants a directory");
  HWF_ASSIGN(std::string path, Absolute(runs));
  if (!IsUtf8(path)) return MakeError("{}: the path is not UTF-8 text; `--runs` names another place", ToUtf8(path));
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && !S_ISDIR(info.st_mode)) {
    return MakeError("{} is no directory; `--runs` names one", path);
  }
  return path;
}

std::vector<std::string> ListRuns(const std::string& runs) {
  std::vector<std::string> ids;
  const ErrorOr<std::vector<std::string>> names = platform::RealFileSystem().List(runs);
  if (!names.ok()) return ids;
  for (const std::string& name : names.value()) {
    if (name[0] != '.' && IsRun(runs + "/" + name)) ids.push_back(name);
  }
  return ids;
}

ErrorOr<std::string> FindRun(const std::string& runs, const std::string& text, Naming naming) {
  if (text.find('/') != std::string::npos) {
    const ErrorOr<std::string> real = platform::RealPath(text);
    if (real.ok() && IsRun(*real)) return *real;
    return MakeError("there is no run at {}", text);
  }
  const std::vector<std::string> ids = ListRuns(runs);
  if (text.empty() || text == "latest") {
    if (naming == Naming::kActing) return MakeError("name the run: `{}` is not enough for a command that acts", text);
    if (ids.empty())
      return MakeError("there are no runs in {}; `hwf run FILE` begins one, --runs names another place", runs);
    return runs + "/" + ids.back();
  }
  std::vector<std::string> found;
  for (const std::string& id : ids) {
    if (id == text) return runs + "/" + id;
    if (id.compare(0, text.size(), text) == 0) found.push_back(id);
  }
  if (found.size() == 1) return runs + "/" + found.front();
  if (const std::optional<std::string> owner = ClosedRun(runs + "/" + text)) {
    return MakeError("the run {} is {}'s and closed to you; `hwf run --share GROUP` begins one that is not", text,
                     *owner);
  }
  if (found.size() > 1) return MakeError("`{}` begins the ids of several runs: {}", text, Names(found));
  return MakeError("there is no run `{}` in {}{}", text, runs,
                   ids.empty() ? std::string("; it has none") : "; there are: " + Names({ids.rbegin(), ids.rend()}));
}

}  // namespace hwf::cli
