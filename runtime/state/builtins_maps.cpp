// Maps: objects whose keys of Int are their decimal text.
#include <charconv>
#include <unordered_map>

#include "ir/type_rules.h"
#include "runtime/state/builtins_family.h"

namespace hwf::state {
namespace {

using Args = BuiltinArgs;

std::string KeyText(const Json& key) { return key.is_string() ? key.AsString() : key.Dump(); }

bool HasIntKeys(const ir::Expr& expr) {
  const ir::Type* map = expr.args.empty() ? nullptr : ir::WithoutApproval(expr.args[0].type);
  return map != nullptr && map->key != nullptr && map->key->kind == ir::TypeKind::kInt;
}

Evaluation Keys(const Args& args) {
  const bool ints = HasIntKeys(args.expr);
  JsonArray out;
  for (const JsonMember& member : args.Map(0)) {
    int64_t number = 0;
    if (ints) std::from_chars(member.key.data(), member.key.data() + member.key.size(), number);
    out.push_back(ints ? Json(number) : Json(member.key));
  }
  return Give(Json(std::move(out)));
}

Evaluation Values(const Args& args) {
  JsonArray out;
  for (const JsonMember& member : args.Map(0)) out.push_back(member.value);
  return Give(Json(std::move(out)));
}

Evaluation Has(const Args& args) { return Give(Json(args[0].Find(KeyText(args[1])) != nullptr)); }

Evaluation Get(const Args& args) {
  const Json* found = args[0].Find(KeyText(args[1]));
  return Give(found != nullptr ? *found : args[2]);
}

Evaluation Merge(const Args& args) {
  JsonObject out = args.Map(0);
  std::unordered_map<std::string_view, size_t> places;
  for (size_t at = 0; at < args.Map(0).size(); ++at) places.emplace(args.Map(0)[at].key, at);
  for (const JsonMember& member : args.Map(1)) {
    const auto known = places.find(member.key);
    if (known == places.end()) {
      out.push_back(member);
    } else {
      out[known->second].value = member.value;
    }
  }
  if (static_cast<int64_t>(out.size()) > kMaxItems) return args.TooLong();
  return Give(Json(std::move(out)));
}

Evaluation ToMap(const Args& args) {
  const JsonArray& keys = args.List(0);
  if (keys.size() != args.List(1).size()) {
    return args.Fail(
        fmt::format("takes as many values as keys, found {} keys and {} values", keys.size(), args.List(1).size()));
  }
  std::unordered_map<std::string, size_t> seen;
  JsonObject out;
  for (size_t at = 0; at < keys.size(); ++at) {
    std::string key = KeyText(keys[at]);
    if (!seen.emplace(key, at).second) return args.Fail(fmt::format("with the key {} twice", Brief(keys[at])));
    out.push_back({std::move(key), args.List(1)[at]});
  }
  return Give(Json(std::move(out)));
}

constexpr BuiltinEntry kMaps[] = {{"keys", Keys}, {"values", Values}, {"has", Has},
                                  {"get", Get},   {"merge", Merge},   {"to_map", ToMap}};

}  // namespace

BuiltinFamily MapBuiltins() { return kMaps; }

}  // namespace hwf::state
