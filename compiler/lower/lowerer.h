// The state of one lowering; the member functions for a construct have a file of their own. Internal to compiler/lower.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "compiler/diagnostics/codes.h"
#include "compiler/diagnostics/diagnostics.h"
#include "compiler/lower/shell_text.h"
#include "compiler/sema/program.h"
#include "compiler/source/source.h"
#include "ir/module.h"
#include "ir/test.h"
#include "languages/language.h"

namespace hwf::ir {
struct Builtin;
}

namespace hwf::lower {

// The tree's names are used on every line here; ir:: stays spelled out.
using namespace syntax;  // NOLINT(google-build-using-namespace)
using ir::TypeKind;
using ir::TypeRef;
using ir::ValueId;

class Lowerer {
 public:
  Lowerer(const sema::Program& program, const source::SourceManager& sources, diagnostics::Emitter& emitter);
  ir::TestedModule Run();
  // The first of its functions that a run may call; the others are of tests.
  size_t functions_of_run() const { return functions_of_run_; }
  void CheckCommand(const TaskDecl& decl);

 private:
  // Operators within each other in one expression; longer chains go on in a node of their own.
  static constexpr int kMaxChain = 200;
  // `else if` whose conditions need nodes of their own, so that they nest.
  static constexpr int kMaxNestedElse = 60;
  // From this many on, `else if` is decided by halves.
  static constexpr size_t kFewBranches = 8;

  // A region under construction.
  struct Builder {
    ir::Region region;
    std::unordered_set<std::string> used;       // names of nodes
    std::unordered_map<std::string, int> next;  // the number to try next for an unnamed node
  };
  // Where a node's value goes: under a `let`'s name, or under a name made up.
  struct Spot {
    std::string name;
    ValueId id = ValueId::kNone;  // set: `name` is reserved, and this is the node's id
    std::vector<ValueId> after;
    bool named() const { return id != ValueId::kNone; }
  };
  // How a command's text names a variable that holds a value.
  struct VariableForm {
    std::string prefix;
    std::string_view before;
    std::string_view after;
  };
  struct RegionParam {
    const void* key = nullptr;  // a Binding or a Field
    std::string name;
    TypeRef type = nullptr;
    const ir::Expr* above = nullptr;  // the name stands for the parameter added to this
  };

  // ---- the module (lower.cpp, lower_module.cpp)
  std::vector<ir::Test> RunTests();
  void AddSources();
  void AddSites();
  void AddGroup(const GroupDecl& group);
  void AddCalendar(const CalendarDecl& calendar);
  void AddDecl(const Decl& decl);
  ir::Workflow LowerWorkflow(const WorkflowDecl& decl);
  ir::Function LowerFn(const FnDecl& decl);
  std::vector<ir::FieldDef> FieldDefs(ArrayRef<Field> fields);
  Json ConstantJson(const Expr& expr);
  Json SecretsJson(const MapExpr& secrets);
  std::string DirectoryOf(source::FileId file) const;  // absolute

  // ---- tasks and commands (lower_task.cpp, lower_command.cpp)
  ir::Task LowerTask(const TaskDecl& decl);
  std::vector<std::string> SitesOf(const TaskDecl& decl) const;
  void LowerPlace(const TaskDecl& decl, ir::Task& task);
  void LowerNeeds(const TaskDecl& decl, ir::Task& task);
  std::vector<ir::Param> LowerParams(ArrayRef<Field> fields);
  ir::Output LowerOutput(const Output& output);
  ir::Stream LowerStream(const StreamClause& stream);
  ir::Command LowerCommand(const TaskDecl& decl);
  void LowerShell(const TaskDecl& decl, ir::Command& command);
  void ReportSecrets(const TaskDecl& decl, const std::vector<VariableArgument>& arguments);
  std::vector<CommandPart> PartsOf(const StringExpr& text);
  // `language`: null for a shell.
  void ReportIssues(const StringExpr& text, const std::vector<CommandIssue>& issues,
                    const languages::Language* language);
  void ReportIssue(const StringExpr& text, const CommandIssue& issue, const languages::Language* language);
  Range RangeIn(const StringExpr& text, uint32_t part, uint32_t offset) const;
  void LowerScript(const StringExpr& text, const languages::Language& language, ir::Command& command);
  void PlaceValues(const StringExpr& text, const std::vector<Placement>& placements, const VariableForm& form,
                   ir::Command& command);
  ir::Command::Word LowerWord(const Expr& expr);
  ir::Command::Piece ValuePiece(const Expr& expr);

