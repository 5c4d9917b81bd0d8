// Values are passed as pointers: to the environment's where an expression only reads, to a scratch value where it makes
// one. So `xs[i]` in each of ten thousand bodies copies an item, never the list.
//
// Every operator whose first operand is an expression (`a + b + c`, `a.b.c`, `not not a`) forms a spine: it is walked
// down to its foot first and then worked upwards in a loop, so chains of any length need no stack. Other nesting is
// bounded by kMaxDepth.
#include "runtime/state/evaluate.h"

#include <fmt/format.h>

#include "base/check.h"
#include "runtime/state/builtins.h"
#include "runtime/state/evaluator.h"
#include "runtime/state/operators.h"
#include "runtime/state/values.h"

namespace hwf::state {

using ir::Expr;
using ir::Op;

namespace {

bool OnSpine(Op op) {
  switch (op) {
    case Op::kField:
    case Op::kOptField:
    case Op::kIndex:
    case Op::kNegate:
    case Op::kNot:
    case Op::kMul:
    case Op::kDiv:
    case Op::kMod:
    case Op::kAdd:
    case Op::kSub:
    case Op::kLt:
    case Op::kLe:
    case Op::kGt:
    case Op::kGe:
    case Op::kEq:
    case Op::kNe:
    case Op::kAnd:
    case Op::kOr:
    case Op::kCoalesce:
    case Op::kWiden:
      return true;
    case Op::kLiteral:
    case Op::kRef:
    case Op::kList:
    case Op::kMap:
    case Op::kRecord:
    case Op::kEnum:
    case Op::kConcat:
    case Op::kBuiltin:
    case Op::kCall:
      return false;
  }
  HWF_UNREACHABLE();
}

}  // namespace

// Null after a failure.
const Json* Evaluator::Eval(const Expr& expr, const Environment& env, Json& scratch) {
  if (++depth_ > kMaxDepth) return Fail(expr, "this expression is nested too deeply");
  const Json* out = OnSpine(expr.op) ? Spine(expr, env, scratch) : Foot(expr, env, scratch);
  --depth_;
  return out;
}

std::nullptr_t Evaluator::Fail(const Expr& expr, std::string message) {
  if (!failure) failure = Failure{std::move(message), expr.span};
  return nullptr;
}

const Json* Evaluator::Spine(const Expr& top, const Environment& env, Json& scratch) {
  std::vector<const Expr*> spine;
  const Expr* foot = &top;
  while (OnSpine(foot->op)) {
    if (foot->args.empty()) return Fail(*foot, "an operator without operands");
    spine.push_back(foot);
    foot = &foot->args[0];
  }
  const Json* value = Foot(*foot, env, scratch);
  while (value != nullptr && !spine.empty()) {
    value = Step(*spine.back(), value, env, scratch);
    spine.pop_back();
  }
  return value;
}

const Json* Evaluator::Keep(Json value, Json& scratch) {
  scratch = std::move(value);
  return &scratch;
}

// One operator, its first operand at hand (possibly in scratch).
const Json* Evaluator::Step(const Expr& expr, const Json* left, const Environment& env, Json& scratch) {
  switch (expr.op) {
    case Op::kField:
      return Field(expr, *left, scratch);
    case Op::kOptField:
      if (left->is_null()) return Keep(Json(), scratch);
      return Field(expr, *left, scratch);
    case Op::kNegate:
      return Computed(Negate(expr, *left), scratch);
    case Op::kNot:
      if (!left->is_bool()) return Fail(expr, "`not` of what is no Bool");
      return Keep(Json(!left->AsBool()), scratch);
    case Op::kWiden:
      return Keep(Widen(Taken(left, scratch), expr.type), scratch);
    case Op::kAnd:
    case Op::kOr:
      if (!left->is_bool()) return Fail(expr, "an operand is no Bool");
      if (left->AsBool() == (expr.op == Op::kOr)) return left;
      return Second(expr, env, scratch);
    case Op::kCoalesce:
      if (!left->is_null()) return left;
      return Second(expr, env, scratch);
    default:
      break;
  }
  if (expr.args.size() < 2) return Fail(expr, "an operator without its second operand");
  Json right_scratch;
  const Json* right = Eval(expr.args[1], env, right_scratch);
  if (right == nullptr) return nullptr;
  if (expr.op == Op::kIndex) return Index(expr, *left, *right, scratch);
  return Computed(Binary(expr, *left, *right), scratch);
}

const Json* Evaluator::Second(const Expr& expr, const Environment& env, Json& scratch) {
  if (expr.args.size() < 2) return Fail(expr, "an operator without its second operand");
  Json made;
  const Json* value = Eval(expr.args[1], env, made);
  return value == &made ? Keep(std::move(made), scratch) : value;
}

const Json* Evaluator::Field(const Expr& expr, const Json& base, Json& scratch) {
  const Json* member = base.Find(expr.name);
  if (base.is_null()) return Fail(expr, fmt::format("`.{}` of none", expr.name));
  if (member == nullptr) return Fail(expr, fmt::format("there is no field `{}`", expr.name));
  if (&base != &scratch) return member;
  return Keep(Json(*member), scratch);
}

const Json* Evaluator::Index(const Expr& expr, const Json& base, const Json& index, Json& scratch) {
  const Json* item = nullptr;
  if (base.is_array() && index.is_int()) {
    auto size = static_cast<int64_t>(base.AsArray().size());
    if (index.AsInt() < 0 || index.AsInt() >= size) {
      return Fail(expr, fmt::format("the index {} is out of range: the list has {} {}", index.AsInt(), size,
                                    size == 1 ? "element" : "elements"));
    }
    item = &base.AsArray()[static_cast<size_t>(index.AsInt())];
  } else if (base.is_object()) {
    item = base.Find(index.is_string() ? index.AsString() : index.Dump());
    if (item == nullptr) return Fail(expr, fmt::format("the map has no key {}", Brief(index)));
  } else {
    return Fail(expr, base.is_null() ? "an index into none" : "an index into what is no list and no map");
  }
  return &base == &scratch ? Keep(Json(*item), scratch) : item;
}

const Json* Evaluator::Computed(Evaluation result, Json& scratch) {
  if (result.ok()) return Keep(std::move(result.value), scratch);
  if (!failure) failure = std::move(result.failure);
  return nullptr;
}

// What is no operator.
const Json* Evaluator::Foot(const Expr& expr, const Environment& env, Json& scratch) {
  switch (expr.op) {
    case Op::kLiteral:
      return &expr.literal;
    case Op::kRef: {
      const Json* value = env.Find(expr.ref);
      return value != nullptr ? value : Fail(expr, "a value that is not there");
    }
    case Op::kList:
      return List(expr, env, scratch);
    case Op::kMap:
      return Map(expr, env, scratch);
    case Op::kRecord:
      return Labelled(expr, env, scratch) ? &scratch : nullptr;
    case Op::kEnum: {
      Json fields;
      if (!Labelled(expr, env, fields)) return nullptr;
      Json out = Json::Object();
      out.AsObject().push_back({"variant", Json(expr.name)});
      out.AsObject().push_back({"fields", std::move(fields)});
      return Keep(std::move(out), scratch);
    }
    case Op::kConcat:
      return Concat(expr, env, scratch);
    case Op::kBuiltin:
      return Builtin(expr, env, scratch);
    case Op::kCall:
      return Call(expr, env, scratch);
    default:
      return Fail(expr, "an operator out of place");
  }
}

const Json* Evaluator::List(const Expr& expr, const Environment& env, Json& scratch) {
  JsonArray out;
  out.reserve(expr.args.size());
  for (const Expr& arg : expr.args) {
    Json made;
    const Json* value = Eval(arg, env, made);
    if (value == nullptr) return nullptr;
    out.push_back(Taken(value, made));
  }
  return Keep(Json(std::move(out)), scratch);
}

const Json* Evaluator::Map(const Expr& expr, const Environment& env, Json& scratch) {
  Json out = Json::Object();
  for (size_t i = 0; i + 1 < expr.args.size(); i += 2) {
    Json key_made, value_made;
    const Json* key = Eval(expr.args[i], env, key_made);
    const Json* value = key != nullptr ? Eval(expr.args[i + 1], env, value_made) : nullptr;
    if (value == nullptr) return nullptr;
    out.Set(key->is_string() ? key->AsString() : key->Dump(), *value);
  }
  return Keep(std::move(out), scratch);
}

bool Evaluator::Labelled(const Expr& expr, const Environment& env, Json& out) {
  if (expr.labels.size() != expr.args.size()) return Fail(expr, "a record without its labels") != nullptr;
  Json made_object = Json::Object();
  for (size_t i = 0; i < expr.args.size(); ++i) {
    Json made;
    const Json* value = Eval(expr.args[i], env, made);
    if (value == nullptr) return false;
    made_object.AsObject().push_back({expr.labels[i], Taken(value, made)});
  }
  out = std::move(made_object);
  return true;
}

const Json* Evaluator::Concat(const Expr& expr, const Environment& env, Json& scratch) {
  std::string out;
  for (const Expr& arg : expr.args) {
    Json made;
    const Json* value = Eval(arg, env, made);
    if (value == nullptr) return nullptr;
    out += ToText(*value, arg.type);
    if (out.size() > kMaxTextBytes) return Fail(expr, fmt::format("a text of more than {} bytes", kMaxTextBytes));
  }
  return Keep(Json(std::move(out)), scratch);
}

const Json* Evaluator::Builtin(const Expr& expr, const Environment& env, Json& scratch) {
  size_t count = expr.args.size();
  ApplyFunction apply = [](const Json&) { return Evaluation(); };
  if (TakesFunction(expr.name)) {
    if (expr.labels.size() != 1) return Fail(expr, fmt::format("{}() without its function", expr.name));
    apply = [this, &expr](const Json& argument) { return Apply(expr, expr.labels[0], {argument}); };
  }
  std::vector<Json> made(count);
  std::vector<const Json*> args;
  for (size_t i = 0; i < count; ++i) {
    args.push_back(Eval(expr.args[i], env, made[i]));
    if (args.back() == nullptr) return nullptr;
  }
  Evaluation result = CallBuiltin(expr, args, apply);
  return Computed(std::move(result), scratch);
}

Evaluation Evaluate(const ir::Module& module, const Expr& expr, const Environment& environment) {
  Evaluator evaluator(module, 0);
  Json made;
  const Json* value = evaluator.Eval(expr, environment, made);
  if (value == nullptr) return {Json(), std::move(evaluator.failure)};
  return {Evaluator::Taken(value, made), std::nullopt};
}

Evaluation EvaluateRegion(const ir::Module& module, const ir::Region& region, std::vector<Json> arguments,
                          const Environment& outer) {
  Evaluator evaluator(module, 0);
  PureFrame frame(region, &outer);
  for (size_t i = 0; i < region.params.size() && i < arguments.size(); ++i) {
    frame.Bind(region.params[i].id, std::move(arguments[i]));
  }
  Json made;
  const Json* value = evaluator.RegionResult(frame, made);
  if (value == nullptr) return {Json(), std::move(evaluator.failure)};
  return {Evaluator::Taken(value, made), std::nullopt};
}

std::string SpanText(const ir::Module& module, const ir::Span& span) {
  if (span.line == 0 || span.file >= module.sources.size()) return "";
  const std::string& path = module.sources[span.file].path;
  return fmt::format("{}:{}:{}", path.substr(path.find_last_of('/') + 1), span.line, span.column);
}

}  // namespace hwf::state
