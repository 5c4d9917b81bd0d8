#include <llvm/ADT/StringSwitch.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "compiler/syntax/builder.h"

namespace hwf::syntax {

Expr* Builder::Operand(P::OperandContext* c) {
  Expr* value = Primary(c->head);
  Range base = At(c->head);
  for (P::SuffixContext* suffix : c->suffixes) {
    value = Suffix(suffix, value, base);
    base = value->range;
  }
  for (auto prefix = c->prefixes.rbegin(); prefix != c->prefixes.rend(); ++prefix) {
    UnaryOp op = (*prefix)->getType() == P::MINUS ? UnaryOp::kNegate : UnaryOp::kNot;
    value = module_.Make<UnaryExpr>(Span(At(*prefix), base), op, value);
  }
  return value;
}

Expr* Builder::Suffix(P::SuffixContext* c, Expr* base, Range base_range) {
  Range range = Span(base_range, At(c));
  if (c->call) return module_.Make<CallExpr>(range, base, Arguments(c->call));
  if (c->index) return module_.Make<IndexExpr>(range, base, Expression(c->index));
  return module_.Make<FieldExpr>(range, base, Name(c->member), c->dot->getType() == P::OPTIONAL_DOT);
}

Expr* Builder::Primary(P::PrimaryContext* c) {
  if (c->named) return module_.Make<NameExpr>(Name(c->named));
  if (c->literal) return Literal(c->literal);
  if (c->text) return String(c->text);
  if (c->group) return Parenthesised(c->group);
  if (c->list) return Collection(c->list);
  if (c->conditional) return If(c->conditional);
  if (c->matched) return Match(c->matched);
  if (c->repeated) return For(c->repeated);
  if (c->awaited) return Review(c->awaited);
  if (c->failed) return module_.Make<FailExpr>(At(c), String(c->failed->message_text));
  if (c->looped) return Loop(c->looped);
  if (c->tried) return Try(c->tried);
  if (c->served) return module_.Make<UncarriedExpr>(At(c), Name(c->start));
  return module_.Make<ErrorExpr>(At(c->error));
}

// ---------------------------------------------------------------- literals

Expr* Builder::Literal(const antlr4::Token* token) {
  Range range = At(token);
  switch (token->getType()) {
    case P::TRUE:
      return module_.Make<BoolExpr>(range, true);
    case P::FALSE:
      return module_.Make<BoolExpr>(range, false);
    case P::NONE:
      return module_.Make<NoneExpr>(range);
    case P::INT:
      return Integer(range);
    case P::DURATION:
    case P::BYTES:
      return Unit(token);
    default:
      break;
  }
  double value = std::strtod(Text(range).str().c_str(), nullptr);
  if (std::isfinite(value)) return module_.Make<FloatExpr>(range, value);
  emitter_.Report(range, diagnostics::kBadNumber, std::string_view(Text(range)),
                  std::string_view("a Float goes up to about 1.8e308"));
  return module_.Make<ErrorExpr>(range);
}

Expr* Builder::Integer(Range range) {
  int64_t value = 0;
  if (!Text(range).getAsInteger(10, value)) return module_.Make<IntExpr>(range, value);
  emitter_.Report(range, diagnostics::kBadNumber, std::string_view(Text(range)),
                  std::string_view("an Int goes up to 9223372036854775807"));
  return module_.Make<ErrorExpr>(range);
}

Expr* Builder::Unit(const antlr4::Token* token) {
  Range range = At(token);
  StringRef text = Text(range);
  size_t digits = text.find_first_not_of("0123456789.");
  StringRef unit = text.substr(digits);
  double factor = llvm::StringSwitch<double>(unit)
                      .Case("s", 1e3)
                      .Case("min", 60e3)
                      .Case("h", 3600e3)
                      .Case("d", 86400e3)
                      .Cases("workdays", "B", 1)
                      .Case("KB", 1e3)
                      .Case("MB", 1e6)
                      .Case("GB", 1e9)
                      .Case("TB", 1e12)
                      .Case("KiB", 1024.0)
                      .Case("MiB", 1048576.0)
                      .Case("GiB", 1073741824.0)
                      .Default(1099511627776.0);
  double amount = std::strtod(text.substr(0, digits).str().c_str(), nullptr) * factor;
  // Doubles are exact to 2^53, far beyond every size and time that means something; 9e15 leaves room to compute.
  // More than three hundred years of them would only be counted in vain.
  constexpr double kMostWorkdays = 100'000;
  const char* wrong = amount > (unit == "workdays" ? kMostWorkdays : 9e15) ? "it is too large"
                      : amount != std::floor(amount) ? "it is no whole number of milliseconds, days or bytes"
                                                     : nullptr;
  if (wrong) {
    emitter_.Report(range, diagnostics::kBadNumber, std::string_view(text), std::string_view(wrong));
    return module_.Make<ErrorExpr>(range);
  }
  int64_t value = static_cast<int64_t>(amount);
  if (token->getType() == P::BYTES) return module_.Make<BytesExpr>(range, value);
  if (unit != "workdays") return module_.Make<DurationExpr>(range, value, 0);
  if (!workdays_allowed_)
    emitter_.Report(range, diagnostics::kMisplacedWorkdays).Help("write `d` for days of 24 hours");
  return module_.Make<DurationExpr>(range, 0, value);
}

// ---------------------------------------------------------------- brackets

ArrayRef<Arg> Builder::Arguments(P::ArgumentsContext* c) {
  llvm::SmallVector<Arg, 8> args;
  if (c) {
    for (P::ArgumentContext* a : c->items) args.push_back({At(a), Name(a->label), Expression(a->value)});
  }
  return Save(args);
}

Expr* Builder::Parenthesised(P::ArgumentsContext* c) {
  ArrayRef<Arg> entries = Arguments(c);
  if (entries.size() == 1 && !entries[0].name) return entries[0].value;
  for (const Arg& entry : entries) {
    if (entry.name) continue;
    emitter_.Report(entry.range, diagnostics::kMixedArguments).Help("give each value a name");
    return module_.Make<ErrorExpr>(At(c));
  }
  return module_.Make<TupleExpr>(At(c), entries);
}

Expr* Builder::Collection(P::CollectionContext* c) {
  Range range = At(c);
  if (c->empty_map) return module_.Make<MapExpr>(range, ArrayRef<MapExpr::Entry>());
  bool is_map = !c->items.empty() && c->items[0]->second;
  Exprs values;
  llvm::SmallVector<MapExpr::Entry, 8> entries;
  for (P::ItemContext* item : c->items) {
    if ((item->second != nullptr) != is_map) {
      emitter_.Report(At(item), diagnostics::kMixedList);
      return module_.Make<ErrorExpr>(range);
    }
    Expr* first = Expression(item->first);
    if (is_map) {
      entries.push_back({first, Expression(item->second)});
    } else {
      values.push_back(first);
    }
  }
  if (is_map) return module_.Make<MapExpr>(range, Save(entries));
  return module_.Make<ListExpr>(range, Save(values));
}

// Where only a list can stand; a map becomes an empty list after its report.
ListExpr* Builder::List(P::CollectionContext* c) {
  Expr* value = Collection(c);
  if (auto* list = llvm::dyn_cast<ListExpr>(value)) return list;
  broken_ = true;
  if (llvm::isa<MapExpr>(value)) {
    emitter_.Report(At(c), diagnostics::kSyntax, std::string_view("a map"), std::string_view("a list"));
  }
  return module_.Make<ListExpr>(At(c), ArrayRef<Expr*>());
}

// ---------------------------------------------------------------- if, match, for, loop, try

Expr* Builder::If(P::IfExpressionContext* c) {
  llvm::SmallVector<IfExpr::Branch, 4> branches;
  for (size_t i = 0; i < c->conditions.size(); ++i) {
    Expr* condition = Expression(c->conditions[i]);
    branches.push_back({condition, MakeBlock(c->bodies[i])});
  }
  Block* otherwise = c->otherwise ? MakeBlock(c->otherwise) : nullptr;
  return module_.Make<IfExpr>(At(c), Save(branches), otherwise);
}

Expr* Builder::Match(P::MatchExpressionContext* c) {
  Expr* subject = Expression(c->subject);
  llvm::SmallVector<MatchExpr::Arm, 8> arms;
  bool whole = true;
  for (P::ArmContext* arm : c->arms) {
    if (arm->error) {
      whole = false;
      continue;
    }
    Pattern pattern = MakePattern(arm->shape);
    arms.push_back({At(arm), pattern, ArmBody(arm)});
  }
  // Without an arm that was an error nobody can say what is covered.
  if (!whole) return module_.Make<ErrorExpr>(At(c));
  return module_.Make<MatchExpr>(At(c), subject, Save(arms));
}

Pattern Builder::MakePattern(P::PatternContext* c) {
  Pattern pattern;
  pattern.range = At(c);
  pattern.variant = Name(c->variant_name);
  if (pattern.variant.text == "_") {
    pattern.wildcard = true;
    pattern.variant.text = {};
  }
  llvm::SmallVector<Pattern::Bind, 4> binds;
  for (P::BindContext* b : c->binds) {
    Ident field = Name(b->bound);
    binds.push_back({field, b->renamed ? Name(b->renamed) : field});
  }
  pattern.binds = Save(binds);
  return pattern;
}

Expr* Builder::For(P::ForExpressionContext* c) {
  Expr* list = RangeOr(c->list);
  Expr* where = c->where ? Expression(c->where) : nullptr;
  return module_.Make<ForExpr>(At(c), Name(c->declared), list, where, MakeBlock(c->body));
}

Expr* Builder::Loop(P::LoopExpressionContext* c) {
  ArrayRef<Carried> carried = CarriedOf(c->values);
  Expr* max = Expression(c->limit);
  return module_.Make<LoopExpr>(At(c), carried, max, MakeBlock(c->body));
}

Expr* Builder::Try(P::TryExpressionContext* c) {
  Expr* callee = module_.Make<NameExpr>(Name(c->callee->parts[0]));
  for (size_t at = 1; at < c->callee->parts.size(); ++at) {
    const Ident member = Name(c->callee->parts[at]);
    callee = module_.Make<FieldExpr>(Span(callee->range, member.range), callee, member, false);
  }
  auto* call = module_.Make<CallExpr>(At(c), callee, Arguments(c->given));
  call->tried = Name(c->start);
  return call;
}

ArrayRef<Carried> Builder::CarriedOf(const std::vector<P::CarriedContext*>& values) {
  llvm::SmallVector<Carried, 4> carried;
  for (P::CarriedContext* value : values) carried.push_back({Name(value->declared), Expression(value->value)});
  return Save(carried);
}

}  // namespace hwf::syntax
