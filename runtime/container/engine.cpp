#include "runtime/container/engine.h"

#include "runtime/container/engines.h"

namespace hwf::container {

std::optional<EngineKind> EngineNamed(std::string_view name) {
  if (name == "apptainer" || name == "singularity") return EngineKind::kApptainer;
  if (name == "podman") return EngineKind::kPodman;
  if (name == "docker") return EngineKind::kDocker;
  if (name == "charliecloud") return EngineKind::kCharliecloud;
  return std::nullopt;
}

const char* ToString(EngineKind kind) {
  switch (kind) {
    case EngineKind::kApptainer:
      return "apptainer";
    case EngineKind::kPodman:
      return "podman";
    case EngineKind::kDocker:
      return "docker";
    case EngineKind::kCharliecloud:
      return "charliecloud";
  }
  return "";
}

std::unique_ptr<Engine> MakeEngine(EngineKind kind) {
  switch (kind) {
    case EngineKind::kApptainer:
      return MakeApptainer();
    case EngineKind::kPodman:
      return MakePodman();
    case EngineKind::kDocker:
      return MakeDocker();
    case EngineKind::kCharliecloud:
      return MakeCharliecloud();
  }
  return nullptr;
}

ErrorOr<Success> Engine::End(const std::string& /*name*/) { return Success{}; }

ErrorOr<std::vector<std::string>> Engine::Left(const std::string& /*label*/) { return std::vector<std::string>(); }

Error NoLocalNames(const Engine& engine, const Reference& reference) {
  return MakeError(
      "{} knows no image `{}`: such names are of podman's and docker's own stores. Save it there (`podman save "
      "--format "
      "docker-archive -o x.tar {}`) and use `docker-archive:/PATH/x.tar`",
      ToString(engine.kind()), reference.name, reference.name);
}

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace hwf::container
