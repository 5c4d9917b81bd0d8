// apptainer, and singularity, its older name: containers are ordinary processes below the command.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/container/client.h"
#include "runtime/container/engines.h"
#include "runtime/container/image_files.h"
#include "runtime/container/inside.h"
#include "runtime/platform/rename.h"

namespace hwf::container {
namespace {

class Apptainer final : public Engine {
 public:
  EngineKind kind() const override { return EngineKind::kApptainer; }
  bool limits_memory() const override { return false; }
  bool owns_processes() const override { return true; }
  std::vector<std::string> AddedVariables(bool gpus) const override {
    std::vector<std::string> added = {"APPTAINER_*", "SINGULARITY_*", "PS1", "PROMPT_COMMAND", "HOME",
                                      "TERM",        "SHLVL",         "PWD", "OLDPWD",         "_",
                                      "LANG=C",      "USER_PATH"};
    if (!gpus) added.emplace_back("LD_LIBRARY_PATH=/.singularity.d/libs");  // the machine's drivers
    return added;
  }

  ErrorOr<std::string> Detect() override {
    if (!HasProgram(Program())) return Error("neither apptainer nor singularity is in PATH", ENOENT);
    HWF_ASSIGN(const std::string output, RunClient({Program(), "version"}, kAskMs));
    const bool privileged = geteuid() == 0;
    if (!privileged) {
      const auto namespaces = UserNamespacesWork();
      if (!namespaces.ok()) return namespaces.error().WithContext(Program() + " without setuid");
    }
    return LastWords(output) + (Program() == "apptainer" ? "" : " (singularity)") +
           (MountsImages() ? "" : "; /dev/fuse cannot be opened: .sif files are unpacked for each task");
  }

  ErrorOr<Image> Fetch(const Reference& reference, const std::string& directory) override {
    switch (reference.kind) {
      case Reference::Kind::kLocal:
        return NoLocalNames(*this, reference);
      case Reference::Kind::kRegistry:
        return Build(reference, "docker://" + reference.name, directory);
      case Reference::Kind::kDockerArchive:
        return Build(reference, "docker-archive:" + reference.name, directory);
      case Reference::Kind::kOciArchive:
        return Build(reference, "oci-archive:" + reference.name, directory);
      case Reference::Kind::kDirectory:
      case Reference::Kind::kSif:
        break;
    }
    HWF_ASSIGN(std::string digest, DigestOfImage(reference, directory));
    return Image{std::move(digest), reference.name, {}};
  }

  ErrorOr<HostCommand> Command(const Image& image, const BoxSpec& spec) const override {
    HostCommand command;
    std::vector<std::string>& argv = command.argv;
    argv = {Program(),   "--silent",    "exec",       "--containall",
            "--no-home", "--cleanenv",  "--no-mount", "bind-paths,hostfs,home,cwd",
            "--pwd",     spec.directory};
    const auto bind = [&](const Bind& one) {
      argv.push_back("--mount");
      argv.push_back("type=bind," + CsvField("source=" + one.source) + "," + CsvField("destination=" + one.target) +
                     (one.writable ? "" : ",ro"));
    };
    bind({spec.scratch + "/tmp", "/tmp", true});
    bind({spec.scratch + "/var", "/var/tmp", true});
    for (const Bind& one : spec.binds) bind(one);
    if (!spec.gpu_ids.empty()) argv.emplace_back("--nv");
    if (!MountsImages() && image.local.ends_with(".sif")) argv.emplace_back("--unsquash");
    argv.push_back(image.local);
    argv.insert(argv.end(), {kInsideProgram, "inside"});
    for (const auto& [name, value] : ClientEnvironment()) command.env.push_back(name + "=" + value);
    return command;
  }

 private:
  // Not kept: an agent lives long, and it may be installed meanwhile. Where neither is there, a site's `setup` may have
  // it for the command.
  static std::string Program() {
    return !HasProgram("apptainer") && HasProgram("singularity") ? "singularity" : "apptainer";
  }

  static bool MountsImages() { return geteuid() == 0 || access("/dev/fuse", R_OK | W_OK) == 0; }

  // Kept as one file, made beside its place.
  ErrorOr<Image> Build(const Reference& reference, const std::string& source, const std::string& directory) {
    HWF_ASSIGN(const std::string name, FileNameOf(reference, directory));
    const std::string path = directory + "/" + name + ".sif", making = fmt::format("{}.{}.new", path, getpid());
    if (access(path.c_str(), F_OK) != 0) {
      (void)unlink(making.c_str());
      HWF_TRY(RunClient({Program(), "--silent", "build", "--force", making, source}, kFetchMs));
      const int renamed = platform::RenameAndLook(making, path);
      if (renamed != 0) return ErrnoError(renamed, "keeping the image " + path);
    }
    const bool archive = reference.kind != Reference::Kind::kRegistry;
    HWF_ASSIGN(std::string digest,
               DigestOfImage(archive ? reference : Reference{Reference::Kind::kSif, path}, directory));
    return Image{std::move(digest), path, {}};
  }
};

}  // namespace

std::unique_ptr<Engine> MakeApptainer() { return std::make_unique<Apptainer>(); }

}  // namespace hwf::container
