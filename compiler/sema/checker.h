// Types of all expressions of one module, and the rules of each construct: a construct has a file check_<construct>.cpp
// with the member functions for it. A poisoned expression has been reported and is never reported again.
// One Checker for each module, one thread.
#pragma once

#include <llvm/ADT/SetVector.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Support/SaveAndRestore.h>

#include <map>
#include <optional>
#include <set>
#include <string>

#include "compiler/sema/constant.h"
#include "compiler/sema/context.h"
#include "compiler/sema/types.h"
#include "compiler/sema/walk.h"
#include "compiler/sema/why_not.h"

namespace hwf::ir {
struct Builtin;
}

namespace hwf::sema {

class Checker {
 public:
  Checker(Context& context, Types& types, const ModuleScope& scope);
  void CheckModule();

 private:
  // A parameter of anything that can be called.
  struct Param {
    Ident name;
    TypeRef type = nullptr;
    bool optional = false;  // has a default, or is a T?
  };
  using Params = llvm::SmallVector<Param, 8>;
  // The callee for messages: "task `fit`", and where it is declared.
  struct Callee {
    std::string text;
    Range range;
    bool first_positional = true;
  };
  // A name, or a field of one, as it is narrowed.
  using Path = std::pair<const Binding*, std::string>;
  // What can be interpolated.
  enum class Text { kPlain, kTask, kShellWord, kScript };

  // ---- expressions (check_expr.cpp)
  TypeRef Check(Expr* expr);  // null gives poison
  TypeRef CheckNode(Expr& expr);
  TypeRef CheckName(NameExpr& name);
  TypeRef CheckList(ListExpr& list);
  TypeRef CheckMap(MapExpr& map);
  TypeRef CheckTuple(TupleExpr& tuple);
  TypeRef CheckDecl(const Binding& binding, Range range);
  // Reports if `expr`, which is checked, does not convert to `want`. `what` says who wants it: "for `rate`".
  bool Coerce(const Expr* expr, TypeRef want, std::string_view what);
  bool CheckAs(Expr* expr, TypeRef want, std::string_view what) {
    Check(expr);
    return Coerce(expr, want, what);
  }
  // The type that both convert to; null if there is none.
  TypeRef Join(TypeRef a, TypeRef b);
  TypeRef JoinItems(TypeRef so_far, const Expr* item, std::string_view of);
  TypeRef BoundDepth(TypeRef type, Range range);

  // ---- strings (check_string.cpp)
  TypeRef CheckString(StringExpr& text, Text kind);
  void CheckPart(Expr& value, Text kind);
  bool IsText(TypeRef type, Text kind);

  // ---- operators (check_operators.cpp)
  TypeRef CheckUnary(UnaryExpr& node);
  TypeRef CheckBinary(BinaryExpr& node);
  TypeRef CheckLogic(BinaryExpr& node);
  TypeRef CheckCoalesce(BinaryExpr& node);
  TypeRef CheckEquality(BinaryExpr& node);
  TypeRef CheckComparison(BinaryExpr& node);
  TypeRef CheckArithmetic(BinaryExpr& node);
  TypeRef BadOperands(const BinaryExpr& node, std::string_view help);

  // ---- fields and items (check_access.cpp)
  TypeRef CheckField(FieldExpr& field);
  TypeRef BareVariant(const Binding& binding, Range range);
  TypeRef FieldOf(FieldExpr& field, TypeRef record);
  TypeRef UnknownField(const FieldExpr& field, TypeRef record);
  TypeRef CheckIndex(IndexExpr& index);
  const ir::FieldDef* FindField(const ir::RecordDef& record, StringRef name);

  // ---- calls (check_call.cpp, check_builtin.cpp, check_builtin_special.cpp)
  static bool OnlyHolds(const CallExpr& call);
  TypeRef CheckCall(CallExpr& call);
  TypeRef CheckDeclCall(CallExpr& call, const Binding& binding);
  TypeRef CheckVariantCall(CallExpr& call, const Binding& binding);
  Params ParamsOf(ArrayRef<Field> fields);
  ArrayRef<Expr*> MatchArgs(ArrayRef<Arg> args, const Params& params, const Callee& callee, Range call);
  TypeRef CheckBuiltin(CallExpr& call, int index);
  bool CheckBuiltinArguments(const CallExpr& call, const ir::Builtin& builtin);
  TypeRef BuiltinWants(const CallExpr& call, size_t at, std::string_view wanted);
  TypeRef CheckByFunction(CallExpr& call, const ir::Builtin& builtin);
  TypeRef CheckDataCall(CallExpr& call, bool whole_piece, TypeRef result);
  TypeRef CheckFlag(const CallExpr& call);
  void CheckData(const Expr& path, bool directory);
  void CheckDataAt(const Expr& path, const Ident& site);
  void ReportUnknownSite(const Ident& site);

