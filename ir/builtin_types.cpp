// A call of a built-in against its signatures. A variable takes the type that all values in its places convert to: they
// are joined from the left. The first signature that fits is taken; if none does, those that went furthest say what
// they wanted there.
#include <map>

#include "base/check.h"
#include "ir/builtins.h"
#include "ir/type_rules.h"

namespace hwf::ir {
namespace {

using Rule = Signature::Rule;

class Binder {
 public:
  Binder(const Signature& signature, TypeTable& types) : signature_(signature), types_(types) {}

  BuiltinCall Bind(std::span<const TypeRef> values) {
    BuiltinCall made;
    for (; made.at < values.size(); ++made.at) {
      const Pattern& pattern = signature_.params[made.at];
      if (Match(pattern, WithoutApproval(values[made.at]))) continue;
      made.wanted = Wanted(pattern);
      return made;
    }
    made.fits = true;
    for (const Pattern& pattern : signature_.params) made.params.push_back(Made(pattern));
    made.result = Made(signature_.result);
    return made;
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): as deep as the table's types
  bool Match(const Pattern& pattern, TypeRef type) {
    if (type->kind == TypeKind::kPoison || type->kind == TypeKind::kNever) return true;
    switch (pattern.kind) {
      case Pattern::Kind::kSimple:
        return Converts(type, types_.Simple(pattern.simple));
      case Pattern::Kind::kVariable:
        return MatchVariable(pattern.variable, type);
      case Pattern::Kind::kOptional:
        if (type->kind == TypeKind::kNone) return true;
        return Match(pattern.inside[0], type->kind == TypeKind::kOptional ? type->element : type);
      case Pattern::Kind::kList:
        type = WithoutApproval(type);
        return type->kind == TypeKind::kEmpty ||
               (type->kind == TypeKind::kList && Match(pattern.inside[0], type->element));
      case Pattern::Kind::kMap:
        type = WithoutApproval(type);
        return type->kind == TypeKind::kEmpty || (type->kind == TypeKind::kMap && Match(pattern.inside[0], type->key) &&
                                                  Match(pattern.inside[1], type->element));
    }
    HWF_UNREACHABLE();
  }

  bool MatchVariable(char name, TypeRef type) {
    TypeRef& bound = variables_.try_emplace(name, types_.Simple(TypeKind::kEmpty)).first->second;
    TypeRef joined = Join(types_, bound, type);
    if (joined == nullptr || !Obeys(joined)) return false;
    bound = joined;
    return true;
  }

  bool Obeys(TypeRef type) const {
    if (type->kind == TypeKind::kEmpty) return true;
    switch (signature_.rule) {
      case Rule::kAny:
        return true;
      case Rule::kOrdered:
        return HasOrder(type);
      case Rule::kSimple:
        return IsSimpleText(type);
      case Rule::kNoFiles:
        return !HoldsFiles(type) && type->kind != TypeKind::kService && type->kind != TypeKind::kUnit;
    }
    HWF_UNREACHABLE();
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as the table's types
  TypeRef Made(const Pattern& pattern) {
    switch (pattern.kind) {
      case Pattern::Kind::kSimple:
        return types_.Simple(pattern.simple);
      case Pattern::Kind::kVariable: {
        auto found = variables_.find(pattern.variable);
        return found == variables_.end() ? types_.Simple(TypeKind::kEmpty) : found->second;
      }
      case Pattern::Kind::kOptional: {
        TypeRef inner = Made(pattern.inside[0]);
        return inner->kind == TypeKind::kNone ? inner : types_.Optional(inner);
      }
      case Pattern::Kind::kList:
        return types_.List(Made(pattern.inside[0]));
      case Pattern::Kind::kMap: {
        TypeRef key = Made(pattern.inside[0]);
        return types_.Map(key, Made(pattern.inside[1]));
      }
    }
    HWF_UNREACHABLE();
  }

  // What may stand there, after the values on its left.
  // NOLINTNEXTLINE(misc-no-recursion): as deep as the table's types
  std::string Wanted(const Pattern& pattern) {
    switch (pattern.kind) {
      case Pattern::Kind::kSimple:
        return WithArticle(pattern.simple);
      case Pattern::Kind::kVariable:
        if (IsBound(pattern)) return "`" + ToString(Made(pattern)) + "` here";
        return signature_.rule == Rule::kOrdered  ? "a number, a Duration, Bytes or a String"
               : signature_.rule == Rule::kSimple ? "a simple value"
                                                  : "what holds no File or Dir";
      case Pattern::Kind::kOptional:
        return Wanted(pattern.inside[0]);
      case Pattern::Kind::kList:
        return WantedList(pattern.inside[0]);
      case Pattern::Kind::kMap:
        return IsBound(pattern.inside[1]) ? "`" + ToString(Made(pattern)) + "` here" : "a map";
    }
    HWF_UNREACHABLE();
  }
  std::string WantedList(const Pattern& item) {
    if (IsBound(item)) return "`[" + ToString(Made(item)) + "]` here";
    if (item.kind == Pattern::Kind::kSimple) return "a list of " + Plural(item.simple);
    if (item.kind == Pattern::Kind::kList) return "a list of lists";
    return signature_.rule == Rule::kOrdered ? "a list of numbers, Durations, Bytes or Strings" : "a list";
  }
  std::string WithArticle(TypeKind kind) const {
    if (kind == TypeKind::kBytes) return Plural(kind);
    return (kind == TypeKind::kInt ? "an " : "a ") + ToString(types_.Simple(kind));
  }
  std::string Plural(TypeKind kind) const {
    return ToString(types_.Simple(kind)) + (kind == TypeKind::kBytes ? "" : "s");
  }
  bool IsBound(const Pattern& pattern) const {
    auto found = variables_.find(pattern.variable);
    return pattern.kind == Pattern::Kind::kVariable && found != variables_.end() &&
           found->second->kind != TypeKind::kEmpty;
  }

  const Signature& signature_;
  TypeTable& types_;
  std::map<char, TypeRef> variables_;
};

// "a list", "a map", "a String": "a list, a map or a String"; lists of this and that need not say it again.
std::string Alternatives(const std::vector<std::string>& texts) {
  constexpr std::string_view kListOf = "a list of ";
  std::string made;
  for (size_t i = 0; i < texts.size(); ++i) {
    std::string_view text = texts[i];
    if (i > 0) made += i + 1 == texts.size() ? " or " : ", ";
    if (i > 0 && text.starts_with(kListOf) && texts[0].starts_with(kListOf)) text.remove_prefix(kListOf.size());
    made += text;
  }
  return made;
}

}  // namespace

BuiltinCall BindBuiltin(const Builtin& builtin, std::span<const TypeRef> values, TypeTable& types) {
  BuiltinCall furthest;
  std::vector<std::string> wanted;
  for (const Signature& signature : SignaturesOf(builtin)) {
    if (signature.params.size() != values.size()) continue;
    BuiltinCall made = Binder(signature, types).Bind(values);
    if (made.fits) return made;
    if (!wanted.empty() && made.at < furthest.at) continue;
    if (made.at > furthest.at) wanted.clear();
    wanted.push_back(made.wanted);
    furthest = std::move(made);
  }
  HWF_CHECK(!wanted.empty());
  furthest.wanted = Alternatives(wanted);
  return furthest;
}

}  // namespace hwf::ir
