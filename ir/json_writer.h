// Writing the IR as JSON: one Writer a module, which numbers the types as it meets them. Internal to ir/json*.cpp.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "ir/module.h"
#include "ir/test.h"

namespace hwf::ir::internal {

class Writer {
 public:
  // `tests`: written beside the module; null: none.
  Json WriteModule(const Module& module, const std::vector<Test>* tests = nullptr);

 private:
  // json_write_values.cpp
  int64_t TypeIndex(TypeRef type);
  Json WriteTypes();  // last: it also writes what records and enums reach
  Json WriteFields(const std::vector<FieldDef>& fields);
  Json WriteExpr(const Expr& expr);
  Json WriteExprs(const std::vector<Expr>& exprs);
  Json WriteParams(const std::vector<Param>& params);
  void SetExpr(Json& object, const char* key, const std::optional<Expr>& expr);

  // json_write_nodes.cpp
  Json WriteRegion(const Region& region);
  Json WriteNode(const Node& node);
  Json WriteBy(const ByRule& by);
  Json WriteChoice(const Choice& choice);
  void WriteBody(const LetNode& body, Json& out);
  void WriteBody(const TaskNode& body, Json& out);
  void WriteBody(const WorkflowNode& body, Json& out);
  void WriteBody(const IfNode& body, Json& out);
  void WriteBody(const MatchNode& body, Json& out);
  void WriteBody(const ForNode& body, Json& out);
  void WriteBody(const LoopNode& body, Json& out);
  void WriteBody(const ReviewNode& body, Json& out);
  void WriteBody(const WatchNode& body, Json& out);
  void WriteBody(const SendNode& body, Json& out);
  void WriteBody(const CancelNode& body, Json& out);
  void WriteBody(const CheckpointNode& body, Json& out);
  void WriteBody(const FailNode& body, Json& out);
  void WriteBody(const SourceNode& body, Json& out);

  // json_tests.cpp
  Json WriteTests(const std::vector<Test>& tests);
  Json WriteGiven(const Given& given);
  Json WriteAnswer(const TestAnswer& answer);
  Json WriteExpectation(const Expectation& expectation);

  // json_write.cpp
  Json WriteWorkflow(const Workflow& workflow);
  Json WriteTask(const Task& task);
  Json WriteCommand(const Command& command);
  Json WritePieces(const std::vector<Command::Piece>& pieces);
  Json WriteNamed(const std::vector<NamedExpr>& exprs);
  Json WriteCalendar(const Calendar& calendar);

  std::unordered_map<TypeRef, int64_t> type_indices_;
  std::vector<TypeRef> types_;
};

inline Json IdJson(ValueId id) { return Json(static_cast<uint32_t>(id)); }
inline void SetId(Json& object, const char* key, ValueId id) {
  if (id != ValueId::kNone) object.Set(key, IdJson(id));
}
Json Strings(const std::vector<std::string>& items);
// Left out if there are none.
void SetStrings(Json& object, const char* key, const std::vector<std::string>& items);
Json SpanJson(const Span& span);
void SetSpan(Json& object, const Span& span);

}  // namespace hwf::ir::internal
