// One list of members per event, walked by a writer and by a reader, so that the two cannot differ. The writer leaves
// out optional members that have their default; the reader refuses members that the list does not name.
#include "runtime/state/events.h"

#include <array>
#include <limits>
#include <type_traits>
#include <utility>

namespace hwf::state {
namespace {

constexpr int64_t kEventVersion = 1;

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <typename V>
void Members(V& v, Person& p) {
  v.Need("name", p.name);
  v.May("uid", p.uid, int64_t{-1});
  v.May("level", p.level, 1);
  v.May("proof", p.proof, std::string());
}
template <typename V>
void Members(V& v, Usage& u) {
  v.May("wall_ms", u.wall_ms, int64_t{0});
  v.May("cpu_ms", u.cpu_ms, int64_t{0});
  v.May("max_rss", u.max_rss, int64_t{0});
}
template <typename V>
void Members(V& v, RunStarted& e) {
  v.Need("run_id", e.run_id);
  v.Need("ir_digest", e.ir_digest);
  v.Need("params", e.params);
  v.Nested("starter", e.starter);
  v.Need("directory", e.directory);
  v.May("people", e.people, std::string());
  v.May("from", e.from, std::string());
  v.May("trust", e.trust, Json());
}
template <typename V>
void Members(V& v, EngineStarted& e) {
  v.Need("host", e.host);
  v.Need("pid", e.pid);
}
template <typename V>
void Members(V& v, SourceResolved& e) {
  v.Need("place", e.place);
  v.May("value", e.value, Json());
  v.May("error", e.error, std::string());
}
template <typename V>
void Members(V& v, AttemptSubmitted& e) {
  v.Need("place", e.place);
  v.Need("attempt", e.attempt);
  v.May("site", e.site, std::string());
  v.May("key", e.key, std::string());
}
template <typename V>
void Members(V& v, AttemptStarted& e) {
  v.Need("place", e.place);
  v.Need("attempt", e.attempt);
  v.May("host", e.host, std::string());
  v.May("pid", e.pid, int64_t{0});
}
template <typename V>
void Members(V& v, AttemptEnded& e) {
  v.Need("place", e.place);
  v.Need("attempt", e.attempt);
  v.Reason("failure", e.failure);
  v.Maybe("exit_code", e.exit_code);
  v.May("signal", e.signal, 0);
  v.May("message", e.message, std::string());
  v.May("outputs", e.outputs, Json());
  v.Nested("usage", e.usage);
  v.May("log", e.log, Json());
}
template <typename V>
void Members(V& v, TaskReused& e) {
  v.Need("place", e.place);
  v.Need("key", e.key);
  v.May("from_run", e.from_run, std::string());
  v.May("from_place", e.from_place, Place());
  v.May("outputs", e.outputs, Json());
}
template <typename V>
void Members(V& v, Emission& e) {
  v.Need("place", e.place);
  v.Need("attempt", e.attempt);
  v.Need("stream", e.stream);
  v.Need("file", e.file);
  v.Need("values", e.values);
  v.May("after_message", e.after_message, int64_t{0});
}
template <typename V>
void Members(V& v, EmissionRefused& e) {
  v.Need("place", e.place);
  v.Need("attempt", e.attempt);
  v.Need("file", e.file);
  v.Need("why", e.why);
}
template <typename V>
void Members(V& v, AttemptWaiting& e) {
  v.Need("place", e.place);
  v.Need("attempt", e.attempt);
  v.Need("why", e.why);
}
template <typename V>
void Members(V& v, SiteTroubled& e) {
  v.Need("site", e.site);
  v.Need("why", e.why);
}
template <typename V>
void Members(V& v, EmissionsCoalesced& e) {
  v.Need("place", e.place);
  v.Need("stream", e.stream);
  v.Need("count", e.count);
}
template <typename V>
void Members(V& v, ReviewOpened& e) {
  v.Need("review", e.review);
  v.May("evidence", e.evidence, Json());
  v.May("due", e.due, Json());
}
template <typename V>
void Members(V& v, Vote& e) {
  v.Need("review", e.review);
  v.Nested("person", e.person);
  v.Strings("groups", e.groups);
  v.Need("variant", e.variant);
  v.May("fields", e.fields, Json());
  v.May("request", e.request, std::string());
}
template <typename V>
void Members(V& v, AnswerCarried& e) {
  v.Need("review", e.review);
  v.Need("from_run", e.from_run);
  v.Need("from_review", e.from_review);
  v.Nested("vote", e.vote);
}
template <typename V>
void Members(V& v, ReviewWithdrawn& e) {
  v.Need("review", e.review);
  v.Nested("person", e.person);
  v.May("request", e.request, std::string());
  v.May("why", e.why, std::string());
}
template <typename V>
void Members(V& v, RewindRequested& e) {
  v.Need("place", e.place);
  v.May("set", e.set, Json());
  v.May("fresh", e.fresh, false);
  v.Nested("person", e.person);
  v.May("request", e.request, std::string());
}
template <typename V>
void Members(V& v, FormOpened& e) {
  v.Need("review", e.review);
  v.Nested("person", e.person);
}
template <typename V>
void Members(V& v, ClockFired& e) {
  v.Need("review", e.review);
  v.ClockKind("clock", e.clock);
  v.May("index", e.index, 0);
}
template <typename V>
void Members(V& v, ReviewVoided& e) {
  v.Need("review", e.review);
  v.Need("why", e.why);
}
template <typename V>
void Members(V& v, MessageDelivered& e) {
  v.Need("place", e.place);
  v.Need("attempt", e.attempt);
  v.Need("number", e.number);
}
template <typename V>
void Members(V& v, CancelRequested& e) {
  v.Nested("person", e.person);
  v.May("place", e.place, Place());
  v.May("request", e.request, std::string());
}
template <typename V>
void Members(V& v, DoubtResolved& e) {
  v.Need("place", e.place);
  v.Need("attempt", e.attempt);
  v.Need("happened", e.happened);
  v.Nested("person", e.person);
  v.May("request", e.request, std::string());
}
template <typename V>
void Members(V& v, RunFinished& e) {
  v.Need("ok", e.ok);
  v.May("outputs", e.outputs, Json());
  v.May("why", e.why, std::string());
}

constexpr std::array<std::string_view, std::variant_size_v<EventBody>> kKinds = {
    "run_started",      "engine_started",      "source_resolved",  "attempt_submitted",
    "attempt_started",  "attempt_ended",       "task_reused",      "emission",
    "emission_refused", "emissions_coalesced", "review_opened",    "vote",
    "form_opened",      "clock_fired",         "review_voided",    "message_delivered",
    "cancel_requested", "doubt_resolved",      "run_finished",     "attempt_waiting",
    "site_troubled",    "answer_carried",      "review_withdrawn", "rewind_requested"};

constexpr std::array<std::string_view, 4> kClocks = {"remind", "escalate", "expire", "form"};

class Writer {
 public:
  explicit Writer(Json& out) : out_(out) {}

