#include "base/json.h"
#include "compiler/diagnostics/render.h"

namespace hwf::diagnostics {

namespace {

Json PositionJson(const source::SourceManager& sources, source::FileId file, uint32_t offset) {
  source::Position at = sources.PositionOf(file, offset);
  Json json = Json::Object();
  json.Set("line", at.line).Set("column", at.column).Set("byte", offset);
  return json;
}

Json RangeJson(const source::SourceManager& sources, source::Range range) {
  Json json = Json::Object();
  json.Set("file", sources.file(range.file).path);
  json.Set("begin", PositionJson(sources, range.file, range.begin));
  json.Set("end", PositionJson(sources, range.file, range.end));
  return json;
}

Json DiagnosticJson(const source::SourceManager& sources, const Diagnostic& d) {
  Json json = Json::Object();
  json.Set("code", d.info.code).Set("name", d.info.name);
  json.Set("severity", d.info.severity == Severity::kError ? "error" : "warning");
  json.Set("message", d.message);
  json.Set("range", RangeJson(sources, d.range));
  if (!d.help.empty()) json.Set("help", d.help);
  for (const Note& note : d.notes) {
    Json item = Json::Object();
    item.Set("message", note.text).Set("range", RangeJson(sources, note.range));
    Json notes = json["notes"];
    json.Set("notes", notes.Add(std::move(item)));
  }
  for (const FixIt& fix : d.fixes) {
    Json item = Json::Object();
    item.Set("range", RangeJson(sources, fix.range)).Set("text", fix.text);
    Json fixes = json["fixes"];
    json.Set("fixes", fixes.Add(std::move(item)));
  }
  if (d.silenced) json.Set("why", *d.silenced);
  return json;
}

}  // namespace

std::string RenderJson(const source::SourceManager& sources, const std::vector<Diagnostic>& diagnostics,
                       const std::vector<std::string>& unreadable) {
  Json list = Json::Array();
  Json silenced = Json::Array();
  int64_t errors = 0;
  int64_t warnings = 0;
  for (const Diagnostic& d : diagnostics) {
    (d.silenced ? silenced : list).Add(DiagnosticJson(sources, d));
    if (d.silenced) continue;
    ++(d.info.severity == Severity::kError ? errors : warnings);
  }
  Json json = Json::Object();
  json.Set("version", 1).Set("diagnostics", std::move(list)).Set("errors", errors);
  json.Set("warnings", warnings).Set("silenced", std::move(silenced));
  json.Set("files", static_cast<int64_t>(sources.file_count()));
  Json failures = Json::Array();
  for (const std::string& message : unreadable) failures.Add(message);
  json.Set("unreadable", std::move(failures));
  return json.DumpPretty();
}

}  // namespace hwf::diagnostics
