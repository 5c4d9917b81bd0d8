// Any bytes as a request from outside: parsed or refused; what is parsed reads back as itself, and as an answer it is
// checked against a form with a field of every kind.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "runtime/review/form.h"
#include "runtime/review/people.h"
#include "runtime/review/request.h"

namespace hwf::review {
namespace {

using ir::TypeKind;

class Form {
 public:
  Form() {
    ir::TypeRef record = types_.NewRecord("R");
    types_.MutableRecord(record).fields = {{"n", types_.Simple(TypeKind::kInt), false},
                                           {"o", types_.Optional(record), false}};
    ir::TypeRef mode = types_.NewEnum("E");
    types_.MutableEnum(mode).variants = {{"a", {}}, {"b", {{"r", record, false}}}};
    scheduler::ChoiceView choice;
    choice.name = "retune";
    for (TypeKind kind : {TypeKind::kBool, TypeKind::kInt, TypeKind::kFloat, TypeKind::kString, TypeKind::kDuration,
                          TypeKind::kBytes, TypeKind::kFile}) {
      Add(choice, types_.Optional(types_.Simple(kind)));
    }
    Add(choice, types_.Optional(types_.List(types_.Simple(TypeKind::kInt))));
    Add(choice, types_.Optional(types_.Map(types_.Simple(TypeKind::kInt), record)));
    Add(choice, types_.Optional(record));
    Add(choice, types_.Optional(mode));
    choice.fields[2].low = 0.0001;
    choice.fields[2].high = 1.0;
    review_.choices.push_back(std::move(choice));
  }

  void Check(const Request& request) const {
    ErrorOr<Json> checked = CheckAnswer(review_, request.variant, request.fields);
    if (!checked.ok()) {
      HWF_CHECK(!checked.error().message().empty());
      return;
    }
    ErrorOr<Json> again = CheckAnswer(review_, request.variant, *checked);
    HWF_CHECK(again.ok() && *again == *checked);
  }
  void CheckText(std::string_view text) const {
    for (const scheduler::FormFieldView& field : review_.choices[0].fields) {
      ErrorOr<Json> value = ParseField(field.type, text);
      if (value.ok()) FormatField(field.type, *value);
    }
  }

 private:
  static void Add(scheduler::ChoiceView& choice, ir::TypeRef type) {
    scheduler::FormFieldView field;
    field.name = std::string(1, static_cast<char>('a' + choice.fields.size()));
    field.type = type;
    field.required = false;
    choice.fields.push_back(std::move(field));
  }

  ir::TypeTable types_;
  scheduler::ReviewView review_;
};

void Check(std::string_view bytes) {
  static const Form form;
  form.CheckText(bytes);
  [[maybe_unused]] ErrorOr<People> people = People::Parse(bytes);
  [[maybe_unused]] ErrorOr<Reply> reply = ParseReply(bytes);
  ErrorOr<Request> request = ParseRequest(bytes, "00000000000000000000000000");
  if (!request.ok()) return;
  ErrorOr<Request> again = ParseRequest(ToJson(*request).Dump(), request->id);
  HWF_CHECK(again.ok() && SignedText(*again) == SignedText(*request));
  if (request->kind == Request::Kind::kAnswer) form.Check(*request);
}

}  // namespace
}  // namespace hwf::review

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hwf::review::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
