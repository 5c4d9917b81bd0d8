// Every answer of a review must come to a `match`: only there is each of them handled, today's and those that are
// added. To compare an answer, to turn it into text or to give it to a task handles none of the others.
//
// A value is followed from place to place over the whole program: a place is a name, or what a workflow or fn gives.
// Places whose type cannot hold the answer carry none. A result of a workflow that nobody here calls goes to those who
// call it elsewhere.
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/DenseSet.h>

#include "compiler/sema/context.h"
#include "compiler/sema/lint.h"
#include "compiler/sema/walk.h"

namespace hwf::sema {
namespace {

using Place = const void*;  // a Binding, a ReviewExpr, a LoopExpr, or the Decl whose result it is

bool Holds(TypeRef type, const ir::EnumDef& wanted) {
  for (; type != nullptr; type = type->element) {
    if (type->enumeration == &wanted) return true;
    if (type->key != nullptr && type->key->enumeration == &wanted) return true;
    auto any = [&](const std::vector<ir::FieldDef>& fields) {
      return llvm::any_of(fields, [&](const ir::FieldDef& field) { return Holds(field.type, wanted); });
    };
    if (type->record != nullptr) return any(type->record->fields);
    if (type->enumeration == nullptr) continue;
    return llvm::any_of(type->enumeration->variants, [&](const ir::VariantDef& each) { return any(each.fields); });
  }
  return false;
}

class Answers {
 public:
  Answers(const Program& program, diagnostics::Emitter& emitter) : program_(program), emitter_(emitter) {}

  void Run() {
    for (const Binding& binding : program_.bindings) {
      if (binding.field != nullptr) params_[binding.field] = &binding;
    }
    auto expr = [&](const Expr& each) { Take(each); };
    auto stmt = [&](const Stmt& each) { Take(each); };
    Visit visit;
    visit.expr = expr;
    visit.stmt = stmt;
    WalkAll(program_, visit);
    if (reviews_.empty()) return;
    for (const Binding& binding : program_.bindings) types_[&binding] = binding.type;
    for (const auto& [decl, type] : program_.output_types) types_[decl] = type;
    for (const auto& module : program_.modules) {
      for (const Decl* decl : module->decls) TakeResult(*decl);
    }
    for (const ReviewExpr* review : reviews_) Check(*review);
  }

 private:
  // ---- what goes where
  void Flow(const Expr* from, Place to) {
    if (from == nullptr || to == nullptr) return;
    llvm::SmallVector<const Expr*, 8> open{from};
    while (!open.empty()) {
      const Expr& each = *open.pop_back_val();
      if (const Place place = PlaceOf(each)) flows_[place].push_back(to);
      Parts(each, open);
    }
  }

  static Place PlaceOf(const Expr& expr) {
    if (llvm::isa<ReviewExpr>(expr) || llvm::isa<LoopExpr>(expr)) return &expr;
    if (const auto* name = llvm::dyn_cast<NameExpr>(&expr)) return name->binding;
    const auto* call = llvm::dyn_cast<CallExpr>(&expr);
    const Decl* callee = call == nullptr ? nullptr : CalledDecl(*call);
    const bool gives = callee != nullptr && (llvm::isa<WorkflowDecl>(callee) || llvm::isa<FnDecl>(callee));
    return gives ? callee : nullptr;
  }

  // The expressions whose values, or parts of them, may be the value of `expr`, or parts of it.
  static void Parts(const Expr& expr, llvm::SmallVectorImpl<const Expr*>& parts) {
    auto result = [&](const Block* body) {
      if (body != nullptr && body->result != nullptr) parts.push_back(body->result);
    };
    auto args = [&](ArrayRef<Arg> given) {
      for (const Arg& arg : given) parts.push_back(arg.value);
    };
    if (const auto* field = llvm::dyn_cast<FieldExpr>(&expr)) parts.push_back(field->base);
    if (const auto* index = llvm::dyn_cast<IndexExpr>(&expr)) parts.push_back(index->base);
    if (const auto* after = llvm::dyn_cast<AfterExpr>(&expr)) parts.push_back(after->value);
    if (const auto* tuple = llvm::dyn_cast<TupleExpr>(&expr)) args(tuple->entries);
    if (const auto* list = llvm::dyn_cast<ListExpr>(&expr)) parts.append(list->items.begin(), list->items.end());
    if (const auto* loop = llvm::dyn_cast<ForExpr>(&expr)) result(loop->body);
    if (const auto* binary = llvm::dyn_cast<BinaryExpr>(&expr); binary && binary->op == BinaryOp::kCoalesce) {
      parts.push_back(binary->left);
      parts.push_back(binary->right);
    }
    if (const auto* map = llvm::dyn_cast<MapExpr>(&expr)) {
      for (const MapExpr::Entry& entry : map->entries) parts.push_back(entry.value);
    }
    if (const auto* node = llvm::dyn_cast<IfExpr>(&expr)) {
      for (const IfExpr::Branch& branch : node->branches) result(branch.body);
      result(node->else_body);
    }
    if (const auto* match = llvm::dyn_cast<MatchExpr>(&expr)) {
      for (const MatchExpr::Arm& arm : match->arms) result(arm.body);
    }
    if (const auto* call = llvm::dyn_cast<CallExpr>(&expr); call && PlaceOf(expr) == nullptr) {
      // A task makes what it gives; records, variants and built-in functions hold what they are given.
      const Decl* callee = CalledDecl(*call);
      if (callee == nullptr || !llvm::isa<TaskDecl>(callee)) args(ValuesOf(*call));
    }
  }

