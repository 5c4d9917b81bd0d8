#include "runtime/review/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "runtime/review/identity.h"

namespace hwf::review {
namespace {

constexpr int kVersion = 1;
constexpr size_t kMaxName = 512;
constexpr size_t kMaxPlace = 4096;
constexpr size_t kMaxSignature = 16 << 10;
constexpr int kMaxRequestDepth = 32;

std::string_view NameOf(Request::Kind kind) {
  switch (kind) {
    case Request::Kind::kAnswer:
      return "answer";
    case Request::Kind::kOpen:
      return "open";
    case Request::Kind::kCancel:
      return "cancel";
    case Request::Kind::kDoubt:
      return "doubt";
    case Request::Kind::kRewind:
      return "rewind";
    case Request::Kind::kWithdraw:
      return "withdraw";
  }
  HWF_UNREACHABLE();
}

ErrorOr<Request::Kind> KindFrom(const std::string& name) {
  for (Request::Kind kind : {Request::Kind::kAnswer, Request::Kind::kOpen, Request::Kind::kCancel,
                             Request::Kind::kDoubt, Request::Kind::kRewind, Request::Kind::kWithdraw}) {
    if (NameOf(kind) == name) return kind;
  }
  return MakeError("a request has no kind `{}`", name.substr(0, kMaxName));
}

std::vector<std::string_view> MembersOf(Request::Kind kind) {
  switch (kind) {
    case Request::Kind::kAnswer:
      return {"review", "form", "variant", "fields", "signature", "signer"};
    case Request::Kind::kOpen:
      return {"review"};
    case Request::Kind::kCancel:
      return {"place"};
    case Request::Kind::kDoubt:
      return {"place", "attempt", "happened"};
    case Request::Kind::kRewind:
      return {"place", "set", "fresh", "effects"};
    case Request::Kind::kWithdraw:
      return {"review", "why"};
  }
  HWF_UNREACHABLE();
}

// A string member: there, and of 1 to `limit` bytes (0 allowed where `may_be_empty`).
ErrorOr<std::string> Text(const Json& json, std::string_view member, size_t limit, bool may_be_empty = false) {
  const Json* value = json.Find(member);
  if (value == nullptr) return MakeError("the request lacks `{}`", member);
  if (!value->is_string()) return MakeError("`{}` is not a string", member);
  const std::string& text = value->AsString();
  if (text.size() > limit) return MakeError("`{}` is longer than {} bytes", member, limit);
  if (text.empty() && !may_be_empty) return MakeError("`{}` is empty", member);
  return text;
}

ErrorOr<Success> CheckMembers(const Json& json, Request::Kind kind, bool with_id) {
  std::vector<std::string_view> known = MembersOf(kind);
  known.insert(known.end(), {"v", "run", "kind"});
  if (with_id) known.push_back("id");
  for (const JsonMember& member : json.AsObject()) {
    if (std::find(known.begin(), known.end(), member.key) == known.end()) {
      return MakeError("a request of kind `{}` has no member `{}`", NameOf(kind), member.key.substr(0, kMaxName));
    }
  }
  return Success();
}

ErrorOr<Success> ReadAnswer(const Json& json, Request& request) {
  HWF_ASSIGN(request.form, Text(json, "form", kMaxName));
  HWF_ASSIGN(request.variant, Text(json, "variant", kMaxName));
  if (const Json* fields = json.Find("fields")) {
    if (!fields->is_object()) return Error("`fields` is not an object");
    request.fields = *fields;
  }
  if (json.Find("signature") == nullptr && json.Find("signer") == nullptr) return Success();
  HWF_ASSIGN(request.signature, Text(json, "signature", kMaxSignature));
  HWF_ASSIGN(request.signer, Text(json, "signer", kMaxName));
  return Success();
}

ErrorOr<Success> ReadWhy(const Json& json, Request& request) {
  if (json.Find("why") == nullptr) return Success();
  HWF_ASSIGN(request.why, Text(json, "why", kMaxWhy, true));
  return CheckWhy(request.why);
}

ErrorOr<Success> ReadDoubt(const Json& json, Request& request) {
  int64_t attempt = json.IntOr("attempt", 0);
  if (attempt < 1 || attempt > std::numeric_limits<int>::max()) return Error("`attempt` is not the number of one");
  request.attempt = static_cast<int>(attempt);
  if (!json["happened"].is_bool()) return Error("`happened` is neither true nor false");
  request.happened = json["happened"].AsBool();
  return Success();
}

ErrorOr<Success> ReadRewind(const Json& json, Request& request) {
  if (const Json* set = json.Find("set")) {
    if (!set->is_object()) return Error("`set` is not an object");
    request.set = *set;
  }
  for (const auto& [name, flag] : {std::pair("fresh", &request.fresh), std::pair("effects", &request.effects)}) {
    const Json* value = json.Find(name);
    if (value == nullptr) continue;
    if (!value->is_bool()) return MakeError("`{}` is neither true nor false", name);
    *flag = value->AsBool();
  }
  return Success();
}

ErrorOr<Request> Read(std::string_view bytes, bool with_id) {
  if (bytes.size() > kMaxRequestBytes) return MakeError("the request has more than {} bytes", kMaxRequestBytes);
  ErrorOr<Json> json = Json::Parse(bytes, {.depth = kMaxRequestDepth, .bytes = kMaxRequestBytes});
  if (!json.ok()) return json.error().WithContext("the request is no JSON");
  if (!json->is_object()) return Error("the request is not an object");
  int64_t version = json->IntOr("v", 0);
  if (version > kVersion) return MakeError("the request is of version {}, this hwf reads {}", version, kVersion);
  if (version != kVersion) return Error("the request has no version `v`");
  Request request;
  HWF_ASSIGN(request.kind, KindFrom(json->StringOr("kind", "")));
  HWF_TRY(CheckMembers(*json, request.kind, with_id));
  HWF_ASSIGN(request.run, Text(*json, "run", kMaxName));
  switch (request.kind) {
    case Request::Kind::kAnswer:
      HWF_TRY(ReadAnswer(*json, request));
      break;
    case Request::Kind::kOpen:
      break;
    case Request::Kind::kWithdraw:
      HWF_TRY(ReadWhy(*json, request));
      break;
    case Request::Kind::kDoubt: {
      HWF_TRY(ReadDoubt(*json, request));
      HWF_ASSIGN(request.place, Text(*json, "place", kMaxPlace));
      break;
    }
    case Request::Kind::kRewind:
      HWF_TRY(ReadRewind(*json, request));
      [[fallthrough]];
    case Request::Kind::kCancel: {
      HWF_ASSIGN(request.place, Text(*json, "place", kMaxPlace, true));
      break;
    }
  }
  const std::vector<std::string_view> members = MembersOf(request.kind);
  if (std::find(members.begin(), members.end(), "review") != members.end()) {
    HWF_ASSIGN(request.review, Text(*json, "review", kMaxName));
  }
  if (with_id) {
    HWF_ASSIGN(request.id, Text(*json, "id", kMaxName));
    if (!IsRequestId(request.id)) return Error("`id` is not a request id");
  }
  return request;
}

}  // namespace

ErrorOr<Success> CheckWhy(std::string_view why) {
  if (why.size() > kMaxWhy) return MakeError("`why` is longer than {} bytes", kMaxWhy);
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(why.begin(), why.end(), control)) return Error("`why` is more than a line of text");
  return Success();
}

