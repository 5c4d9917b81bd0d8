#include "ir/verifier.h"

namespace hwf::ir {
namespace internal {

// A pure region of the task's parameters and `attempt`.
void Verifier::CheckStub(const Region& region, const Task& task, TypeRef result) {
  CheckPure(region, true);
  if (region.params.size() != task.params.size() + 1) {
    return Fault("a stub of `{}` has {} parameters, not {}", task.name, region.params.size(), task.params.size() + 1);
  }
  for (size_t i = 0; i < task.params.size(); ++i) {
    if (region.params[i].type != task.params[i].type) Fault("a stub's parameter has another type than its task's");
  }
  if (region.params.back().type != Simple(TypeKind::kInt)) Fault("`attempt` is no Int");
  values_.clear();
  CheckRegion(region, result);
}

void Verifier::CheckGiven(const Given& given) {
  Place place(*this, "given `" + given.task + (given.stream.empty() ? "" : "." + given.stream) + "`");
  const auto task = tasks_.find(given.task);
  if (task == tasks_.end()) return Fault("there is no such task");
  TypeRef result = task->second->output_record;
  if (!given.stream.empty()) {
    const Stream* stream = nullptr;
    for (const Stream& each : task->second->streams) {
      if (each.name == given.stream) stream = &each;
    }
    if (stream == nullptr) return Fault("there is no such checkpoint");
    result = module_.types->List(stream->record);
  }
  CheckStub(given.region, *task->second, result);
  if (given.duration) CheckStub(*given.duration, *task->second, Simple(TypeKind::kDuration));
}

void Verifier::CheckExpectation(const Expectation& expectation) {
  Expect(expectation.region.params.empty(), "an expectation has parameters");
  CheckPure(expectation.region);
  CheckRegion(expectation.region, Simple(expectation.fails ? TypeKind::kString : TypeKind::kBool));
  for (const Shown& part : expectation.parts) CheckExpr(part.value);
}

void Verifier::CheckTest(const Test& test) {
  Place place(*this, "test \"" + test.name + "\"");
  if (full()) return;
  CheckWorkflow(test.workflow);
  // The expectations read the nodes of the test, whose region has just been left.
  for (const Node& node : test.workflow.region.nodes) values_[node.id].in_scope = true;
  for (const Expectation& expectation : test.expectations) CheckExpectation(expectation);
  for (const Given& given : test.givens) CheckGiven(given);
  values_.clear();
  for (const TestAnswer& answer : test.answers) {
    CheckExprIs(answer.delay, Simple(TypeKind::kDuration), "when an answer is given");
    for (const NamedExpr& field : answer.fields) CheckExpr(field.value);
  }
}

}  // namespace internal

std::vector<std::string> Verify(const TestedModule& tested) {
  return internal::Verifier(tested.module).Run(&tested.tests);
}

}  // namespace hwf::ir
