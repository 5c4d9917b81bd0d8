// `hwf review withdraw`: the run's owner takes a question back.
#include <fmt/format.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/find_review.h"
#include "runtime/cli/request.h"

namespace hwf::cli {
namespace {

int RunReviewWithdraw(Context&, const Arguments& arguments) {
  const std::string why = arguments.Get("why");
  if (const ErrorOr<Success> good = review::CheckWhy(why); !good.ok()) {
    Complain("--" + good.error().message());
    return kExitUsage;
  }
  const FoundReview found = FindReviewIn(arguments, arguments.positional[0], arguments.positional[1], Naming::kActing);
  if (found.exit != 0) return found.exit;
  const scheduler::ReviewView& review = *found.run.record->scheduler().FindReview(found.review);
  RequestResult result;
  result.kind = RequestResult::Kind::kRefused;
  // Left without an engine it would be refused when nobody is there to be told.
  if (const std::optional<std::string> owner = OtherOwner(found.run.directory)) {
    result.text = fmt::format("only the run's owner, {}, may withdraw a review", *owner);
  } else if (found.run.record->facts().finished) {
    result = RunIsOver(review);
  } else {
    review::Request request;
    request.kind = review::Request::Kind::kWithdraw;
    request.run = found.run.record->facts().id;
    request.review = review.id;
    request.why = why;
    result = SendRequest(found.run.directory, request);
  }
  return ReportResult(result, "withdraw " + review.place, found.run.directory, arguments.Has("json"));
}

}  // namespace

CommandSpec ReviewWithdrawCommand() {
  CommandSpec spec;
  spec.name = "review withdraw";
  spec.positional = "RUN REVIEW";
  spec.least = spec.most = 2;
  spec.summary = "take a review back";
  spec.text =
      "For the run's owner alone: nobody's answer counts any more, and who comes later is told by whom it was taken "
      "back "
      "and\nwhy. What hangs on its answer is skipped, which is no failure; a run whose result hangs on it has none, "
      "and "
      "ends as\nfailed. RUN must be named. Without an engine the request waits for the next one (exit 75).";
  spec.options = {RunsOption(), JsonOption(), {"why", "TEXT", "a line for those who were asked, at most 500 bytes"}};
  spec.examples = {{"hwf review withdraw 20260504-1203 verdict", "by its place"},
                   {"hwf review withdraw 20260504 each.3.call --why 'wrong data'", "with a reason"}};
  spec.run = RunReviewWithdraw;
  return spec;
}

}  // namespace hwf::cli
