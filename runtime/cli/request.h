// Requests to a run's engine: over its socket if it listens, else as a file in the run's inbox. The main thread only.
#pragma once

#include <string>

#include "runtime/cli/open_run.h"
#include "runtime/review/request.h"

namespace hwf::cli {

// The three outcomes of a request.
struct RequestResult {
  enum class Kind { kAccepted, kRefused, kQueued, kFailed };
  Kind kind = Kind::kFailed;
  std::string text;     // accepted: what happens next; refused or failed: why
  std::string receipt;  // the request's id
};

// `request` without its id. Waits a few seconds for the engine's reply.
RequestResult SendRequest(const std::string& run_directory, const review::Request& request);

// Says it to people or, with `json`, to programs; the command's exit code.
int ReportResult(const RequestResult& result, const std::string& what, const std::string& run_directory, bool json);

}  // namespace hwf::cli
