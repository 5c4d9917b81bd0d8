#include <map>

#include "base/json.h"
#include "compiler/diagnostics/catalog.h"
#include "compiler/diagnostics/render.h"

namespace hwf::diagnostics {

namespace {

Json Object() { return Json::Object(); }
Json Message(std::string_view text) { return Json(Object().Set("text", text)); }

// hwfc's own run: without every file it was not successful, and what it did not find proves nothing.
Json Invocation(const std::vector<std::string>& unreadable) {
  Json json = Object();
  json.Set("executionSuccessful", unreadable.empty());
  if (unreadable.empty()) return json;
  Json notifications = Json::Array();
  for (const std::string& message : unreadable) {
    notifications.Add(Json(Object().Set("level", "error").Set("message", Message(message))));
  }
  json.Set("toolExecutionNotifications", std::move(notifications));
  return json;
}

class SarifRenderer {
 public:
  explicit SarifRenderer(const source::SourceManager& sources) : sources_(sources) {}

  Json Result(const Diagnostic& d) {
    Json json = Object();
    json.Set("ruleId", d.info.code).Set("ruleIndex", RuleIndex(d.info.code));
    json.Set("level", d.info.severity == Severity::kError ? "error" : "warning");
    json.Set("message", Message(d.help.empty() ? d.message : d.message + ". " + d.help));
    json.Set("locations", Json(Json::Array().Add(Location(d.range))));
    if (!d.notes.empty()) {
      Json related = Json::Array();
      for (const Note& note : d.notes) related.Add(Json(Location(note.range).Set("message", Message(note.text))));
      json.Set("relatedLocations", std::move(related));
    }
    if (!d.fixes.empty()) json.Set("fixes", Json(Json::Array().Add(Fix(d))));
    if (d.silenced) json.Set("suppressions", Json(Json::Array().Add(Suppression(*d.silenced))));
    return json;
  }

  // The rules that occur, in the order of their first result.
  Json TakeRules() { return std::move(rules_); }

 private:
  Json Artifact(source::FileId file) const { return Json(Object().Set("uri", Uri(sources_.file(file).path))); }

  // A relative reference or a file URI: everything but unreserved characters and `/` is percent-encoded.
  static std::string Uri(const std::string& path) {
    std::string out = !path.empty() && path[0] == '/' ? "file://" : "";
    for (char c : path) {
      bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   std::string_view("-._~/").find(c) != std::string_view::npos;
      out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
  }

  Json Region(source::Range range) const {
    source::Position begin = sources_.PositionOf(range.file, range.begin);
    source::Position end = sources_.PositionOf(range.file, range.end);
    Json region = Object();
    region.Set("startLine", begin.line).Set("startColumn", begin.column);
    region.Set("endLine", end.line).Set("endColumn", end.column);
    return region;
  }

  static Json Suppression(const std::string& why) {
    Json json = Object();
    json.Set("kind", "inSource");
    if (!why.empty()) json.Set("justification", why);
    return json;
  }

  Json Location(source::Range range) const {
    Json physical = Object();
    physical.Set("artifactLocation", Artifact(range.file)).Set("region", Region(range));
    return Json(Object().Set("physicalLocation", std::move(physical)));
  }

  Json Fix(const Diagnostic& d) const {
    std::map<source::FileId, Json> by_file;
    for (const FixIt& fix : d.fixes) {
      Json replacement = Object();
      replacement.Set("deletedRegion", Region(fix.range)).Set("insertedContent", Message(fix.text));
      by_file[fix.range.file].Add(std::move(replacement));
    }
    Json changes = Json::Array();
    for (auto& [file, replacements] : by_file) {
      changes.Add(Json(Object().Set("artifactLocation", Artifact(file)).Set("replacements", std::move(replacements))));
    }
    Json json = Object();
    if (!d.help.empty()) json.Set("description", Message(d.help));
    return Json(json.Set("artifactChanges", std::move(changes)));
  }

  int64_t RuleIndex(const char* code) {
    auto [found, added] = index_.emplace(code, static_cast<int64_t>(index_.size()));
    if (!added) return found->second;
    const CatalogEntry* entry = FindCode(code);
    Json rule = Object();
    rule.Set("id", entry->info.code).Set("name", entry->info.name);
    rule.Set("shortDescription", Message(entry->text));
    rule.Set("fullDescription", Message(entry->explanation));
    rules_.Add(std::move(rule));
    return found->second;
  }

  const source::SourceManager& sources_;
  std::map<std::string, int64_t> index_;
  Json rules_ = Json::Array();
};

}  // namespace

std::string RenderSarif(const source::SourceManager& sources, const std::vector<Diagnostic>& diagnostics,
                        const std::vector<std::string>& unreadable, std::string_view tool_version) {
  SarifRenderer renderer(sources);
  Json results = Json::Array();
  for (const Diagnostic& d : diagnostics) results.Add(renderer.Result(d));

  Json driver = Object();
  driver.Set("name", "hwfc").Set("version", tool_version).Set("rules", renderer.TakeRules());
  Json run = Object();
  run.Set("tool", Json(Object().Set("driver", std::move(driver))));
  run.Set("invocations", Json(Json::Array().Add(Invocation(unreadable))));
  run.Set("columnKind", "unicodeCodePoints").Set("results", std::move(results));
  Json log = Object();
  log.Set("$schema", "https://json.schemastore.org/sarif-2.1.0.json").Set("version", "2.1.0");
  log.Set("runs", Json(Json::Array().Add(std::move(run))));
  return log.DumpPretty();
}

}  // namespace hwf::diagnostics
