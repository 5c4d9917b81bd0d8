#include "runtime/simulate/test_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "runtime/simulate/simulator.h"
#include "runtime/simulate/stubs.h"
#include "runtime/state/evaluate.h"
#include "runtime/state/values.h"

namespace hwf::simulate {
namespace {

// A name that no workflow of the language has.
const char* const kEntry = "test.0";

// The test's own workflow is the entry while this lives.
class AsEntry {
 public:
  AsEntry(ir::Module& module, ir::Test& test) : module_(module), test_(test), entry_(module.entry) {
    test_.workflow.name = kEntry;
    module_.workflows.push_back(std::move(test_.workflow));
    module_.entry = kEntry;
  }
  ~AsEntry() {
    test_.workflow = std::move(module_.workflows.back());
    module_.workflows.pop_back();
    module_.entry = entry_;
  }
  AsEntry(const AsEntry&) = delete;
  AsEntry& operator=(const AsEntry&) = delete;

 private:
  ir::Module& module_;
  ir::Test& test_;
  std::string entry_;
};

// What the test's lines gave, for those that read them.
state::SmallEnvironment Values(const ir::Workflow& workflow, const Json& outputs) {
  state::SmallEnvironment values;
  for (const ir::Node& node : workflow.region.nodes) {
    const Json* value = outputs.Find(node.name);
    values.Set(node.id, value == nullptr ? Json() : *value);
  }
  return values;
}

// Of "digits.hwf:34:23: r.fail: rejected": the message, without the position and the place.
std::string_view MessageOf(std::string_view reason) {
  size_t end = reason.find(": ");
  if (end != std::string_view::npos && end > 0 && std::isdigit(static_cast<unsigned char>(reason[end - 1])) != 0) {
    reason.remove_prefix(end + 2);
    end = reason.find(": ");
  }
  if (end != std::string_view::npos && reason.substr(0, end).find(' ') == std::string_view::npos) {
    reason.remove_prefix(end + 2);
  }
  return reason;
}

// The run's end against the lines that expect one: `expect fail` and, without them, none.
void CheckEnd(const ir::Module& module, const ir::Test& test, const Simulated& run,
              const std::vector<std::string>& reasons, std::vector<TestFailure>& failures) {
  if (!run.finish) {
    failures.push_back({run.stuck, {}, test.span});
    return;
  }
  bool expected = false;
  for (const ir::Expectation& each : test.expectations) {
    if (!each.fails) continue;
    expected = true;
    const state::Evaluation text = state::EvaluateRegion(module, each.region, {}, state::SmallEnvironment());
    if (!text.ok()) {
      failures.push_back(
          {"expected " + each.text + ", which cannot be computed: " + text.failure->message, {}, each.span});
      continue;
    }
    const std::string wanted = text.value.is_string() ? text.value.AsString() : "";
    const bool found = std::any_of(reasons.begin(), reasons.end(), [&](const std::string& reason) {
      return MessageOf(reason).find(wanted) != std::string_view::npos;
    });
    if (found && !run.finish->ok) continue;
    failures.push_back(
        {"expected " + each.text + (run.finish->ok ? ", and the run ends well" : ", and it fails otherwise"), reasons,
         each.span});
  }
  if (!expected && !run.finish->ok) failures.push_back({"the run fails", reasons, test.span});
}

void CheckExpectation(const ir::Module& module, const ir::Expectation& each, const state::SmallEnvironment& values,
                      std::vector<TestFailure>& failures) {
  const state::Evaluation holds = state::EvaluateRegion(module, each.region, {}, values);
  if (holds.ok() && holds.value.is_bool() && holds.value.AsBool()) return;
  TestFailure failure{"expected " + each.text, {}, each.span};
  if (!holds.ok()) failure.details.push_back("it cannot be computed: " + holds.failure->message);
  for (const ir::Shown& part : each.parts) {
    const state::Evaluation value = state::Evaluate(module, part.value, values);
    if (value.ok()) failure.details.push_back(fmt::format("{} is {}", part.label, state::Brief(value.value)));
  }
  failures.push_back(std::move(failure));
}

// A run that fails, as it was to, has no result that the other lines could be about.
void CheckNoResult(const ir::Test& test, std::vector<TestFailure>& failures) {
  for (const ir::Expectation& each : test.expectations) {
    if (!each.fails)
      failures.push_back({"expected " + each.text + ", and the run fails without a result", {}, each.span});
  }
}

}  // namespace

TestResult RunTest(ir::TestedModule& tested, ir::Test& test, Coverage& coverage) {
  TestResult result;
  Simulated run;
  std::vector<std::string> reasons;
  {
    const AsEntry entry(tested.module, test);
    Stubs stubs(tested.module, test);
    Simulator simulator(tested.module, stubs);
    run = simulator.Run(Json::Object());
    reasons = simulator.scheduler().failures();
    coverage.Count(simulator.scheduler());
  }
  result.elapsed_ms = run.elapsed;
  if (reasons.empty() && run.finish && !run.finish->ok) reasons.push_back(run.finish->why);
  CheckEnd(tested.module, test, run, reasons, result.failures);
  if (!run.finish) return result;
  if (!run.finish->ok) {
    if (result.failures.empty()) CheckNoResult(test, result.failures);
    return result;
  }
  const state::SmallEnvironment values = Values(test.workflow, run.finish->outputs);
  for (const ir::Expectation& each : test.expectations) {
    if (!each.fails) CheckExpectation(tested.module, each, values, result.failures);
  }
  return result;
}

}  // namespace hwf::simulate
