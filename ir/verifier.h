// The state of one verification. Internal to ir/verify*.cpp.
#pragma once

#include <fmt/format.h>

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ir/module.h"
#include "ir/test.h"
#include "ir/type_rules.h"

namespace hwf::ir::internal {

// A value in the definition at hand.
struct Value {
  enum class Kind { kPlain, kTask, kOut, kPrevious };
  TypeRef type = nullptr;      // null for kOut and kPrevious, whose record is checked where it is read
  const Task* task = nullptr;  // kTask: a node that calls it; kOut, kPrevious: the task that it belongs to
  Kind kind = Kind::kPlain;
  bool in_scope = true;
};

class Verifier {
 public:
  explicit Verifier(const Module& module) : module_(module) {}
  std::vector<std::string> Run(const std::vector<Test>* tests = nullptr);

 private:
  // Puts a part of the place before every fault noted while it lives.
  class Place {
   public:
    Place(Verifier& verifier, std::string text) : verifier_(verifier) { verifier_.place_.push_back(std::move(text)); }
    ~Place() { verifier_.place_.pop_back(); }

   private:
    Verifier& verifier_;
  };

  void Note(const std::string& fault);
  template <typename... Args>
  void Fault(fmt::format_string<Args...> format, Args&&... args) {
    Note(fmt::format(format, std::forward<Args>(args)...));
  }
  void Expect(bool holds, const char* fault) {
    if (!holds) Note(fault);
  }
  bool full() const;

  // verify.cpp
  void Definitions();
  void Calls();
  void CheckWorkflow(const Workflow& workflow);
  void CheckFunction(const Function& function);
  void CheckName(const std::string& name, const char* what);
  template <typename T>
  void UniqueNames(const std::vector<T>& items, const char* what) {
    std::unordered_set<std::string_view> seen;
    for (const auto& item : items) {
      if (!seen.insert(item.name).second) Fault("two {} are named `{}`", what, item.name);
    }
  }
  void CheckSite(const Site& site);
  bool IsSite(std::string_view name) const;
  void CheckType(TypeRef type);
  void CheckFields(const std::vector<FieldDef>& fields);

  // verify_tests.cpp
  void CheckTest(const Test& test);
  void CheckGiven(const Given& given);
  void CheckStub(const Region& region, const Task& task, TypeRef result);
  void CheckExpectation(const Expectation& expectation);

  // verify_approval.cpp; after all else, of a module without faults
  void CheckApprovals();

  // verify_task.cpp
  void CheckTask(const Task& task);
  void CheckSites(const Task& task);
  void CheckSecret(const std::string& secret, std::string_view site);
  void CheckCommand(const Command& command);
  void CheckPiece(const Command::Piece& piece);
  void CheckOutputs(const Task& task);
  void CheckStreams(const Task& task);

  // verify_region.cpp
  void Declare(ValueId id, Value value);
  void DeclareParams(const std::vector<Param>& params);
  void CheckRegion(const Region& region, TypeRef result);
  void CheckNode(const Node& node);
  void CheckArgs(const std::vector<Expr>& args, const std::vector<Param>& params, const char* what);
  void CheckBody(const Node& node, const LetNode& body);
  void CheckBody(const Node& node, const TaskNode& body);
  TypeRef CheckTried(const Type& type, Tried what, bool gives);
  void CheckPlacement(const Task& task, const TaskNode& body);
  void CheckBody(const Node& node, const WorkflowNode& body);
  void CheckBody(const Node& node, const IfNode& body);
  void CheckBody(const Node& node, const MatchNode& body);
  void CheckBody(const Node& node, const ForNode& body);
  void CheckBody(const Node& node, const LoopNode& body);
  static bool Carries(const VariantDef& variant, const std::vector<Param>& carried);
  void CheckRound(const EnumDef& round, const LoopNode& body, const EnumDef& result);
  void CheckBody(const Node& node, const ReviewNode& body);  // verify_review.cpp
  void CheckBody(const Node& node, const WatchNode& body);
  void CheckBody(const Node& node, const SendNode& body);
  void CheckBody(const Node& node, const CancelNode& body);
  void CheckBody(const Node& node, const CheckpointNode& body);
  void CheckBody(const Node& node, const FailNode& body);
  void CheckBody(const Node& node, const SourceNode& body);
  void CheckInner(const std::unique_ptr<Region>& region, std::vector<TypeRef> params, TypeRef result);
  void CheckArm(const EnumDef& type, bool approved, const MatchArm& arm, TypeRef result);
  // `stub`: it may name data and fail.
  void CheckPure(const Region& region, bool stub = false);
  // The task that the node `job` calls, or null after a fault.
  const Task* Job(ValueId job);

  // verify_review.cpp
  void CheckBy(const ByRule& by);
  void CheckAssume(const Node& node, const ReviewNode& body);
  void CheckChoice(const EnumDef& type, const Choice& choice);
  void CheckFormField(const FormField& field);

  // verify_expr.cpp
  void CheckExpr(const Expr& expr);
  void CheckExprIs(const Expr& expr, TypeRef wanted, const char* what);
  void CheckRef(const Expr& expr);
  const Stream* StreamOf(const Expr& expr) const;
  void CheckField(const Expr& expr);
  void CheckIndex(const Expr& expr);
  void CheckLiteral(const Expr& expr);
  void CheckLabelled(const Expr& expr, const std::vector<FieldDef>& fields);
  void CheckArithmetic(const Expr& expr);
  void CheckComparison(const Expr& expr);
  void CheckBuiltin(const Expr& expr);
  void CheckBuiltinFunction(const Expr& expr, TypeRef item);
  void CheckCall(const Expr& expr);
  void CheckFits(TypeRef from, TypeRef to, const char* what);
  TypeRef Simple(TypeKind kind) const { return module_.types->Simple(kind); }

  const Module& module_;
  std::vector<std::string> faults_;
  std::vector<std::string> place_;
  std::unordered_map<ValueId, Value> values_;  // of the definition at hand
  std::unordered_map<std::string_view, const Task*> tasks_;
  std::unordered_map<std::string_view, const Workflow*> workflows_;
  std::unordered_map<std::string_view, const Function*> functions_;
  std::unordered_map<TypeRef, bool> types_seen_;  // true once wholly checked
};

}  // namespace hwf::ir::internal
