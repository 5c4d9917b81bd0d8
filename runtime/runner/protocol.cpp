// Writing the protocol. Reading is in protocol_read.cpp.
#include "runtime/runner/protocol.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "runtime/platform/paths.h"
#include "runtime/runner/protocol_text.h"

namespace hwf::runner {
namespace {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

Json Kind(std::string_view kind) { return Json::Object().Set("kind", kind); }

template <typename T>
Json OfAttempt(std::string_view kind, const T& of) {
  return Kind(kind).Set("place", of.place).Set("attempt", of.attempt);
}

Json Strings(const std::vector<std::string>& items) {
  Json array = Json::Array();
  for (const std::string& item : items) array.Add(BytesToJson(item));
  return array;
}

std::string_view NameOf(OutputSpec::Kind kind) {
  switch (kind) {
    case OutputSpec::Kind::kFile:
      return "file";
    case OutputSpec::Kind::kDir:
      return "dir";
    case OutputSpec::Kind::kGlobFiles:
      return "glob_files";
    case OutputSpec::Kind::kGlobDirs:
      return "glob_dirs";
    case OutputSpec::Kind::kText:
      return "text";
    case OutputSpec::Kind::kJson:
      return "json";
    case OutputSpec::Kind::kStdoutText:
      return "stdout_text";
    case OutputSpec::Kind::kStdoutJson:
      return "stdout_json";
    case OutputSpec::Kind::kStdoutFile:
      return "stdout_file";
  }
  HWF_UNREACHABLE();
}

Json OutputToJson(const OutputSpec& output) {
  return Json::Object()
      .Set("name", output.name)
      .Set("kind", NameOf(output.kind))
      .Set("path", BytesToJson(output.path))
      .Set("optional", output.optional);
}

Json Variables(const std::vector<std::pair<std::string, std::string>>& variables) {
  Json array = Json::Array();
  for (const auto& [name, value] : variables) array.Add(Json::Array().Add(BytesToJson(name)).Add(BytesToJson(value)));
  return array;
}

void SetUnusual(Json& json, const Start& start) {
  if (!start.image.empty()) json.Set("image", BytesToJson(start.image));
  if (!start.bundled.empty()) json.Set("bundled", Variables(start.bundled));
  if (!start.inputs.empty()) json.Set("inputs", Strings(start.inputs));
  if (!start.gpu.empty()) json.Set("gpu", BytesToJson(start.gpu));
  if (start.disk != 0) json.Set("disk", start.disk);
  if (start.nodes != 1) json.Set("nodes", start.nodes);
  if (start.ranks != 1) json.Set("ranks", start.ranks);
  if (start.ranks_per_node != 0) json.Set("ranks_per_node", start.ranks_per_node);
  if (!start.launch.empty()) json.Set("launch", start.launch);
  if (start.pack != 0) json.Set("pack", start.pack);
  if (start.priority != 0) json.Set("priority", start.priority);
  if (!start.secrets.empty()) json.Set("secrets", Variables(start.secrets));
}

Json StartToJson(const Start& start) {
  Json outputs = Json::Array();
  for (const OutputSpec& output : start.outputs) outputs.Add(OutputToJson(output));
  Json json = OfAttempt("start", start);
  json.Set("effect", start.effect).Set("directory", BytesToJson(start.directory));
  json.Set("argv", Strings(start.argv)).Set("env", Variables(start.env)).Set("script", BytesToJson(start.script));
  json.Set("links", Strings(start.links)).Set("outputs", std::move(outputs));
  json.Set("streams", Strings(start.streams)).Set("every_all", Strings(start.every_all));
  json.Set("stream_types", BytesToJson(start.stream_types));
  json.Set("accepts_messages", start.accepts_messages).Set("messages", Json(JsonArray(start.messages)));
  json.Set("cpus", start.cpus).Set("gpus", start.gpus).Set("memory", start.memory);
  json.Set("time_limit_ms", start.time_limit_ms);
  SetUnusual(json, start);
  return json;
}

Json UsageToJson(const state::Usage& usage) {
  return Json::Object().Set("wall_ms", usage.wall_ms).Set("cpu_ms", usage.cpu_ms).Set("max_rss", usage.max_rss);
}

Json EndedToJson(const Ended& ended) {
  Json json = OfAttempt("ended", ended);
  if (ended.failure) json.Set("failure", ir::ToString(*ended.failure));
  if (ended.exit_code) json.Set("exit_code", *ended.exit_code);
  json.Set("signal", ended.signal).Set("message", ToUtf8(ended.message)).Set("outputs", ended.outputs);
  json.Set("usage", UsageToJson(ended.usage));
  json.Set("out", BytesToJson(ended.out)).Set("err", BytesToJson(ended.err));
  json.Set("out_file", ended.out_file).Set("err_file", ended.err_file);
  return json;
}

}  // namespace

std::string BundledPath(const std::string& directory, const std::string& name, const std::string& path) {
  return directory + "/.inputs/" + name + "/" + platform::BaseName(path);
}

Json ToJson(const Request& request) {
  return std::visit(
      Overloaded{
          [](const Hello& r) { return Kind("hello").Set("epoch", r.epoch).Set("log_offset", r.log_offset); },
          [](const Start& r) { return StartToJson(r); },
          [](const Message& r) { return OfAttempt("message", r).Set("number", r.number).Set("body", r.body); },
          [](const Cancel& r) { return OfAttempt("cancel", r); },
          [](const Drain&) { return Kind("drain"); },
          [](const Finish&) { return Kind("finish"); },
          [](const WantImage& r) { return Kind("want_image").Set("image", BytesToJson(r.image)); },
      },
      request);
}

Json ToJson(const Report& report) {
  return std::visit(Overloaded{
                        [](const Claimed& r) { return OfAttempt("claimed", r); },
                        [](const Started& r) {
                          Json json = OfAttempt("started", r).Set("pid", r.pid).Set("slot", r.slot);
                          json.Set("boot_ms", r.boot_ms).Set("boot", r.boot);
                          if (!r.host.empty()) json.Set("host", r.host);
                          return json;
                        },
                        [](const Emitted& r) {
                          return OfAttempt("emitted", r)
                              .Set("file", BytesToJson(r.file))
                              .Set("content", r.content)
                              .Set("dropped", r.dropped);
                        },
                        [](const EmissionBad& r) {
                          return OfAttempt("emission_bad", r).Set("file", ToUtf8(r.file)).Set("why", ToUtf8(r.why));
                        },
                        [](const MessagePlaced& r) { return OfAttempt("message_placed", r).Set("number", r.number); },
                        [](const Ended& r) { return EndedToJson(r); },
                        [](const Unstarted& r) { return OfAttempt("unstarted", r); },
                        [](const Superseded& r) { return Kind("superseded").Set("epoch", r.epoch); },
                        [](const CaughtUp&) { return Kind("caught_up"); },
                        [](const Held& r) { return Kind("held").Set("why", ToUtf8(r.why)); },
                        [](const Waiting& r) { return OfAttempt("waiting", r).Set("why", ToUtf8(r.why)); },
                        [](const ImageReady& r) {
                          return Kind("image_ready")
                              .Set("image", BytesToJson(r.image))
                              .Set("digest", r.digest)
                              .Set("why", ToUtf8(r.why));
                        },
                    },
                    report);
}

std::string EnvelopeText(uint64_t end, std::string_view report_json) {
  if (end == 0) return fmt::format("{{\"report\":{}}}", report_json);
  return fmt::format("{{\"end\":{},\"report\":{}}}", end, report_json);
}

}  // namespace hwf::runner
