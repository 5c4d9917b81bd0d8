// Json: one JSON value, also the form that every hwf value takes at run time, in the journal and between programs.
// Objects keep the order of their members. Integers are exact 64-bit; a number with a fraction or exponent is a double;
// NaN and the infinities are read and written as `NaN`, `Infinity`, `-Infinity` (an extension; see Json::Parse).
// A plain value type; no thread rules of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace hwf {

class Json;
struct JsonMember;
using JsonArray = std::vector<Json>;
using JsonObject = std::vector<JsonMember>;

class Json {
 public:
  struct Limits {
    int depth = 128;                 // nested brackets
    size_t bytes = size_t{1} << 30;  // of the text
    bool allow_nan = false;          // NaN, Infinity, -Infinity as numbers
  };

  // Defined below, where JsonMember is complete: clang instantiates the variant with the first body that it sees.
  Json();                        // null
  Json(std::nullptr_t);          // NOLINT: conversions make literals readable
  Json(bool value);              // NOLINT
  Json(int value);               // NOLINT
  Json(int64_t value);           // NOLINT
  Json(uint64_t value);          // NOLINT: callers stay below 2^63
  Json(uint32_t value);          // NOLINT
  Json(double value);            // NOLINT
  Json(const char* value);       // NOLINT
  Json(std::string value);       // NOLINT
  Json(std::string_view value);  // NOLINT
  Json(JsonArray value);         // NOLINT
  Json(JsonObject value);        // NOLINT

  static Json Array();   // []
  static Json Object();  // {}

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<int64_t>(value_); }
  bool is_double() const { return std::holds_alternative<double>(value_); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<JsonArray>(value_); }
  bool is_object() const { return std::holds_alternative<JsonObject>(value_); }

  // The value of that kind; HWF_CHECKs the kind. AsDouble also takes an int.
  bool AsBool() const;
  int64_t AsInt() const;
  double AsDouble() const;
  const std::string& AsString() const;
  const JsonArray& AsArray() const;
  JsonArray& AsArray();
  const JsonObject& AsObject() const;
  JsonObject& AsObject();

  // Reading what may be hostile: the member, or null if this is no object or has none.
  const Json* Find(std::string_view key) const;
  const Json& operator[](std::string_view key) const;  // a shared null if absent
  // Member of that kind, or the fallback.
  std::string StringOr(std::string_view key, std::string_view fallback) const;
  int64_t IntOr(std::string_view key, int64_t fallback) const;
  double DoubleOr(std::string_view key, double fallback) const;
  bool BoolOr(std::string_view key, bool fallback) const;

  // Sets or replaces a member of an object (a null becomes an object first). Returns *this, for chaining.
  Json& Set(std::string_view key, Json value);
  // Appends to an array (a null becomes an array first).
  Json& Add(Json value);

  // One JSON text with nothing behind it. Never recurses; refuses duplicate keys, invalid UTF-8, deeper than the limit.
  // The error names the byte offset.
  static ErrorOr<Json> Parse(std::string_view text, const Limits& limits);
  static ErrorOr<Json> Parse(std::string_view text);

  // Compact, or with two-space indents and a final newline. Doubles read back to the same bits.
  std::string Dump() const;
  std::string DumpPretty() const;
  void DumpTo(std::string& out) const;

  friend bool operator==(const Json& a, const Json& b);

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, JsonArray, JsonObject> value_;
};

struct JsonMember {
  std::string key;
  Json value;
  friend bool operator==(const JsonMember& a, const JsonMember& b) { return a.key == b.key && a.value == b.value; }
};

inline Json::Json() = default;
inline Json::Json(std::nullptr_t) {}
inline Json::Json(bool value) : value_(value) {}
inline Json::Json(int value) : value_(static_cast<int64_t>(value)) {}
inline Json::Json(int64_t value) : value_(value) {}
inline Json::Json(uint64_t value) : value_(static_cast<int64_t>(value)) {}
inline Json::Json(uint32_t value) : value_(static_cast<int64_t>(value)) {}
inline Json::Json(double value) : value_(value) {}
inline Json::Json(const char* value) : value_(std::string(value)) {}
inline Json::Json(std::string value) : value_(std::move(value)) {}
inline Json::Json(std::string_view value) : value_(std::string(value)) {}

// Objects are equal whatever the order of their members; 1 and 1.0 are not equal.
bool operator==(const Json& a, const Json& b);

// A copy of valid text quoted and escaped as a JSON string.
std::string JsonQuote(std::string_view text);

}  // namespace hwf
