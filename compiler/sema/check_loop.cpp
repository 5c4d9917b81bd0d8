// `loop s = init max N { … }`: what it carries, that every path through its body ends in `stop` or `next`, and the enum
// of how it ends.
#include "compiler/sema/checker.h"

namespace hwf::sema {

TypeRef Checker::CheckLoop(LoopExpr& node) {
  const bool allowed = AllowNode(node.range, "`loop`");
  for (const Carried& each : node.carried) {
    const TypeRef type = Check(each.value);
    PassOn(each.value);
    const bool bare = type->kind == TypeKind::kNone || type->kind == TypeKind::kNever || type->kind == TypeKind::kUnit;
    if (bare) {
      Report(each.value->range, diagnostics::kBadTypeHere, "what a `loop` carries", TypeName(type))
          .Help("its type holds in every round; a `fn first() -> T? = none` gives `none` one");
    }
    each.binding->type = bare ? Poison() : type;
  }
  CheckMax(node.max);
  const std::string place = PlaceName("loop");
  node.round = context_.types().NewEnum(place + ".round");
  Round round;
  round.loop = &node;
  {
    llvm::SaveAndRestore<Round*> path(round_, &round);
    llvm::SaveAndRestore<Round*> inside(inside_, &round);
    const bool whole = !IsPoison(CheckBlock(*node.body, true));
    if (allowed && whole) CheckRounds(round);
  }
  return allowed ? BoundDepth(EndsOf(round, place), node.range) : Poison();
}

void Checker::CheckMax(Expr* max) {
  const bool fits = CheckAs(max, Simple(TypeKind::kInt), "for `max`");
  PassOn(max);
  const std::optional<Constant> rounds = Fold(max);
  if (!fits || !rounds || (rounds->number >= 1 && rounds->number <= ir::kMaxRounds)) return;
  Report(max->range, diagnostics::kLoopMax, int64_t{ir::kMaxRounds});
}

// Fills the enum of how a round ends, and gives that of how the loop does.
TypeRef Checker::EndsOf(const Round& round, const std::string& place) {
  std::vector<ir::FieldDef> carried;
  for (const Carried& each : round.loop->carried) carried.push_back({each.name.text.str(), each.binding->type, false});
  std::vector<ir::VariantDef> steps, ends;
  if (round.stopped != nullptr) {
    const ir::FieldDef value{"value", round.stopped, false};
    steps.push_back({"stop", {value}});
    ends.push_back({"stopped", {value}});
  }
  if (!round.nexts.empty()) steps.push_back({"next", carried});
  ends.push_back({"exhausted", carried});
  context_.types().MutableEnum(round.loop->round).variants = std::move(steps);
  const TypeRef type = context_.types().NewEnum(place);
  context_.types().MutableEnum(type).variants = std::move(ends);
  return type;
}

// Rounds that are all the same, or only one.
void Checker::CheckRounds(const Round& round) {
  auto goes_on_as_it_is = [](const Expr* value, const Carried& carried) {
    const auto* name = llvm::dyn_cast_or_null<NameExpr>(value);
    return name != nullptr && name->binding == carried.binding;
  };
  for (const NextExpr* next : round.nexts) {
    if (next->by_carried.size() != round.loop->carried.size()) continue;
    const bool same = llvm::all_of(llvm::zip(next->by_carried, round.loop->carried), [&](const auto& pair) {
      return goes_on_as_it_is(std::get<0>(pair), std::get<1>(pair));
    });
    if (same) Report(next->range, diagnostics::kSameRound);
  }
  if (round.nexts.empty() && round.stopped != nullptr) {
    const Range head{round.loop->range.file, round.loop->range.begin, round.loop->max->range.end};
    Report(head, diagnostics::kOneRound).Help("a path that goes on ends in `next …`");
  }
}

bool Checker::EndsRound(Range keyword, std::string_view word) {
  if (round_ != nullptr) return true;
  if (inside_ != nullptr && lacks_else_) return false;  // the `if` that lacks its `else` is reported
  if (inside_ != nullptr) inside_->misplaced = true;
  Report(keyword, diagnostics::kMisplacedRoundEnd, word)
      .Help(inside_ != nullptr
                ? "it is the last line of the body, or of a branch of the `if … else` or `match` that is its last"
                : "it stands in no `loop`");
  return false;
}

TypeRef Checker::CheckStop(StopExpr& node) {
  Round* const round = round_;
  const bool placed = EndsRound(node.keyword, "stop");
  llvm::SaveAndRestore<Round*> path(round_, nullptr);
  TypeRef value = Check(node.value);
  if (!placed) {
    PassOn(node.value);
    return Poison();
  }
  node.loop = round->loop;
  CollectAnswers(node.value, stopped_[round->loop]);
  if (value->kind == TypeKind::kUnit || value->kind == TypeKind::kNone) {
    Report(node.value->range, diagnostics::kBadTypeHere, "what a `loop` stops with", TypeName(value));
    value = Poison();
  }
  const TypeRef joined = round->stopped == nullptr ? value : Join(round->stopped, value);
  if (joined == nullptr) {
    Report(node.value->range, diagnostics::kNoCommonType, "the `stop`s of a `loop`", TypeName(round->stopped),
           TypeName(value));
  }
  round->stopped = joined != nullptr ? joined : Poison();
  return round->loop->round;
}

TypeRef Checker::CheckNext(NextExpr& node) {
  Round* const round = round_;
  const bool placed = EndsRound(node.keyword, "next");
  llvm::SaveAndRestore<Round*> path(round_, nullptr);
  llvm::SmallVector<Arg, 4> args;
  for (const Carried& each : node.values) {
    args.push_back({{each.value->range.file, each.name.range.begin, each.value->range.end}, each.name, each.value});
  }
  if (!placed) {
    for (const Arg& arg : args) Check(arg.value);
    PassOn(args);
    return Poison();
  }
  Params params;
  for (const Carried& each : round->loop->carried) params.push_back({each.name, each.binding->type, false});
  Callee callee{"`next`", {round->loop->range.file, round->loop->range.begin, round->loop->max->range.end}};
  callee.first_positional = false;
  node.loop = round->loop;
  node.by_carried = MatchArgs(args, params, callee, node.keyword);
  PassOn(args);
  round->nexts.push_back(&node);
  return round->loop->round;
}

// A path through a loop's body ends here, with a value of this type.
TypeRef Checker::CheckPathEnd(const Block& block, TypeRef type) {
  if (type == round_->loop->round || type->kind == TypeKind::kNever || IsPoison(type)) return type;
  if (round_->misplaced) return Poison();
  const auto* branch = llvm::dyn_cast_or_null<IfExpr>(block.result);
  const bool lacks_else = branch != nullptr && branch->else_body == nullptr;
  const Range where = block.result != nullptr ? block.result->range
                      : !block.stmts.empty()  ? block.stmts.back()->range
                                              : block.range;
  Report(where, diagnostics::kOpenPath)
      .Note(round_->loop->max->range, "of this loop")
      .Help(lacks_else ? "the `if` has no `else`: add `else { … }` that ends in one"
                       : "end it in `next " + round_->loop->carried[0].name.text.str() + " = …` or `stop with …`");
  return Poison();
}

}  // namespace hwf::sema
