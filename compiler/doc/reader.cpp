#include "compiler/doc/reader.h"

#include <fmt/format.h>
#include <llvm/ADT/StringExtras.h>

#include "compiler/sema/walk.h"
#include "ir/drawing.h"

namespace hwf::doc {
namespace {

using namespace syntax;  // NOLINT: this file is about the tree

Text Plain(std::string text) { return {{std::move(text), ""}}; }

}  // namespace

std::string Reader::AnchorOf(const Decl& decl) {
  const char* word = nullptr;
  switch (decl.kind) {
    case Decl::Kind::kRecord:
      word = "record";
      break;
    case Decl::Kind::kEnum:
      word = "enum";
      break;
    case Decl::Kind::kFn:
      word = "fn";
      break;
    case Decl::Kind::kTask:
      word = "task";
      break;
    case Decl::Kind::kWorkflow:
      word = "workflow";
      break;
    case Decl::Kind::kSite:
      word = "site";
      break;
    case Decl::Kind::kGroup:
      word = "group";
      break;
    case Decl::Kind::kCalendar:
      word = "calendar";
      break;
    case Decl::Kind::kImport:
    case Decl::Kind::kTest:
    case Decl::Kind::kUncarried:
    case Decl::Kind::kError:
      return "";
  }
  return fmt::format("{}.{}", word, decl.name.text.str());
}

bool Reader::Read(const Decl& decl, Item& item) const {
  item.name = decl.name.text.str();
  item.anchor = AnchorOf(decl);
  item.doc = decl.doc.str();
  if (item.anchor.empty()) return false;
  if (const auto* record = llvm::dyn_cast<RecordDecl>(&decl)) {
    item.kind = Item::Kind::kRecord;
    item.takes = Fields(record->fields);
  } else if (const auto* enum_ = llvm::dyn_cast<EnumDecl>(&decl)) {
    item.kind = Item::Kind::kEnum;
    for (const EnumDecl::Variant& variant : enum_->variants)
      item.variants.push_back({variant.name.text.str(), Fields(variant.fields), "", variant.doc.str()});
  } else if (const auto* fn = llvm::dyn_cast<FnDecl>(&decl)) {
    item.kind = Item::Kind::kFn;
    item.takes = Fields(fn->params);
    item.result = TypeText(*fn->result);
  } else if (const auto* task = llvm::dyn_cast<TaskDecl>(&decl)) {
    item.kind = Item::Kind::kTask;
    ReadTask(*task, item);
  } else if (const auto* workflow = llvm::dyn_cast<WorkflowDecl>(&decl)) {
    item.kind = Item::Kind::kWorkflow;
    ReadWorkflow(*workflow, item);
  } else if (const auto* site = llvm::dyn_cast<SiteDecl>(&decl)) {
    item.kind = Item::Kind::kSite;
    ReadNamed(site->base, site->args, item);
  } else if (const auto* calendar = llvm::dyn_cast<CalendarDecl>(&decl)) {
    item.kind = Item::Kind::kCalendar;
    ReadNamed(calendar->base, calendar->args, item);
  } else if (const auto* group = llvm::dyn_cast<GroupDecl>(&decl)) {
    item.kind = Item::Kind::kGroup;
    for (const Expr* member : group->members->items) item.clauses.push_back({"", Plain(SourceText(member))});
  }
  return true;
}

void Reader::ReadWorkflow(const WorkflowDecl& workflow, Item& item) const {
  item.takes = Fields(workflow.params);
  item.gives = Fields(workflow.outputs);
  const auto name = program_.ir_names.find(&workflow);
  const ir::Workflow* lowered = module_.FindWorkflow(name == program_.ir_names.end() ? item.name : name->second);
  if (lowered != nullptr) item.drawing = ir::DrawSvg(ir::SceneOf(module_, *lowered), item.name);

  std::vector<const ReviewExpr*> reviews;
  llvm::DenseMap<const Expr*, std::string> names;
  auto expr = [&](const Expr& each) {
    if (const auto* review = llvm::dyn_cast<ReviewExpr>(&each)) reviews.push_back(review);
  };
  auto stmt = [&](const Stmt& each) {
    if (const auto* let = llvm::dyn_cast<LetStmt>(&each))
      names[&sema::WithoutAfter(*let->value)] = let->name.text.str();
  };
  sema::Visit visit;
  visit.expr = expr;
  visit.stmt = stmt;
  sema::Walk(workflow, visit);
  llvm::sort(reviews, [](const auto* a, const auto* b) { return a->range.begin < b->range.begin; });
  for (const ReviewExpr* review : reviews) {
    item.reviews.push_back(ReadReview(*review));
    item.reviews.back().name = names.lookup(review);
  }
}

// `train = slurm(login: …)`
void Reader::ReadNamed(const Ident& base, ArrayRef<Arg> args, Item& item) const {
  item.result = NameText(base.text);
  for (const Arg& arg : args) item.clauses.push_back({arg.name.text.str(), Plain(SourceText(arg.value))});
}

std::vector<Field> Reader::Fields(ArrayRef<syntax::Field> fields) const {
  std::vector<Field> out;
  for (const syntax::Field& field : fields) {
    const std::string value = SourceText(field.default_value);
    out.push_back({field.name.text.str(), TypeText(*field.type), value.empty() ? "" : "= " + value, field.doc.str()});
  }
  return out;
}

// The type as it stands, each name of the program's a link.
Text Reader::TypeText(const TypeExpr& type) const {
  Text out;
  switch (type.kind) {
    case TypeExpr::Kind::kNamed:
      out = NameText(type.name.text);
      if (type.args.empty()) return out;
      Append(out, Plain("["));
      Append(out, TypeText(*type.args[0]));
      Append(out, Plain("]"));
      return out;
    case TypeExpr::Kind::kList:
      out = Plain("[");
      Append(out, TypeText(*type.args[0]));
      Append(out, Plain("]"));
      return out;
    case TypeExpr::Kind::kMap:
      out = Plain("[");
      Append(out, TypeText(*type.args[0]));
      Append(out, Plain(": "));
      Append(out, TypeText(*type.args[1]));
      Append(out, Plain("]"));
      return out;
    case TypeExpr::Kind::kOptional:
      out = TypeText(*type.args[0]);
      Append(out, Plain("?"));
      return out;
    case TypeExpr::Kind::kUnit:
      return Plain("()");
  }
  return out;
}

std::string Reader::LinkOf(StringRef name) const {
  auto [first, rest] = name.split('.');
  const auto found = scope_.names.find(first.str());
  if (found == scope_.names.end()) return "";
  const Binding* binding = found->second;
  if (binding->kind == Binding::Kind::kModule && binding->module != nullptr) {
    const auto inner = binding->module->names.find(rest.split('.').first.str());
    if (inner == binding->module->names.end()) return "";
    binding = inner->second;
  }
  return binding->decl == nullptr ? "" : links_.lookup(binding->decl);
}

Text Reader::NameText(StringRef name) const { return {{name.str(), LinkOf(name)}}; }

std::string Reader::SourceText(source::Range range) const {
  std::string out;
  for (const char c : sources_.Text(range)) {
    const bool space = llvm::isSpace(c);
    if (space && !out.empty() && out.back() == ' ') continue;
    out += space ? ' ' : c;
  }
  return out;
}

std::string Reader::SourceText(const Expr* expr) const { return expr == nullptr ? "" : SourceText(expr->range); }

}  // namespace hwf::doc
