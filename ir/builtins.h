// The table of built-in functions (stdlib/builtins.def) with its signatures, read once from the text that people read,
// and what a call's types must be: the compiler, lowering and the verifier ask the same question here. Immutable; any
// thread may read.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/type.h"

namespace hwf::ir {

struct Builtin {
  enum class Family { kData, kLists, kMaps, kStrings, kPaths, kNumbers, kStatistics, kFormats };
  std::string_view name;
  Family family;
  std::string_view signatures;  // parted by ` | `
  std::string_view meaning;     // a sentence
  std::string_view example;     // an expression of the language
  std::string_view result;      // what it gives, as an expression; empty where only a run can tell
};

// A type in a signature.
struct Pattern {
  enum class Kind { kSimple, kVariable, kList, kMap, kOptional };
  Kind kind = Kind::kSimple;
  TypeKind simple = TypeKind::kUnit;
  char variable = 0;            // 'T'
  std::vector<Pattern> inside;  // of a list or optional one, of a map key and value
};

// `min(items: [T]) -> T? where T is ordered`
struct Signature {
  enum class Rule { kAny, kOrdered, kSimple, kNoFiles };
  std::string text;
  std::vector<Pattern> params;  // the values; a function comes besides
  bool takes_function = false;  // as its last argument
  Pattern result;
  Rule rule = Rule::kAny;  // of T
  size_t arguments() const { return params.size() + (takes_function ? 1 : 0); }
};

std::span<const Builtin> Builtins();
const Builtin* FindBuiltin(std::string_view name);
std::span<const Signature> SignaturesOf(const Builtin& builtin);
bool TakesFunction(const Builtin& builtin);

// What a call with values of these types means: the types that the values are converted to and that of the result. Or,
// if no signature fits: the index of the value that does not, and what was wanted there ("a list or a String").
struct BuiltinCall {
  bool fits = false;
  std::vector<TypeRef> params;
  TypeRef result = nullptr;
  size_t at = 0;
  std::string wanted;
};
// Of the signatures that take so many values there is at least one (HWF_CHECK).
BuiltinCall BindBuiltin(const Builtin& builtin, std::span<const TypeRef> values, TypeTable& types);

}  // namespace hwf::ir
