#include <algorithm>

#include "ir/verifier.h"

namespace hwf::ir::internal {

void Verifier::CheckBy(const ByRule& by) {
  switch (by.kind) {
    case ByRule::Kind::kWho:
      Expect(by.who.has_value(), "a rule of who may answer names nobody");
      Expect(by.quorum >= 1, "a quorum below 1");
      Expect(by.parts.empty(), "a rule that names someone has no parts");
      if (by.who.has_value()) CheckExprIs(*by.who, Simple(TypeKind::kString), "who may answer");
      return;
    case ByRule::Kind::kOwner:
      Expect(by.parts.empty() && !by.who.has_value() && by.quorum == 1, "the owner's rule says nothing else");
      return;
    case ByRule::Kind::kAnd:
    case ByRule::Kind::kOr:
      Expect(!by.parts.empty() && !by.who.has_value(), "a rule of several has parts and names nobody itself");
      for (const ByRule& part : by.parts) CheckBy(part);
      return;
  }
}

void Verifier::CheckFormField(const FormField& field) {
  CheckType(field.type);
  if (field.type == nullptr) return;
  Expect(field.low.has_value() == field.high.has_value(), "a range has two ends");
  Expect(!field.low.has_value() || !field.one_of.has_value(), "a field has a range or a list, not both");
  if (field.low.has_value()) CheckExprIs(*field.low, field.type, "the lower end of a range");
  if (field.high.has_value()) CheckExprIs(*field.high, field.type, "the upper end of a range");
  if (field.default_value.has_value()) CheckExprIs(*field.default_value, field.type, "a default");
  if (field.one_of.has_value()) {
    // `keep: [Trial] in trials`: each element of the value is one of the list.
    TypeRef list = field.type->kind == TypeKind::kList ? field.type : module_.types->List(field.type);
    CheckExprIs(*field.one_of, list, "what a field is chosen from");
  }
}

void Verifier::CheckChoice(const EnumDef& type, const Choice& choice) {
  Place place(*this, "choice `" + choice.name + "`");
  const VariantDef* variant = type.Find(choice.name);
  if (variant == nullptr) return Fault("the review's type has no such variant");
  UniqueNames(choice.fields, "fields");
  for (const FormField& field : choice.fields) {
    CheckFormField(field);
    const FieldDef* known = variant->Find(field.name);
    if (known == nullptr || known->type != field.type) Fault("the variant has no such field `{}`", field.name);
  }
  Expect(choice.grants.empty() == !choice.granted.has_value(), "a grant has a name and a value");
  size_t asked = choice.fields.size() + (choice.grants.empty() ? 0 : 1);
  Expect(variant->fields.size() == asked, "the variant has fields that nobody is asked for");
  if (choice.grants.empty() || !choice.granted.has_value()) return;
  CheckExpr(*choice.granted);
  const FieldDef* granted = variant->Find(choice.grants);
  if (granted == nullptr || granted->type->kind != TypeKind::kApproved) {
    return Fault("`{}` is no approved field of the variant", choice.grants);
  }
  if (choice.granted->type != nullptr) CheckFits(choice.granted->type, granted->type->element, "what is granted");
}

void Verifier::CheckBody(const Node& node, const ReviewNode& body) {
  TypeRef duration = Simple(TypeKind::kDuration);
  CheckExprIs(body.question, Simple(TypeKind::kString), "the question");
  for (const Shown& shown : body.show) CheckExpr(shown.value);
  if (node.type->enumeration == nullptr) return Fault("a review's value is an enum, not {}", ToString(node.type));
  const EnumDef& type = *node.type->enumeration;
  UniqueNames(body.choices, "choices");
  for (const Choice& choice : body.choices) CheckChoice(type, choice);
  for (const VariantDef& variant : type.variants) {
    bool asked = variant.name == "expired" && body.within.has_value() && !body.else_answer.has_value();
    for (const Choice& choice : body.choices) asked = asked || choice.name == variant.name;
    if (!asked) Fault("no choice gives the variant `{}`", variant.name);
  }
  CheckBy(body.by);
  if (body.within.has_value()) {
    CheckExprIs(*body.within, duration, "`within`");
    Expect(body.else_answer.has_value() || type.Find("expired") != nullptr, "it may expire, but has no `expired`");
  } else {
    Expect(!body.remind && body.escalations.empty() && !body.else_answer, "`remind`, `escalate`, `else` need `within`");
  }
  if (body.remind.has_value()) CheckExprIs(*body.remind, duration, "`remind`");
  for (const ReviewNode::Escalation& escalation : body.escalations) {
    CheckExprIs(escalation.delay, duration, "`escalate`");
    CheckBy(escalation.to);
  }
  const bool escalates = std::any_of(body.escalations.begin(), body.escalations.end(),
                                     [](const ReviewNode::Escalation& each) { return each.workdays; });
  if (body.within_workdays || body.remind_workdays || escalates) {
    Expect(module_.calendar.has_value(), "working days count by a calendar");
  }
  if (body.else_answer.has_value()) {
    CheckExprIs(*body.else_answer, node.type, "`else`");
    for (const Choice& choice : body.choices) {
      // Silence is never consent.
      if (choice.name == body.else_answer->name) Expect(choice.grants.empty(), "`else` may not grant");
    }
  }
  if (body.assume.has_value()) CheckAssume(node, body);
  if (body.withdrawn_with != ValueId::kNone) Job(body.withdrawn_with);
}

void Verifier::CheckAssume(const Node& node, const ReviewNode& body) {
  CheckExprIs(body.assume->answer, node.type, "`assume`");
  const VariantDef* variant = node.type->enumeration->Find(body.assume->answer.name);
  for (const std::string& field : body.assume->unread) {
    if (variant == nullptr || variant->Find(field) == nullptr) Fault("`assume` has no field `{}`", field);
  }
  UniqueNames(body.assume->up_to, "limits");
  for (const NamedExpr& limit : body.assume->up_to) {
    CheckExprIs(limit.value, Simple(TypeKind::kDuration), "a limit of `assume`");
    Expect(limit.name == "gpu_time" || limit.name == "cpu_time", "`assume` is limited in gpu_time or cpu_time");
  }
}

}  // namespace hwf::ir::internal
