#include <filesystem>

#include "compiler/lower/lowerer.h"
#include "compiler/sema/constant.h"

namespace hwf::lower {

ir::Output Lowerer::LowerOutput(const Output& output) {
  ir::Output out;
  out.name = output.name.text.str();
  out.type = output.sema_type;
  if (output.at_stdout) out.kind = ir::Output::Kind::kStdout;
  if (output.at == nullptr) return out;
  out.path = LowerAs(*output.at, Simple(TypeKind::kString));
  const TypeRef plain = out.type->kind == TypeKind::kOptional ? out.type->element : out.type;
  const bool files = plain->kind == TypeKind::kList &&
                     (plain->element->kind == TypeKind::kFile || plain->element->kind == TypeKind::kDir);
  if (files) out.kind = ir::Output::Kind::kGlob;
  return out;
}

ir::Stream Lowerer::LowerStream(const StreamClause& stream) {
  ir::Stream out;
  out.name = stream.name.text.str();
  out.record = stream.sema_type;
  if (stream.keep != nullptr) out.keep = ConstantInt(*stream.keep);
  out.every_all = stream.every_all;
  return out;
}

ir::Task Lowerer::LowerTask(const TaskDecl& decl) {
  ir::Task task;
  task.name = program_.ir_names.at(&decl);
  task.doc = decl.doc.str();
  task.span = SpanOf(decl.name.range);
  task.params = LowerParams(decl.params);
  task.out = out_ = NewId();
  task.previous = previous_ = NewId();
  task.attempt = attempt_ = NewId();
  task.output_record = program_.output_types.at(&decl);
  for (const Output& output : decl.outputs) task.outputs.push_back(LowerOutput(output));
  for (const StringExpr* path : decl.uses) {
    const auto text = sema::ConstantString(path);
    if (!text.has_value()) continue;
    const std::filesystem::path whole = std::filesystem::path(DirectoryOf(path->range.file)) / *text;
    task.uses.push_back(whole.lexically_normal().string());
  }
  for (const Ident& site : decl.on) task.on.push_back(site.text.str());
  for (const TaskDecl::Need& need : decl.needs) task.needs.push_back({need.name.text.str(), LowerExpr(*need.value)});
  for (const TaskDecl::Env& env : decl.env) task.env.push_back({env.name.text.str(), LowerExpr(*env.value)});
  if (decl.retry.count != nullptr) task.retries = ConstantInt(*decl.retry.count);
  for (const Ident& reason : decl.retry.reasons) {
    if (const auto known = ir::ReasonFromString(reason.text.str())) task.retry_on.push_back(*known);
  }
  auto effect = program_.effects.find(&decl);
  task.effect = effect != program_.effects.end() && effect->second;
  task.cache = !decl.cache_off;
  for (const StreamClause& stream : decl.streams) task.streams.push_back(LowerStream(stream));
  for (const MessageClause& message : decl.accepts) {
    task.accepts.push_back({message.name.text.str(), FieldDefs(message.fields)});
  }
  task.command = LowerCommand(decl);
  return task;
}

}  // namespace hwf::lower