  // ---- regions and statements (lower_region.cpp)
  std::unique_ptr<ir::Region> LowerBlock(const Block& block, TypeRef wanted, ArrayRef<RegionParam> params = {});
  // A region whose only content is `value()`, of type `wanted`.
  std::unique_ptr<ir::Region> RegionOf(const std::function<ir::Expr()>& value, TypeRef wanted,
                                       ArrayRef<RegionParam> params = {});
  void Fill(const Block& block, TypeRef wanted);
  void DeclareParams(ArrayRef<RegionParam> params);
  void Reserve(const Block& block);
  void LowerStmt(const Stmt& stmt);
  void LowerLet(const LetStmt& let);
  void LowerCheckpoint(const CheckpointStmt& checkpoint);
  void LowerUnused(const Expr& expr);
  void LowerWatch(const WatchStmt& watch);
  void LowerSend(const SendStmt& send);
  void LowerCancel(const CancelStmt& cancel);

  // ---- nodes (lower_node.cpp)
  // Lowers `expr` to a node and gives a reference to it.
  ir::Expr Place(const Expr& expr, Spot spot);
  template <typename Body>
  ir::Expr AddNode(Spot spot, TypeRef type, Range range, Body body) {
    ir::Node node;
    node.body = std::move(body);
    return AddNode(std::move(spot), type, range, std::move(node));
  }
  ir::Expr AddNode(Spot spot, TypeRef type, Range range, ir::Node node);
  std::string UniqueName(const std::string& base);
  ValueId JobId(const Binding* binding) const;
  // The values that an expression refers to: what an `after` waits for.
  static void CollectRefs(const ir::Expr& expr, std::vector<ValueId>& ids);
  // Where there is no region: a call of a function that is made for it (lower_pure.cpp).
  ir::Expr AsFunction(const Expr& expr);
  // Whether lowering the expression would make nodes.
  bool Hoists(const Expr& expr) const;
  bool HasRegion() const { return builder_ != nullptr; }

  // ---- control (lower_if.cpp, lower_control.cpp, lower_loop.cpp)
  ir::Expr PlaceIf(const IfExpr& node, Spot spot);
  // The conditions of an `if` from `begin` to `end`; `certain`: one of them is known to hold.
  struct Branches {
    const IfExpr* node;
    size_t begin, end;
    bool certain;
    int depth;
  };
  ir::IfNode MakeIf(Branches branches);
  std::unique_ptr<ir::Region> BranchRegion(Branches branches);
  ir::Expr AnyOf(const IfExpr& node, size_t begin, size_t end);
  ir::Expr PlaceMatch(const MatchExpr& node, Spot spot);
  ir::Expr PlaceFor(const ForExpr& node, Spot spot);
  ir::Expr CountOf(const BinaryExpr& range, const ir::Expr& low);
  ir::Expr PlaceLoop(const LoopExpr& node, Spot spot);
  ir::Expr LowerStop(const StopExpr& node);
  ir::Expr LowerNext(const NextExpr& node);

  // ---- reviews (lower_review.cpp)
  ir::Expr PlaceReview(const ReviewExpr& review, Spot spot);
  ir::Choice LowerChoice(const Choice& choice);
  ir::FormField LowerFormField(const Choice::FormField& field);
  std::vector<ir::Choice> DeclaredChoices(const ReviewExpr& review);
  const EnumDecl& EnumOf(const ReviewExpr& review);
  ir::Expr LowerGivenAnswer(const ReviewExpr& review, const ReviewExpr::ElseVariant& policy);
  ir::Expr LowerDeclaredAnswer(const ReviewExpr& review, const ReviewExpr::ElseVariant& policy);
  ir::ByRule LowerBy(const ByRule& rule);

