// Lists, and what works on texts by the same name. Positions in texts count code points.
#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_map>

#include "runtime/state/builtins_family.h"

namespace hwf::state {
namespace {

using Args = BuiltinArgs;

JsonArray Part(const JsonArray& items, int64_t start, int64_t end) {
  const auto size = static_cast<int64_t>(items.size());
  start = std::clamp<int64_t>(start, 0, size);
  end = std::clamp<int64_t>(end, start, size);
  return {items.begin() + start, items.begin() + end};
}

Evaluation Range(const Args& args) {
  if (args.Int(0) > kMaxItems) return args.TooLong();
  JsonArray out;
  out.reserve(static_cast<size_t>(std::max<int64_t>(args.Int(0), 0)));
  for (int64_t i = 0; i < args.Int(0); ++i) out.emplace_back(i);
  return Give(Json(std::move(out)));
}

Evaluation Len(const Args& args) {
  if (args[0].is_array()) return Give(Json(static_cast<int64_t>(args.List(0).size())));
  if (args[0].is_object()) return Give(Json(static_cast<int64_t>(args.Map(0).size())));
  return Give(Json(CodePoints(args.Text(0))));
}

Evaluation First(const Args& args) { return Give(args.List(0).empty() ? Json() : args.List(0).front()); }
Evaluation Last(const Args& args) { return Give(args.List(0).empty() ? Json() : args.List(0).back()); }
Evaluation Take(const Args& args) { return Give(Json(Part(args.List(0), 0, args.Int(1)))); }
Evaluation Drop(const Args& args) { return Give(Json(Part(args.List(0), args.Int(1), kMaxItems * 1000))); }

// The byte where the code point of that index begins, or the text's end.
size_t ByteOf(std::string_view text, int64_t index) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (begins && index-- <= 0) break;
  }
  return at;
}

Evaluation Slice(const Args& args) {
  if (args[0].is_array()) return Give(Json(Part(args.List(0), args.Int(1), args.Int(2))));
  const std::string& text = args.Text(0);
  const int64_t first = std::max<int64_t>(args.Int(1), 0);
  if (args.Int(2) <= first) return Give(Json(""));
  const size_t start = ByteOf(text, first);
  return Give(Json(text.substr(start, ByteOf(text, args.Int(2)) - start)));
}

Evaluation Reverse(const Args& args) { return Give(Json(JsonArray(args.List(0).rbegin(), args.List(0).rend()))); }

Evaluation Sort(const Args& args) {
  JsonArray items = args.List(0);
  std::stable_sort(items.begin(), items.end(), Before);
  return Give(Json(std::move(items)));
}

// The key of each element; a failure of the function is that of the call.
Evaluation Keys(const Args& args, std::vector<Json>& keys) {
  for (const Json& item : args.List(0)) {
    Evaluation key = args.apply(item);
    if (!key.ok()) return key;
    keys.push_back(std::move(key.value));
  }
  return Give(Json());
}

Evaluation SortBy(const Args& args) {
  std::vector<Json> keys;
  if (Evaluation made = Keys(args, keys); !made.ok()) return made;
  std::vector<size_t> order(keys.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return Before(keys[a], keys[b]); });
  JsonArray out;
  for (const size_t at : order) out.push_back(args.List(0)[at]);
  return Give(Json(std::move(out)));
}

Evaluation ExtremeBy(const Args& args, bool least) {
  std::vector<Json> keys;
  if (Evaluation made = Keys(args, keys); !made.ok()) return made;
  return Give(keys.empty() ? Json() : args.List(0)[Extreme(keys, least)]);
}
Evaluation MinBy(const Args& args) { return ExtremeBy(args, true); }
Evaluation MaxBy(const Args& args) { return ExtremeBy(args, false); }

Evaluation Flatten(const Args& args) {
  int64_t size = 0;
  for (const Json& list : args.List(0)) size += static_cast<int64_t>(list.AsArray().size());
  if (size > kMaxItems) return args.TooLong();
  JsonArray out;
  out.reserve(static_cast<size_t>(size));
  for (const Json& list : args.List(0)) out.insert(out.end(), list.AsArray().begin(), list.AsArray().end());
  return Give(Json(std::move(out)));
}

Evaluation Unique(const Args& args) {
  std::unordered_multimap<size_t, const Json*> seen;
  JsonArray out;
  for (const Json& item : args.List(0)) {
    const size_t hash = HashOf(item);
    const auto [begin, end] = seen.equal_range(hash);
    if (std::any_of(begin, end, [&](const auto& known) { return Equal(*known.second, item); })) continue;
    seen.emplace(hash, &item);
    out.push_back(item);
  }
  return Give(Json(std::move(out)));
}

Evaluation IndexOf(const Args& args) {
  if (args[0].is_array()) {
    const JsonArray& items = args.List(0);
    const auto found = std::find_if(items.begin(), items.end(), [&](const Json& item) { return Equal(item, args[1]); });
    return Give(found == items.end() ? Json() : Json(static_cast<int64_t>(found - items.begin())));
  }
  const size_t at = args.Text(0).find(args.Text(1));
  return Give(at == std::string::npos ? Json() : Json(CodePoints(std::string_view(args.Text(0)).substr(0, at))));
}

Evaluation Contains(const Args& args) { return Give(Json(!IndexOf(args).value.is_null())); }

Evaluation Count(const Args& args) {
  int64_t count = 0;
  if (args[0].is_array()) {
    for (const Json& item : args.List(0)) count += Equal(item, args[1]) ? 1 : 0;
    return Give(Json(count));
  }
  const std::string& part = args.Text(1);
  if (part.empty()) return Give(Json(0));
  for (size_t at = args.Text(0).find(part); at != std::string::npos; at = args.Text(0).find(part, at + part.size())) {
    ++count;
  }
  return Give(Json(count));
}

constexpr BuiltinEntry kLists[] = {
    {"range", Range},      {"len", Len},      {"first", First},     {"last", Last},     {"take", Take},
    {"drop", Drop},        {"slice", Slice},  {"reverse", Reverse}, {"sort", Sort},     {"sort_by", SortBy},
    {"min_by", MinBy},     {"max_by", MaxBy}, {"flatten", Flatten}, {"unique", Unique}, {"contains", Contains},
    {"index_of", IndexOf}, {"count", Count}};

}  // namespace

BuiltinFamily ListBuiltins() { return kLists; }

int64_t CodePoints(std::string_view text) {
  int64_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

// NOLINTNEXTLINE(misc-no-recursion): values are bounded in depth
size_t HashOf(const Json& value) {
  constexpr size_t kFactor = 1099511628211U;
  if (value.is_number()) return std::hash<double>()(value.AsDouble() + 0.0);  // -0.0 equals 0.0
  if (value.is_string()) return std::hash<std::string>()(value.AsString());
  size_t hash = 17;
  if (value.is_array()) {
    for (const Json& item : value.AsArray()) hash = hash * kFactor + HashOf(item);
  } else if (value.is_object()) {
    for (const JsonMember& member : value.AsObject()) {
      hash += std::hash<std::string>()(member.key) * kFactor + HashOf(member.value);
    }
  } else if (value.is_bool()) {
    hash = value.AsBool() ? 1 : 2;
  }
  return hash;
}

}  // namespace hwf::state
