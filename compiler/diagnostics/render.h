// Diagnostics for people and for programs. Each renderer takes what Sorted gave and makes the whole output. No state.
#pragma once

#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/source/source.h"

namespace hwf::diagnostics {

// By file in the order of reading, then by place; of equal ones (a module that two files import) one stays.
std::vector<Diagnostic> Sorted(const source::SourceManager& sources, std::vector<Diagnostic> diagnostics);

// The line, the place underlined, notes, help and the fix; ends with a count line if there is anything to say.
std::string RenderText(const source::SourceManager& sources, const std::vector<Diagnostic>& diagnostics, bool color);

// One JSON document: {"version": 1, "diagnostics": [...], "errors": n, "warnings": n, "silenced": [...], "files": n,
// "unreadable": [...]}. What is silenced is counted nowhere; each has its reason as "why".
// `unreadable` has a message for each file that was named and could not be read.
std::string RenderJson(const source::SourceManager& sources, const std::vector<Diagnostic>& diagnostics,
                       const std::vector<std::string>& unreadable);

// SARIF 2.1.0, one run; columns count code points. What was unreadable makes its invocation unsuccessful.
std::string RenderSarif(const source::SourceManager& sources, const std::vector<Diagnostic>& diagnostics,
                        const std::vector<std::string>& unreadable, std::string_view tool_version);

}  // namespace hwf::diagnostics