  // ---- expressions (lower_expr.cpp, lower_operators.cpp, lower_call.cpp)
  ir::Expr LowerExpr(const Expr& expr);
  ir::Expr LowerAs(const Expr& expr, TypeRef wanted) { return Coerce(LowerExpr(expr), wanted); }
  ir::Expr LowerString(const StringExpr& text);
  ir::Expr LowerName(const NameExpr& name);
  ir::Expr LowerField(const FieldExpr& field);
  ir::Expr LowerTuple(const TupleExpr& tuple);
  ir::Expr LowerUnary(const UnaryExpr& node);
  ir::Expr LowerBinary(const BinaryExpr& node);
  ir::Expr Combine(const BinaryExpr& node, ir::Expr left);
  ir::Expr ShortCircuit(const BinaryExpr& node, ir::Expr left);
  ir::Expr LowerCall(const CallExpr& call);
  ir::Expr LowerBuiltin(const CallExpr& call, const ir::Builtin& builtin);
  ir::Expr LowerVariant(const Binding& variant, const CallExpr* call, Range range);
  ir::Expr PlaceCall(const CallExpr& call, Spot spot);
  std::vector<ir::Expr> LowerArgs(ArrayRef<Field> fields, ArrayRef<Expr*> by_param);
  ir::Expr Record(TypeRef type, ArrayRef<Arg> fields, Range range);
  // A value where `wanted` is asked for: widened if its form at run time differs.
  ir::Expr Coerce(ir::Expr expr, TypeRef wanted);
  static std::string_view BuiltinName(const Binding& binding);

  // ---- tests (lower_stubs.cpp)
  ir::Test LowerTest(const TestDecl& decl);
  std::optional<ir::Expr> TestValues(const TestDecl& decl, std::vector<ir::FieldDef>& outputs);
  ir::Expectation LowerExpectation(const ExprStmt& expected);
  void AddParts(const Expr& root, std::vector<ir::Shown>& parts);
  std::unique_ptr<ir::Region> LowerStub(const TestDecl::Given& given, const Expr& value, TypeRef wanted);
  ir::Given LowerGiven(const TestDecl::Given& given);
  ir::TestAnswer LowerTestAnswer(const TestDecl::Answer& answer);
  void CheckPlaces(const TestDecl& decl, const ir::Test& test);

  // ---- small things
  ir::Expr Make(ir::Op op, TypeRef type, Range range) const;
  ir::Expr Literal(TypeKind kind, Json value, Range range) const;
  ir::Expr Ref(ValueId id, TypeRef type, Range range) const;
  ir::Span SpanOf(Range range) const;
  TypeRef Simple(TypeKind kind) const { return program_.types->Simple(kind); }
  static TypeRef Plain(TypeRef type) { return type->kind == TypeKind::kApproved ? type->element : type; }
  ValueId NewId() { return static_cast<ValueId>(next_id_++); }
  void NotCarried(Range range, std::string_view what);

  // Undoes a change of `builder_` at the end of a scope.
  class RegionScope {
   public:
    RegionScope(Lowerer& lowerer, Builder* builder) : lowerer_(lowerer), outer_(lowerer.builder_) {
      lowerer.builder_ = builder;
    }
    ~RegionScope() { lowerer_.builder_ = outer_; }
    RegionScope(const RegionScope&) = delete;
    RegionScope& operator=(const RegionScope&) = delete;

   private:
    Lowerer& lowerer_;
    Builder* outer_;
  };

  const sema::Program& program_;
  const source::SourceManager& sources_;
  diagnostics::Emitter& emitter_;
  ir::Module module_;
  std::unordered_map<uint32_t, uint32_t> file_index_;  // FileId to index into module_.sources
  std::unordered_map<uint32_t, std::string> directories_;
  Builder* builder_ = nullptr;                       // the region at hand; null in a task's clauses and in defaults
  std::unordered_map<const void*, ir::Expr> names_;  // what a Binding or a parameter's Field stands for
  std::unordered_map<std::string, const EnumDecl*> enums_;  // by name in the IR; filled when first asked for
  ValueId out_ = ValueId::kNone, previous_ = ValueId::kNone, attempt_ = ValueId::kNone;
  uint32_t next_id_ = 0;
  size_t functions_of_run_ = 0;
  int pure_functions_ = 0;  // made for clauses and defaults
  // Places that SpanOf was asked for lately.
  struct KnownPlace {
    source::FileId file{};
    uint32_t line = 0;  // 0: none yet
    uint32_t offset = 0;
    uint32_t column = 1;
  };
  mutable KnownPlace known_places_[4];
  mutable uint32_t oldest_place_ = 0;
};

// A literal or an expression of literals, as sema has checked it.
int64_t ConstantInt(const Expr& expr);

}  // namespace hwf::lower
