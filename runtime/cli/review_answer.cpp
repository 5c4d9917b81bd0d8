// `hwf review answer`: one answer, from options or asked for on the terminal, checked against the form before it is
// sent.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "runtime/cli/commands.h"
#include "runtime/cli/find_review.h"
#include "runtime/cli/option_text.h"
#include "runtime/cli/request.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/process.h"
#include "runtime/platform/users.h"
#include "runtime/report/review_text.h"
#include "runtime/review/form.h"

namespace hwf::cli {
namespace {

using scheduler::ChoiceView;
using scheduler::FormFieldView;
using scheduler::ReviewView;

struct Answer {
  const ChoiceView* choice = nullptr;
  Json fields = Json::Object();
};

const ChoiceView* FindChoice(const ReviewView& review, const std::string& name) {
  for (const ChoiceView& choice : review.choices) {
    if (choice.name == name) return &choice;
  }
  return nullptr;
}

std::string ChoiceNames(const ReviewView& review) {
  std::string names;
  for (const ChoiceView& choice : review.choices) names += (names.empty() ? "" : ", ") + choice.name;
  return names;
}

const FormFieldView* FindField(const ChoiceView& choice, const std::string& name) {
  for (const FormFieldView& field : choice.fields) {
    if (field.name == name || Dashed(field.name) == name) return &field;
  }
  return nullptr;
}

// `retune(rate: 0.05)`, as a person reads it.
std::string AnswerText(const Answer& answer) {
  std::string fields;
  for (const FormFieldView& field : answer.choice->fields) {
    const Json* value = answer.fields.Find(field.name);
    if (value == nullptr || value->is_null()) continue;
    // In full: this is what is sent.
    const std::string text = value->is_double() ? value->Dump() : report::FormatValue(*value, field.type);
    fields += fmt::format("{}{}: {}", fields.empty() ? "" : ", ", field.name, text);
  }
  return fields.empty() ? answer.choice->name : fmt::format("{}({})", answer.choice->name, fields);
}

// ---------------------------------------------------------------- from options

ErrorOr<Answer> FromOptions(const ReviewView& review, const std::string& name, const Arguments& arguments) {
  Answer answer;
  answer.choice = FindChoice(review, name);
  if (answer.choice == nullptr)
    return MakeError("`{}` is no answer to this review; choose one of {}", name, ChoiceNames(review));
  for (const auto& [option, text] : arguments.program) {
    const FormFieldView* field = FindField(*answer.choice, option);
    if (field == nullptr && !text && option.compare(0, 3, "no-") == 0) {
      const FormFieldView* negated = FindField(*answer.choice, option.substr(3));
      if (negated != nullptr && IsBool(negated->type)) {
        answer.fields.Set(negated->name, false);
        continue;
      }
    }
    if (field == nullptr) {
      std::string names;
      for (const FormFieldView& other : answer.choice->fields)
        names += (names.empty() ? "--" : ", --") + Dashed(other.name);
      return MakeError("the answer {} has no field `--{}`; it takes {}", name, option, names.empty() ? "none" : names);
    }
    if (!text && !IsBool(field->type)) return MakeError("`--{}` wants a value: {}", option, report::FieldText(*field));
    ErrorOr<Json> value = review::ParseField(field->type, text.value_or("true"));
    if (!value.ok()) return value.error().WithContext("`--" + option + "`");
    answer.fields.Set(field->name, std::move(value).value());
  }
  HWF_ASSIGN(answer.fields, review::CheckAnswer(review, name, answer.fields));
  return answer;
}

// ---------------------------------------------------------------- on a terminal

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

std::optional<Answer> AskPerson(const ReviewView& review) {
  const std::optional<const ChoiceView*> choice = AskChoice(review);
  if (!choice) return std::nullopt;
  Answer answer;
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

// ---------------------------------------------------------------- the request

review::Request AnswerRequest(const std::string& run, const ReviewView& review, const Answer& answer) {
  review::Request request;
  request.kind = review::Request::Kind::kAnswer;
  request.id = platform::NewId();  // here, since a signature covers it
  request.run = run;
  request.review = review.id;
  request.form = review.form_digest;
  request.variant = answer.choice->name;
  request.fields = answer.fields;
  return request;
}

std::string LoginName() {
  const std::optional<platform::User> user = platform::UserOf(geteuid());
  return user ? user->name : "";
}

ErrorOr<Success> Sign(review::Request& request, const std::string& key, const std::string& signer) {
  platform::SpawnOptions options;
  options.argv = {"ssh-keygen", "-Y", "sign", "-n", "hwf-answer", "-f", key};
  options.inherit_env = true;
  HWF_ASSIGN(const platform::Finished finished,
             platform::RunToEnd(options, review::SignedText(request), {.timeout_ms = 60'000}));
  static constexpr std::string_view kBegin = "-----BEGIN SSH SIGNATURE-----", kEnd = "-----END SSH SIGNATURE-----";
  const size_t begin = finished.output.find(kBegin), end = finished.output.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos) {
    return MakeError("signing with {} failed: {}", key, report::Printable(finished.output, true));
  }
  request.signature = finished.output.substr(begin, end + kEnd.size() - begin) + "\n";
  request.signer = signer;
  return Success{};
}

// No engine will ever take an answer to a run that is over.
RequestResult Closed(const ReviewView& review) {
  RequestResult result;
  result.kind = RequestResult::Kind::kRefused;
  const std::string how = review.answer.empty() ? std::string() : fmt::format(" with `{}`", review.answer);
  result.text = fmt::format("the run is over; the review was closed{} by {}", how,
                            review.closed_by.empty() ? "its end" : report::Printable(review.closed_by));
  return result;
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

int Run(Context& context, const Arguments& arguments) {
  FoundReview found = FindReview(arguments);
  if (found.exit != 0) return found.exit;
  const ReviewView& review = *found.run.record->scheduler().FindReview(found.review);
  const std::string word = RunWord(found.run.directory);
  const report::Style style(context.color);
  std::optional<Answer> answer;
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
    ErrorOr<Answer> given = FromOptions(review, found.choice, arguments);
    if (!given.ok()) {
      Complain(given.error().message());
      return kExitUsage;
    }
    answer = std::move(given).value();
  }
  review::Request request = AnswerRequest(found.run.record->facts().id, review, *answer);
  if (arguments.Has("sign")) {
    const ErrorOr<Success> sign = Sign(request, arguments.Get("sign"), arguments.Get("as", LoginName()));
    if (!sign.ok()) {
      Complain(sign.error().message());
      return kExitWorld;
    }
  }
  RequestResult result;
  if (found.run.record->facts().finished) {
    result = Closed(review);
  } else {
    result = SendRequest(found.run.directory, request);
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
  spec.positional = "[RUN] REVIEW [CHOICE]";
  spec.least = 1;
  spec.most = 3;
  spec.summary = "answer a review";
  spec.text =
      "The fields of the choice are options: `retune --rate 0.05`, of a Bool `--fast` or `--no-fast`. Without a "
      "choice, at a\nterminal, they are asked for; Ctrl-D or an empty answer leaves and sends nothing (exit 75). The\n"
      "outcome is one of three: accepted (and what happens next), refused (and why, or who was first; exit 1), queued "
      "(no\n"
      "engine has taken it yet; exit 75). Who you are is known by your account, or by a signature with --sign.";
  spec.options = {RunsOption(),
                  JsonOption(),
                  {"sign", "KEY", "sign the answer with this SSH key"},
                  {"as", "NAME", "the name of the key in the people file (default: your login name)"}};
  spec.examples = {{"hwf review answer 20260504 verdict approve", "by the review's place"},
                   {"hwf review answer 20260504 call retune --rate 0.05", "with a field"},
                   {"hwf review answer 20260504 verdict", "ask me"}};
  spec.program_options = true;
  spec.run = Run;
  return spec;
}

}  // namespace hwf::cli
