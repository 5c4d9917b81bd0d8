#include <fmt/format.h>

#include <cstdio>

#include "compiler/diagnostics/catalog.h"
#include "compiler/diagnostics/did_you_mean.h"
#include "compiler/driver/options.h"
#include "ir/builtins.h"

namespace hwf::driver {

namespace {

constexpr char kHelp[] = R"(Usage: hwfc explain [CODE|FUNCTION...]

Explains what a diagnostic means, with a wrong and a right example, or what a built-in function does. Without any: the
list of all codes.

Examples:
  hwfc explain E0106
  hwfc explain unclosed-bracket
  hwfc explain sort
  hwfc explain                    # all codes
)";

int List() {
  for (const diagnostics::CatalogEntry& entry : diagnostics::Catalog()) {
    fmt::print("{}  {:<24} {}\n", entry.info.code, entry.info.name, entry.text);
  }
  return kExitDone;
}

void Show(const ir::Builtin& builtin) {
  for (const ir::Signature& signature : ir::SignaturesOf(builtin)) fmt::print("{}\n", signature.text);
  const std::string result = builtin.result.empty() ? "" : fmt::format("  # {}", builtin.result);
  fmt::print("\n{}\n\nExample:\n    {}{}\n", builtin.meaning, builtin.example, result);
}

int RunExplain(Arguments arguments) {
  Options options = ReadOptions(arguments, {});
  if (!options.error.empty()) return UsageError(kExplainCommand, options.error);
  if (options.files.empty()) return List();
  for (const std::string& code : options.files) {
    const diagnostics::CatalogEntry* entry = diagnostics::FindCode(code);
    if (!entry) {
      if (const ir::Builtin* builtin = ir::FindBuiltin(code)) {
        Show(*builtin);
        continue;
      }
      return UsageError(kExplainCommand,
                        fmt::format("there is no code and no built-in function `{}`; `hwfc explain` lists "
                                    "the codes, docs/builtins.md the functions",
                                    code));
    }
    bool error = entry->info.severity == diagnostics::Severity::kError;
    fmt::print("{} {} ({}): {}\n\n{}\n", entry->info.code, entry->info.name, error ? "error" : "warning", entry->text,
               entry->explanation);
  }
  return kExitDone;
}

}  // namespace

const Command kExplainCommand{"explain", "what the code of a diagnostic means, or a built-in function does", kHelp,
                              RunExplain};

}  // namespace hwf::driver
