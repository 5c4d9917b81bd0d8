// A value as every language has it, told by its type: what a writer of literals gets. A plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hwf::languages {

struct Literal {
  enum class Kind { kNone, kBool, kInt, kFloat, kString, kList, kMap };
  Kind kind = Kind::kNone;
  bool truth = false;
  int64_t whole = 0;
  double real = 0;
  std::string text;            // kString: UTF-8; may hold any byte
  std::vector<Literal> items;  // kList, kMap
  std::vector<Literal> keys;   // kMap: one an item, kInt or kString, no two equal
  Kind of = Kind::kNone;  // kList: what each item is by its type, also of an empty list; kNone: not all one simple kind

  static Literal None() { return {}; }
  static Literal Bool(bool value) {
    Literal made;
    made.kind = Kind::kBool;
    made.truth = value;
    return made;
  }
  static Literal Int(int64_t value) {
    Literal made;
    made.kind = Kind::kInt;
    made.whole = value;
    return made;
  }
  static Literal Float(double value) {
    Literal made;
    made.kind = Kind::kFloat;
    made.real = value;
    return made;
  }
  static Literal String(std::string_view value) {
    Literal made;
    made.kind = Kind::kString;
    made.text = value;
    return made;
  }
  static Literal List(std::vector<Literal> items, Kind of = Kind::kNone) {
    Literal made;
    made.kind = Kind::kList;
    made.items = std::move(items);
    made.of = of;
    return made;
  }
  static Literal Map() {
    Literal made;
    made.kind = Kind::kMap;
    return made;
  }
  void Add(Literal key, Literal value) {
    keys.push_back(std::move(key));
    items.push_back(std::move(value));
  }
};

}  // namespace hwf::languages
