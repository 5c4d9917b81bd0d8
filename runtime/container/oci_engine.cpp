#include "runtime/container/oci_engine.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/json.h"
#include "runtime/container/client.h"
#include "runtime/container/engines.h"
#include "runtime/container/image_files.h"
#include "runtime/container/inside.h"

namespace hwf::container {
namespace {

// The digest in `NAME@sha256:…` of the first of a JSON list.
std::string RegistryDigest(const std::string& json) {
  const auto list = Json::Parse(json);
  if (!list.ok() || !list->is_array()) return "";
  for (const Json& item : list->AsArray()) {
    if (!item.is_string()) continue;
    const size_t at = item.AsString().find("@sha256:");
    if (at != std::string::npos) return item.AsString().substr(at + 1);
  }
  return "";
}

bool SaysNoSuch(const std::string& words) {
  for (const char* text : {"No such container", "no such container", "no container with"}) {
    if (words.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

ErrorOr<OciEngine::Known> OciEngine::Inspect(const std::string& name) {
  const std::string format = std::string(kMark) + "{{.Id}} {{json .RepoDigests}}";
  HWF_ASSIGN(const std::string output, RunClient({program(), "image", "inspect", "--format", format, name}, kAskMs));
  const std::string line = MarkedLine(output, kMark);
  const size_t space = line.find(' ');
  if (space == 0 || space == std::string::npos) {
    return MakeError("{} image inspect {}: {}", program(), name, LastWords(output));
  }
  Known known;
  known.id = line.substr(0, space);
  if (!known.id.starts_with("sha256:")) known.id = "sha256:" + known.id;
  known.digest = RegistryDigest(line.substr(space + 1));
  if (known.digest.empty()) known.digest = known.id;
  return known;
}

ErrorOr<Image> OciEngine::Fetch(const Reference& reference, const std::string& directory) {
  switch (reference.kind) {
    case Reference::Kind::kRegistry:
    case Reference::Kind::kLocal:
      return FetchNamed(reference);
    case Reference::Kind::kDockerArchive:
    case Reference::Kind::kOciArchive:
    case Reference::Kind::kDirectory:
      return FetchFiles(reference, directory);
    case Reference::Kind::kSif:
      break;
  }
  return MakeError(
      "{} runs no .sif files ({}): name the image that it was made from, or let the site have `containers: apptainer`",
      program(), reference.name);
}

ErrorOr<Image> OciEngine::FetchNamed(const Reference& reference) {
  auto known = Inspect(reference.name);
  if (!known.ok() && reference.kind == Reference::Kind::kLocal) {
    return MakeError("{} has no image `{}`, and a name of localhost is never pulled: {}", program(), reference.name,
                     known.error().message());
  }
  if (!known.ok()) {
    HWF_TRY(RunClient({program(), "pull", reference.name}, kFetchMs));
    known = Inspect(reference.name);
  }
  if (!known.ok()) return known.error();
  return Image{known->digest, known->id, {}};
}

// Known by the digest of its files, whatever name an archive gives it.
ErrorOr<Image> OciEngine::FetchFiles(const Reference& reference, const std::string& directory) {
  HWF_ASSIGN(const std::string digest, DigestOfImage(reference, directory));
  const std::string name = "localhost/hwf-image:" + digest.substr(digest.find(':') + 1);
  auto known = Inspect(name);
  if (!known.ok()) {
    const bool is_directory = reference.kind == Reference::Kind::kDirectory;
    HWF_ASSIGN(const std::string loaded, is_directory ? ImportDirectory(reference, name) : Load(reference, directory));
    if (!is_directory) HWF_TRY(RunClient({program(), "tag", loaded, name}, kAskMs));
    known = Inspect(name);
  }
  if (!known.ok()) return known.error();
  return Image{digest, known->id, {}};
}

ErrorOr<std::string> OciEngine::ImportDirectory(const Reference& reference, const std::string& name) {
  const std::string pipe = R"(set -o pipefail; tar -C "$1" -c . | "$2" import - "$3")";
  HWF_TRY(RunClient({"bash", "-c", pipe, "hwf-import", reference.name, program(), name}, kFetchMs));
  return name;
}

ErrorOr<HostCommand> OciEngine::Command(const Image& image, const BoxSpec& spec) const {
  HostCommand command;
  std::vector<std::string>& argv = command.argv;
  argv = {program(),    "run",
          "--rm",       "--interactive",
          "--name",     spec.name,
          "--label",    "hwf=" + spec.label,
          "--pull",     "never",
          "--network",  "host",
          "--user",     fmt::format("{}:{}", getuid(), getgid()),
          "--workdir",  spec.directory,
          "--read-only"};
  argv.insert(argv.end(),
              {"--security-opt", "no-new-privileges", "--log-driver", "none", "--entrypoint", kInsideProgram});
  const auto bind = [&](const Bind& one) {
    argv.push_back("--mount");
    argv.push_back("type=bind," + CsvField("source=" + one.source) + "," + CsvField("target=" + one.target) +
                   (one.writable ? "" : ",readonly"));
  };
  bind({spec.scratch + "/tmp", "/tmp", true});
  bind({spec.scratch + "/var", "/var/tmp", true});
  for (const Bind& one : spec.binds) bind(one);
  if (spec.memory > 0) {
    const std::string bytes = std::to_string(spec.memory);
    argv.insert(argv.end(), {"--memory", bytes, "--memory-swap", bytes});
  }
  // Shared memory counts as memory; the engines' own 64 MiB are too few for what trains models.
  const int64_t all = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE);
  argv.insert(argv.end(), {"--shm-size", std::to_string(spec.memory > 0 ? spec.memory : all / 2)});
  for (std::string& option : RunOptions(spec)) argv.push_back(std::move(option));
  argv.push_back(image.local);
  argv.push_back("inside");
  for (const auto& [name, value] : ClientEnvironment()) command.env.push_back(name + "=" + value);
  return command;
}

ErrorOr<Success> OciEngine::End(const std::string& name) {
  const auto removed = RunClient({program(), "rm", "--force", name}, kAskMs);
  if (!removed.ok() && !SaysNoSuch(removed.error().message())) return removed.error();
  return Success{};
}

ErrorOr<std::vector<std::string>> OciEngine::Left(const std::string& label) {
  const std::string format = std::string(kMark) + "{{.Names}}";
  HWF_ASSIGN(const std::string output,
             RunClient({program(), "ps", "--all", "--filter", "label=hwf=" + label, "--format", format}, kAskMs));
  std::vector<std::string> names;
  for (size_t begin = 0; begin < output.size();) {
    const size_t end = std::min(output.find('\n', begin), output.size());
    const std::string line = output.substr(begin, end - begin);
    if (line.starts_with(kMark)) names.push_back(line.substr(kMark.size()));
    begin = end + 1;
  }
  return names;
}

}  // namespace hwf::container
