#include "base/json.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <unordered_set>

namespace hwf {
namespace {

const Json kNull;

// Builds a Json from RapidJSON's events with an explicit stack; the reader itself runs iteratively.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  explicit Builder(const Json::Limits& limits) : limits_(limits) {}

  bool Null() { return Place(Json()); }
  bool Bool(bool value) { return Place(Json(value)); }
  // Numbers come as their text: RapidJSON's own conversion of long decimals is wrong in its last full release.
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    std::string_view number(text, length);
    int64_t integer = 0;
    if (ReadWhole(number, integer)) return Place(Json(integer));
    double real = 0;
    if (!ReadWhole(number, real)) {
      // Out of range, or one of the words for what is not finite. No locale is ever set, so strtod reads JSON's point.
      real = std::strtod(std::string(number).c_str(), nullptr);
      bool is_word = number.find_first_of("NI") != std::string_view::npos;
      if (!std::isfinite(real) && !(is_word && limits_.allow_nan)) {
        return Refuse(is_word ? "a number that is not finite" : "a number too large for 64-bit floating point");
      }
    }
    return Place(Json(real));
  }
  bool String(const char* text, rapidjson::SizeType length, bool) { return Place(Json(std::string(text, length))); }
  bool StartObject() { return Open(Json::Object()); }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    Frame& frame = stack_.back();
    frame.key.assign(text, length);
    if (frame.IsRepeated()) return Refuse(fmt::format("the key `{}` appears twice", frame.key));
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return Close(); }
  bool StartArray() { return Open(Json::Array()); }
  bool EndArray(rapidjson::SizeType) { return Close(); }

  Json Take() { return std::move(root_); }
  const std::string& refusal() const { return refusal_; }

 private:
  struct Frame {
    Json value;
    std::string key;                        // of the member being read
    std::unordered_set<std::string> known;  // filled once an object grows past what a scan is good for

    bool IsRepeated() {
      constexpr size_t kScanned = 32;
      const JsonObject& members = value.AsObject();
      if (members.size() < kScanned) return value.Find(key) != nullptr;
      if (known.empty()) {
        for (const JsonMember& member : members) known.insert(member.key);
      }
      return !known.insert(key).second;
    }
  };

  template <typename Number>
  static bool ReadWhole(std::string_view text, Number& number) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() &&
           text.find_first_of("NI") == std::string_view::npos;
  }
  bool Refuse(std::string why) {
    refusal_ = std::move(why);
    return false;
  }
  bool Open(Json empty) {
    if (static_cast<int>(stack_.size()) >= limits_.depth) {
      return Refuse(fmt::format("brackets nested deeper than {}", limits_.depth));
    }
    stack_.push_back({std::move(empty), {}, {}});
    return true;
  }
  bool Close() {
    Json done = std::move(stack_.back().value);
    stack_.pop_back();
    return Place(std::move(done));
  }
  bool Place(Json value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Frame& frame = stack_.back();
    if (frame.value.is_array()) {
      frame.value.AsArray().push_back(std::move(value));
    } else {
      frame.value.AsObject().push_back({std::move(frame.key), std::move(value)});
    }
    return true;
  }

  Json::Limits limits_;
  std::vector<Frame> stack_;
  Json root_;
  std::string refusal_;
};

void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void AppendDouble(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
  } else {
    size_t start = out.size();
    fmt::format_to(std::back_inserter(out), "{}", value);  // the shortest text that reads back to the same bits
    if (out.find_first_of(".eE", start) == std::string::npos) out += ".0";
  }
}

void Append(const Json& value, int indent, std::string& out);

void NewLine(int indent, std::string& out) {
  if (indent < 0) return;
  out += '\n';
  out.append(static_cast<size_t>(indent) * 2, ' ');
}

void AppendArray(const JsonArray& items, int indent, std::string& out) {
  out += '[';
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    NewLine(indent < 0 ? -1 : indent + 1, out);
    Append(items[i], indent < 0 ? -1 : indent + 1, out);
  }
  if (!items.empty()) NewLine(indent, out);
  out += ']';
}

void AppendObject(const JsonObject& members, int indent, std::string& out) {
  out += '{';
  for (size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    NewLine(indent < 0 ? -1 : indent + 1, out);
    AppendQuoted(members[i].key, out);
    out += indent < 0 ? ":" : ": ";
    Append(members[i].value, indent < 0 ? -1 : indent + 1, out);
  }
  if (!members.empty()) NewLine(indent, out);
  out += '}';
}

