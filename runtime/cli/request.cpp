#include "runtime/cli/request.h"

#include <fmt/format.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/locate.h"
#include "runtime/platform/paths.h"
#include "runtime/review/delivery.h"

namespace hwf::cli {

RequestResult SendRequest(const std::string& run_directory, const review::Request& request) {
  RequestResult result;
  const ErrorOr<review::Receipt> receipt = review::Deliver(platform::RealFileSystem(), run_directory, request);
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

int ReportResult(const RequestResult& result, const std::string& what, const std::string& run_directory, bool json) {
  const auto print = [&](const char* outcome, const char* key) {
    Json line;
    line.Set("outcome", outcome).Set("run", platform::BaseName(run_directory));
    if (!result.receipt.empty()) line.Set("request", result.receipt);
    if (!result.text.empty()) line.Set(key, result.text);
    fmt::print("{}\n", line.Dump());
  };
  switch (result.kind) {
    case RequestResult::Kind::kAccepted:
      if (json) {
        print("accepted", "next");
      } else {
        fmt::print("{}: accepted{}\n", what, result.text.empty() ? "" : ": " + result.text);
      }
      return kExitDone;
    case RequestResult::Kind::kRefused:
      if (json) {
        print("refused", "why");
      } else {
        Complain(fmt::format("{}: refused: {}", what, result.text));
      }
      return kExitFailed;
    case RequestResult::Kind::kQueued:
      if (json) {
        print("queued", "why");
      } else {
        fmt::print("{}: queued as {}; no engine has taken it yet, it counts when one does: hwf resume {}{}\n", what,
                   result.receipt, RunWord(run_directory), result.text.empty() ? "" : "\n  " + result.text);
      }
      return kExitUnfinished;
    case RequestResult::Kind::kFailed:
      Complain(fmt::format("{}: {}", what, result.text));
      return kExitWorld;
  }
  return kExitWorld;
}

}  // namespace hwf::cli
