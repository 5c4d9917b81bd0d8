// `hwf review answer`: one answer, from options or asked for on the terminal, checked against the form before it is
// sent.
#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "runtime/cli/answer.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/find_review.h"
#include "runtime/cli/request.h"
#include "runtime/platform/clock.h"
#include "runtime/report/review_text.h"
#include "runtime/review/form.h"

namespace hwf::cli {
namespace {

using scheduler::ChoiceView;
using scheduler::FormFieldView;
using scheduler::ReviewView;

// A line from standard input without its newline; nothing at its end.
std::optional<std::string> ReadLine(const std::string& prompt) {
  fmt::print("{}", prompt);
  std::fflush(stdout);
  std::string line;
  for (int c = std::getchar(); c != '\n'; c = std::getchar()) {
    if (c == EOF || line.size() > 32'000) {
      fmt::print("\n");
      return std::nullopt;
    }
    line += static_cast<char>(c);
  }
  return line;
}

std::optional<const ChoiceView*> AskChoice(const ReviewView& review) {
  for (size_t i = 0; i < review.choices.size(); ++i) fmt::print("  {}) {}\n", i + 1, review.choices[i].name);
  while (true) {
    const std::optional<std::string> line = ReadLine("answer (number or name, empty to leave): ");
    if (!line || line->empty()) return std::nullopt;
    if (const ChoiceView* choice = FindChoice(review, *line)) return choice;
    char* end = nullptr;
    const unsigned long number = std::strtoul(line->c_str(), &end, 10);
    if (*end == 0 && number >= 1 && number <= review.choices.size()) return &review.choices[number - 1];
    fmt::print("  one of {}, or its number\n", ChoiceNames(review));
  }
}

// False if the person left.
bool AskField(const FormFieldView& field, Json& fields) {
  const bool has_default = !field.default_value.is_null();
  const bool optional = !field.required || has_default;
  const char* hint = has_default ? " [Enter: the default]" : optional ? " [Enter: none]" : "";
  while (true) {
    const std::optional<std::string> line =
        ReadLine(fmt::format("  {} ({}){}: ", field.name, report::FieldText(field), hint));
    if (!line) return false;
    if (line->empty() && optional) return true;
    ErrorOr<Json> value = review::ParseField(field.type, *line);
    if (value.ok()) value = review::CheckField(field, value.value());
    if (value.ok()) {
      fields.Set(field.name, std::move(value).value());
      return true;
    }
    fmt::print("    {}\n", value.error().message());
  }
}

std::optional<ReviewAnswer> AskPerson(const ReviewView& review) {
  const std::optional<const ChoiceView*> choice = AskChoice(review);
  if (!choice) return std::nullopt;
  ReviewAnswer answer;
  answer.choice = *choice;
  for (const FormFieldView& field : (*choice)->fields) {
    if (!AskField(field, answer.fields)) return std::nullopt;
  }
  const ErrorOr<Json> complete = review::CheckAnswer(review, answer.choice->name, answer.fields);
  if (!complete.ok()) {
    Complain(complete.error().message());
    return std::nullopt;
  }
  answer.fields = complete.value();
  const std::optional<std::string> sure =
      ReadLine(fmt::format("send {}? [y/N] ", report::Printable(AnswerText(answer))));
  if (!sure || (*sure != "y" && *sure != "yes")) return std::nullopt;
  return answer;
}

// Tells the engine that the form is being filled in; it says whether this person's answer could count. Without an
// engine nobody knows yet.
RequestResult TellFormOpened(const OpenedRun& run, const ReviewView& review) {
  review::Request request;
  request.kind = review::Request::Kind::kOpen;
  request.run = run.record->facts().id;
  request.review = review.id;
  return SendRequest(run.directory, request);
}

int RunReviewAnswer(Context& context, const Arguments& arguments) {
  if (NamesGroup(arguments)) return AnswerGroup(context, arguments);
  if (arguments.Has("except")) {
    Complain("--except leaves reviews of a group out, and no group is named: RUN 'each.*.call' CHOICE");
    return kExitUsage;
  }
  FoundReview found = FindReview(arguments);
  if (found.exit != 0) return found.exit;
  const ReviewView& review = *found.run.record->scheduler().FindReview(found.review);
  const std::string word = RunWord(found.run.directory);
  const report::Style style(context.color);
  std::optional<ReviewAnswer> answer;
  if (found.choice.empty()) {
    fmt::print("{}", report::ReviewText(review, word, style, platform::RealClock().NowMs()));
    if (review.status != scheduler::ReviewStatus::kOpen) return kExitFailed;
    if (!context.terminal) {
      Complain("say which answer, behind the command: " + report::ChoicesText(review));
      return kExitUsage;
    }
    const RequestResult opened = TellFormOpened(found.run, review);
    // A signature may be another person's than who holds the terminal.
    if (opened.kind == RequestResult::Kind::kRefused && !arguments.Has("sign")) {
      Complain(fmt::format("an answer of yours would be refused: {}", opened.text));
      return kExitFailed;
    }
    answer = AskPerson(review);
    if (!answer) {
      fmt::print("nothing was sent; the review waits\n");
      return kExitUnfinished;
    }
  } else {
    ErrorOr<ReviewAnswer> given = AnswerFromOptions(review, found.choice, arguments);
    if (!given.ok()) {
      Complain(given.error().message());
      return kExitUsage;
    }
    answer = std::move(given).value();
  }
  const ErrorOr<review::Request> request = AnswerRequest(found.run.record->facts().id, review, *answer, arguments);
  if (!request.ok()) {
    Complain(request.error().message());
    return kExitWorld;
  }
  RequestResult result;
  if (found.run.record->facts().finished) {
    result = RunIsOver(review);
  } else {
    result = SendRequest(found.run.directory, request.value());
  }
  if (result.kind == RequestResult::Kind::kQueued) {
    const std::string look = fmt::format("what becomes of it: hwf review show {} {}", word, review.id);
    result.text += (result.text.empty() ? "" : "\n  ") + look;
  }
  return ReportResult(result, fmt::format("{} to {}", answer->choice->name, review.place), found.run.directory,
                      arguments.Has("json"));
}

}  // namespace

CommandSpec ReviewAnswerCommand() {
  CommandSpec spec;
  spec.name = "review answer";
  spec.positional = "[RUN] REVIEW [CHOICE] | RUN GROUP CHOICE";
  spec.least = 1;
  spec.most = 3;
  spec.summary = "answer a review";
  spec.text =
      "The fields of the choice are options: `retune --rate 0.05`, of a Bool `--fast` or `--no-fast`. Without a "
      "choice, at a\nterminal, they are asked for; Ctrl-D or an empty answer leaves and sends nothing (exit 75). The\n"
      "outcome is one of three: accepted (and what happens next), refused (and why, or who was first; exit 1), queued "
      "(no\n"
      "engine has taken it yet; exit 75). Who you are is known by your account, or by a signature with --sign.\n"
      "GROUP is what one `for` asks for each of its elements, as `hwf review list` names it: the answer goes to every "
      "open "
      "one\nof them but those of --except, each checked, taken and reported by itself (exit 1 if one was refused). To "
      "repeat "
      "it\nchanges nothing.";
  spec.options = {
      RunsOption(),
      JsonOption(),
      {"sign", "KEY", "sign the answer with this SSH key"},
      {"as", "NAME", "the name of the key in the people file (default: your login name)"},
      {"except", "NAME", "of a group: not this one, by its element (3), place or id; may be repeated", 0, true}};
  spec.examples = {{"hwf review answer 20260504 verdict approve", "by the review's place"},
                   {"hwf review answer 20260504 call retune --rate 0.05", "with a field"},
                   {"hwf review answer 20260504 verdict", "ask me"},
                   {"hwf review answer 20260504 'each.*.call' keep --except 3", "a group, but for element 3"}};
  spec.program_options = true;
  spec.run = RunReviewAnswer;
  return spec;
}

}  // namespace hwf::cli
