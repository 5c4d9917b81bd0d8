#include "runtime/cli/answer.h"

#include <fmt/format.h>
#include <unistd.h>

#include "runtime/cli/option_text.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/process.h"
#include "runtime/platform/users.h"
#include "runtime/report/review_text.h"
#include "runtime/review/form.h"

namespace hwf::cli {

using scheduler::ChoiceView;
using scheduler::FormFieldView;
using scheduler::ReviewView;

namespace {

const FormFieldView* FindField(const ChoiceView& choice, const std::string& name) {
  for (const FormFieldView& field : choice.fields) {
    if (field.name == name || Dashed(field.name) == name) return &field;
  }
  return nullptr;
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

}  // namespace

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

std::string AnswerText(const ReviewAnswer& answer) {
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

ErrorOr<ReviewAnswer> AnswerFromOptions(const ReviewView& review, const std::string& name, const Arguments& arguments) {
  ReviewAnswer answer;
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

ErrorOr<review::Request> AnswerRequest(const std::string& run, const ReviewView& review, const ReviewAnswer& answer,
                                       const Arguments& arguments) {
  review::Request request;
  request.kind = review::Request::Kind::kAnswer;
  request.id = platform::NewId();  // here, since a signature covers it
  request.run = run;
  request.review = review.id;
  request.form = review.form_digest;
  request.variant = answer.choice->name;
  request.fields = answer.fields;
  if (arguments.Has("sign")) {
    HWF_TRY(Sign(request, arguments.Get("sign"), arguments.Get("as", LoginName())));
  }
  return request;
}

}  // namespace hwf::cli
