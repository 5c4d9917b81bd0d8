// `job.model`, `previous.epoch?.weights`, `xs[0]`. A field or item of an approved value is approved.
#include "compiler/sema/checker.h"

namespace hwf::sema {
namespace {

constexpr size_t kFewFields = 16;  // up to here a search is as quick as an index

}  // namespace

const ir::FieldDef* Checker::FindField(const ir::RecordDef& record, StringRef name) {
  if (record.fields.size() <= kFewFields) return record.Find({name.data(), name.size()});
  auto [index, fresh] = field_index_.try_emplace(&record);
  if (fresh) {
    for (uint32_t at = 0; at < record.fields.size(); ++at) index->second.try_emplace(record.fields[at].name, at);
  }
  auto found = index->second.find(name);
  return found == index->second.end() ? nullptr : &record.fields[found->second];
}

// A variant that is not called: it must have no fields.
TypeRef Checker::BareVariant(const Binding& binding, Range range) {
  const StringRef name = binding.name.text;
  const ir::VariantDef* variant = binding.type->enumeration->Find({name.data(), name.size()});
  if (variant == nullptr || variant->fields.empty()) return binding.type;
  const std::string& first = variant->fields.front().name;
  Report(range, diagnostics::kMissingArgument, "variant " + Quoted(name), Quoted(first))
      .Note(binding.name.range, "declared here")
      .Help("give it its fields: `" + name.str() + "(" + first + ": …)`");
  return Poison();
}

TypeRef Checker::CheckField(FieldExpr& field) {
  if (field.binding != nullptr) {
    if (field.binding->kind != Binding::Kind::kVariant) return CheckDecl(*field.binding, field.range);
    return BareVariant(*field.binding, field.name.range);
  }
  const TypeRef type = field.base->type;
  if (IsPoison(type) || !field.name) return Poison();
  const TypeRef plain = Plain(type);
  if (plain->kind == TypeKind::kOptional) {
    if (!field.optional) {
      Report(field.name.range, diagnostics::kMayBeNone, TypeName(type))
          .Help("reach into it by `?." + field.name.text.str() + "`, or use it inside `if x != none { … }`");
      return Poison();
    }
    const TypeRef inner = FieldOf(field, Like(type, plain->element));
    return IsPoison(inner) ? inner : context_.types().Optional(inner);
  }
  if (field.optional) {
    Report(field.name.range, diagnostics::kNeverNone, TypeName(type)).Help("write `.` in the place of `?.`");
    return Poison();
  }
  const TypeRef found = FieldOf(field, type);
  return IsPoison(found) ? found : Narrowed(field, found);
}

TypeRef Checker::FieldOf(FieldExpr& field, TypeRef record) {
  const TypeRef plain = Plain(record);
  if (plain->kind == TypeKind::kRecord) {
    if (const ir::FieldDef* found = FindField(*plain->record, field.name.text)) return Like(record, found->type);
  }
  const auto* name = llvm::dyn_cast<NameExpr>(field.base);
  const TaskDecl* job = name != nullptr && name->binding != nullptr && name->binding->kind == Binding::Kind::kLet
                            ? name->binding->task
                            : nullptr;
  if (job == nullptr) {
    const bool previous =
        name != nullptr && name->binding != nullptr && name->binding->kind == Binding::Kind::kPrevious;
    return previous && task_->broken ? Poison() : UnknownField(field, plain);
  }
  for (const StreamClause& stream : job->streams) {
    if (stream.name.text != field.name.text) continue;
    return context_.types().List(stream.sema_type);  // of all its emissions, there when the job has ended
  }
  return job->broken ? Poison() : UnknownField(field, plain);
}

TypeRef Checker::UnknownField(const FieldExpr& field, TypeRef record) {
  PassOn(field.base);  // what was meant by it is not known
  context_.suggester.Begin(field.name.text);
  if (record->kind == TypeKind::kRecord) {
    for (const ir::FieldDef& known : record->record->fields) {
      if (context_.suggester.spent()) break;
      context_.suggester.Offer(known.name);
    }
  }
  auto report = Report(field.name.range, diagnostics::kUnknownField, Quoted(TypeName(record)), field.name.text);
  Suggest(report, field.name.range);
  HelpWithTry(record, report);
  return Poison();
}

TypeRef Checker::CheckIndex(IndexExpr& index) {
  const TypeRef at = Check(index.index);
  PassOn(index.index);
  const TypeRef type = index.base->type;
  if (IsPoison(type) || IsPoison(at)) return Poison();
  const TypeRef plain = Plain(type);
  if (plain->kind == TypeKind::kList) {
    if (!Coerce(index.index, Simple(TypeKind::kInt), "for the index of a list")) return Poison();
    return Like(type, plain->element);
  }
  if (plain->kind == TypeKind::kMap) {
    if (!Coerce(index.index, plain->key, "for the key of the map")) return Poison();
    return Like(type, plain->element);
  }
  auto report = Report(index.base->range, diagnostics::kNotIndexable, TypeName(type));
  if (plain->kind == TypeKind::kOptional) report.Help("it may be `none`: give a default with `??`");
  return Poison();
}

}  // namespace hwf::sema