  template <typename T>
  void Need(std::string_view name, T& value) {
    out_.AsObject().push_back({std::string(name), Json(value)});
  }
  template <typename T>
  void May(std::string_view name, T& value, const T& fallback) {
    if (!(value == fallback)) Need(name, value);
  }
  template <typename T>
  void Maybe(std::string_view name, std::optional<T>& value) {
    if (value) Need(name, *value);
  }
  template <typename T>
  void Nested(std::string_view name, T& value) {
    Json inner = Json::Object();
    Writer writer(inner);
    Members(writer, value);
    if (!inner.AsObject().empty()) out_.AsObject().push_back({std::string(name), std::move(inner)});
  }
  void Strings(std::string_view name, std::vector<std::string>& values) {
    if (values.empty()) return;
    Json list = Json::Array();
    for (const std::string& value : values) list.Add(value);
    out_.AsObject().push_back({std::string(name), std::move(list)});
  }
  void Reason(std::string_view name, std::optional<ir::Reason>& value) {
    if (value) out_.AsObject().push_back({std::string(name), Json(ir::ToString(*value))});
  }
  void ClockKind(std::string_view name, Clock& value) {
    out_.AsObject().push_back({std::string(name), Json(kClocks[static_cast<size_t>(value)])});
  }

 private:
  Json& out_;
};

class Reader {
 public:
  Reader(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  template <typename T>
  void Need(std::string_view name, T& value) {
    if (const Json* member = Take(name)) return Read(name, *member, value);
    Refuse(name, "is missing");
  }
  template <typename T>
  void May(std::string_view name, T& value, const T&) {
    if (const Json* member = Take(name)) Read(name, *member, value);
  }
  template <typename T>
  void Maybe(std::string_view name, std::optional<T>& value) {
    if (const Json* member = Take(name)) Read(name, *member, value.emplace());
  }
  template <typename T>
  void Nested(std::string_view name, T& value) {
    const Json* member = Take(name);
    if (member != nullptr && !member->is_object()) return Refuse(name, "is not an object");
    Json none = Json::Object();
    Reader reader(member != nullptr ? *member : none, Path(name));
    Members(reader, value);
    reader.Finish();
    if (!reader.error_.empty() && error_.empty()) error_ = reader.error_;
  }
  void Strings(std::string_view name, std::vector<std::string>& values) {
    const Json* member = Take(name);
    if (member == nullptr) return;
    if (!member->is_array()) return Refuse(name, "is not an array");
    for (const Json& item : member->AsArray()) {
      if (!item.is_string()) return Refuse(name, "holds something that is not a string");
      values.push_back(item.AsString());
    }
  }
  void Reason(std::string_view name, std::optional<ir::Reason>& value) {
    const Json* member = Take(name);
    if (member == nullptr) return;
    if (!member->is_string()) return Refuse(name, "is not a string");
    value = ir::ReasonFromString(member->AsString());
    if (!value) Refuse(name, "is no reason of failure");
  }
  void ClockKind(std::string_view name, Clock& value) {
    const Json* member = Take(name);
    if (member == nullptr) return Refuse(name, "is missing");
    for (size_t i = 0; i < kClocks.size(); ++i) {
      if (*member == Json(kClocks[i])) {
        value = static_cast<Clock>(i);
        return;
      }
    }
    Refuse(name, "is no clock");
  }

  // Members that nothing took are unknown. `known` are the frame's own.
  void Finish(size_t known = 0) {
    if (!error_.empty() || taken_ + known == json_.AsObject().size()) return;
    for (const JsonMember& member : json_.AsObject()) {
      bool framed =
          known > 0 && (member.key == "v" || member.key == "epoch" || member.key == "t" || member.key == "kind");
      if (!framed && !WasTaken(member.key)) return Refuse(member.key, "is unknown");
    }
  }
  const std::string& error() const { return error_; }

 private:
  const Json* Take(std::string_view name) {
    const Json* member = json_.Find(name);
    if (member == nullptr) return nullptr;
    ++taken_;
    names_.push_back(name);
    return member;
  }
  bool WasTaken(std::string_view name) const {
    for (std::string_view taken : names_) {
      if (taken == name) return true;
    }
    return false;
  }
  std::string Path(std::string_view name) const { return path_ + "." + std::string(name); }
  void Refuse(std::string_view name, std::string_view what) {
    if (error_.empty()) error_ = fmt::format("the member `{}` {}", Path(name), what);
  }

  void Read(std::string_view, const Json& member, Json& value) { value = member; }
  void Read(std::string_view name, const Json& member, std::string& value) {
    if (!member.is_string()) return Refuse(name, "is not a string");
    value = member.AsString();
  }
  void Read(std::string_view name, const Json& member, bool& value) {
    if (!member.is_bool()) return Refuse(name, "is not true or false");
    value = member.AsBool();
  }
  void Read(std::string_view name, const Json& member, int64_t& value) {
    if (!member.is_int()) return Refuse(name, "is not an integer");
    value = member.AsInt();
  }
  void Read(std::string_view name, const Json& member, int& value) {
    if (!member.is_int()) return Refuse(name, "is not an integer");
    int64_t wide = member.AsInt();
    if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
      return Refuse(name, "is out of range");
    }
    value = static_cast<int>(wide);
  }

