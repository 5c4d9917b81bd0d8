// `hwf review answer RUN GROUP CHOICE`: one request for each open review of the group. Each is checked, taken and told
// of by itself, so that what happens to one, a race or a bound, keeps no other back.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "runtime/cli/answer.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/open_run.h"
#include "runtime/cli/request.h"
#include "runtime/platform/clock.h"
#include "runtime/report/review_groups.h"
#include "runtime/report/review_text.h"

namespace hwf::cli {
namespace {

using scheduler::ReviewStatus;
using scheduler::ReviewView;
using Kind = RequestResult::Kind;

bool IsGroup(const std::string& word) { return word.find(".*.") != std::string::npos; }

// The element `name`, a place or an id.
bool IsNamed(const ReviewView& review, const std::string& name) {
  const size_t star = review.group.find(".*.") + 1;
  return review.id == name || review.place == name ||
         review.place == review.group.substr(0, star) + name + review.group.substr(star + 1);
}

class Group {
 public:
  Group(const OpenedRun& run, const Arguments& arguments)
      : run_(run), arguments_(arguments), name_(arguments.positional[1]), choice_(arguments.positional.back()) {
    for (const ReviewView& review : run.record->scheduler().reviews()) {
      if (review.group == name_ && !review.superseded) members_.push_back(&review);
    }
  }

  const std::vector<const ReviewView*>& members() const { return members_; }

  // The open ones, without the exceptions.
  std::vector<const ReviewView*> Open() const {
    std::vector<const ReviewView*> open;
    for (const ReviewView* review : Meant()) {
      if (review->status == ReviewStatus::kOpen && !run_.record->facts().finished) open.push_back(review);
    }
    return open;
  }

  // An exception that is none of the group.
  std::optional<std::string> Stray() const {
    for (const std::string& name : arguments_.All("except")) {
      const auto named = [&](const ReviewView* review) { return IsNamed(*review, name); };
      if (std::none_of(members_.begin(), members_.end(), named)) return name;
    }
    return std::nullopt;
  }

  // Sends an answer to each; the exit code.
  int AnswerAll(const std::vector<const ReviewView*>& open) {
    std::vector<ErrorOr<ReviewAnswer>> answers;
    answers.reserve(open.size());
    for (const ReviewView* review : open) answers.push_back(AnswerFromOptions(*review, choice_, arguments_));
    const auto fits = [](const ErrorOr<ReviewAnswer>& answer) { return answer.ok(); };
    if (std::none_of(answers.begin(), answers.end(), fits)) {
      Complain(answers.front().error().message());
      return kExitUsage;
    }
    for (size_t i = 0; i < open.size() && counts_[Kind::kFailed] == 0; ++i) Tell(*open[i], Send(*open[i], answers[i]));
    Summary(open.size());
    for (const Kind kind : {Kind::kFailed, Kind::kRefused, Kind::kQueued}) {
      if (counts_[kind] > 0) return ExitOf(kind);
    }
    return kExitDone;
  }

  // None is open: said before, or decided otherwise.
  int AllClosed() {
    const std::vector<const ReviewView*> meant = Meant();
    const auto other = std::find_if(meant.begin(), meant.end(), [&](const ReviewView* r) { return !HasAnswer(*r); });
    RequestResult result;
    result.kind = other == meant.end() ? Kind::kAccepted : Kind::kRefused;
    result.text =
        meant.empty() ? std::string("all of it are exceptions") : fmt::format("none of {} is open", meant.size());
    if (other != meant.end()) {
      const ReviewView& review = **other;
      const scheduler::ChoiceView* choice = FindChoice(review, review.answer);
      const std::string how =
          choice == nullptr ? "" : fmt::format("with `{}` by ", AnswerText({choice, review.answer_fields}));
      result.text += fmt::format("; {} was closed {}{}", review.place, how, report::Printable(review.closed_by));
    } else if (!meant.empty()) {
      result.text += ", and all have this answer";
    }
    return ReportResult(result, fmt::format("{} to {}", choice_, name_), run_.directory, arguments_.Has("json"));
  }

