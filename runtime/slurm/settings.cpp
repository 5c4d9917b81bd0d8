#include "runtime/slurm/settings.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace hwf::slurm {
namespace {

constexpr int64_t kShortestLimitMs = 60'000;
constexpr int kMostElements = 1000;  // of one array: larger ones gain nothing and are lost together

std::string* TextOf(Settings& settings, std::string_view key) {
  if (key == "partition") return &settings.partition;
  if (key == "account") return &settings.account;
  if (key == "qos") return &settings.qos;
  if (key == "features") return &settings.features;
  if (key == "reservation") return &settings.reservation;
  if (key == "launch") return &settings.launch;
  if (key == "setup") return &settings.setup;
  return nullptr;
}

int* CountOf(Settings& settings, std::string_view key) {
  if (key == "throttle") return &settings.throttle;
  if (key == "max_jobs") return &settings.max_jobs;
  if (key == "pack") return &settings.pack;
  if (key == "allocation") return &settings.allocation;
  if (key == "gpus_per_node") return &settings.gpus_per_node;
  return nullptr;
}

// "MinJobAge               = 300 sec"
bool Read(std::string_view text, std::string_view name, int64_t& value) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    const size_t begin = line.find_first_not_of(" =");
    if (begin == 0 || begin == std::string_view::npos) continue;
    const std::string digits(line.substr(begin));
    char* stop = nullptr;
    const int64_t number = std::strtoll(digits.c_str(), &stop, 10);
    if (stop == digits.c_str() || number < 0) return false;
    value = number;
    return true;
  }
  return false;
}

}  // namespace

ErrorOr<Settings> SettingsFromJson(const std::string& text) {
  HWF_ASSIGN(const Json json, Json::Parse(text));
  if (!json.is_object()) return Error("a Slurm site's settings are a JSON object");
  Settings settings;
  for (const JsonMember& member : json.AsObject()) {
    const Json& value = member.value;
    if (std::string* out = TextOf(settings, member.key); out != nullptr && value.is_string()) {
      if (value.AsString().find('\0') != std::string::npos) return MakeError("`{}` has a NUL", member.key);
      *out = value.AsString();
    } else if (int* count = CountOf(settings, member.key);
               count != nullptr && value.is_int() && value.AsInt() >= 0 && value.AsInt() <= 1'000'000) {
      *count = static_cast<int>(value.AsInt());
    } else if (member.key == "max_time" && value.is_int() && value.AsInt() >= 0) {
      settings.max_time_ms = value.AsInt();
    } else if (member.key == "allocate_all" && value.is_bool()) {
      settings.allocate_all = value.AsBool();
    } else {
      return MakeError("the field `{}: {}` cannot be used by a slurm site", member.key, value.Dump());
    }
  }
  if (settings.allocation > 0 && settings.max_time_ms < kShortestLimitMs) {
    return Error("`allocation` needs `max_time`, a minute or more: for how long its nodes are asked for");
  }
  return settings;
}

Limits LimitsFromConfig(const std::string& text) {
  Limits limits;
  int64_t value = 0;
  if (Read(text, "MaxArraySize", value) && value > 1) {
    limits.max_array = static_cast<int>(std::min<int64_t>(value - 1, kMostElements));
  }
  if (Read(text, "MinJobAge", value)) limits.min_job_age_ms = value * 1000;
  if (Read(text, "KillWait", value)) limits.kill_wait_ms = value * 1000;
  if (Read(text, "MessageTimeout", value) && value > 0) limits.message_timeout_ms = value * 1000;
  return limits;
}

}  // namespace hwf::slurm
