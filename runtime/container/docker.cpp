// docker: a daemon starts the containers; the command is its client.
#include <fmt/format.h>
#include <grp.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/container/client.h"
#include "runtime/container/engines.h"
#include "runtime/container/oci_engine.h"

namespace hwf::container {
namespace {

class Docker final : public OciEngine {
 public:
  EngineKind kind() const override { return EngineKind::kDocker; }
  bool limits_memory() const override { return true; }
  std::vector<std::string> AddedVariables(bool /*gpus*/) const override { return {"HOSTNAME", "HOME", "TERM"}; }

  ErrorOr<std::string> Detect() override {
    if (!HasProgram("docker")) return Error("docker is not in PATH", ENOENT);
    HWF_ASSIGN(const std::string output,
               RunClient({"docker", "version", "--format", "hwf={{.Server.Version}}"}, kAskMs));
    const std::string version = MarkedLine(output, "hwf=");
    if (version.empty()) return MakeError("docker version: {}", LastWords(output));
    return version;
  }

 private:
  // The daemon reads its own archives alone.
  ErrorOr<std::string> Load(const Reference& archive, const std::string& directory) override {
    if (archive.kind == Reference::Kind::kDockerArchive) return LoadFile(archive.name);
    if (!HasProgram("skopeo")) {
      return MakeError("docker reads no OCI archives ({}), and skopeo, which converts them, is not in PATH",
                       archive.name);
    }
    const std::string made = fmt::format("{}/convert-{}.tar", directory, getpid());
    (void)unlink(made.c_str());
    const auto copied =
        RunClient({"skopeo", "copy", "oci-archive:" + archive.name, "docker-archive:" + made}, kFetchMs);
    auto loaded = copied.ok() ? LoadFile(made) : ErrorOr<std::string>(copied.error());
    (void)unlink(made.c_str());
    return loaded;
  }

  static ErrorOr<std::string> LoadFile(const std::string& path) {
    HWF_ASSIGN(const std::string output, RunClient({"docker", "load", "--input", path}, kFetchMs));
    for (const char* mark : {"Loaded image ID: ", "Loaded image: "}) {
      std::string name = MarkedLine(output, mark);
      if (!name.empty()) return name;
    }
    return MakeError("docker load --input {}: {}", path, LastWords(output));
  }

  std::vector<std::string> RunOptions(const BoxSpec& spec) const override {
    std::vector<std::string> options;
    gid_t groups[256];
    const int count = getgroups(256, groups);
    for (int i = 0; i < count; ++i) options.insert(options.end(), {"--group-add", std::to_string(groups[i])});
    std::string ids;
    for (const std::string& id : spec.gpu_ids) ids += (ids.empty() ? "" : ",") + id;
    if (!ids.empty()) options.insert(options.end(), {"--gpus", "\"device=" + ids + "\""});
    return options;
  }
};

}  // namespace

std::unique_ptr<Engine> MakeDocker() { return std::make_unique<Docker>(); }

}  // namespace hwf::container
