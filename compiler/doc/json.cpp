#include "compiler/doc/json.h"

namespace hwf::doc {
namespace {

Json Of(const Piece& piece);
Json Of(const Field& field);
Json Of(const Shape& shape);
Json Of(const Clause& clause);
Json Of(const Review& review);
Json Of(const Module::Import& import);
Json Of(const Item& item);
Json Of(const Module& module);

template <typename Part>
Json List(const std::vector<Part>& parts) {
  Json out = Json::Array();
  for (const Part& part : parts) out.Add(Of(part));
  return out;
}

// Sets a member unless it is empty.
void Put(Json& to, const char* key, const std::string& value) {
  if (!value.empty()) to.Set(key, value);
}
template <typename Part>
void Put(Json& to, const char* key, const std::vector<Part>& parts) {
  if (!parts.empty()) to.Set(key, List(parts));
}

Json Of(const Piece& piece) {
  Json out = Json().Set("text", piece.text);
  Put(out, "link", piece.link);
  return out;
}
Json Of(const Field& field) {
  Json out = Json().Set("name", field.name).Set("type", List(field.type));
  Put(out, "note", field.note);
  Put(out, "doc", field.doc);
  return out;
}
Json Of(const Shape& shape) {
  Json out = Json().Set("name", shape.name);
  Put(out, "fields", shape.fields);
  Put(out, "note", shape.note);
  Put(out, "doc", shape.doc);
  return out;
}
Json Of(const Clause& clause) {
  Json out = Json::Object();
  Put(out, "word", clause.word);
  return out.Set("text", List(clause.text));
}
Json Of(const Review& review) {
  Json out = Json::Object();
  Put(out, "name", review.name);
  out.Set("question", review.question).Set("line", review.line);
  Put(out, "answers", review.answers);
  Put(out, "chosen", review.chosen);
  Put(out, "clauses", review.clauses);
  return out;
}
Json Of(const Module::Import& import) { return Json().Set("text", import.text).Set("page", import.page); }

Json Of(const Item& item) {
  Json out = Json().Set("kind", WordFor(item.kind)).Set("name", item.name).Set("anchor", item.anchor);
  Put(out, "doc", item.doc);
  out.Set("line", item.line);
  Put(out, "takes", item.takes);
  Put(out, "gives", item.gives);
  Put(out, "result", item.result);
  Put(out, "variants", item.variants);
  Put(out, "shows", item.shows);
  Put(out, "accepts", item.accepts);
  Put(out, "clauses", item.clauses);
  Put(out, "language", item.language);
  Put(out, "command", item.command);
  Put(out, "reviews", item.reviews);
  Put(out, "drawing", item.drawing);
  return out;
}

Json Of(const Module& module) {
  Json out = Json().Set("name", module.name).Set("page", module.page);
  Put(out, "doc", module.doc);
  Put(out, "imports", module.imports);
  return out.Set("items", List(module.items));
}

}  // namespace

Json DocumentJson(const std::vector<Module>& modules) { return Json().Set("version", 1).Set("modules", List(modules)); }

}  // namespace hwf::doc