bool IsRequestId(std::string_view id) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  return id.size() == 26 && id.find_first_not_of(kAllowed) == std::string_view::npos;
}

ErrorOr<Request> ParseRequest(std::string_view bytes, std::string_view file_id) {
  HWF_ASSIGN(Request request, Read(bytes, false));
  request.id = std::string(file_id);
  return request;
}

ErrorOr<Request> ParseSocketRequest(std::string_view bytes) { return Read(bytes, true); }

Json ToJson(const Request& request) {
  Json json = Json::Object();
  json.Set("v", kVersion).Set("run", request.run).Set("kind", NameOf(request.kind));
  switch (request.kind) {
    case Request::Kind::kAnswer:
      json.Set("review", request.review).Set("form", request.form);
      json.Set("variant", request.variant).Set("fields", request.fields);
      if (!request.signature.empty()) json.Set("signature", request.signature).Set("signer", request.signer);
      break;
    case Request::Kind::kOpen:
      json.Set("review", request.review);
      break;
    case Request::Kind::kCancel:
      json.Set("place", request.place);
      break;
    case Request::Kind::kDoubt:
      json.Set("place", request.place).Set("attempt", request.attempt).Set("happened", request.happened);
      break;
    case Request::Kind::kRewind:
      json.Set("place", request.place).Set("set", request.set);
      json.Set("fresh", request.fresh).Set("effects", request.effects);
      break;
    case Request::Kind::kWithdraw:
      json.Set("review", request.review);
      if (!request.why.empty()) json.Set("why", request.why);
      break;
  }
  return json;
}

Json ToSocketJson(const Request& request) { return ToJson(request).Set("id", request.id); }

std::string SignedText(const Request& request) {
  Request bare = request;
  bare.signature.clear();
  bare.signer.clear();
  return ToSocketJson(bare).Dump();
}

Json ToJson(const Reply& reply) {
  Json json = Json::Object();
  json.Set("v", kVersion).Set("outcome", reply.accepted ? "accepted" : "refused");
  json.Set("why", reply.why).Set("next", reply.next);
  if (reply.repeated) json.Set("repeated", true);
  if (const std::optional<Reply::About>& about = reply.about) {
    json.Set("about", Json().Set("review", about->review).Set("variant", about->variant).Set("by", about->by));
  }
  return json;
}

ErrorOr<Reply> ParseReply(std::string_view bytes) {
  HWF_ASSIGN(Json json, Json::Parse(bytes, {.depth = kMaxRequestDepth, .bytes = kMaxRequestBytes}));
  std::string outcome = json.StringOr("outcome", "");
  if (json.IntOr("v", 0) != kVersion || (outcome != "accepted" && outcome != "refused")) {
    return Error("the reply is not of this version of hwf");
  }
  Reply reply{outcome == "accepted", json.StringOr("why", ""), json.StringOr("next", ""),
              json.BoolOr("repeated", false)};
  if (const Json* about = json.Find("about"); about != nullptr && about->is_object()) {
    reply.about = {about->StringOr("review", ""), about->StringOr("variant", ""), about->StringOr("by", "")};
  }
  return reply;
}

}  // namespace hwf::review