  const Json& json_;
  std::string path_;
  std::vector<std::string_view> names_;
  size_t taken_ = 0;
  std::string error_;
};

// A body of the kind at `index`, default-constructed.
template <size_t I = 0>
EventBody MakeBody(size_t index) {
  if constexpr (I + 1 < std::variant_size_v<EventBody>) {
    if (index != I) return MakeBody<I + 1>(index);
  }
  return EventBody(std::in_place_index<I>);
}

ErrorOr<Success> CheckFrame(const Json& json) {
  if (!json.is_object()) return MakeError("an event is not a JSON object");
  const Json& version = json["v"];
  if (!version.is_int()) return MakeError("the member `event.v` is missing or not an integer");
  if (version.AsInt() > kEventVersion) {
    return MakeError("an event of version {}; this program reads up to version {}: use a newer hwf", version.AsInt(),
                     kEventVersion);
  }
  if (version.AsInt() < 1) return MakeError("the member `event.v` is out of range");
  if (!json["t"].is_int()) return MakeError("the member `event.t` is missing or not an integer");
  if (!json["epoch"].is_int()) return MakeError("the member `event.epoch` is missing or not an integer");
  if (!json["kind"].is_string()) return MakeError("the member `event.kind` is missing or not a string");
  return Success();
}

}  // namespace

std::string_view KindOf(const EventBody& body) { return kKinds[body.index()]; }

Json ToJson(const Event& event) {
  Json out = Json::Object();
  out.AsObject().reserve(10);
  out.AsObject().push_back({"v", Json(kEventVersion)});
  out.AsObject().push_back({"epoch", Json(event.epoch)});
  out.AsObject().push_back({"t", Json(event.time)});
  out.AsObject().push_back({"kind", Json(KindOf(event.body))});
  Writer writer(out);
  // The member lists take what they may also fill in; a writer never does.
  std::visit([&](auto& body) { Members(writer, body); }, const_cast<EventBody&>(event.body));
  return out;
}

ErrorOr<Event> EventFromJson(const Json& json) {
  HWF_TRY(CheckFrame(json));
  const std::string& kind = json["kind"].AsString();
  for (size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] != kind) continue;
    Event event;
    event.time = json["t"].AsInt();
    event.epoch = json["epoch"].AsInt();
    event.body = MakeBody(i);
    Reader reader(json, kind);
    std::visit([&](auto& body) { Members(reader, body); }, event.body);
    reader.Finish(4);
    if (!reader.error().empty()) return Error(reader.error());
    return event;
  }
  return MakeError("an event of the unknown kind `{}`", kind);
}

}  // namespace hwf::state