  void Take(const Stmt& stmt) {
    if (const auto* let = llvm::dyn_cast<LetStmt>(&stmt)) {
      Flow(let->value, let->binding);
      if (const auto* review = llvm::dyn_cast<ReviewExpr>(&WithoutAfter(*let->value))) names_[review] = let->name.text;
    }
    if (const auto* checkpoint = llvm::dyn_cast<CheckpointStmt>(&stmt)) {
      for (const Arg& field : checkpoint->fields) Flow(field.value, checkpoint->binding);
    }
  }

  void Take(const Expr& expr) {
    if (const auto* review = llvm::dyn_cast<ReviewExpr>(&expr)) reviews_.push_back(review);
    if (const auto* loop = llvm::dyn_cast<ForExpr>(&expr)) Flow(loop->list, loop->binding);
    if (const auto* loop = llvm::dyn_cast<LoopExpr>(&expr)) TakeLoop(*loop);
    if (const auto* stop = llvm::dyn_cast<StopExpr>(&expr)) Flow(stop->value, stop->loop);
    if (const auto* next = llvm::dyn_cast<NextExpr>(&expr)) {
      for (size_t at = 0; at < next->by_carried.size(); ++at) {
        Flow(next->by_carried[at], next->loop->carried[at].binding);
      }
    }
    if (const auto* match = llvm::dyn_cast<MatchExpr>(&expr)) TakeMatch(*match);
    if (const auto* call = llvm::dyn_cast<CallExpr>(&expr)) TakeCall(*call);
    const auto* binary = llvm::dyn_cast<BinaryExpr>(&expr);
    if (binary != nullptr && (binary->op == BinaryOp::kEq || binary->op == BinaryOp::kNe)) {
      Flow(binary->left, binary);
      Flow(binary->right, binary);
      compared_[binary] = Enum(binary->left->type);
    }
  }

  static const ir::EnumDef* Enum(TypeRef type) {
    while (type != nullptr && type->enumeration == nullptr) type = type->element;
    return type == nullptr ? nullptr : type->enumeration;
  }

  // What a loop carries is what it gives when it is exhausted.
  void TakeLoop(const LoopExpr& loop) {
    types_[&loop] = loop.type;
    for (const Carried& each : loop.carried) {
      Flow(each.value, each.binding);
      flows_[each.binding].push_back(&loop);
    }
  }

  void TakeMatch(const MatchExpr& match) {
    const ir::EnumDef* subject = Enum(match.subject->type);
    if (subject == nullptr) return;
    matched_enums_.insert(subject);
    Flow(match.subject, &match);
    matched_.insert({&match, subject});
    for (const MatchExpr::Arm& arm : match.arms) {
      for (const Pattern::Bind& bind : arm.pattern.binds) Flow(match.subject, bind.binding);
    }
  }

  void TakeCall(const CallExpr& call) {
    const Decl* callee = CalledDecl(call);
    if (callee == nullptr) return TakeGivenFns(call);
    called_.insert(callee);
    const ArrayRef<Field> params = ParamsOf(*callee);
    for (size_t at = 0; at < std::min(params.size(), call.by_param.size()); ++at) {
      Flow(call.by_param[at], params_.lookup(&params[at]));
    }
  }

  // `min_by(xs, f)`: f gets the elements of xs.
  void TakeGivenFns(const CallExpr& call) {
    for (const Arg& arg : call.args) {
      const auto* name = llvm::dyn_cast<NameExpr>(arg.value);
      const auto* field = llvm::dyn_cast<FieldExpr>(arg.value);
      const Binding* given = name != nullptr ? name->binding : field != nullptr ? field->binding : nullptr;
      if (given == nullptr || given->decl == nullptr || !llvm::isa<FnDecl>(given->decl)) continue;
      for (const Field& param : ParamsOf(*given->decl)) {
        for (const Arg& other : call.args) Flow(other.value, params_.lookup(&param));
      }
    }
  }

