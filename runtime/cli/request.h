// Requests to a run's engine: over its socket if it listens, else as a file in the run's inbox. The main thread only.
#pragma once

#include <string>
#include <string_view>

#include "runtime/cli/open_run.h"
#include "runtime/review/request.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::cli {

// The three outcomes of a request.
struct RequestResult {
  enum class Kind { kAccepted, kRefused, kQueued, kFailed };
  Kind kind = Kind::kFailed;
  std::string text;     // accepted: what happens next; refused or failed: why
  std::string receipt;  // the request's id
};

// How long the engine is waited for.
inline constexpr int64_t kReplyMs = 10'000;

// `request` may be without its id.
RequestResult SendRequest(const std::string& run_directory, const review::Request& request, int64_t wait_ms = kReplyMs);
// Of a review of a run that is over: no engine will ever take a request about it.
RequestResult RunIsOver(const scheduler::ReviewView& review);
// "accepted", "refused", "queued"; "failed" if it was left nowhere.
std::string_view OutcomeName(RequestResult::Kind kind);
// What a command that ended so exits with.
int ExitOf(RequestResult::Kind kind);

// {"outcome", "request", "next" or "why"}
Json ToJson(const RequestResult& result);

// Says it to people or, with `json`, to programs; the command's exit code.
int ReportResult(const RequestResult& result, const std::string& what, const std::string& run_directory, bool json);

}  // namespace hwf::cli
