#include "compiler/sema/check_site.h"

#include "compiler/sema/constant.h"
#include "compiler/sema/order.h"

namespace hwf::sema {
namespace {

// What a site of kind `local` may say.
struct FieldRow {
  const char* name;
  TypeKind type;
  double least;
};
constexpr FieldRow kLocalFields[] = {
    {"cpus", TypeKind::kInt, 1},
    {"gpus", TypeKind::kInt, 0},
    {"memory", TypeKind::kBytes, 1},
};
// Kinds of the language that this version does not carry.
constexpr const char* kLaterKinds[] = {"slurm", "ssh"};

std::string Wanted(const FieldRow& row) {
  return row.type == TypeKind::kBytes ? "a size such as `64GiB`"
                                      : fmt::format("a whole number of at least {}", row.least);
}

class Sites {
 public:
  explicit Sites(Context& context) : context_(context) {}

  void Run() {
    Collect();
    Needs needs(sites_.size());
    for (size_t at = 0; at < sites_.size(); ++at) {
      if (auto base = by_name_.find(sites_[at]->base.text.str()); base != by_name_.end()) {
        needs[at].push_back(static_cast<uint32_t>(base->second));
      }
    }
    const Order order = OrderOf(needs);
    for (const std::vector<uint32_t>& cycle : order.cycles) ReportCycle(cycle);
    for (const std::vector<uint32_t>& knot : order.knots) {
      for (const uint32_t at : knot) broken_[at] = true;
    }
    for (const uint32_t at : order.nodes) CheckSite(at);
  }

 private:
  void Collect() {
    for (const ModuleScope& scope : context_.program.scopes) {
      for (const Decl* decl : scope.module->decls) {
        const auto* site = llvm::dyn_cast<SiteDecl>(decl);
        if (site == nullptr || !site->name) continue;
        auto [known, fresh] = by_name_.try_emplace(site->name.text.str(), sites_.size());
        if (!fresh) {
          context_.Report(site->name.range, diagnostics::kDuplicateSite, site->name.text)
              .Note(sites_[known->second]->name.range, "declared here");
          continue;
        }
        sites_.push_back(site);
        Program::Site& resolved = context_.program.sites.emplace_back();
        resolved.decl = site;
      }
    }
    context_.sites = by_name_;
    broken_.resize(sites_.size());
  }

  void ReportCycle(const std::vector<uint32_t>& cycle) {
    std::string way;
    for (const uint32_t at : cycle) way += sites_[at]->name.text.str() + " → ";
    const SiteDecl& first = *sites_[cycle.front()];
    context_.Report(first.name.range, diagnostics::kSiteCycle, first.name.text, way + first.name.text.str());
  }

  void CheckSite(uint32_t at) {
    const SiteDecl& decl = *sites_[at];
    Program::Site& site = context_.program.sites[at];
    auto base = by_name_.find(decl.base.text.str());
    if (base != by_name_.end() && !broken_[at]) {
      broken_[at] = broken_[base->second];
      site.kind = context_.program.sites[base->second].kind;
      site.fields = context_.program.sites[base->second].fields;
    } else if (decl.base.text == "local") {
      site.kind = "local";
    } else if (!broken_[at]) {
      ReportKind(decl);
      broken_[at] = true;
    }
    for (const Arg& arg : decl.args) SetType(*arg.value);
    if (broken_[at]) return;
    llvm::DenseMap<StringRef, Range> seen;
    for (const Arg& arg : decl.args) {
      auto [known, fresh] = seen.try_emplace(arg.name.text, arg.range);
      if (!fresh) {
        context_.Report(arg.range, diagnostics::kDuplicateMember, arg.name.text, "the site")
            .Note(known->second, "first here");
        continue;
      }
      CheckField(site, arg);
    }
  }

  void ReportKind(const SiteDecl& decl) {
    if (!decl.base || !context_.incomplete.empty() || context_.broken.count(decl.base.text.str()) != 0) return;
    for (const char* kind : kLaterKinds) {
      if (decl.base.text != kind) continue;
      context_.Report(decl.base.range, diagnostics::kNotCarried, Quoted(decl.base.text))
          .Help("this version runs tasks on `local` sites");
      return;
    }
    context_.suggester.Begin(decl.base.text);
    context_.suggester.Offer("local");
    for (const SiteDecl* site : sites_) context_.suggester.Offer(site->name.text);
    auto report = context_.Report(decl.base.range, diagnostics::kUnknownSiteKind, decl.base.text);
    const StringRef best = context_.suggester.Best();
    if (!best.empty()) report.Suggest("did you mean " + Quoted(best) + "?", decl.base.range, best.str());
  }

  // Fields are literals; anything else is refused below, and has no type to speak of.
  void SetType(Expr& value) {
    const auto constant = Fold(&value);
    value.type = context_.Simple(constant ? constant->kind : TypeKind::kPoison);
  }

  void CheckField(Program::Site& site, const Arg& arg) {
    const FieldRow* row = nullptr;
    context_.suggester.Begin(arg.name.text);
    for (const FieldRow& each : kLocalFields) {
      context_.suggester.Offer(each.name);
      if (arg.name.text == each.name) row = &each;
    }
    if (row == nullptr) {
      const Range where = arg.name ? arg.name.range : arg.range;
      auto report = context_.Report(where, diagnostics::kUnknownSiteField, arg.name.text);
      const StringRef best = context_.suggester.Best();
      report.Help("a local site has cpus, gpus and memory");
      if (!best.empty()) report.Suggest("did you mean " + Quoted(best) + "?", where, best.str());
      return;
    }
    const auto constant = Fold(arg.value);
    if (!constant || constant->kind != row->type || constant->number < row->least) {
      context_.Report(arg.value->range, diagnostics::kBadSiteField, arg.name.text, Wanted(*row));
      return;
    }
    for (auto& [name, value] : site.fields) {
      if (name != row->name) continue;
      value = arg.value;
      return;
    }
    site.fields.emplace_back(row->name, arg.value);
  }

  Context& context_;
  std::vector<const SiteDecl*> sites_;
  std::unordered_map<std::string, size_t> by_name_;
  std::vector<char> broken_;
};

}  // namespace

void CheckSites(Context& context) { Sites(context).Run(); }

}  // namespace hwf::sema