  static ArrayRef<Field> ParamsOf(const Decl& decl) {
    if (const auto* task = llvm::dyn_cast<TaskDecl>(&decl)) return task->params;
    if (const auto* workflow = llvm::dyn_cast<WorkflowDecl>(&decl)) return workflow->params;
    if (const auto* fn = llvm::dyn_cast<FnDecl>(&decl)) return fn->params;
    return {};
  }

  void TakeResult(const Decl& decl) {
    if (const auto* fn = llvm::dyn_cast<FnDecl>(&decl)) Flow(fn->body, fn);
    const auto* workflow = llvm::dyn_cast<WorkflowDecl>(&decl);
    if (workflow == nullptr || workflow->body == nullptr) return;
    Flow(workflow->body->result, workflow);
    if (!called_.contains(workflow)) given_away_.insert(workflow);
  }

  // ---- what becomes of an answer
  // Whether a value of the enum may be at the place.
  bool Carries(Place place, const ir::EnumDef& answer) const {
    if (matched_.contains({place, &answer}) || compared_.lookup(place) == &answer) return true;
    return Holds(types_.lookup(place), answer);
  }

  struct Fate {
    bool handled = false;
    const Expr* compared = nullptr;  // a comparison that it comes to
  };

  Fate FateOf(const ReviewExpr& review, const ir::EnumDef& answer) const {
    Fate fate;
    // An enum of the review's own is its answer wherever it comes from.
    fate.handled = !review.choose_enum && matched_enums_.contains(&answer);
    llvm::DenseSet<Place> seen{&review};
    llvm::SmallVector<Place, 8> open{&review};
    while (!open.empty() && !fate.handled) {
      const Place place = open.pop_back_val();
      fate.handled = matched_.contains({place, &answer}) || given_away_.contains(place);
      if (compared_.count(place) != 0) fate.compared = static_cast<const Expr*>(place);
      auto flows = flows_.find(place);
      if (flows == flows_.end()) continue;
      for (const Place next : flows->second) {
        if (Carries(next, answer) && seen.insert(next).second) open.push_back(next);
      }
    }
    return fate;
  }

  void Check(const ReviewExpr& review) {
    const ir::EnumDef* answer = Enum(review.type);
    const Fate fate = answer == nullptr ? Fate{true} : FateOf(review, *answer);
    if (fate.handled) return;
    const Range keyword{review.range.file, review.range.begin, review.question->range.end};
    auto report = emitter_.Report(keyword, diagnostics::kAnswerNotMatched);
    if (fate.compared != nullptr) {
      report.Note(fate.compared->range, "a comparison says what follows from one answer, and nothing of the others");
    }
    report.Help("write `" + MatchFor(review, *answer) + "`, so that none is forgotten, now or when one is added");
  }

  // `match v { approve => …, reject(reason) => … }`
  std::string MatchFor(const ReviewExpr& review, const ir::EnumDef& answer) const {
    constexpr size_t kShown = 100;
    std::string arms;
    for (const ir::VariantDef& variant : answer.variants) {
      if (arms.size() > kShown) {
        arms += ", …";
        break;
      }
      std::string fields;
      for (const ir::FieldDef& field : variant.fields) {
        if (!field.has_default) fields += (fields.empty() ? "" : ", ") + field.name;
      }
      arms += (arms.empty() ? "" : ", ") + variant.name + (fields.empty() ? "" : "(" + fields + ")") + " => …";
    }
    const StringRef name = names_.lookup(&review);
    return "match " + (name.empty() ? "answer" : name.str()) + " { " + arms + " }";
  }

  const Program& program_;
  diagnostics::Emitter& emitter_;
  std::vector<const ReviewExpr*> reviews_;
  llvm::DenseMap<const ReviewExpr*, StringRef> names_;  // that their answers have
  llvm::DenseMap<const Field*, const Binding*> params_;
  llvm::DenseMap<Place, llvm::SmallVector<Place, 2>> flows_;
  llvm::DenseSet<std::pair<Place, const ir::EnumDef*>> matched_;
  llvm::DenseSet<const ir::EnumDef*> matched_enums_;
  llvm::DenseSet<const Decl*> called_;
  llvm::DenseSet<Place> given_away_;                    // results of workflows that nobody here calls
  llvm::DenseMap<Place, const ir::EnumDef*> compared_;  // by the comparison
  llvm::DenseMap<Place, TypeRef> types_;                // of names and results
};

}  // namespace

void LintAnswers(const Program& program, diagnostics::Emitter& emitter) { Answers(program, emitter).Run(); }

}  // namespace hwf::sema
