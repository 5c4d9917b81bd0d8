// Every operation: how many arguments, of which types, giving which. A null type is reported once, where it stands; the
// walk does not go on into what has one.
#include <algorithm>
#include <array>

#include "ir/builtins.h"
#include "ir/names.h"
#include "ir/type_rules.h"
#include "ir/verifier.h"
#include "ir/verify.h"

namespace hwf::ir::internal {
namespace {

// A path that `if x != none` has narrowed is read as T, though it was declared T?.
bool SameOrNarrowed(TypeRef declared, TypeRef read) {
  return Fits(declared, read) || (declared->kind == TypeKind::kOptional && declared->element == read);
}

TypeRef WithoutOptional(TypeRef type) { return type->kind == TypeKind::kOptional ? type->element : type; }
// A field of an approved record is approved.
TypeRef WithoutApproved(TypeRef type) { return type->kind == TypeKind::kApproved ? type->element : type; }

bool IsNumeric(TypeRef type) {
  switch (WithoutApproved(type)->kind) {
    case TypeKind::kInt:
    case TypeKind::kFloat:
    case TypeKind::kDuration:
    case TypeKind::kBytes:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Verifier::CheckFits(TypeRef from, TypeRef to, const char* what) {
  if (!Fits(from, to)) Fault("{} has type {}, not {}", what, ToString(from), ToString(to));
}

void Verifier::CheckExprIs(const Expr& expr, TypeRef wanted, const char* what) {
  size_t before = faults_.size();
  CheckExpr(expr);
  if (faults_.size() == before) CheckFits(expr.type, wanted, what);
}

void Verifier::CheckRef(const Expr& expr) {
  auto found = values_.find(expr.ref);
  if (found == values_.end())
    return Fault("a reference to the value {}, which is none", static_cast<uint32_t>(expr.ref));
  const Value& value = found->second;
  if (!value.in_scope) {
    return Fault("a reference to the value {} outside of its region", static_cast<uint32_t>(expr.ref));
  }
  if (value.type != nullptr) {
    if (!SameOrNarrowed(value.type, expr.type)) {
      Fault("a reference of type {} to a value of type {}", ToString(expr.type), ToString(value.type));
    }
    return;
  }
  if (expr.type->record == nullptr) return Fault("`out` and `previous` are records");
  for (const FieldDef& field : expr.type->record->fields) {
    if (value.kind == Value::Kind::kOut) {
      bool known = std::any_of(value.task->outputs.begin(), value.task->outputs.end(),
                               [&](const Output& output) { return output.name == field.name; });
      if (!known || field.type->kind != TypeKind::kString) Fault("`out.{}` is no path of an output", field.name);
    } else {
      bool known = std::any_of(value.task->streams.begin(), value.task->streams.end(), [&](const Stream& stream) {
        return stream.name == field.name && field.type->kind == TypeKind::kOptional &&
               field.type->element == stream.record;
      });
      if (!known) Fault("`previous.{}` is no checkpoint of the task", field.name);
    }
  }
}

// The stream that `job.epoch` reads: of a task's call, and no output of it; or null.
const Stream* Verifier::StreamOf(const Expr& expr) const {
  if (expr.op != Op::kField || expr.args[0].op != Op::kRef) return nullptr;
  auto found = values_.find(expr.args[0].ref);
  const bool call = found != values_.end() && found->second.kind == Value::Kind::kTask;
  const Task* task = call ? found->second.task : nullptr;
  if (task == nullptr || task->output_record == nullptr) return nullptr;
  const RecordDef* outputs = task->output_record->record;
  if (outputs != nullptr && outputs->Find(expr.name) != nullptr) return nullptr;
  auto stream = std::find_if(task->streams.begin(), task->streams.end(),
                             [&](const Stream& each) { return each.name == expr.name; });
  return stream != task->streams.end() ? &*stream : nullptr;
}

void Verifier::CheckField(const Expr& expr) {
  if (const Stream* stream = StreamOf(expr)) {
    const bool list = expr.type->kind == TypeKind::kList && expr.type->element == stream->record;
    return Expect(list, "a job's stream is the list of its emissions");
  }
  TypeRef base = expr.args[0].type;
  bool approved = base->kind == TypeKind::kApproved;
  if (expr.op == Op::kOptField) {
    if (base->kind != TypeKind::kOptional) return Fault("`?.{}` of {}, which is never none", expr.name, ToString(base));
    base = base->element;
    approved = approved || base->kind == TypeKind::kApproved;
  }
  base = WithoutApproved(base);
  const FieldDef* field = base->record != nullptr ? base->record->Find(expr.name) : nullptr;
  if (field == nullptr) return Fault("{} has no field `{}`", ToString(base), expr.name);
  TypeRef got = expr.op == Op::kOptField ? WithoutOptional(expr.type) : expr.type;
  if (approved) got = WithoutApproved(got);
  if (!SameOrNarrowed(WithoutOptional(field->type), got) && !SameOrNarrowed(field->type, got)) {
    Fault("the field `{}` has type {}, not {}", expr.name, ToString(field->type), ToString(expr.type));
  }
}

void Verifier::CheckIndex(const Expr& expr) {
  TypeRef base = WithoutApproved(expr.args[0].type);
  if (base->kind == TypeKind::kList) {
    CheckFits(expr.args[1].type, Simple(TypeKind::kInt), "the index of a list");
  } else if (base->kind == TypeKind::kMap) {
    CheckFits(expr.args[1].type, base->key, "the key of a map");
  } else {
    return Fault("{} cannot be indexed", ToString(base));
  }
  if (!Fits(base->element, WithoutApproved(expr.type)) && !SameOrNarrowed(base->element, expr.type)) {
    Fault("an element of {} has type {}", ToString(base), ToString(expr.type));
  }
}

void Verifier::CheckLiteral(const Expr& expr) {
  const Json& value = expr.literal;
  bool good = false;
  switch (expr.type->kind) {
    case TypeKind::kBool:
      good = value.is_bool();
      break;
    case TypeKind::kInt:
    case TypeKind::kDuration:
    case TypeKind::kBytes:
      good = value.is_int();
      break;
    case TypeKind::kFloat:
      good = value.is_double();
      break;
    case TypeKind::kString:
      good = value.is_string();
      break;
    case TypeKind::kUnit:
    case TypeKind::kNone:
    case TypeKind::kOptional:
      good = value.is_null();
      break;
    default:
      break;
  }
  if (!good) Fault("a literal that is no {}", ToString(expr.type));
}

void Verifier::CheckLabelled(const Expr& expr, const std::vector<FieldDef>& fields) {
  if (expr.labels.size() != expr.args.size()) return Fault("labels and arguments differ in number");
  std::unordered_set<std::string_view> given;
  for (size_t i = 0; i < expr.labels.size(); ++i) {
    auto field =
        std::find_if(fields.begin(), fields.end(), [&](const FieldDef& f) { return f.name == expr.labels[i]; });
    if (field == fields.end()) {
      Fault("{} has no field `{}`", ToString(expr.type), expr.labels[i]);
    } else if (!given.insert(field->name).second) {
      Fault("the field `{}` is given twice", field->name);
    } else {
      CheckFits(expr.args[i].type, field->type, "a field");
    }
  }
  for (const FieldDef& field : fields) {
    // A grant is added by the runtime, a T? left out is none.
    bool may_miss = field.has_default || field.type->kind == TypeKind::kOptional ||
                    (expr.op == Op::kEnum && field.type->kind == TypeKind::kApproved);
    if (!may_miss && !given.contains(field.name)) Fault("the field `{}` is missing", field.name);
  }
}

void Verifier::CheckArithmetic(const Expr& expr) {
  TypeRef left = WithoutApproved(expr.args[0].type);
  TypeRef right = WithoutApproved(expr.args[1].type);
  bool joins = expr.op == Op::kAdd && left->kind == right->kind &&
               (left->kind == TypeKind::kString || left->kind == TypeKind::kList);
  if (!joins && (!IsNumeric(left) || !IsNumeric(right) || !IsNumeric(expr.type))) {
    Fault("`{}` of {} and {}", ToString(expr.op), ToString(left), ToString(right));
  }
}

void Verifier::CheckComparison(const Expr& expr) {
  TypeRef left = WithoutApproved(expr.args[0].type);
  TypeRef right = WithoutApproved(expr.args[1].type);
  bool related = Fits(left, right) || Fits(right, left) || (IsNumeric(left) && IsNumeric(right));
  bool equality = expr.op == Op::kEq || expr.op == Op::kNe;
  if (!related || (!equality && !HasOrder(left))) {
    Fault("`{}` of {} and {}", ToString(expr.op), ToString(left), ToString(right));
  }
  CheckFits(Simple(TypeKind::kBool), expr.type, "a comparison");
}

void Verifier::CheckBuiltin(const Expr& expr) {
  const Builtin* known = FindBuiltin(expr.name);
  if (known == nullptr) return Fault("`{}` is no built-in function", expr.name);
  const auto signatures = SignaturesOf(*known);
  const size_t given = expr.args.size();
  if (std::none_of(signatures.begin(), signatures.end(), [&](const auto& s) { return s.params.size() == given; })) {
    return Fault("`{}` takes {} arguments, not {}", expr.name, signatures[0].params.size(), given);
  }
  if (known->family == Builtin::Family::kData) return;
  std::vector<TypeRef> types;
  for (const Expr& arg : expr.args) types.push_back(arg.type);
  const BuiltinCall call = BindBuiltin(*known, types, *module_.types);
  if (!call.fits) return Fault("`{}` of {}, not {}", expr.name, ToString(types[call.at]), call.wanted);
  for (size_t i = 0; i < given; ++i) CheckFits(types[i], call.params[i], "an argument");
  if (TakesFunction(*known)) return CheckBuiltinFunction(expr, call.params[0]->element);
  CheckFits(call.result, expr.type, "a call");
}

void Verifier::CheckBuiltinFunction(const Expr& expr, TypeRef item) {
  auto function = expr.labels.size() == 1 ? functions_.find(expr.labels[0]) : functions_.end();
  if (function == functions_.end()) return Fault("`{}` names no function", expr.name);
  if (function->second->region.params.size() != 1) return Fault("the function of `{}` takes one argument", expr.name);
  CheckFits(item, function->second->region.params[0].type, "an element");
}

void Verifier::CheckCall(const Expr& expr) {
  auto found = functions_.find(expr.name);
  if (found == functions_.end()) return Fault("`{}` is no function of the module", expr.name);
  CheckFits(found->second->result, expr.type, "a call");
  const std::vector<Param>& params = found->second->region.params;
  if (params.size() != expr.args.size()) {
    return Fault("`{}` takes {} arguments, not {}", expr.name, params.size(), expr.args.size());
  }
  for (size_t i = 0; i < params.size(); ++i) CheckFits(expr.args[i].type, params[i].type, "an argument");
}

void Verifier::CheckExpr(const Expr& expr) {
  if (full()) return;
  CheckType(expr.type);
  size_t before = faults_.size();
  for (const Expr& arg : expr.args) CheckExpr(arg);
  if (expr.type == nullptr || faults_.size() != before) return;
  auto takes = [&](size_t count) {
    if (expr.args.size() == count) return true;
    Fault("`{}` takes {} arguments, not {}", ToString(expr.op), count, expr.args.size());
    return false;
  };
  TypeRef boolean = Simple(TypeKind::kBool);
  switch (expr.op) {
    case Op::kLiteral:
      return CheckLiteral(expr);
    case Op::kRef:
      return CheckRef(expr);
    case Op::kField:
    case Op::kOptField:
      if (takes(1)) CheckField(expr);
      return;
    case Op::kIndex:
      if (takes(2)) CheckIndex(expr);
      return;
    case Op::kList:
      if (expr.type->kind != TypeKind::kList) return Fault("a list of type {}", ToString(expr.type));
      for (const Expr& arg : expr.args) CheckFits(arg.type, expr.type->element, "an item");
      return;
    case Op::kMap:
      if (expr.type->kind != TypeKind::kMap || expr.args.size() % 2 != 0) return Fault("a map that is none");
      for (size_t i = 0; i < expr.args.size(); ++i) {
        CheckFits(expr.args[i].type, i % 2 == 0 ? expr.type->key : expr.type->element, "an entry");
      }
      return;
    case Op::kRecord:
      if (expr.type->record == nullptr) return Fault("a record of type {}", ToString(expr.type));
      return CheckLabelled(expr, expr.type->record->fields);
    case Op::kEnum: {
      const VariantDef* variant = expr.type->enumeration ? expr.type->enumeration->Find(expr.name) : nullptr;
      if (variant == nullptr) return Fault("{} has no variant `{}`", ToString(expr.type), expr.name);
      return CheckLabelled(expr, variant->fields);
    }
    case Op::kConcat:
      return CheckFits(Simple(TypeKind::kString), expr.type, "a text");
    case Op::kNegate:
      if (takes(1) && !IsNumeric(expr.args[0].type)) Fault("`-` of {}", ToString(expr.args[0].type));
      return;
    case Op::kNot:
      if (takes(1)) CheckFits(expr.args[0].type, boolean, "what `not` takes");
      return;
    case Op::kMul:
    case Op::kDiv:
    case Op::kMod:
    case Op::kAdd:
    case Op::kSub:
      if (takes(2)) CheckArithmetic(expr);
      return;
    case Op::kLt:
    case Op::kLe:
    case Op::kGt:
    case Op::kGe:
    case Op::kEq:
    case Op::kNe:
      if (takes(2)) CheckComparison(expr);
      return;
    case Op::kAnd:
    case Op::kOr:
      if (!takes(2)) return;
      CheckFits(expr.args[0].type, boolean, "a condition");
      return CheckFits(expr.args[1].type, boolean, "a condition");
    case Op::kCoalesce:
      if (!takes(2)) return;
      CheckFits(WithoutOptional(expr.args[0].type), expr.type, "the left of `??`");
      return CheckFits(expr.args[1].type, expr.type, "the right of `??`");
    case Op::kBuiltin:
      return CheckBuiltin(expr);
    case Op::kCall:
      return CheckCall(expr);
    case Op::kWiden:
      if (takes(1) && !Converts(expr.args[0].type, expr.type)) {
        Fault("{} does not widen to {}", ToString(expr.args[0].type), ToString(expr.type));
      }
      return;
  }
}

}  // namespace hwf::ir::internal
