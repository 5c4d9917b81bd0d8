// The fields of sites: one table says for each which kinds of site have it and what it takes. Constant tables and pure
// functions.
#pragma once

#include <optional>
#include <string>

#include "compiler/sema/constant.h"
#include "compiler/sema/context.h"

namespace hwf::sema {

struct SiteField {
  enum class Shape {
    kCount,    // a whole number from `least` on
    kSize,     // Bytes
    kTime,     // Duration
    kWord,     // one line that Slurm or SSH reads as one word
    kFarPath,  // the same, or one that begins with ~/
    kPath,     // an absolute path
    kScript,   // lines of shell
    kEngine,   // of containers, a bare word
    kStarter,  // of ranks, a bare word
    kSecrets   // [NAME: env("X"), …]
  };
  const char* name;
  Shape shape;
  int least;             // kCount
  unsigned kinds;        // of sites, as bits
  int most = 1'000'000;  // kCount
};

llvm::ArrayRef<llvm::StringRef> SiteKinds();
// The field of a kind of site; null if it has none of that name.
const SiteField* FindSiteField(StringRef kind, StringRef name);
std::vector<StringRef> SiteFieldsOf(StringRef kind);
// Kinds that have the field, for a hint where another lacks it: "slurm, ssh"; empty if none has.
std::string KindsWith(StringRef name);
// What the field takes: "a whole number of at least 1".
std::string Wanted(const SiteField& field);
// The words that a field of bare words takes; empty for others.
llvm::ArrayRef<llvm::StringRef> WordsOf(const SiteField& field);
// Whether the value is what the field takes. Secrets are looked at by check_secrets.cpp.
bool Takes(const SiteField& field, const Expr& value);

// The field's value of a site that has it; null otherwise.
const Expr* SiteValue(const Program::Site& site, StringRef name);
std::optional<Constant> NumberOf(const Program::Site& site, StringRef name);
std::string TextOf(const Program::Site& site, StringRef name);  // a string or a bare word; else empty

}  // namespace hwf::sema
