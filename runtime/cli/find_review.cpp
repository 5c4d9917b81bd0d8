#include "runtime/cli/find_review.h"

#include <fmt/format.h>

#include "runtime/cli/commands.h"

namespace hwf::cli {
namespace {

using scheduler::ReviewStatus;
using scheduler::ReviewView;

// Ids of the reviews that `text` may mean in this run: what a rewind asks again has the place of what it asked before.
std::vector<std::string> Matches(const engine::RunRecord& record, const std::string& text) {
  std::vector<std::string> begins, places;
  for (const ReviewView& review : record.scheduler().reviews()) {
    if (review.id == text && !review.superseded) return {review.id};
    if (review.place == text && !review.superseded) places.push_back(review.id);
    if (review.id.compare(0, text.size(), text) == 0) begins.push_back(review.id);
  }
  return places.empty() ? begins : places;
}

FoundReview Failed(int exit, const std::string& message) {
  Complain(message);
  FoundReview found;
  found.exit = exit;
  return found;
}

}  // namespace

FoundReview FindReviewIn(const Arguments& arguments, const std::string& run, const std::string& text, Naming naming) {
  OpenResult opened = OpenRun(arguments, run, naming);
  FoundReview found;
  found.exit = opened.exit;
  if (!opened.run.record) return found;
  const std::vector<std::string> matches = Matches(*opened.run.record, text);
  const std::string& id = opened.run.record->facts().id;
  if (matches.empty())
    return Failed(kExitUsage, fmt::format("run {} has no review `{}`; hwf review list shows the open ones", id, text));
  if (matches.size() > 1) {
    return Failed(kExitUsage,
                  fmt::format("`{}` means several reviews of run {}: {}", text, id, fmt::join(matches, ", ")));
  }
  found.run = std::move(opened.run);
  found.review = matches.front();
  return found;
}

namespace {

// The one that is open; of closed ones, the newest run's.
FoundReview FindAnywhere(const std::string& runs, const std::string& text) {
  FoundReview open, closed;
  std::vector<std::string> ids = ListRuns(runs), ways;
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    auto record = engine::RunRecord::Load(platform::RealFileSystem(), runs + "/" + *id);
    if (!record.ok()) continue;
    for (const std::string& match : Matches(*record.value(), text)) {
      const bool is_open = record.value()->scheduler().FindReview(match)->status == ReviewStatus::kOpen;
      const bool waits = is_open && !record.value()->facts().finished;
      FoundReview& found = waits ? open : closed;
      if (waits) ways.push_back(*id + " " + match);
      if (found.review.empty()) found.review = match;
      if (found.run.directory.empty()) found.run.directory = runs + "/" + *id;
    }
    if (open.run.record == nullptr && !open.review.empty()) {
      open.run.record = std::move(record).value();
    } else if (closed.run.record == nullptr && !closed.review.empty()) {
      closed.run.record = std::move(record).value();
    }
  }
  if (ways.size() > 1) {
    return Failed(kExitUsage, fmt::format("`{}` means several open reviews; name the run too:\n  {}", text,
                                          fmt::join(ways, "\n  ")));
  }
  if (!open.review.empty()) return open;
  if (!closed.review.empty()) return closed;
  return Failed(kExitUsage,
                fmt::format("there is no review `{}` in {}; hwf review list shows the open ones", text, runs));
}

}  // namespace

FoundReview FindReview(const Arguments& arguments) {
  const ErrorOr<std::string> runs = RunsDirectory(arguments);
  if (!runs.ok()) return Failed(kExitUsage, runs.error().message());
  const std::vector<std::string>& words = arguments.positional;
  const bool names_run = words.size() > 1 && FindRun(runs.value(), words[0], Naming::kLooking).ok();
  FoundReview found =
      names_run ? FindReviewIn(arguments, words[0], words[1], Naming::kLooking) : FindAnywhere(runs.value(), words[0]);
  const size_t behind = names_run ? 2 : 1;
  if (found.exit != 0) return found;
  if (words.size() > behind) found.choice = words[behind];
  if (words.size() > behind + 1) {
    return Failed(kExitUsage, fmt::format("`{}` is one word too many: [RUN] REVIEW [CHOICE]", words[behind + 1]));
  }
  return found;
}

}  // namespace hwf::cli
