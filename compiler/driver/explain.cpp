#include <fmt/format.h>

#include <cstdio>

#include "compiler/diagnostics/catalog.h"
#include "compiler/diagnostics/did_you_mean.h"
#include "compiler/driver/options.h"

namespace hwf::driver {

namespace {

constexpr char kHelp[] = R"(Usage: hwfc explain [CODE...]

Explains what a diagnostic means, with a wrong and a right example. Without a CODE: the list of all.

Examples:
  hwfc explain E0106
  hwfc explain unclosed-bracket
  hwfc explain                    # all codes
)";

int List() {
  for (const diagnostics::CatalogEntry& entry : diagnostics::Catalog()) {
    fmt::print("{}  {:<24} {}\n", entry.info.code, entry.info.name, entry.text);
  }
  return kExitDone;
}

int Run(Arguments arguments) {
  Options options = ReadOptions(arguments, {});
  if (!options.error.empty()) return UsageError(kExplainCommand, options.error);
  if (options.files.empty()) return List();
  for (const std::string& code : options.files) {
    const diagnostics::CatalogEntry* entry = diagnostics::FindCode(code);
    if (!entry)
      return UsageError(kExplainCommand, fmt::format("there is no code `{}`; `hwfc explain` lists them", code));
    bool error = entry->info.severity == diagnostics::Severity::kError;
    fmt::print("{} {} ({}): {}\n\n{}\n", entry->info.code, entry->info.name, error ? "error" : "warning", entry->text,
               entry->explanation);
  }
  return kExitDone;
}

}  // namespace

const Command kExplainCommand{"explain", "what the code of a diagnostic means", kHelp, Run};

}  // namespace hwf::driver
