#include <llvm/ADT/STLExtras.h>

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

// Those of its `on` that could run it.
std::vector<std::string> Lowerer::SitesOf(const TaskDecl& decl) const {
  auto known = program_.never.find(&decl);
  std::vector<std::string> sites;
  for (const Ident& site : decl.on) {
    const std::string name = site.text.str();
    const bool never = known != program_.never.end() &&
                       llvm::any_of(known->second, [&](const ir::Never& each) { return each.site == name; });
    if (!never) sites.push_back(name);
  }
  return sites;
}

void Lowerer::LowerPlace(const TaskDecl& decl, ir::Task& task) {
  if (auto never = program_.never.find(&decl); never != program_.never.end()) task.never_on = never->second;
  task.on = SitesOf(decl);
  if (decl.image != nullptr) task.image = LowerAs(*decl.image, Simple(TypeKind::kString));
  for (const Ident& secret : decl.secrets) task.secrets.push_back(secret.text.str());
  task.launch = decl.launch.text.str();
  if (decl.pack != nullptr) task.pack = ConstantInt(*decl.pack);
}

// What follows from the needs that are said stands there too: a model of GPU asks for one; two of nodes, ranks and
// ranks_per_node say the third; nodes alone are one rank each.
void Lowerer::LowerNeeds(const TaskDecl& decl, ir::Task& task) {
  for (const TaskDecl::Need& need : decl.needs) task.needs.push_back({need.name.text.str(), LowerExpr(*need.value)});
  const auto find = [&](std::string_view name) {
    auto need = llvm::find_if(task.needs, [&](const ir::NamedExpr& each) { return each.name == name; });
    return need == task.needs.end() ? std::optional<ir::Expr>() : need->value;
  };
  const auto integer = [&](ir::Op op, std::vector<ir::Expr> args, Range range) {
    ir::Expr made = Make(op, Simple(TypeKind::kInt), range);
    made.args = std::move(args);
    return made;
  };
  const Range range = decl.name.range;
  if (find("gpu") && !find("gpus")) task.needs.push_back({"gpus", Literal(TypeKind::kInt, 1, range)});
  const auto nodes = find("nodes"), ranks = find("ranks"), each = find("ranks_per_node");
  if (nodes && !ranks && !each) task.needs.push_back({"ranks", *nodes});
  if (!each || (nodes && ranks)) return;
  if (!ranks) {
    const ir::Expr one = Literal(TypeKind::kInt, 1, range);
    task.needs.push_back({"ranks", integer(ir::Op::kMul, {nodes.value_or(one), *each}, range)});
    return;
  }
  ir::Expr quotient = Make(ir::Op::kDiv, Simple(TypeKind::kFloat), range);
  quotient.args = {*ranks, *each};
  ir::Expr rounded = integer(ir::Op::kBuiltin, {std::move(quotient)}, range);
  rounded.name = "round";
  task.needs.push_back({"nodes", std::move(rounded)});
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
  LowerPlace(decl, task);
  LowerNeeds(decl, task);
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
