#include "runtime/runner/store.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>

#include "base/error.h"
#include "runtime/platform/file_system.h"
#include "runtime/runner/keep.h"

namespace hwf::runner {
namespace {

namespace fs = std::filesystem;

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
  bool sound = good;
  for (const Content& content : contents) sound = sound && platform::IsDigest(content.digest);
  const std::string verb = good ? arguments[2] : "";
  if (!sound || (verb != "look" && verb != "lay" && verb != "keep")) {
    fmt::print(stderr, "hwf-runner: store: --marker M look|lay|keep DIRECTORY (DIGEST NAME)...\n");
    return 2;
  }
  umask(077);
  size_t said = 0;
  fmt::print("\n");
  const auto say = [&](const std::string& word) { fmt::print("{} {} {}\n", arguments[1], said++, word); };
  const std::string& directory = arguments[3];
  if (verb == "keep") {
    KeepAll(directory, contents, say);
    return 0;
  }
  for (const Content& content : contents) say(verb == "look" ? Look(directory, content) : Lay(directory, content));
  return 0;
}

}  // namespace hwf::runner
