// `hwf review list` and `hwf review show`: what waits for people. They look and never act.
#include <fmt/format.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/find_review.h"
#include "runtime/engine/review_record.h"
#include "runtime/platform/clock.h"
#include "runtime/report/review_groups.h"
#include "runtime/report/review_text.h"
#include "runtime/review/delivery.h"

namespace hwf::cli {
namespace {

using scheduler::ReviewStatus;
using scheduler::ReviewView;

struct Listing {
  const Arguments& arguments;
  report::Style style;
  Json list = Json::Array();
  size_t count = 0;

  void Add(const engine::RunRecord& record) {
    const std::string& run = record.facts().id;
    std::vector<const ReviewView*> listed;
    for (const ReviewView& review : record.scheduler().reviews()) {
      if (!arguments.Has("all") && (review.status != ReviewStatus::kOpen || record.facts().finished)) continue;
      ++count;
      if (arguments.Has("json")) {
        list.Add(engine::ReviewJson(review, run));
      } else {
        listed.push_back(&review);
      }
    }
    for (const report::ReviewGroup& group : Groups(listed)) Print(record, group);
  }

 private:
  // Closed ones stand alone: they were closed one by one.
  std::vector<report::ReviewGroup> Groups(const std::vector<const ReviewView*>& listed) const {
    if (!arguments.Has("all") && !arguments.Has("each")) return report::GroupReviews(listed);
    std::vector<report::ReviewGroup> each;
    each.reserve(listed.size());
    for (const ReviewView* review : listed) each.push_back({"", {review}});
    return each;
  }

  void Print(const engine::RunRecord& record, const report::ReviewGroup& group) const {
    const std::string run = RunWord(record.paths().root);
    const state::TimeMs now = platform::RealClock().NowMs();
    const ReviewView& review = *group.reviews.front();
    fmt::print("{} {}", style.Bold(record.facts().id), record.module().entry);
    if (group.reviews.size() > 1) {
      fmt::print("{}", report::GroupText(group, run, style, now));
      return;
    }
    fmt::print("{}", report::ReviewLine(review, style, now));
    if (review.status == ReviewStatus::kOpen) fmt::print("{}", report::AnswerHint(review, run, "    "));
  }
};

int List(Context& context, const Arguments& arguments) {
  Listing listing{arguments, report::Style(context.color)};
  if (!arguments.positional.empty()) {
    const OpenResult opened = OpenRun(arguments, arguments.positional[0], Naming::kLooking);
    if (!opened.run.record) return opened.exit;
    listing.Add(*opened.run.record);
  } else {
    const ErrorOr<std::string> runs = RunsDirectory(arguments);
    if (!runs.ok()) {
      Complain(runs.error().message());
      return kExitUsage;
    }
    const std::vector<std::string> ids = ListRuns(runs.value());
    for (const std::string& id : ids) {
      const auto record = engine::RunRecord::Load(platform::RealFileSystem(), runs.value() + "/" + id);
      if (record.ok()) {
        listing.Add(*record.value());
      } else {
        Complain(fmt::format("left out: the run {} cannot be read: {}", id, record.error().message()));
      }
    }
    if (ids.empty() && !arguments.Has("json")) {
      fmt::print("no review is open: there are no runs in {}; --runs names another place\n", runs.value());
      return kExitDone;
    }
  }
  if (arguments.Has("json")) {
    fmt::print("{}", listing.count == 0 ? "[\n]\n" : listing.list.DumpPretty());
  } else if (listing.count == 0) {
    fmt::print("no review is open\n");
  }
  return kExitDone;
}

// What became of answers that were left while there was no engine: nobody was there to be told.
constexpr size_t kMostRefused = 20;

Json RefusedJson(const std::vector<review::Reply>& refused) {
  Json list = Json::Array();
  for (const review::Reply& reply : refused) {
    list.Add(Json().Set("answer", reply.about->variant).Set("by", reply.about->by).Set("why", reply.why));
  }
  return list;
}

int Show(Context& context, const Arguments& arguments) {
  const FoundReview found = FindReview(arguments);
  if (found.exit != 0) return found.exit;
  const ReviewView* review = found.run.record->scheduler().FindReview(found.review);
  const std::vector<review::Reply> refused =
      review::RefusedAnswers(platform::RealFileSystem(), found.run.directory, review->id, kMostRefused);
  if (arguments.Has("json")) {
    Json json = engine::ReviewJson(*review, found.run.record->facts().id);
    fmt::print("{}", json.Set("refused", RefusedJson(refused)).DumpPretty());
    return kExitDone;
  }
  const std::string run = RunWord(found.run.directory);
  fmt::print("{}", report::ReviewText(*review, run, report::Style(context.color), platform::RealClock().NowMs()));
  for (const review::Reply& reply : refused) {
    fmt::print("refused: {} by {}: {}\n", report::Printable(reply.about->variant), report::Printable(reply.about->by),
               report::Printable(reply.why));
  }
  return kExitDone;
}

}  // namespace

CommandSpec ReviewListCommand() {
  CommandSpec spec;
  spec.name = "review list";
  spec.positional = "[RUN]";
  spec.most = 1;
  spec.summary = "what waits for people";
  spec.text =
      "Open reviews of every run here, or of RUN, with the command that answers each. What one `for` asks for each of "
      "its\n"
      "elements is a group, `each.*.call`, and stands in one block, with what differs between them. In JSON each "
      "review "
      "has its\n`group`.";
  spec.options = {RunsOption(),
                  JsonOption(),
                  {"all", "", "closed ones too, each by itself"},
                  {"each", "", "no groups: each by itself"}};
  spec.examples = {{"hwf review list", "the inbox"},
                   {"hwf review list --runs /shared/runs --json", "another place, for a program"}};
  spec.run = List;
  return spec;
}

CommandSpec ReviewShowCommand() {
  CommandSpec spec;
  spec.name = "review show";
  spec.positional = "[RUN] REVIEW";
  spec.least = 1;
  spec.most = 2;
  spec.summary = "one review: what it shows, who may answer, how";
  spec.options = {RunsOption(), JsonOption()};
  spec.examples = {{"hwf review show 20260504-1203 verdict", "by its place"}};
  spec.run = Show;
  return spec;
}

}  // namespace hwf::cli
