// Where a task runs and in what: `on`, `image`, `secret`, and whether any site of its `on` could ever run it.
#include <llvm/ADT/STLExtras.h>

#include <algorithm>

#include "compiler/sema/check_secrets.h"
#include "compiler/sema/checker.h"
#include "compiler/sema/site_fields.h"
#include "compiler/sema/why_not.h"
#include "ir/sites.h"

namespace hwf::sema {

// True if each of its sites is known.
bool Checker::CheckOn(const TaskDecl& task) {
  bool known = true;
  llvm::DenseMap<StringRef, Range> seen;
  for (const Ident& site : task.on) {
    auto [first, fresh] = seen.try_emplace(site.text, site.range);
    if (!fresh) Report(site.range, diagnostics::kDuplicateMember, site.text, "`on`").Note(first->second, "first here");
    auto declared = context_.sites.find(site.text.str());
    if (declared != context_.sites.end() && context_.program.sites[declared->second].kind.empty()) known = false;
    if (site.text == "here" || declared != context_.sites.end()) continue;
    known = false;
    ReportUnknownSite(site);
  }
  return known;
}

void Checker::ReportUnknownSite(const Ident& site) {
  if (!context_.incomplete.empty() || context_.broken.count(site.text.str()) != 0) return;
  context_.suggester.Begin(site.text);
  context_.suggester.Offer("here");
  for (const auto& other : context_.program.sites) context_.suggester.Offer(other.decl->name.text);
  auto report = Report(site.range, diagnostics::kUnknownSite, site.text);
  const bool replaced = context_.sites_scopes != 0;
  report.Help(replaced ? "`--sites FILE` takes the place of all sites: that file declares none of this name"
                       : "declare it, `site " + site.text.str() + " = local(cpus: 8)`, or import the file that does");
  Suggest(report, site.range);
}

void Checker::CheckImage(const TaskDecl& task) {
  if (task.image == nullptr) return;
  CheckString(*task.image, Text::kTask);
  const auto text = ConstantString(task.image);
  const bool word = text && !text->empty() && (*text)[0] != '-' &&
                    llvm::none_of(*text, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
  if (text && !word) Report(task.image->range, diagnostics::kBadImage, *text);
}

void Checker::CheckPack(const TaskDecl& task) {
  if (task.pack == nullptr || !CheckCount(task.pack, 1, "`pack`")) return;
  const Constant count = *Fold(task.pack);
  if (count.number <= ir::kMaxPack) return;
  Report(task.pack->range, diagnostics::kBadNumber, ToText(count), fmt::format("at most {} share a job", ir::kMaxPack));
}

void Checker::CheckTaskSecrets(const TaskDecl& task) {
  llvm::DenseMap<StringRef, Range> seen;
  for (const TaskDecl::Env& env : task.env) seen.try_emplace(env.name.text, env.name.range);
  for (const Ident& secret : task.secrets) {
    auto [known, fresh] = seen.try_emplace(secret.text, secret.range);
    if (!fresh) {
      Report(secret.range, diagnostics::kDuplicateMember, secret.text, "`env` and `secret`")
          .Note(known->second, "first here");
    }
  }
}

void Checker::CheckSecretAt(const Ident& secret, StringRef name) {
  auto found = context_.sites.find(name.str());
  const Program::Site* site = found == context_.sites.end() ? nullptr : &context_.program.sites[found->second];
  const auto* secrets = site == nullptr ? nullptr : llvm::dyn_cast_or_null<MapExpr>(SiteValue(*site, "secrets"));
  context_.suggester.Begin(secret.text);
  for (const MapExpr::Entry& entry : secrets == nullptr ? ArrayRef<MapExpr::Entry>() : secrets->entries) {
    const auto* key = llvm::dyn_cast<NameExpr>(entry.key);
    if (key == nullptr) continue;
    if (key->name.text == secret.text) return;
    context_.suggester.Offer(key->name.text);
  }
  auto report = Report(secret.range, diagnostics::kUnknownSecret, name, secret.text);
  report.Help(fmt::format("the site says where it comes from: `secrets: [{0}: env(\"{0}\")]`", secret.text));
  Suggest(report, secret.range);
  if (site != nullptr) report.Note(site->decl->name.range, "the site is here");
}

// An error only if none of its sites could run it, not even its first attempt.
void Checker::CheckPlace(const TaskDecl& task) {
  const bool known = CheckOn(task);
  if (!known || !context_.incomplete.empty()) return;
  Candidates candidates;
  const auto add = [&](StringRef name) {
    auto found = context_.sites.find(name.str());
    const Program::Site* site = found == context_.sites.end() ? nullptr : &context_.program.sites[found->second];
    if (site != nullptr && site->kind.empty()) return;  // `here`, and reported
    candidates.push_back({name, site, WhyNot(task, site)});
  };
  if (task.on.empty()) add("here");
  for (const Ident& site : task.on) add(site.text);
  const bool some = llvm::any_of(candidates, [](const Candidate& each) { return each.refusals.empty(); });
  if (!some) return ReportPlace(task, candidates);
  for (const Candidate& each : candidates) {
    if (each.refusals.empty()) {
      for (const Ident& secret : task.secrets) CheckSecretAt(secret, each.name);
      CheckRetries(task, each);
    } else {
      context_.program.never[&task].push_back({each.name.str(), each.refusals[0].why});
    }
  }
}

void Checker::ReportPlace(const TaskDecl& task, const Candidates& candidates) {
  if (candidates.size() == 1) {
    for (const Refusal& refusal : candidates[0].refusals) {
      auto report = Report(refusal.at, diagnostics::kSiteCannot, candidates[0].name, refusal.why);
      if (!refusal.help.empty()) report.Help(refusal.help);
      if (candidates[0].site != nullptr) report.Note(candidates[0].site->decl->name.range, "the site is here");
    }
    return;
  }
  if (candidates.empty()) return;
  auto report = Report(task.on[0].range, diagnostics::kNoSiteCan, task.name.text);
  for (const Candidate& each : candidates) {
    for (const Refusal& refusal : each.refusals) {
      report.Note(refusal.at, fmt::format("on `{}`: {}", each.name, refusal.why));
    }
  }
}

// `memory: 16GiB * attempt` grows with the retries, the site does not; and a call stays on its site.
void Checker::CheckRetries(const TaskDecl& task, const Candidate& candidate) {
  constexpr int kMaxRetries = 100;  // looked at
  const auto count = task.retry.count == nullptr ? std::nullopt : Fold(task.retry.count);
  const int retries = count ? static_cast<int>(std::min<double>(count->number, kMaxRetries)) : 0;
  for (int attempt = 2; attempt <= retries + 1; ++attempt) {
    const std::vector<Refusal> refusals = WhyNot(task, candidate.site, attempt);
    if (refusals.empty()) continue;
    Report(refusals[0].at, diagnostics::kLateRefusal, attempt, candidate.name, refusals[0].why);
    return;
  }
}

}  // namespace hwf::sema
