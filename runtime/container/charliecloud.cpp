// charliecloud: directories entered by ch-run, without a daemon or privileges. Images from elsewhere are unpacked by
// skopeo and umoci.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/json.h"
#include "runtime/container/client.h"
#include "runtime/container/engines.h"
#include "runtime/container/image_files.h"
#include "runtime/container/inside.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/process.h"
#include "runtime/platform/rename.h"

namespace hwf::container {
namespace {

constexpr size_t kMostConfig = size_t{1} << 20;

std::string OwnProgram() {
  std::string path = platform::ThisProgram();
  return path.empty() ? "hwf-runner" : path;
}

// NAME=value lines of an image that charliecloud's own tools have made.
std::vector<std::string> EnvironmentFile(const std::string& directory) {
  std::vector<std::string> env;
  const auto text = platform::RealFileSystem().Read(directory + "/ch/environment", kMostConfig);
  if (!text.ok()) return env;
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = std::min(text->find('\n', begin), text->size());
    std::string line = text->substr(begin, end - begin);
    if (line.find('=') != std::string::npos && line.front() != '=') env.push_back(std::move(line));
    begin = end + 1;
  }
  return env;
}

ErrorOr<std::vector<std::string>> EnvironmentOfBundle(const std::string& bundle) {
  HWF_ASSIGN(const std::string text, platform::RealFileSystem().Read(bundle + "/config.json", kMostConfig));
  HWF_ASSIGN(const Json config, Json::Parse(text));
  std::vector<std::string> env;
  const Json& list = config["process"]["env"];
  if (!list.is_array()) return env;
  for (const Json& item : list.AsArray()) {
    const bool good = item.is_string() && item.AsString().find('=') != std::string::npos;
    if (good && item.AsString() != "TERM=xterm") env.push_back(item.AsString());  // umoci's own
  }
  return env;
}

class Charliecloud final : public Engine {
 public:
  EngineKind kind() const override { return EngineKind::kCharliecloud; }
  bool limits_memory() const override { return false; }
  bool owns_processes() const override { return true; }
  std::vector<std::string> AddedVariables(bool /*gpus*/) const override { return {"*"}; }

  ErrorOr<std::string> Detect() override {
    if (!HasProgram("ch-run")) return Error("charliecloud's ch-run is not in PATH", ENOENT);
    HWF_ASSIGN(const std::string output, RunClient({"ch-run", "--version"}, kAskMs));
    const auto namespaces = UserNamespacesWork();
    if (!namespaces.ok()) return namespaces.error();
    std::string lacks;
    for (const char* name : {"skopeo", "umoci"}) {
      if (!HasProgram(name))
        lacks += fmt::format(
            "{}{}", lacks.empty() ? "; directories only, for archives and registries it needs " : " and ", name);
    }
    return LastWords(output) + lacks;
  }

  ErrorOr<Image> Fetch(const Reference& reference, const std::string& directory) override {
    switch (reference.kind) {
      case Reference::Kind::kLocal:
        return NoLocalNames(*this, reference);
      case Reference::Kind::kSif:
        return MakeError("charliecloud runs no .sif files ({}): name the image that it was made from", reference.name);
      case Reference::Kind::kRegistry:
        return Unpack(reference, "docker://" + reference.name, directory);
      case Reference::Kind::kDockerArchive:
        return Unpack(reference, "docker-archive:" + reference.name, directory);
      case Reference::Kind::kOciArchive:
        return Unpack(reference, "oci-archive:" + reference.name, directory);
      case Reference::Kind::kDirectory:
        break;
    }
    HWF_ASSIGN(std::string digest, DigestOfImage(reference, directory));
    return Image{std::move(digest), reference.name, EnvironmentFile(reference.name)};
  }

  ErrorOr<HostCommand> Command(const Image& image, const BoxSpec& spec) const override {
    HostCommand command;
    command.argv = {OwnProgram(), "charliecloud", image.local, spec.scratch};
    for (const Bind& bind : spec.binds) {
      command.argv.insert(command.argv.end(), {bind.writable ? "w" : "r", bind.source, bind.target});
    }
    command.argv.insert(command.argv.end(), {"--", "ch-run", "--write", "--unset-env=*", "--cd=" + spec.directory,
                                             "ROOT", "--", kInsideProgram, "inside"});
    for (const auto& [name, value] : ClientEnvironment()) {
      if (name != "TMPDIR") command.env.push_back(name + "=" + value);  // ch-run would take it for our /tmp
    }
    return command;
  }

 private:
  // A bundle: the root file system, and config.json with the environment. Made beside its place.
  static ErrorOr<Image> Unpack(const Reference& reference, const std::string& source, const std::string& directory) {
    HWF_ASSIGN(const std::string name, FileNameOf(reference, directory));
    const std::string bundle = directory + "/" + name;
    if (access((bundle + "/digest").c_str(), F_OK) != 0) HWF_TRY(MakeBundle(reference, source, directory, bundle));
    HWF_ASSIGN(std::string digest, platform::RealFileSystem().Read(bundle + "/digest", 256));
    HWF_ASSIGN(std::vector<std::string> env, EnvironmentOfBundle(bundle));
    return Image{std::move(digest), bundle + "/rootfs", std::move(env)};
  }

  static ErrorOr<Success> MakeBundle(const Reference& reference, const std::string& source,
                                     const std::string& directory, const std::string& bundle) {
    for (const char* program : {"skopeo", "umoci"}) {
      if (!HasProgram(program))
        return MakeError("charliecloud needs {} to unpack {}: it is not in PATH", program, source);
    }
    const std::string layout = fmt::format("{}.{}.oci", bundle, getpid());
    const std::string making = fmt::format("{}.{}.new", bundle, getpid());
    RemoveTree(layout);
    RemoveTree(making);
    auto made = RunClient({"skopeo", "copy", source, "oci:" + layout + ":image"}, kFetchMs);
    std::string digest;
    if (made.ok() && reference.kind == Reference::Kind::kRegistry) {
      made = RunClient({"skopeo", "inspect", "--format", "hwf={{.Digest}}", "oci:" + layout + ":image"}, kAskMs);
      digest = made.ok() ? MarkedLine(*made, "hwf=") : "";
    } else if (made.ok()) {
      HWF_ASSIGN(digest, DigestOfImage(reference, directory));
    }
    if (made.ok()) made = RunClient({"umoci", "unpack", "--rootless", "--image", layout + ":image", making}, kFetchMs);
    RemoveTree(layout);
    if (!made.ok()) return made.error();
    HWF_TRY(platform::RealFileSystem().WriteAtomically(making + "/digest", digest, 0600, false));
    const int renamed = platform::RenameAndLook(making, bundle);
    if (renamed != 0) return ErrnoError(renamed, "keeping the image " + bundle);
    return Success{};
  }

  static void RemoveTree(const std::string& path) {
    std::error_code error;
    (void)std::filesystem::remove_all(path, error);
  }
};

}  // namespace

std::unique_ptr<Engine> MakeCharliecloud() { return std::make_unique<Charliecloud>(); }

}  // namespace hwf::container
