// Reads signatures: a table of our own, so what is wrong in it is a bug.
#include "ir/builtins.h"

#include <algorithm>
#include <cctype>

#include "base/check.h"

namespace hwf::ir {
namespace {

constexpr Builtin kBuiltins[] = {
#define HWF_BUILTIN(name, family, signatures, meaning, example, result) \
  {#name, Builtin::Family::k##family, signatures, meaning, example, result},
#include "stdlib/builtins.def"
#undef HWF_BUILTIN
};

TypeKind SimpleKind(std::string_view word) {
  if (word == "Bool") return TypeKind::kBool;
  if (word == "Int") return TypeKind::kInt;
  if (word == "Float") return TypeKind::kFloat;
  if (word == "String") return TypeKind::kString;
  if (word == "Duration") return TypeKind::kDuration;
  if (word == "Bytes") return TypeKind::kBytes;
  if (word == "File") return TypeKind::kFile;
  HWF_CHECK(word == "Dir");
  return TypeKind::kDir;
}

class SignatureReader {
 public:
  explicit SignatureReader(std::string_view text) : rest_(text) { signature_.text = text; }

  Signature Read() {
    Word();
    Expect("(");
    while (!Take(")")) {
      Word();
      Expect(":");
      HWF_CHECK(!signature_.takes_function);
      if (Take("fn")) {
        signature_.takes_function = true;
      } else {
        signature_.params.push_back(Type());
      }
      Take(",");
    }
    Expect("->");
    signature_.result = Type();
    ReadRule();
    HWF_CHECK(rest_.empty());
    return std::move(signature_);
  }

 private:
  void ReadRule() {
    if (Take("where T is ordered")) signature_.rule = Signature::Rule::kOrdered;
    if (Take("where T is simple")) signature_.rule = Signature::Rule::kSimple;
    if (Take("where T holds no files")) signature_.rule = Signature::Rule::kNoFiles;
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as the table's types
  Pattern Type() {
    Pattern made;
    if (Take("[")) {
      made.kind = Pattern::Kind::kList;
      made.inside.push_back(Type());
      if (Take(":")) {
        made.kind = Pattern::Kind::kMap;
        made.inside.push_back(Type());
      }
      Expect("]");
    } else {
      const std::string_view word = Word();
      if (word.size() == 1) {
        made.kind = Pattern::Kind::kVariable;
        made.variable = word[0];
      } else {
        made.simple = SimpleKind(word);
      }
    }
    if (!Take("?")) return made;
    Pattern optional{Pattern::Kind::kOptional, TypeKind::kUnit, 0, {}};
    optional.inside.push_back(std::move(made));
    return optional;
  }

  void SkipBlanks() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  std::string_view Word() {
    SkipBlanks();
    size_t end = 0;
    while (end < rest_.size() && (std::isalnum(static_cast<unsigned char>(rest_[end])) != 0 || rest_[end] == '_'))
      ++end;
    HWF_CHECK(end > 0);
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return word;
  }
  bool Take(std::string_view text) {
    SkipBlanks();
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void Expect(std::string_view text) { HWF_CHECK(Take(text)); }

  std::string_view rest_;
  Signature signature_;
};

std::vector<Signature> ReadSignatures(std::string_view text) {
  std::vector<Signature> made;
  constexpr std::string_view kBetween = " | ";
  for (size_t end = 0; end != std::string_view::npos;) {
    end = text.find(kBetween);
    made.push_back(SignatureReader(text.substr(0, end)).Read());
    if (end != std::string_view::npos) text.remove_prefix(end + kBetween.size());
  }
  return made;
}

std::vector<std::vector<Signature>> ReadAll() {
  std::vector<std::vector<Signature>> made;
  for (const Builtin& builtin : kBuiltins) made.push_back(ReadSignatures(builtin.signatures));
  return made;
}

}  // namespace

std::span<const Builtin> Builtins() { return kBuiltins; }

const Builtin* FindBuiltin(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kBuiltins), std::end(kBuiltins), [&](const Builtin& each) { return each.name == name; });
  return found == std::end(kBuiltins) ? nullptr : found;
}

std::span<const Signature> SignaturesOf(const Builtin& builtin) {
  static const std::vector<std::vector<Signature>> kSignatures = ReadAll();
  return kSignatures[static_cast<size_t>(&builtin - kBuiltins)];
}

bool TakesFunction(const Builtin& builtin) { return SignaturesOf(builtin)[0].takes_function; }

}  // namespace hwf::ir
