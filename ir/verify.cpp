#include "ir/verify.h"

#include "ir/graph.h"
#include "ir/json.h"
#include "ir/sites.h"
#include "ir/verifier.h"

namespace hwf::ir {

bool Fits(TypeRef from, TypeRef to) {
  if (from == to || from->kind == TypeKind::kNever || from->kind == TypeKind::kEmpty) return true;
  if (to->kind == TypeKind::kOptional) {
    return from->kind == TypeKind::kNone || Fits(from->kind == TypeKind::kOptional ? from->element : from, to->element);
  }
  if (from->kind == to->kind) {
    if (from->kind == TypeKind::kList || from->kind == TypeKind::kApproved) return Fits(from->element, to->element);
    if (from->kind == TypeKind::kMap) return Fits(from->key, to->key) && Fits(from->element, to->element);
  }
  return from->kind == TypeKind::kApproved && Fits(from->element, to);
}

namespace internal {
namespace {

constexpr size_t kMaxNameBytes = 200;

// Names are parts of places, and places are directories.
bool SafeName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name.front() == '.' || name.front() == '-') return false;
  for (unsigned char c : name) {
    if (c < 0x21 || c == 0x7f || c == '/' || c == '\\') return false;
  }
  return name.find("..") == std::string_view::npos;
}

std::string Joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "`" : " → `") + name + "`";
  return out;
}

template <typename T>
std::string CycleNames(const std::vector<uint32_t>& cycle, const std::vector<T>& items) {
  std::vector<std::string> names;
  names.reserve(cycle.size() + 1);
  for (uint32_t index : cycle) names.push_back(items[index].name);
  names.push_back(names.front());
  return Joined(names);
}

}  // namespace

bool Verifier::full() const { return faults_.size() >= kMaxFaults; }

void Verifier::Note(const std::string& fault) {
  if (full()) return;
  std::string text;
  for (const std::string& part : place_) text += (text.empty() ? "" : ", ") + part;
  faults_.push_back(text.empty() ? fault : text + ": " + fault);
}

void Verifier::CheckName(const std::string& name, const char* what) {
  if (!SafeName(name)) Fault("`{}` cannot be the name of a {}", name.substr(0, kMaxNameBytes), what);
}

// Also finds a record or enum that contains itself: it is met again before it was checked whole.
void Verifier::CheckType(TypeRef type) {
  if (type == nullptr) return Fault("a type is missing");
  auto [seen, fresh] = types_seen_.try_emplace(type, false);
  if (!fresh) {
    if (!seen->second) Fault("a type contains itself");
    return;
  }
  if (type->kind == TypeKind::kPoison) Fault("the type of an error");
  if (type->element != nullptr) CheckType(type->element);
  if (type->key != nullptr) CheckType(type->key);
  if (type->record != nullptr) CheckFields(type->record->fields);
  if (type->enumeration != nullptr) {
    UniqueNames(type->enumeration->variants, "variants");
    for (const VariantDef& variant : type->enumeration->variants) CheckFields(variant.fields);
  }
  types_seen_[type] = true;
}

void Verifier::CheckFields(const std::vector<FieldDef>& fields) {
  UniqueNames(fields, "fields");
  for (const FieldDef& field : fields) CheckType(field.type);
}

void Verifier::CheckWorkflow(const Workflow& workflow) {
  Place place(*this, "workflow `" + workflow.name + "`");
  CheckName(workflow.name, "workflow");
  values_.clear();
  CheckFields(workflow.outputs);
  CheckRegion(workflow.region, nullptr);
  if (workflow.outputs.empty() || full()) return;
  const std::optional<Expr>& result = workflow.region.result;
  if (!result.has_value() || result->type->record == nullptr) {
    if (!result.has_value() || result->type->kind != TypeKind::kNever) Fault("its region does not give its outputs");
    return;
  }
  for (const FieldDef& output : workflow.outputs) {
    const FieldDef* given = result->type->record->Find(output.name);
    if (given == nullptr) {
      Fault("its region does not give the output `{}`", output.name);
    } else {
      CheckFits(given->type, output.type, "an output");
    }
  }
}

void Verifier::CheckFunction(const Function& function) {
  Place place(*this, "function `" + function.name + "`");
  CheckType(function.result);
  if (full()) return;
  values_.clear();
  CheckPure(function.region);
  CheckRegion(function.region, function.result);
}

bool Verifier::IsSite(std::string_view name) const {
  return name.empty() || name == "here" || FindSite(module_, name) != nullptr;
}

void Verifier::CheckSite(const Site& site) {
  Place place(*this, "site `" + site.name + "`");
  CheckName(site.name, "site");
  if (!IsSiteKind(site.kind)) Fault("`{}` is no kind of site", site.kind);
  if (!site.fields.is_object()) return Fault("its fields are no object");
  const Json* secrets = site.fields.Find("secrets");
  if (secrets == nullptr) return;
  if (!secrets->is_object()) return Fault("its secrets are no object");
  for (const JsonMember& secret : secrets->AsObject()) {
    const Json& from = secret.value;
    const bool one = from.is_object() && from.AsObject().size() == 1 && from.AsObject()[0].value.is_string();
    const std::string_view key = one ? std::string_view(from.AsObject()[0].key) : "";
    if (key != "env" && key != "file" && key != "command") {
      Fault("the secret `{}` says not where it comes from", secret.key);
    }
  }
}

void Verifier::Definitions() {
  UniqueNames(module_.tasks, "tasks");
  UniqueNames(module_.workflows, "workflows");
  UniqueNames(module_.functions, "functions");
  UniqueNames(module_.sites, "sites");
  UniqueNames(module_.groups, "groups");
  for (const Task& task : module_.tasks) tasks_.emplace(task.name, &task);
  for (const Workflow& workflow : module_.workflows) workflows_.emplace(workflow.name, &workflow);
  for (const Function& function : module_.functions) functions_.emplace(function.name, &function);
  if (!module_.entry.empty() && !workflows_.contains(module_.entry)) {
    Fault("the entry `{}` is no workflow of the module", module_.entry);
  }
  for (const SourceFile& source : module_.sources) Expect(!source.path.empty(), "a source has no path");
}

void Verifier::Calls() {
  std::vector<uint32_t> cycle = FindCycle(WorkflowCalls(module_));
  if (!cycle.empty()) Fault("workflows call each other in a cycle: {}", CycleNames(cycle, module_.workflows));
  cycle = FindCycle(FunctionCalls(module_));
  if (!cycle.empty()) Fault("functions call each other in a cycle: {}", CycleNames(cycle, module_.functions));
}

std::vector<std::string> Verifier::Run(const std::vector<Test>* tests) {
  if (module_.version != kVersion) Fault("the module's version is {}, not {}", module_.version, kVersion);
  if (module_.types == nullptr) Fault("the module has no types");
  if (!faults_.empty()) return std::move(faults_);
  Definitions();
  for (const Site& site : module_.sites) CheckSite(site);
  for (const Task& task : module_.tasks) {
    if (!full()) CheckTask(task);
  }
  for (const Function& function : module_.functions) {
    if (!full()) CheckFunction(function);
  }
  for (const Workflow& workflow : module_.workflows) {
    if (!full()) CheckWorkflow(workflow);
  }
  Calls();
  if (faults_.empty()) CheckApprovals();
  if (tests != nullptr && faults_.empty()) {
    for (const Test& test : *tests) CheckTest(test);
  }
  return std::move(faults_);
}

}  // namespace internal

std::vector<std::string> Verify(const Module& module) { return internal::Verifier(module).Run(); }

}  // namespace hwf::ir
