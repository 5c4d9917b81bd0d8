#include <fmt/format.h>

#include "ir/json.h"
#include "ir/json_reader.h"

namespace hwf::ir::internal {

std::string Path::ToText() const {
  std::vector<const Path*> steps;
  for (const Path* step = this; step->parent != nullptr; step = step->parent) steps.push_back(step);
  std::string out;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if ((*step)->key.empty()) {
      out += fmt::format("[{}]", (*step)->index);
    } else {
      if (!out.empty()) out += '.';
      out += (*step)->key;
    }
  }
  // The middle of a path that is very deep says nothing.
  constexpr size_t kEnds = 120;
  if (out.size() > 2 * kEnds) out = out.substr(0, kEnds) + "…" + out.substr(out.size() - kEnds);
  return out.empty() ? "the top level" : out;
}

void Reader::Fail(const Path& path, std::string_view what) {
  if (!error_.has_value()) error_ = fmt::format("{}: {}", path.ToText(), what);
}

const Json* Reader::Member(const Json& object, const Path& path, std::string_view key, bool required) {
  if (!object.is_object()) {
    Fail(path, "expected an object");
    return nullptr;
  }
  const Json* member = object.Find(key);
  if (member == nullptr && required) Fail(path, fmt::format("the member `{}` is missing", key));
  return member;
}

std::string Reader::AsText(const Json& item, const Path& path) {
  if (item.is_string()) return item.AsString();
  Fail(path, "expected a string");
  return {};
}

ValueId Reader::AsId(const Json& item, const Path& path) {
  if (item.is_int() && item.AsInt() >= 0 && item.AsInt() <= kMaxValueId) return static_cast<ValueId>(item.AsInt());
  Fail(path, fmt::format("expected a value's number from 0 to {}", kMaxValueId));
  return ValueId::kNone;
}

std::string Reader::Text(const Json& object, const Path& path, std::string_view key, bool required) {
  const Json* member = Member(object, path, key, required);
  return member != nullptr ? AsText(*member, Path{&path, key}) : std::string();
}

int64_t Reader::Int(const Json& object, const Path& path, std::string_view key, int64_t low, int64_t high,
                    std::optional<int64_t> fallback) {
  const Json* member = Member(object, path, key, !fallback.has_value());
  if (member == nullptr) return fallback.value_or(low);
  if (member->is_int() && member->AsInt() >= low && member->AsInt() <= high) return member->AsInt();
  Fail(Path{&path, key}, fmt::format("expected an integer from {} to {}", low, high));
  return low;
}

bool Reader::Flag(const Json& object, const Path& path, std::string_view key, bool fallback) {
  const Json* member = Member(object, path, key, false);
  if (member == nullptr) return fallback;
  if (member->is_bool()) return member->AsBool();
  Fail(Path{&path, key}, "expected true or false");
  return fallback;
}

ValueId Reader::Id(const Json& object, const Path& path, std::string_view key, bool required) {
  const Json* member = Member(object, path, key, required);
  return member != nullptr ? AsId(*member, Path{&path, key}) : ValueId::kNone;
}

TypeRef Reader::Type(const Json& object, const Path& path, std::string_view key) {
  TypeRef fallback = module_.types->Simple(TypeKind::kUnit);
  const Json* member = Member(object, path, key, true);
  if (member == nullptr) return fallback;
  if (!member->is_int() || member->AsInt() < 0 || static_cast<size_t>(member->AsInt()) >= types_.size()) {
    Fail(Path{&path, key}, "expected the index of a type");
    return fallback;
  }
  return types_[static_cast<size_t>(member->AsInt())];
}

Span Reader::SpanOf(const Json& object, const Path& path) {
  const Json* at = Member(object, path, "at", false);
  if (at == nullptr) return {};
  constexpr int64_t kLimit = 1 << 30;
  if (at->is_array() && at->AsArray().size() == 3) {
    uint32_t numbers[3];
    bool good = true;
    for (size_t i = 0; i < 3; ++i) {
      const Json& item = at->AsArray()[i];
      good = good && item.is_int() && item.AsInt() >= 0 && item.AsInt() < kLimit;
      numbers[i] = good ? static_cast<uint32_t>(item.AsInt()) : 0;
    }
    if (good) return {numbers[0], numbers[1], numbers[2]};
  }
  Fail(Path{&path, "at"}, "expected [file, line, column]");
  return {};
}

std::vector<std::string> Reader::Texts(const Json& object, const Path& path, std::string_view key, bool required) {
  return List<std::string>(object, path, key, required,
                           [this](const Json& item, const Path& at) { return AsText(item, at); });
}

}  // namespace hwf::ir::internal
