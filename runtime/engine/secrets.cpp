#include "runtime/engine/secrets.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "runtime/platform/file_system.h"
#include "runtime/platform/process.h"

namespace hwf::engine {
namespace {

constexpr uint64_t kMaxBytes = 64 << 10;
constexpr int64_t kCommandMs = 20'000;

std::string WithoutNewline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

ErrorOr<std::string> FromVariable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return MakeError("the variable {} is not set", name);
  return std::string(value);
}

ErrorOr<std::string> FromFile(const std::string& path) {
  platform::FileSystem& files = platform::RealFileSystem();
  HWF_ASSIGN(const platform::FileInfo info, files.Stat(path));
  if (info.kind != platform::FileInfo::Kind::kRegular) return MakeError("{} is no regular file", path);
  if (info.uid != geteuid() || (info.mode & 077) != 0) {
    return MakeError("{} can be read by others: chmod 600 it (its mode is {:o})", path, info.mode);
  }
  HWF_ASSIGN(std::string text, files.Read(path, kMaxBytes));
  return WithoutNewline(std::move(text));
}

ErrorOr<std::string> FromCommand(const std::string& command) {
  platform::SpawnOptions options;
  options.argv = {"bash", "-c", "exec 2>/dev/null; " + command};
  options.inherit_env = true;
  HWF_ASSIGN(platform::Finished finished, platform::RunToEnd(options, "", {kCommandMs, kMaxBytes}));
  if (finished.timed_out) return MakeError("its command did not end within {} s", kCommandMs / 1000);
  if (finished.exit_code != 0) return MakeError("its command ended with status {}", finished.exit_code.value_or(-1));
  return WithoutNewline(std::move(finished.output));
}

ErrorOr<std::string> ValueOf(const Json& source) {
  if (const Json* name = source.Find("env"); name != nullptr && name->is_string())
    return FromVariable(name->AsString());
  if (const Json* path = source.Find("file"); path != nullptr && path->is_string()) return FromFile(path->AsString());
  if (const Json* command = source.Find("command"); command != nullptr && command->is_string()) {
    return FromCommand(command->AsString());
  }
  return Error("the site does not say where it comes from");
}

}  // namespace

ErrorOr<Secrets> ReadSecrets(const ir::Module& module, const ir::Site& site) {
  Secrets secrets;
  const Json& sources = site.fields["secrets"];
  if (!sources.is_object()) return secrets;
  for (const JsonMember& member : sources.AsObject()) {
    const bool wanted = std::any_of(module.tasks.begin(), module.tasks.end(), [&](const ir::Task& task) {
      return std::find(task.secrets.begin(), task.secrets.end(), member.key) != task.secrets.end();
    });
    if (!wanted) continue;
    auto value = ValueOf(member.value);
    if (!value.ok()) return value.error().WithContext("the secret " + member.key + " of site `" + site.name + "`");
    if (value->find('\0') != std::string::npos) return MakeError("the secret {} has a NUL", member.key);
    secrets.emplace_back(member.key, *std::move(value));
  }
  return secrets;
}

}  // namespace hwf::engine
