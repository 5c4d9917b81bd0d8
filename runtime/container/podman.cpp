// podman: no daemon; its monitor (conmon) leaves the command's tree, so a container is known by its name.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/container/client.h"
#include "runtime/container/engines.h"
#include "runtime/container/oci_engine.h"

namespace hwf::container {
namespace {

class Podman final : public OciEngine {
 public:
  EngineKind kind() const override { return EngineKind::kPodman; }
  bool limits_memory() const override { return geteuid() == 0; }  // rootless it depends; the runner looks as well
  std::vector<std::string> AddedVariables(bool /*gpus*/) const override {
    return {"HOSTNAME", "HOME", "TERM", "container"};
  }

  ErrorOr<std::string> Detect() override {
    if (!HasProgram("podman")) return Error("podman is not in PATH", ENOENT);
    // It opens its store and looks for its helpers: what a first container would fail for.
    HWF_ASSIGN(
        const std::string output,
        RunClient({"podman", "info", "--format", "hwf={{.Version.Version}} with {{.Host.OCIRuntime.Name}}"}, kAskMs));
    const std::string version = MarkedLine(output, "hwf=");
    if (version.empty()) return MakeError("podman info: {}", LastWords(output));
    return version;
  }

 private:
  ErrorOr<std::string> Load(const Reference& archive, const std::string& /*directory*/) override {
    const std::string scheme = archive.kind == Reference::Kind::kOciArchive ? "oci-archive:" : "docker-archive:";
    HWF_ASSIGN(const std::string output, RunClient({"podman", "pull", "--quiet", scheme + archive.name}, kFetchMs));
    const std::string id = output.substr(0, output.size() - (output.ends_with('\n') ? 1 : 0));
    return id.substr(id.rfind('\n') + 1);
  }

  std::vector<std::string> RunOptions(const BoxSpec& spec) const override {
    std::vector<std::string> options = {"--http-proxy=false", "--read-only-tmpfs=false"};
    if (geteuid() != 0) {
      options.emplace_back("--userns=keep-id");
    }
    for (const std::string& id : spec.gpu_ids) options.insert(options.end(), {"--device", "nvidia.com/gpu=" + id});
    return options;
  }
};

}  // namespace

std::unique_ptr<Engine> MakePodman() { return std::make_unique<Podman>(); }

}  // namespace hwf::container
