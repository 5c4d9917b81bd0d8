#include "runtime/cli/request.h"

#include <fmt/format.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/locate.h"
#include "runtime/platform/paths.h"
#include "runtime/report/text.h"
#include "runtime/review/delivery.h"

namespace hwf::cli {

RequestResult SendRequest(const std::string& run_directory, const review::Request& request, int64_t wait_ms) {
  RequestResult result;
  const ErrorOr<review::Receipt> receipt =
      review::Deliver(platform::RealFileSystem(), run_directory, request, {.wait_ms = wait_ms});
  if (!receipt.ok()) {
    result.text = receipt.error().message();
    return result;
  }
  result.receipt = receipt->id;
  switch (receipt->outcome) {
    case review::Receipt::Outcome::kAccepted:
      result.kind = RequestResult::Kind::kAccepted;
      result.text = receipt->next;
      break;
    case review::Receipt::Outcome::kRefused:
      result.kind = RequestResult::Kind::kRefused;
      result.text = receipt->why;
      break;
    case review::Receipt::Outcome::kQueued:
      result.kind = RequestResult::Kind::kQueued;
      result.text = receipt->why;
      break;
  }
  return result;
}

RequestResult RunIsOver(const scheduler::ReviewView& review) {
  RequestResult result;
  result.kind = RequestResult::Kind::kRefused;
  const std::string how = review.answer.empty() ? std::string() : fmt::format(" with `{}`", review.answer);
  result.text = fmt::format("the run is over; the review was closed{} by {}", how,
                            review.closed_by.empty() ? "its end" : report::Printable(review.closed_by));
  return result;
}

std::string_view OutcomeName(RequestResult::Kind kind) {
  switch (kind) {
    case RequestResult::Kind::kAccepted:
      return "accepted";
    case RequestResult::Kind::kRefused:
      return "refused";
    case RequestResult::Kind::kQueued:
      return "queued";
    case RequestResult::Kind::kFailed:
      return "failed";
  }
  return "";
}

int ExitOf(RequestResult::Kind kind) {
  switch (kind) {
    case RequestResult::Kind::kAccepted:
      return kExitDone;
    case RequestResult::Kind::kRefused:
      return kExitFailed;
    case RequestResult::Kind::kQueued:
      return kExitUnfinished;
    case RequestResult::Kind::kFailed:
      return kExitWorld;
  }
  return kExitWorld;
}

Json ToJson(const RequestResult& result) {
  Json json;
  json.Set("outcome", OutcomeName(result.kind));
  if (!result.receipt.empty()) json.Set("request", result.receipt);
  const char* key = result.kind == RequestResult::Kind::kAccepted ? "next" : "why";
  if (!result.text.empty()) json.Set(key, result.text);
  return json;
}

int ReportResult(const RequestResult& result, const std::string& what, const std::string& run_directory, bool json) {
  const bool sent = result.kind != RequestResult::Kind::kFailed;
  if (json && sent) {
    fmt::print("{}\n", ToJson(result).Set("run", platform::BaseName(run_directory)).Dump());
    return ExitOf(result.kind);
  }
  switch (result.kind) {
    case RequestResult::Kind::kAccepted:
      fmt::print("{}: accepted{}\n", what, result.text.empty() ? "" : ": " + result.text);
      break;
    case RequestResult::Kind::kRefused:
      Complain(fmt::format("{}: refused: {}", what, result.text));
      break;
    case RequestResult::Kind::kQueued:
      fmt::print("{}: queued as {}; no engine has taken it yet, it counts when one does: hwf resume {}{}\n", what,
                 result.receipt, RunWord(run_directory), result.text.empty() ? "" : "\n  " + result.text);
      break;
    case RequestResult::Kind::kFailed:
      Complain(fmt::format("{}: {}", what, result.text));
      break;
  }
  return ExitOf(result.kind);
}

}  // namespace hwf::cli
