#include "ir/module.h"

#include <array>
#include <utility>

#include "ir/find.h"

namespace hwf::ir {
namespace {

constexpr std::array<std::pair<Reason, std::string_view>, 9> kReasons = {{{Reason::kOom, "oom"},
                                                                          {Reason::kTimeLimit, "time_limit"},
                                                                          {Reason::kNodeFail, "node_fail"},
                                                                          {Reason::kPreempted, "preempted"},
                                                                          {Reason::kCancelled, "cancelled"},
                                                                          {Reason::kExit, "exit"},
                                                                          {Reason::kSignal, "signal"},
                                                                          {Reason::kOutput, "output"},
                                                                          {Reason::kSite, "site"}}};

}  // namespace

const Task* Module::FindTask(std::string_view name) const { return FindByName(tasks, name); }
const Workflow* Module::FindWorkflow(std::string_view name) const { return FindByName(workflows, name); }
const Function* Module::FindFunction(std::string_view name) const { return FindByName(functions, name); }

std::string_view ToString(Reason reason) {
  for (const auto& [value, text] : kReasons) {
    if (value == reason) return text;
  }
  HWF_UNREACHABLE();
}

std::optional<Reason> ReasonFromString(std::string_view text) {
  for (const auto& [value, name] : kReasons) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace hwf::ir