  // ---- `try` (check_try.cpp)
  bool RefuseTry(const CallExpr& call, const Binding& callee);
  TypeRef ValueOf(const CallExpr& call, const Decl& callee);
  static void HelpWithTry(TypeRef found, diagnostics::Report& report);

  // ---- control (check_control.cpp, check_match.cpp, check_loop.cpp)
  TypeRef CheckIf(IfExpr& node, bool used);
  TypeRef CheckFor(ForExpr& node, bool used);
  TypeRef CheckForList(Expr* list);
  TypeRef CheckMatch(MatchExpr& node, bool used);
  void CheckArmPattern(const Pattern& pattern, TypeRef subject, const ir::VariantDef* variant, bool approved);
  void CheckCoverage(const MatchExpr& node, const ir::EnumDef& subject, const ReviewExpr* review);
  TypeRef CheckLoop(LoopExpr& node);
  void CheckMax(Expr* max);
  struct Round;
  TypeRef EndsOf(const Round& round, const std::string& place);
  void CheckRounds(const Round& round);
  TypeRef CheckStop(StopExpr& node);
  TypeRef CheckNext(NextExpr& node);
  bool EndsRound(Range keyword, std::string_view word);
  TypeRef CheckPathEnd(const Block& block, TypeRef type);
  // Checks a block whose value is taken (used) or not, and gives its type.
  TypeRef CheckBlock(const Block& block, bool used);
  TypeRef CheckBlockResult(Expr* result, bool used);
  // An expression whose value nobody takes: control constructs pass that on.
  TypeRef CheckUnused(Expr* expr);

  // ---- narrowing (narrow.cpp)
  std::optional<Path> PathOf(const Expr* expr) const;
  void CollectFacts(const Expr* condition, bool truth, std::vector<Path>& facts) const;
  TypeRef Narrowed(const Expr& expr, TypeRef type) const;
  class FactScope;

  // ---- statements (check_statement.cpp, check_job.cpp)
  void CheckStatement(Stmt& stmt);
  void CheckExprStatement(Expr& expr);
  static bool IsValue(TypeRef type);
  static bool IsLost(const Expr& expr, TypeRef type);
  void CheckLet(LetStmt& let);
  static void NoteJob(const LetStmt& let);
  void CheckCheckpoint(CheckpointStmt& checkpoint);
  void CheckWatch(WatchStmt& watch);
  void CheckSend(SendStmt& send);
  void CheckCancel(CancelStmt& cancel);
  const TaskDecl* JobOf(const Binding* binding, const Ident& job, std::string_view verb);

  // ---- reviews (check_review.cpp, check_form.cpp, check_by.cpp, review_use.cpp)
  TypeRef CheckReview(ReviewExpr& review);
  TypeRef AnswersOf(ReviewExpr& review);
  std::string PlaceName(const char* construct);
  TypeRef MakeAnswers(ReviewExpr& review);
  TypeRef DeclaredAnswers(ReviewExpr& review);
  void CheckGrant(const ReviewExpr& review, const Choice& choice, ir::VariantDef& variant);
  void CheckElse(const ReviewExpr& review);
  void CheckAssume(const ReviewExpr& review);
  const Choice* CheckGivenAnswer(const ReviewExpr& review, const ReviewExpr::ElseVariant& answer);
  void CheckDelays(const ReviewExpr& review);
  std::optional<Constant> CheckDelay(Expr* delay, std::string_view word);
  void CheckFormField(const Choice::FormField& field);
  void CheckInRange(const Choice::FormField& field, const Expr& given);
  bool IsFormType(TypeRef type, bool listed);
  void CheckFormIn(const Choice::FormField& field);
  void CheckRange(BinaryExpr& range, TypeRef type, const Choice::FormField& field);
  void CheckWho(const ReviewExpr& review, const ByRule& rule);
  void CheckLeaf(const ReviewExpr& review, const ByRule& rule);
  const GroupDecl* GroupOf(const Expr* who) const;
  bool MayBeBroken(const Ident& name) const;
  void ReportUnknownGroup(const Ident& name);
  void CheckAnswersUsed();
  void CheckFieldsRead(const ReviewExpr& review);
  void CheckWithdrawal(const ReviewExpr& review);
  void NoteUnread(const ReviewExpr& review);

