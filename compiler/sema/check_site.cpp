#include "compiler/sema/check_site.h"

#include <llvm/ADT/STLExtras.h>

#include "compiler/sema/check_secrets.h"
#include "compiler/sema/order.h"
#include "compiler/sema/site_fields.h"

namespace hwf::sema {
namespace {

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
    for (size_t at = 0; at < sites_.size(); ++at) {
      // What was reported may be the very field that is missing.
      if (!broken_[at] && !faulty_[at]) CheckWhole(context_.program.sites[at]);
    }
  }

 private:
  void Collect() {
    for (const ModuleScope& scope : context_.program.scopes) {
      if (context_.sites_scopes != 0 && &scope == &context_.program.scopes[context_.sites_scopes]) break;
      for (const Decl* decl : scope.module->decls) {
        const auto* site = llvm::dyn_cast<SiteDecl>(decl);
        if (site == nullptr || !site->name) continue;
        if (llvm::is_contained(SiteKinds(), site->name.text)) {
          context_.Report(site->name.range, diagnostics::kAlreadyBound, site->name.text).Help("it is a kind of site");
          continue;
        }
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
    faulty_.resize(sites_.size());
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
      faulty_[at] = faulty_[base->second];
      site.kind = context_.program.sites[base->second].kind;
      site.fields = context_.program.sites[base->second].fields;
    } else if (llvm::is_contained(SiteKinds(), decl.base.text)) {
      site.kind = decl.base.text.str();
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
      if (!CheckField(site, arg)) faulty_[at] = true;
    }
  }

  void ReportKind(const SiteDecl& decl) {
    if (!decl.base || !context_.incomplete.empty() || context_.broken.count(decl.base.text.str()) != 0) return;
    context_.suggester.Begin(decl.base.text);
    for (const StringRef kind : SiteKinds()) context_.suggester.Offer(kind);
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

  bool CheckField(Program::Site& site, const Arg& arg) {
    const SiteField* field = FindSiteField(site.kind, arg.name.text);
    if (field == nullptr) {
      ReportField(site, arg);
      return false;
    }
    if (!Takes(*field, *arg.value)) {
      ReportValue(*field, arg);
      return false;
    }
    if (field->shape == SiteField::Shape::kSecrets) CheckSecrets(context_, llvm::cast<MapExpr>(*arg.value));
    for (auto& [name, value] : site.fields) {
      if (name != field->name) continue;
      value = arg.value;
      return true;
    }
    site.fields.emplace_back(field->name, arg.value);
    return true;
  }

  void ReportField(const Program::Site& site, const Arg& arg) {
    if (!arg.name) {
      context_.Report(arg.range, diagnostics::kPositionalArgument, "site " + Quoted(site.decl->name.text),
                      std::string_view("no field"));
      return;
    }
    const Range where = arg.name.range;
    const std::vector<StringRef> known = SiteFieldsOf(site.kind);
    context_.suggester.Begin(arg.name.text);
    for (const StringRef name : known) context_.suggester.Offer(name);
    const StringRef best = context_.suggester.Best();
    auto report = context_.Report(where, diagnostics::kUnknownSiteField, site.kind, arg.name.text);
    const std::string others = KindsWith(arg.name.text);
    std::string all;
    for (const StringRef name : known) all += (all.empty() ? "" : ", ") + name.str();
    report.Help(others.empty() ? "it has " + all
                               : fmt::format("sites of kind {} have it; this one has {}", others, all));
    if (others.empty() && !best.empty()) report.Suggest("did you mean " + Quoted(best) + "?", where, best.str());
  }

  void ReportValue(const SiteField& field, const Arg& arg) {
    auto report = context_.Report(arg.value->range, diagnostics::kBadSiteField, field.name, Wanted(field));
    const llvm::ArrayRef<StringRef> words = WordsOf(field);
    if (words.empty()) return;
    const auto* word = llvm::dyn_cast<NameExpr>(arg.value);
    const std::string given = word != nullptr ? word->name.text.str() : ConstantString(arg.value).value_or("");
    if (llvm::is_contained(words, StringRef(given))) {
      report.Suggest("it stands without quotes", arg.value->range, given);
      return;
    }
    context_.suggester.Begin(given);
    for (const StringRef each : words) context_.suggester.Offer(each);
    const StringRef best = context_.suggester.Best();
    if (!best.empty()) report.Suggest("did you mean " + Quoted(best) + "?", arg.value->range, best.str());
  }

  void CheckWhole(const Program::Site& site) {
    const auto lacks = [&](const char* field, const char* why) {
      if (SiteValue(site, field) != nullptr) return;
      context_.Report(site.decl->name.range, diagnostics::kMissingSiteField, site.decl->name.text, site.kind, field)
          .Help(why);
    };
    if (site.kind == "ssh") lacks("host", "the name that `ssh` knows it by: `host: \"edge1\"`");
    if (site.kind == "ssh") lacks("workdir", "where runs are kept there: `workdir: \"/data/hwf\"`");
    const bool elsewhere = site.kind == "slurm" && SiteValue(site, "login") != nullptr;
    if (elsewhere) lacks("workdir", "with `login` the run's directory is not there: `workdir: \"/scratch/me/hwf\"`");
    const bool allocates = site.kind == "slurm" && SiteValue(site, "allocation") != nullptr;
    if (allocates) lacks("max_time", "for so long its nodes are asked for: `max_time: 2h`");
  }

  Context& context_;
  std::vector<const SiteDecl*> sites_;
  std::unordered_map<std::string, size_t> by_name_;
  std::vector<char> broken_;  // of no kind that is known
  std::vector<char> faulty_;  // a field of it, or of what it is made from, was reported
};

}  // namespace

void CheckSites(Context& context) { Sites(context).Run(); }

}  // namespace hwf::sema
