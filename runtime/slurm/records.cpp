#include "runtime/slurm/records.h"

#include "base/json.h"

namespace hwf::slurm {
namespace {

Json ToJson(const ElementIds& ids) {
  Json json = Json::Array();
  for (const AttemptId& id : ids) json.Add(Json::Array().Add(id.place).Add(id.attempt));
  return json;
}

Json ToJson(const Record& record) {
  Json json;
  if (const auto* intent = std::get_if<Intent>(&record)) {
    Json elements = Json::Array();
    for (const ElementIds& element : intent->elements) elements.Add(ToJson(element));
    json.Set("kind", "intent").Set("tag", intent->tag).Set("elements", std::move(elements));
    return intent->nodes == 0 ? json : json.Set("nodes", intent->nodes);
  }
  if (const auto* added = std::get_if<Added>(&record)) {
    return json.Set("kind", "added")
        .Set("tag", added->tag)
        .Set("batch", added->batch)
        .Set("attempts", ToJson(added->attempts));
  }
  if (const auto* accepted = std::get_if<Accepted>(&record)) {
    return json.Set("kind", "accepted").Set("tag", accepted->tag).Set("job", accepted->job);
  }
  return json.Set("kind", "closed").Set("tag", std::get<Closed>(record).tag);
}

ErrorOr<ElementIds> IdsOf(const Json& json) {
  if (!json.is_array()) return Error("an intent is not whole");
  ElementIds ids;
  for (const Json& id : json.AsArray()) {
    const bool whole =
        id.is_array() && id.AsArray().size() == 2 && id.AsArray()[0].is_string() && id.AsArray()[1].is_int();
    if (!whole) return Error("an intent is not whole");
    ids.push_back({id.AsArray()[0].AsString(), static_cast<int>(id.AsArray()[1].AsInt())});
  }
  return ids;
}

ErrorOr<Record> FromJson(const Json& json) {
  const std::string kind = json.StringOr("kind", "");
  const std::string tag = json.StringOr("tag", "");
  if (kind == "accepted") return Record(Accepted{tag, json.StringOr("job", "")});
  if (kind == "closed") return Record(Closed{tag});
  if (kind == "added") {
    HWF_ASSIGN(ElementIds ids, IdsOf(json["attempts"]));
    return Record(Added{tag, static_cast<int>(json.IntOr("batch", 0)), std::move(ids)});
  }
  if (kind != "intent" || !json["elements"].is_array()) return MakeError("a record of the unknown kind `{}`", kind);
  Intent intent;
  intent.tag = tag;
  intent.nodes = static_cast<int>(json.IntOr("nodes", 0));
  for (const Json& element : json["elements"].AsArray()) {
    HWF_ASSIGN(ElementIds ids, IdsOf(element));
    intent.elements.push_back(std::move(ids));
  }
  return Record(std::move(intent));
}

}  // namespace

ErrorOr<std::unique_ptr<Records>> Records::Open(const std::string& path) {
  std::unique_ptr<Records> records(new Records(path));
  HWF_ASSIGN(records->log_, journal::LogWriter::Open(platform::RealFileSystem(), path, 0600));
  return records;
}

ErrorOr<std::vector<Record>> Records::Replay() {
  std::vector<Record> records;
  journal::LogReader reader(platform::RealFileSystem(), path_);
  HWF_TRY(reader.Read([&](std::string_view payload, uint64_t) -> ErrorOr<Success> {
    HWF_ASSIGN(const Json json, Json::Parse(payload));
    HWF_ASSIGN(Record record, FromJson(json));
    records.push_back(std::move(record));
    return Success{};
  }));
  return records;
}

ErrorOr<Success> Records::Append(const Record& record, bool durable) {
  HWF_ASSIGN(const uint64_t end, log_->Append(ToJson(record).Dump()));
  (void)end;
  if (durable) return log_->Sync();
  log_->SyncSoon();
  return Success{};
}

}  // namespace hwf::slurm