 private:
  // Answered with this choice and the same fields.
  bool HasAnswer(const ReviewView& review) const {
    if (review.answer != choice_) return false;
    const ErrorOr<ReviewAnswer> answer = AnswerFromOptions(review, choice_, arguments_);
    return answer.ok() && answer->fields == review.answer_fields;
  }

  std::vector<const ReviewView*> Meant() const {
    const std::vector<std::string> except = arguments_.All("except");
    std::vector<const ReviewView*> meant;
    for (const ReviewView* review : members_) {
      const auto named = [&](const std::string& name) { return IsNamed(*review, name); };
      if (std::none_of(except.begin(), except.end(), named)) meant.push_back(review);
    }
    return meant;
  }

  RequestResult Send(const ReviewView& review, const ErrorOr<ReviewAnswer>& answer) {
    RequestResult result;
    if (!answer.ok()) {
      result.kind = Kind::kRefused;
      result.text = answer.error().message();
      return result;
    }
    const ErrorOr<review::Request> request = AnswerRequest(run_.record->facts().id, review, answer.value(), arguments_);
    if (!request.ok()) {
      result.text = request.error().message();
      return result;
    }
    // An engine that has not answered once is not waited for again with each of the others.
    return SendRequest(run_.directory, request.value(), counts_[Kind::kQueued] > 0 ? 0 : kReplyMs);
  }

  void Tell(const ReviewView& review, const RequestResult& result) {
    ++counts_[result.kind];
    if (arguments_.Has("json")) {
      results_.Add(ToJson(result).Set("review", review.id));
    } else {
      ReportResult(result, fmt::format("{} to {}", choice_, review.place), run_.directory, false);
    }
  }

  void Summary(size_t open) {
    Json json;
    json.Set("run", run_.record->facts().id).Set("group", name_).Set("answer", choice_);
    std::string text;
    size_t told = 0;
    for (const Kind kind : {Kind::kAccepted, Kind::kRefused, Kind::kQueued, Kind::kFailed}) {
      const size_t count = counts_[kind];
      told += count;
      json.Set(std::string(OutcomeName(kind)), static_cast<int64_t>(count));
      if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, OutcomeName(kind));
    }
    json.Set("not_sent", static_cast<int64_t>(open - told));
    if (told < open) text += fmt::format(", {} not sent", open - told);
    if (arguments_.Has("json")) {
      fmt::print("{}\n", json.Set("results", std::move(results_)).Dump());
    } else {
      fmt::print("{}: {}\n", name_, text);
    }
  }

  const OpenedRun& run_;
  const Arguments& arguments_;
  const std::string name_, choice_;
  std::vector<const ReviewView*> members_;
  std::map<Kind, size_t> counts_;
  Json results_ = Json::Array();
};

}  // namespace

bool NamesGroup(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.positional;
  return IsGroup(words[0]) || (words.size() > 1 && IsGroup(words[1]));
}

int AnswerGroup(Context& context, const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.positional;
  if (words.size() < 2 || !IsGroup(words[1])) {
    Complain(fmt::format("the group `{}` is of a run, which is named before it: RUN GROUP CHOICE", words[0]));
    return kExitUsage;
  }
  const OpenResult opened = OpenRun(arguments, words[0], Naming::kActing);
  if (!opened.run.record) return opened.exit;
  Group group(opened.run, arguments);
  if (group.members().empty()) {
    Complain(
        fmt::format("run {} has no group `{}`; hwf review list shows them", opened.run.record->facts().id, words[1]));
    return kExitUsage;
  }
  if (const std::optional<std::string> stray = group.Stray()) {
    Complain(fmt::format("--except {}: none of the group `{}`", *stray, words[1]));
    return kExitUsage;
  }
  const std::vector<const ReviewView*> open = group.Open();
  if (words.size() == 2) {
    if (!open.empty()) {
      fmt::print("{}", report::GroupText({words[1], open}, RunWord(opened.run.directory), report::Style(context.color),
                                         platform::RealClock().NowMs()));
    }
    Complain("say which answer, behind the command: " + report::ChoicesText(*group.members().front()));
    return kExitUsage;
  }
  return open.empty() ? group.AllClosed() : group.AnswerAll(open);
}

}  // namespace hwf::cli
