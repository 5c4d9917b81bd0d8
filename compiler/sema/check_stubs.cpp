// `test`: what its stubs give, which reviews its answers are for, what it expects. Whether a place exists, with all the
// calls and elements that lead to it, is known when it is lowered (compiler/lower/lower_stubs.cpp).
#include <llvm/ADT/StringExtras.h>

#include "compiler/sema/checker.h"
#include "compiler/sema/resolve.h"

namespace hwf::sema {
namespace {

// The last name of a place: `call` of `each.2.call`, `review` of `review.2`.
StringRef LastOf(StringRef place) {
  llvm::SmallVector<StringRef, 4> parts;
  place.split(parts, '.');
  while (parts.size() > 1 && llvm::all_of(parts.back(), [](char c) { return llvm::isDigit(c); })) parts.pop_back();
  return parts.back();
}

std::string GivenName(const TestDecl::Given& given) {
  return given.task->name.text.str() + (given.stream.empty() ? "" : "." + given.stream.str());
}

// A name that means nothing, or something broken, has been reported.
bool IsUnknown(const Expr& subject) {
  const Expr* at = &subject;
  bool member = false;  // of a module
  while (const auto* field = llvm::dyn_cast<FieldExpr>(at)) {
    if (field->binding != nullptr) return false;
    member = true;
    at = field->base;
  }
  const auto* name = llvm::dyn_cast<NameExpr>(at);
  if (name == nullptr) return false;
  return name->binding == nullptr || (member && name->binding->kind == Binding::Kind::kModule);
}

const StreamClause* StreamOf(const TestDecl::Given& given) {
  auto found = llvm::find_if(given.task->streams, [&](const StreamClause& s) { return s.name.text == given.stream; });
  return found == given.task->streams.end() ? nullptr : &*found;
}

// Every review of the program by the name of its `let`; `review` where it has none.
std::vector<std::pair<StringRef, const ReviewExpr*>> ReviewsOf(const Program& program) {
  llvm::DenseMap<const ReviewExpr*, StringRef> names;
  std::vector<const ReviewExpr*> reviews;
  auto expr = [&](const Expr& each) {
    if (const auto* review = llvm::dyn_cast<ReviewExpr>(&each)) reviews.push_back(review);
  };
  auto stmt = [&](const Stmt& each) {
    const auto* let = llvm::dyn_cast<LetStmt>(&each);
    const auto* review = let == nullptr ? nullptr : llvm::dyn_cast<ReviewExpr>(&WithoutAfter(*let->value));
    if (review != nullptr) names[review] = let->name.text;
  };
  Visit visit;
  visit.expr = expr;
  visit.stmt = stmt;
  WalkAll(program, visit);
  std::vector<std::pair<StringRef, const ReviewExpr*>> out;
  for (const ReviewExpr* review : reviews) {
    auto named = names.find(review);
    out.emplace_back(named == names.end() ? StringRef("review") : named->second, review);
  }
  return out;
}

}  // namespace

void Checker::CheckTests() {
  llvm::StringMap<Range> titles;
  all_reviews_ = ReviewsOf(context_.program);
  for (const Decl* decl : scope_.module->decls) {
    const auto* test = llvm::dyn_cast<TestDecl>(decl);
    if (test == nullptr) continue;
    auto [known, fresh] = titles.try_emplace(test->title, test->title_range);
    if (!fresh) {
      Report(test->title_range, diagnostics::kDuplicateTest, test->title).Note(known->second, "the first is here");
    }
    CheckTest(*test);
  }
}

void Checker::CheckTest(const TestDecl& test) {
  auto reordered = context_.block_order.find(test.body);
  const ArrayRef<Stmt*> lines =
      reordered == context_.block_order.end() ? test.body->stmts : ArrayRef<Stmt*>(reordered->second);
  for (Stmt* line : lines) CheckTestLine(*line);
  std::map<std::string, Range> stubs, places;
  for (const TestDecl::Given& given : test.givens) {
    CheckGiven(given);
    if (given.task == nullptr) continue;
    auto [known, fresh] = stubs.try_emplace(GivenName(given), given.subject->range);
    if (!fresh) {
      Report(given.subject->range, diagnostics::kDuplicateStub, "given", GivenName(given))
          .Note(known->second, "the first is here");
    }
  }
  for (const TestDecl::Answer& answer : test.answers) {
    CheckTestAnswer(answer);
    auto [known, fresh] = places.try_emplace(answer.place.str(), answer.place_range);
    if (!fresh) {
      Report(answer.place_range, diagnostics::kDuplicateStub, "answer", answer.place)
          .Note(known->second, "the first is here");
    }
  }
}

void Checker::CheckTestLine(Stmt& stmt) {
  if (auto* let = llvm::dyn_cast<LetStmt>(&stmt)) {
    llvm::SaveAndRestore<bool> made_up(made_up_, true);
    llvm::SaveAndRestore<std::string> name(let_name_, let->name.text.str());
    let->binding->type = Check(let->value);
    NoteJob(*let);
    return;
  }
  CheckExpectation(*llvm::cast<ExprStmt>(stmt).value);
}

// `expect fail "…"`: the text is part of why the run fails.
void Checker::CheckExpectation(Expr& expr) {
  llvm::SaveAndRestore<std::string_view> pure(pure_, "an `expect`");
  if (auto* fail = llvm::dyn_cast<FailExpr>(&expr)) {
    CheckString(*fail->message, Text::kPlain);
    fail->message->type = Simple(TypeKind::kString);
    fail->type = Simple(TypeKind::kNever);
    return;
  }
  CheckAs(&expr, Simple(TypeKind::kBool), "for `expect`");
}

TypeRef Checker::GivenType(const TestDecl::Given& given) {
  if (given.stream.empty()) return context_.program.output_types[given.task];
  const StreamClause* stream = StreamOf(given);
  return stream == nullptr ? Poison() : context_.types().List(stream->sema_type);
}

void Checker::CheckGiven(const TestDecl::Given& given) {
  for (Expr* part = given.subject; part != nullptr; part = llvm::isa<FieldExpr>(part) ? LeftChild(part) : nullptr) {
    part->type = Poison();
  }
  llvm::SaveAndRestore<std::string_view> pure(pure_, "a `given`");
  llvm::SaveAndRestore<bool> made_up(made_up_, true);
  llvm::SaveAndRestore<bool> in_given(given_, true);
  Stub stub;
  TypeRef wanted = Poison();
  if (given.task == nullptr) {
    if (!IsUnknown(*given.subject))
      Report(given.subject->range, diagnostics::kBadStub, context_.sources.Text(given.subject->range));
    return;
  }
  if (!given.stream.empty() && StreamOf(given) == nullptr) {
    context_.suggester.Begin(given.stream);
    for (const StreamClause& each : given.task->streams) context_.suggester.Offer(each.name.text);
    auto report = Report(given.subject->range, diagnostics::kUnknownStream, given.task->name.text, given.stream);
    Suggest(report, llvm::cast<FieldExpr>(given.subject)->name.range);
  } else {
    wanted = GivenType(given);
    stub.callee = {"a result of " + Quoted(given.task->name.text), given.task->name.range, false};
    stub.type = context_.program.output_types[given.task];
    if (const StreamClause* stream = StreamOf(given)) {
      stub.callee = {"checkpoint " + Quoted(GivenName(given)), stream->name.range, false};
      stub.type = stream->sema_type;
      stub.params = ParamsOf(stream->fields);
      // What a program shows has all of it: the defaults are its own.
      for (Param& param : stub.params) param.optional = param.type->kind == TypeKind::kOptional;
    } else {
      for (const Output& output : given.task->outputs) {
        const bool optional = output.sema_type->kind == TypeKind::kOptional;
        stub.params.push_back({output.name, output.sema_type, optional});
      }
    }
  }
  llvm::SaveAndRestore<const Stub*> inside(stub_, &stub);
  Check(given.value);
  stub_ = nullptr;
  Coerce(given.value, wanted, "for what " + Quoted(GivenName(given)) + " gives");
  if (given.after == nullptr) return;
  CheckAs(given.after, Simple(TypeKind::kDuration), "for how long it takes");
  if (!given.stream.empty()) Report(given.after->range, diagnostics::kStreamAfter, given.task->name.text);
}

// How well it answers this one of several reviews of that name: 3 fully, 2 but for fields that are not known, 1 not.
int Checker::FitOf(const TestDecl::Answer& answer, const ReviewExpr& review) {
  const ir::EnumDef* answers = review.type == nullptr ? nullptr : review.type->enumeration;
  const ir::VariantDef* variant = answers == nullptr ? nullptr : answers->Find(answer.variant.text.str());
  if (variant == nullptr) return 1;
  const bool known = llvm::all_of(answer.args, [&](const Arg& arg) {
    return llvm::any_of(variant->fields, [&](const ir::FieldDef& field) { return field.name == arg.name.text; });
  });
  return known ? 3 : 2;
}

void Checker::CheckTestAnswer(const TestDecl::Answer& answer) {
  llvm::SaveAndRestore<std::string_view> pure(pure_, "an answer of a test");
  CheckAs(answer.delay, Simple(TypeKind::kDuration), "for when the answer is given");
  const StringRef name = LastOf(answer.place);
  const ReviewExpr* review = nullptr;
  int best_fit = 0;
  context_.suggester.Begin(name);
  for (const auto& [known, each] : all_reviews_) {
    context_.suggester.Offer(known);
    const int fit = known == name ? FitOf(answer, *each) : 0;
    if (fit <= best_fit) continue;
    review = each;
    best_fit = fit;
  }
  if (review == nullptr) {
    for (const Arg& arg : answer.args) Check(arg.value);
    auto report = Report(answer.place_range, diagnostics::kNoSuchReview, answer.place);
    const StringRef best = context_.suggester.Best();
    if (!best.empty()) report.Help("did you mean " + Quoted(best) + "?");
    return;
  }
  CheckAnswerFields(answer, *review);
}

void Checker::CheckAnswerFields(const TestDecl::Answer& answer, const ReviewExpr& review) {
  Params params;
  bool known = false;
  context_.suggester.Begin(answer.variant.text);
  // `choose Verdict`: the enum is one of the review's module.
  const ir::EnumDef* declared = review.choose_enum && review.type != nullptr ? review.type->enumeration : nullptr;
  ArrayRef<ir::VariantDef> variants;
  if (declared != nullptr) variants = declared->variants;
  for (const ir::VariantDef& variant : variants) {
    context_.suggester.Offer(variant.name);
    if (variant.name != answer.variant.text) continue;
    known = true;
    for (const ir::FieldDef& field : variant.fields) {
      params.push_back({{field.name, review.choose_enum.range}, field.type, field.has_default});
    }
  }
  const Choice* chosen = nullptr;
  for (const Choice& choice : review.choices) {
    context_.suggester.Offer(choice.name.text);
    if (choice.name.text != answer.variant.text) continue;
    known = true;
    chosen = &choice;
    for (const Choice::FormField& field : choice.fields) {
      const bool optional = field.default_value != nullptr || field.sema_type->kind == TypeKind::kOptional;
      params.push_back({field.name, field.sema_type, optional});
    }
  }
  if (!known) {
    for (const Arg& arg : answer.args) Check(arg.value);
    auto report = Report(answer.variant.range, diagnostics::kUnknownVariant, "review " + Quoted(answer.place),
                         answer.variant.text);
    Suggest(report, answer.variant.range);
    return;
  }
  (void)MatchArgs(answer.args, params, {"answer " + Quoted(answer.variant.text), review.question->range, false},
                  answer.range);
  if (chosen == nullptr) return;
  for (const Choice::FormField& field : chosen->fields) {
    for (const Arg& arg : answer.args) {
      if (arg.name.text == field.name.text) CheckInRange(field, *arg.value);
    }
  }
}

}  // namespace hwf::sema
