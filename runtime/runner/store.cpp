#include "runtime/runner/store.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <system_error>

#include "base/error.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/paths.h"
#include "runtime/runner/keep.h"

namespace hwf::runner {
namespace {

namespace fs = std::filesystem;

constexpr auto kForgotten = std::chrono::hours(24);  // no copy takes so long

struct Content {
  std::string digest;
  std::string name;  // or the path that it is to be found at
};

ErrorOr<Success> MakeDirectories(const std::string& path) {
  return platform::MakeDirectories(platform::RealFileSystem(), path, 0700);
}

std::string Look(const std::string& store, const Content& content) {
  if (fs::exists(fs::symlink_status(store + "/" + PlaceInStore(content.digest, content.name)))) return "have";
  const auto made = MakeDirectories(store + "/" + ArrivalInStore(content.digest, content.name));
  return made.ok() ? "lacks" : "error " + made.error().message();
}

// What earlier ones laid beside it and nobody took away: their engines died.
void RemoveForgotten(const std::string& directory) {
  const fs::path own = fs::path(directory).filename();
  const std::string prefix = own.string().substr(0, own.string().find_last_of('-') + 1);
  if (!prefix.starts_with('.')) return;
  std::vector<fs::path> forgotten;
  std::error_code code, ignored;
  for (fs::directory_iterator it(fs::path(directory).parent_path(), code), end; !code && it != end;
       it.increment(code)) {
    const bool laid = it->path().filename().string().starts_with(prefix) && it->path().filename() != own;
    const auto at = laid ? it->last_write_time(ignored) : fs::file_time_type::max();
    if (laid && !ignored && fs::file_time_type::clock::now() - at > kForgotten) forgotten.push_back(it->path());
  }
  for (const fs::path& path : forgotten) fs::remove_all(path, ignored);
}

std::string Lay(const std::string& directory, const Content& content) {
  struct stat info {};
  if (stat(content.name.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return "other";
  const std::string name = content.name.substr(content.name.rfind('/') + 1);
  const std::string arrival = directory + "/" + ArrivalInStore(content.digest, name);
  const auto made = MakeDirectories(arrival);
  if (!made.ok()) return "error " + made.error().message();
  const bool laid = symlink(content.name.c_str(), (arrival + "/" + name).c_str()) == 0 || errno == EEXIST;
  return laid ? "laid" : "other";
}

std::string Same(const std::string& directory, const Content& content) {
  const std::string path = fs::path(directory) / content.name;
  std::error_code ignored;
  const auto now = fs::is_directory(path, ignored) ? platform::DigestDirectory(path) : platform::DigestFile(path);
  return now.ok() && now->digest == content.digest ? "same" : "differs";
}

// Of what stays where it is.
std::string Times(const std::string& directory, const Content& content) {
  const auto found = platform::DigestTimes(fs::path(directory) / content.name, content.digest == "dir");
  return found.ok() ? fmt::format("is {} {}", found->digest, found->size) : "error " + found.error().message();
}

std::string Drop(const std::string& directory, const Content& content) {
  const auto removed = platform::RemoveBelow(directory, content.name);
  return removed.ok() ? "gone" : "error " + removed.error().message();
}

void KeepAll(const std::string& store, const std::vector<Content>& contents,
             const std::function<void(const std::string&)>& say) {
  std::vector<Kept> kept;
  for (const Content& content : contents) {
    const std::string arrival = store + "/" + ArrivalInStore(content.digest, content.name);
    kept.push_back(
        {content.digest, arrival + "/" + content.name, store + "/" + PlaceInStore(content.digest, content.name)});
  }
  for (const ErrorOr<std::string>& word : PutInPlace(kept, store)) {
    say(!word.ok() ? "error " + word.error().message() : *word);
  }
  for (const Kept& one : kept) {
    std::error_code ignored;
    const fs::path arrival = fs::path(one.from).parent_path();
    if (fs::exists(one.to, ignored)) fs::remove_all(arrival, ignored);
  }
}

}  // namespace

int Store(const std::vector<std::string>& arguments) {
  const size_t count = arguments.size() < 4 ? 0 : (arguments.size() - 4) / 2;
  const bool good = arguments.size() >= 4 && arguments.size() % 2 == 0 && arguments[0] == "--marker";
  std::vector<Content> contents;
  for (size_t i = 0; good && i < count; ++i) contents.push_back({arguments[4 + 2 * i], arguments[5 + 2 * i]});
  const std::string verb = good ? arguments[2] : "";
  bool sound = good;
  for (const Content& content : contents) {
    const bool kind = content.digest == "dir" || content.digest == "file";
    sound = sound && (verb == "times" || verb == "drop" ? kind : platform::IsDigest(content.digest));
  }
  const std::map<std::string, std::string (*)(const std::string&, const Content&)> each = {
      {"look", Look}, {"lay", Lay}, {"same", Same}, {"times", Times}, {"drop", Drop}};
  if (!sound || (verb != "keep" && !each.contains(verb))) {
    fmt::print(stderr, "hwf-runner: store: --marker M look|lay|keep|same|times|drop DIRECTORY (DIGEST NAME)...\n");
    return 2;
  }
  umask(077);
  size_t said = 0;
  fmt::print("\n");
  const auto say = [&](std::string word) {
    std::replace(word.begin(), word.end(), '\n', ' ');  // of a path
    fmt::print("{} {} {}\n", arguments[1], said++, word);
  };
  const std::string& directory = arguments[3];
  if (verb == "keep") {
    KeepAll(directory, contents, say);
    return 0;
  }
  if (verb == "lay") RemoveForgotten(directory);
  for (const Content& content : contents) say(each.at(verb)(directory, content));
  return 0;
}

}  // namespace hwf::runner
