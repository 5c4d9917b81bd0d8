// `await review`: question, evidence, form, rule and clocks.
#include "compiler/lower/lowerer.h"

namespace hwf::lower {
namespace {

// The source of a shown value, on one line.
std::string Label(std::string_view source) {
  std::string out;
  for (char c : source) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

}  // namespace

ir::FormField Lowerer::LowerFormField(const Choice::FormField& field) {
  ir::FormField out;
  out.name = field.name.text.str();
  out.type = field.sema_type;
  const TypeRef plain = out.type->kind == TypeKind::kOptional ? out.type->element : out.type;
  if (const auto* range = llvm::dyn_cast_or_null<BinaryExpr>(field.in);
      range != nullptr && range->op == BinaryOp::kRange) {
    out.low = LowerAs(*range->left, plain);
    out.high = LowerAs(*range->right, plain);
  } else if (field.in != nullptr) {
    const TypeRef item = plain->kind == TypeKind::kList ? plain->element : plain;
    out.one_of = LowerAs(*field.in, program_.types->List(item));
  }
  if (field.default_value != nullptr) out.default_value = LowerAs(*field.default_value, out.type);
  return out;
}

ir::Choice Lowerer::LowerChoice(const Choice& choice) {
  ir::Choice out;
  out.name = choice.name.text.str();
  for (const Choice::FormField& field : choice.fields) out.fields.push_back(LowerFormField(field));
  if (choice.granted != nullptr) {
    out.grants = choice.grants.text.str();
    out.granted = LowerExpr(*choice.granted);
  }
  return out;
}

const EnumDecl& Lowerer::EnumOf(const ReviewExpr& review) {
  if (enums_.empty()) {
    for (const syntax::ModuleScope& scope : program_.scopes) {
      for (const Decl* decl : scope.module->decls) {
        if (const auto* declared = llvm::dyn_cast<EnumDecl>(decl)) enums_[program_.ir_names.at(decl)] = declared;
      }
    }
  }
  return *enums_.at(review.type->enumeration->name);
}

// `choose Verdict`: a form of the declared variants.
std::vector<ir::Choice> Lowerer::DeclaredChoices(const ReviewExpr& review) {
  std::vector<ir::Choice> choices;
  for (const EnumDecl::Variant& variant : EnumOf(review).variants) {
    ir::Choice& choice = choices.emplace_back();
    choice.name = variant.name.text.str();
    for (const Field& field : variant.fields) {
      ir::FormField& made = choice.fields.emplace_back();
      made.name = field.name.text.str();
      made.type = field.sema_type;
      // What a person writes into an earlier field is not known when the form is shown.
      names_[&field] = Ref(NewId(), field.sema_type, field.range);
      if (field.default_value == nullptr) continue;
      RegionScope no_region(*this, nullptr);
      ir::Expr value = LowerAs(*field.default_value, field.sema_type);
      std::vector<ValueId> read;
      CollectRefs(value, read);
      if (!read.empty()) {
        NotCarried(field.default_value->range, "a form's default that reads another field");
      } else {
        made.default_value = std::move(value);
      }
    }
  }
  return choices;
}

// `else reject(reason: "late")` of a declared enum.
ir::Expr Lowerer::LowerDeclaredAnswer(const ReviewExpr& review, const ReviewExpr::ElseVariant& policy) {
  ir::Expr answer = Make(ir::Op::kEnum, review.type, policy.range);
  answer.name = policy.name.text.str();
  for (const EnumDecl::Variant& variant : EnumOf(review).variants) {
    if (variant.name.text != policy.name.text) continue;
    std::vector<Expr*> given;
    for (const Field& field : variant.fields) {
      answer.labels.push_back(field.name.text.str());
      auto arg = llvm::find_if(policy.args, [&](const Arg& each) { return each.name.text == field.name.text; });
      given.push_back(arg == policy.args.end() ? nullptr : arg->value);
    }
    answer.args = LowerArgs(variant.fields, given);
  }
  return answer;
}

// Of `else` and `assume`. What an answer grants is added when it is given.
ir::Expr Lowerer::LowerGivenAnswer(const ReviewExpr& review, const ReviewExpr::ElseVariant& policy) {
  if (review.choose_enum) return LowerDeclaredAnswer(review, policy);
  ir::Expr answer = Make(ir::Op::kEnum, review.type, policy.range);
  answer.name = policy.name.text.str();
  const ir::VariantDef* variant = review.type->enumeration->Find(answer.name);
  HWF_CHECK(variant != nullptr);
  auto add = [&](const std::string& name, ir::Expr value) {
    answer.labels.push_back(name);
    answer.args.push_back(std::move(value));
  };
  for (const ir::FieldDef& field : variant->fields) {
    const Arg* given = nullptr;
    for (const Arg& arg : policy.args) {
      if (arg.name.text == field.name) given = &arg;
    }
    if (given != nullptr) {
      add(field.name, LowerAs(*given->value, field.type));
      continue;
    }
    for (const Choice& choice : review.choices) {
      if (choice.name.text != policy.name.text) continue;
      for (const Choice::FormField& asked : choice.fields) {
        if (asked.name.text != field.name || asked.default_value == nullptr) continue;
        add(field.name, LowerAs(*asked.default_value, field.type));
      }
    }
  }
  return answer;
}

ir::ByRule Lowerer::LowerBy(const ByRule& rule) {
  ir::ByRule out;
  switch (rule.kind) {
    case ByRule::Kind::kWho:
      out.kind = ir::ByRule::Kind::kWho;
      break;
    case ByRule::Kind::kAnd:
      out.kind = ir::ByRule::Kind::kAnd;
      break;
    case ByRule::Kind::kOr:
      out.kind = ir::ByRule::Kind::kOr;
      break;
  }
  for (const ByRule* part : rule.parts) out.parts.push_back(LowerBy(*part));
  if (rule.kind != ByRule::Kind::kWho) return out;
  const Binding* group = nullptr;
  if (const auto* name = llvm::dyn_cast<NameExpr>(rule.who)) group = name->binding;
  if (const auto* member = llvm::dyn_cast<FieldExpr>(rule.who)) group = member->binding;
  const bool declared = group != nullptr && group->kind == Binding::Kind::kDecl;
  out.who = declared ? Literal(TypeKind::kString, group->decl->name.text.str(), rule.who->range) : LowerExpr(*rule.who);
  if (rule.quorum != nullptr) out.quorum = static_cast<int>(ConstantInt(*rule.quorum));
  out.not_starter = rule.not_starter;
  if (rule.at.text == "uid") out.level = ir::ByRule::Level::kUid;
  if (rule.at.text == "service") out.level = ir::ByRule::Level::kService;
  return out;
}

namespace {

bool InWorkdays(const Expr* delay) {
  const auto* literal = llvm::dyn_cast_or_null<DurationExpr>(delay);
  return literal != nullptr && literal->workdays != 0;
}

}  // namespace

ir::Expr Lowerer::PlaceReview(const ReviewExpr& review, Spot spot) {
  HWF_CHECK(HasRegion());
  const TypeRef duration = Simple(TypeKind::kDuration);
  ir::ReviewNode node;
  node.question = LowerString(*review.question);
  for (const Expr* shown : review.show) {
    node.show.push_back({Label(sources_.Text(shown->range)), LowerExpr(*shown)});
  }
  if (review.choose_enum) {
    node.choices = DeclaredChoices(review);
  } else {
    for (const Choice& choice : review.choices) node.choices.push_back(LowerChoice(choice));
  }
  if (review.by != nullptr) node.by = LowerBy(*review.by);
  if (review.within != nullptr) node.within = LowerAs(*review.within, duration);
  if (review.remind != nullptr) node.remind = LowerAs(*review.remind, duration);
  node.within_workdays = InWorkdays(review.within);
  node.remind_workdays = InWorkdays(review.remind);
  for (const ReviewExpr::Escalation& escalation : review.escalations) {
    node.escalations.push_back(
        {LowerAs(*escalation.delay, duration), LowerBy(*escalation.to), InWorkdays(escalation.delay)});
  }
  if (review.else_variant != nullptr) node.else_answer = LowerGivenAnswer(review, *review.else_variant);
  if (review.assume != nullptr) {
    node.assume = ir::ReviewNode::Assume{LowerGivenAnswer(review, *review.assume), {}, {}};
    for (const ReviewExpr::Limit& limit : review.up_to) {
      node.assume->up_to.push_back({limit.name.text.str(), LowerAs(*limit.value, duration)});
    }
    if (auto unread = program_.unread.find(&review); unread != program_.unread.end()) {
      node.assume->unread = unread->second;
    }
  }
  auto job = program_.withdrawn_with.find(&review);
  if (job != program_.withdrawn_with.end() && job->second != nullptr) node.withdrawn_with = JobId(job->second);
  return AddNode(std::move(spot), review.type, review.range, std::move(node));
}

}  // namespace hwf::lower
