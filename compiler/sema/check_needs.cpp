// `needs cpus: 1, memory: 16GiB * attempt`: names and types from one table, and what a declared site can never give.
#include "compiler/sema/checker.h"

namespace hwf::sema {
namespace {

struct NeedRow {
  const char* name;
  TypeKind type;
  double least;  // 0: none at all is fine
  bool carried;  // by the sites that there are
};
constexpr NeedRow kNeeds[] = {
    {"cpus", TypeKind::kInt, 1, true},
    {"gpus", TypeKind::kInt, 0, true},
    {"memory", TypeKind::kBytes, 1, true},
    {"time", TypeKind::kDuration, 1, true},
    {"gpu", TypeKind::kString, 0, false},
    {"disk", TypeKind::kBytes, 0, false},
    {"nodes", TypeKind::kInt, 1, false},
    {"ranks", TypeKind::kInt, 1, false},
    {"ranks_per_node", TypeKind::kInt, 1, false},
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
    if (!row->carried) {
      Report(need.name.range, diagnostics::kNotCarried, "the need " + Quoted(need.name.text))
          .Help("a local site gives cpus, gpus, memory and time");
      continue;
    }
    const auto constant = Fold(need.value);
    if (constant && constant->number < row->least) {
      Report(need.value->range, diagnostics::kBadNeed, need.name.text, ToText(*constant));
    } else if (constant) {
      CheckFits(task, need);
    }
  }
}

// Refused only if none of the task's sites could ever give it, not even to the first attempt.
void Checker::CheckFits(const TaskDecl& task, const TaskDecl::Need& need) {
  const auto wanted = Fold(need.value);
  llvm::SmallVector<std::string, 2> names;
  for (const Ident& site : task.on) names.push_back(site.text.str());
  if (names.empty()) names.push_back("here");
  const Program::Site* small = nullptr;
  std::optional<Constant> most;
  for (const std::string& name : names) {
    auto found = context_.sites.find(name);
    if (found == context_.sites.end()) return;
    const Program::Site& site = context_.program.sites[found->second];
    std::optional<Constant> limit;
    for (const auto& [field, value] : site.fields) {
      if (need.name.text == field) limit = Fold(value);
    }
    if (!limit || !(*limit < *wanted)) return;
    if (most && *limit < *most) continue;
    most = limit;
    small = &site;
  }
  Report(need.value->range, diagnostics::kSiteTooSmall, ToText(*wanted), need.name.text, small->decl->name.text,
         ToText(*most))
      .Note(small->decl->name.range, "the site is here");
}

}  // namespace hwf::sema