  // ---- where answers go (answer_flow.cpp)
  using Answers = llvm::SmallSetVector<const ReviewExpr*, 2>;
  void CollectAnswers(const Expr* expr, Answers& answers) const;
  void CollectAlong(const Expr* expr, Answers& answers) const;
  void Carry(const Binding* binding, const Expr* value);
  // Whichever answers it carries are looked at, which handles none of them (lint_answers.cpp).
  void Mention(const Expr* value);
  // Whichever answers it carries are used.
  void PassOn(const Expr* value);
  void PassOn(ArrayRef<Arg> args) {
    for (const Arg& arg : args) PassOn(arg.value);
  }
  Answers AnswersMatched(const Expr& subject, const ir::EnumDef& definition) const;
  bool IsDirectAnswer(const Expr* subject) const;

  // ---- declarations (check_task.cpp, check_output.cpp, check_command.cpp, check_workflow.cpp, check_place.cpp)
  void CheckDefaults(ArrayRef<Field> fields);
  void CheckFn(const FnDecl& fn);
  void CheckWorkflow(const WorkflowDecl& workflow);
  void CheckWorkflowResult(const WorkflowDecl& workflow);
  void CheckTask(const TaskDecl& task);
  void CheckTaskTypes(const TaskDecl& task);
  void CheckEffect(const TaskDecl& task);
  void CheckStreams(const TaskDecl& task);
  void CheckRetry(const TaskDecl& task);
  void CheckOutput(const TaskDecl& task, const Output& output);
  void CheckOutputPath(const TaskDecl& task, const Output& output, TypeRef type);
  void CheckNeeds(const TaskDecl& task);
  void CheckRanks(const TaskDecl& task);
  static int64_t NeedNumber(const TaskDecl& task, StringRef name);  // 0: not said, or not known
  void CheckImage(const TaskDecl& task);
  void CheckPack(const TaskDecl& task);
  void CheckTaskSecrets(const TaskDecl& task);
  // A site that a task may go to, and why it could not run its first attempt.
  struct Candidate {
    StringRef name;
    const Program::Site* site;
    std::vector<Refusal> refusals;
  };
  using Candidates = llvm::SmallVector<Candidate, 2>;
  void CheckPlace(const TaskDecl& task);
  void ReportPlace(const TaskDecl& task, const Candidates& candidates);
  void CheckRetries(const TaskDecl& task, const Candidate& candidate);
  bool CheckOn(const TaskDecl& task);
  void CheckSecretAt(const Ident& secret, StringRef site);
  void CheckUses(const TaskDecl& task);
  void CheckCommand(const TaskDecl& task);
  void CheckInterpreter(const Ident& name);
  void CheckGroup(const GroupDecl& group);

  // ---- tests (check_stubs.cpp)
  void CheckTests();
  void CheckTest(const TestDecl& test);
  void CheckTestLine(Stmt& stmt);
  void CheckExpectation(Expr& expr);
  void CheckGiven(const TestDecl::Given& given);
  TypeRef GivenType(const TestDecl::Given& given);
  void CheckTestAnswer(const TestDecl::Answer& answer);
  static int FitOf(const TestDecl::Answer& answer, const ReviewExpr& review);
  void CheckAnswerFields(const TestDecl::Answer& answer, const ReviewExpr& review);
  bool CheckCount(Expr* expr, int64_t least, std::string_view what);
  void RefuseType(const TypeExpr* written, TypeRef type, bool refused, std::string_view what);

  // ---- helpers
  TypeRef Simple(TypeKind kind) { return context_.Simple(kind); }
  TypeRef Poison() { return Simple(TypeKind::kPoison); }
  static bool IsPoison(TypeRef type) { return type->kind == TypeKind::kPoison; }
  // The type with Approved[…] taken off.
  static TypeRef Plain(TypeRef type) { return type->kind == TypeKind::kApproved ? type->element : type; }
  // Wraps in Approved[…] if `like` is so wrapped.
  TypeRef Like(TypeRef like, TypeRef type) {
    const bool wrap = like->kind == TypeKind::kApproved && !IsPoison(type);
    return wrap ? context_.types().Approved(type) : type;
  }
  // Something that runs or asks stands here; refused where only values may.
  bool AllowNode(Range range, std::string_view what);
  template <typename... Args, typename... Given>
  diagnostics::Report Report(Range range, const diagnostics::Code<Args...>& code, const Given&... args) {
    return context_.Report(range, code, args...);
  }
  void Suggest(diagnostics::Report& report, Range range);

