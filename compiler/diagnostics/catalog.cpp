#include "compiler/diagnostics/catalog.h"

#include <llvm/ADT/StringRef.h>

#include "compiler/diagnostics/codes.h"

namespace hwf::diagnostics {

namespace {

struct Explanation {
  std::string_view code;
  std::string_view text;
};

constexpr Explanation kExplanations[] = {
#define HWF_EXPLAIN(code, text) {code, text},
#include "compiler/diagnostics/explain_lints.def"
#include "compiler/diagnostics/explain_modules.def"
#include "compiler/diagnostics/explain_names.def"
#include "compiler/diagnostics/explain_reviews.def"
#include "compiler/diagnostics/explain_sites.def"
#include "compiler/diagnostics/explain_syntax.def"
#include "compiler/diagnostics/explain_tasks.def"
#include "compiler/diagnostics/explain_tests.def"
#include "compiler/diagnostics/explain_types.def"
#undef HWF_EXPLAIN
};

constexpr std::string_view ExplanationOf(std::string_view code) {
  for (const Explanation& row : kExplanations) {
    if (row.code == code) return row.text;
  }
  return {};
}

constexpr CatalogEntry kCatalog[] = {
#define HWF_CODE(constant, code, name, severity, text, ...) \
  {{code, name, Severity::k##severity}, text, ExplanationOf(code)},
#include "compiler/diagnostics/codes.def"
#undef HWF_CODE
};

}  // namespace

llvm::ArrayRef<CatalogEntry> Catalog() { return kCatalog; }

const CatalogEntry* FindCode(std::string_view code_or_name) {
  for (const CatalogEntry& entry : kCatalog) {
    if (llvm::StringRef(entry.info.code).equals_insensitive(code_or_name)) return &entry;
    if (entry.info.name == code_or_name) return &entry;
  }
  return nullptr;
}

}  // namespace hwf::diagnostics
