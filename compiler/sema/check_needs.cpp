// `needs cpus: 1, memory: 16GiB * attempt`: names and types from one table. What sites can give: check_place.cpp.
#include <llvm/ADT/STLExtras.h>

#include "compiler/sema/checker.h"

namespace hwf::sema {
namespace {

struct NeedRow {
  const char* name;
  TypeKind type;
  double least;  // 0: none at all is fine
};
constexpr NeedRow kNeeds[] = {
    {"cpus", TypeKind::kInt, 1},      {"gpus", TypeKind::kInt, 0},   {"memory", TypeKind::kBytes, 1},
    {"time", TypeKind::kDuration, 1}, {"gpu", TypeKind::kString, 0}, {"disk", TypeKind::kBytes, 1},
    {"nodes", TypeKind::kInt, 1},     {"ranks", TypeKind::kInt, 1},  {"ranks_per_node", TypeKind::kInt, 1},
};

}  // namespace

void Checker::CheckNeeds(const TaskDecl& task) {
  llvm::DenseMap<StringRef, Range> seen;
  for (const TaskDecl::Need& need : task.needs) {
    Check(need.value);
    const NeedRow* row = nullptr;
    context_.suggester.Begin(need.name.text);
    for (const NeedRow& each : kNeeds) {
      context_.suggester.Offer(each.name);
      if (need.name.text == each.name) row = &each;
    }
    if (row == nullptr) {
      auto report = Report(need.name.range, diagnostics::kUnknownNeed, need.name.text);
      report.Help("a task needs cpus, gpus, gpu, memory, time, disk, nodes, ranks or ranks_per_node");
      Suggest(report, need.name.range);
      continue;
    }
    auto [known, fresh] = seen.try_emplace(need.name.text, need.name.range);
    if (!fresh) {
      Report(need.name.range, diagnostics::kDuplicateMember, need.name.text, "`needs`")
          .Note(known->second, "first here");
    }
    if (!Coerce(need.value, Simple(row->type), "for `" + need.name.text.str() + "`")) continue;
    const auto constant = Fold(need.value);
    if (constant && constant->number < row->least) {
      Report(need.value->range, diagnostics::kBadNeed, need.name.text, ToText(*constant));
    }
  }
  CheckRanks(task);
}

// How many ranks, on how many nodes: what of it stands in the source must agree.
void Checker::CheckRanks(const TaskDecl& task) {
  const auto number = [&](StringRef name) { return NeedNumber(task, name); };
  const int64_t nodes = number("nodes"), ranks = number("ranks"), each = number("ranks_per_node");
  if (ranks == 0) return;
  const auto at = llvm::find_if(task.needs, [](const TaskDecl::Need& need) { return need.name.text == "ranks"; });
  const auto refuse = [&](const std::string& why) { Report(at->value->range, diagnostics::kBadRanks, ranks, why); };
  if (each != 0 && nodes != 0 && nodes * each != ranks) {
    refuse(fmt::format("{} nodes of {} ranks have {}", nodes, each, nodes * each));
  } else if (each != 0 && ranks % each != 0) {
    refuse(fmt::format("they do not fill nodes of {} ranks", each));
  } else if (each == 0 && nodes != 0 && ranks % nodes != 0) {
    refuse(fmt::format("{} nodes would not have the same number of them", nodes));
  }
}

int64_t Checker::NeedNumber(const TaskDecl& task, StringRef name) {
  for (const TaskDecl::Need& need : task.needs) {
    if (need.name.text != name) continue;
    const auto constant = Fold(need.value);
    return constant && constant->number >= 1 ? static_cast<int64_t>(constant->number) : 0;
  }
  return 0;
}

}  // namespace hwf::sema