  Context& context_;
  Types& types_;
  const ModuleScope& scope_;

  const WorkflowDecl* workflow_ = nullptr;
  const TaskDecl* task_ = nullptr;
  const TupleExpr* result_ = nullptr;  // the workflow's own, which may stand
  // Why tasks cannot be called nor people asked here ("a `fn`"); empty where they can.
  std::string_view pure_;
  Text text_ = Text::kPlain;
  bool command_piece_ = false;      // the next call is a whole `~{…}` of a command: flag and raw may stand there
  Text piece_text_ = Text::kPlain;  // and of which kind of command
  std::string let_name_;            // of the `let` whose value is being checked: it names a review's answers
  bool lacks_else_ = false;         // in an `if` whose value is taken and that has no `else`
  bool missed_else_ = false;        // and a branch of it ends in a value
  size_t nodes_ = 0;                // things met so far that run or ask
  const Binding* watched_ = nullptr;
  bool made_up_ = false;  // `file(…)` and `dir(…)` are made up of their names: in a test
  bool given_ = false;    // and they stand in a stub, where nothing else is done
  // What `(name: value)` makes in a stub: the outputs of a task, or what one of its streams shows.
  struct Stub {
    Params params;
    Callee callee;
    TypeRef type = nullptr;  // null: of nothing that is known
  };
  const Stub* stub_ = nullptr;
  // Every review of the program by the name of its `let`, `review` where it has none; of a test alone.
  std::vector<std::pair<StringRef, const ReviewExpr*>> all_reviews_;
  // A loop whose body is being checked: how its rounds end.
  struct Round {
    const LoopExpr* loop = nullptr;
    TypeRef stopped = nullptr;  // what the `stop`s met so far give
    std::vector<const NextExpr*> nexts;
    bool misplaced = false;  // a `stop` or `next` stands where it ends no path: reported
  };
  Round* round_ = nullptr;   // the loop of which a path ends where a block's last line stands; null elsewhere
  Round* inside_ = nullptr;  // the innermost loop in whose body this is
  bool broken_ = false;      // something in this body is not known: what seems unused may be used there
  int paths_shown_ = 0;      // of values that nobody approved
  std::vector<const LetStmt*> unused_;
  std::map<Path, int> narrowed_;
  std::map<std::string, int> place_counts_;

  // Reviews of the body being checked: what becomes of their answers.
  struct Asked {
    const LetStmt* let = nullptr;      // whose value it is, or null
    const Binding* watched = nullptr;  // the job of the `watch` around it
    llvm::SmallVector<const MatchExpr*, 1> matches;
    bool mentioned = false;  // by an operator
    bool passed_on = false;  // given to something else, which may read all of it
    bool loose = true;       // all matches name it or its `let`, and stand where nobody takes their value
  };
  llvm::DenseMap<const ReviewExpr*, Asked> asked_;
  std::vector<const ReviewExpr*> reviews_;
  llvm::DenseMap<const Binding*, Answers> carried_;   // by the name that carries them
  llvm::DenseMap<const LoopExpr*, Answers> stopped_;  // by the loop that stops with them
  llvm::DenseMap<const ir::RecordDef*, llvm::DenseMap<StringRef, uint32_t>> field_index_;
};

// Undoes what was assumed since it was made.
class Checker::FactScope {
 public:
  explicit FactScope(Checker& checker) : checker_(checker) {}
  ~FactScope() {
    for (const Path& path : assumed_) {
      if (--checker_.narrowed_[path] == 0) checker_.narrowed_.erase(path);
    }
  }
  FactScope(const FactScope&) = delete;
  FactScope& operator=(const FactScope&) = delete;

  void Assume(const Expr* condition, bool truth) {
    const size_t first = assumed_.size();
    checker_.CollectFacts(condition, truth, assumed_);
    for (size_t at = first; at < assumed_.size(); ++at) ++checker_.narrowed_[assumed_[at]];
  }

 private:
  Checker& checker_;
  std::vector<Path> assumed_;
};

}  // namespace hwf::sema