void Append(const Json& value, int indent, std::string& out) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.AsBool() ? "true" : "false";
  } else if (value.is_int()) {
    fmt::format_to(std::back_inserter(out), "{}", value.AsInt());
  } else if (value.is_double()) {
    AppendDouble(value.AsDouble(), out);
  } else if (value.is_string()) {
    AppendQuoted(value.AsString(), out);
  } else if (value.is_array()) {
    AppendArray(value.AsArray(), indent, out);
  } else {
    AppendObject(value.AsObject(), indent, out);
  }
}

}  // namespace

Json::Json(JsonArray value) : value_(std::move(value)) {}
Json::Json(JsonObject value) : value_(std::move(value)) {}
Json Json::Array() { return Json(JsonArray()); }
Json Json::Object() { return Json(JsonObject()); }

bool Json::AsBool() const {
  HWF_CHECK(is_bool());
  return std::get<bool>(value_);
}
int64_t Json::AsInt() const {
  HWF_CHECK(is_int());
  return std::get<int64_t>(value_);
}
double Json::AsDouble() const { return is_int() ? static_cast<double>(AsInt()) : std::get<double>(value_); }
const std::string& Json::AsString() const {
  HWF_CHECK(is_string());
  return std::get<std::string>(value_);
}
const JsonArray& Json::AsArray() const {
  HWF_CHECK(is_array());
  return std::get<JsonArray>(value_);
}
JsonArray& Json::AsArray() {
  HWF_CHECK(is_array());
  return std::get<JsonArray>(value_);
}
const JsonObject& Json::AsObject() const {
  HWF_CHECK(is_object());
  return std::get<JsonObject>(value_);
}
JsonObject& Json::AsObject() {
  HWF_CHECK(is_object());
  return std::get<JsonObject>(value_);
}

const Json* Json::Find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (const JsonMember& member : AsObject()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}
const Json& Json::operator[](std::string_view key) const {
  const Json* found = Find(key);
  return found != nullptr ? *found : kNull;
}
std::string Json::StringOr(std::string_view key, std::string_view fallback) const {
  const Json& member = (*this)[key];
  return member.is_string() ? member.AsString() : std::string(fallback);
}
int64_t Json::IntOr(std::string_view key, int64_t fallback) const {
  const Json& member = (*this)[key];
  return member.is_int() ? member.AsInt() : fallback;
}
double Json::DoubleOr(std::string_view key, double fallback) const {
  const Json& member = (*this)[key];
  return member.is_number() ? member.AsDouble() : fallback;
}
bool Json::BoolOr(std::string_view key, bool fallback) const {
  const Json& member = (*this)[key];
  return member.is_bool() ? member.AsBool() : fallback;
}

Json& Json::Set(std::string_view key, Json value) {
  if (is_null()) *this = Object();
  for (JsonMember& member : AsObject()) {
    if (member.key == key) {
      member.value = std::move(value);
      return *this;
    }
  }
  AsObject().push_back({std::string(key), std::move(value)});
  return *this;
}
Json& Json::Add(Json value) {
  if (is_null()) *this = Array();
  AsArray().push_back(std::move(value));
  return *this;
}

ErrorOr<Json> Json::Parse(std::string_view text) { return Parse(text, Limits()); }

ErrorOr<Json> Json::Parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes) {
    return MakeError("JSON text of {} bytes, more than the limit of {}", text.size(), limits.bytes);
  }
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseNanAndInfFlag;
  rapidjson::MemoryStream bytes(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(bytes);
  rapidjson::Reader reader;
  Builder builder(limits);
  rapidjson::ParseResult result = reader.Parse<kFlags>(stream, builder);
  if (!builder.refusal().empty()) return MakeError("not valid JSON at byte {}: {}", result.Offset(), builder.refusal());
  if (result.IsError()) {
    return MakeError("not valid JSON at byte {}: {}", result.Offset(), rapidjson::GetParseError_En(result.Code()));
  }
  return builder.Take();
}

std::string Json::Dump() const {
  std::string out;
  DumpTo(out);
  return out;
}
std::string Json::DumpPretty() const {
  std::string out;
  Append(*this, 0, out);
  out += '\n';
  return out;
}
void Json::DumpTo(std::string& out) const { Append(*this, -1, out); }

bool operator==(const Json& a, const Json& b) {
  if (a.is_object() && b.is_object()) {
    const JsonObject& members = a.AsObject();
    return members.size() == b.AsObject().size() && std::all_of(members.begin(), members.end(), [&](const auto& m) {
             const Json* other = b.Find(m.key);
             return other != nullptr && m.value == *other;
           });
  }
  return a.value_ == b.value_;
}

std::string JsonQuote(std::string_view text) {
  std::string out;
  AppendQuoted(text, out);
  return out;
}

}  // namespace hwf
