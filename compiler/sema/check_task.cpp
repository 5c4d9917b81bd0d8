// `task`: its parameters, streams, messages, retries and whether it is an effect. Outputs, needs and the command have
// files of their own.
#include <filesystem>

#include "compiler/sema/checker.h"
#include "ir/module.h"

namespace hwf::sema {
namespace {

// Whether a value of this type can come as JSON from the command, or go to it in a message.
bool HoldsKind(TypeRef type, TypeKind kind, int depth = 0) {
  if (type->kind == kind) return true;
  if (depth > Types::kMaxDepth) return false;
  if (type->element != nullptr) return HoldsKind(type->element, kind, depth + 1);
  return false;
}

}  // namespace

void Checker::RefuseType(const TypeExpr* written, TypeRef type, bool refused, std::string_view what) {
  if (!refused || written == nullptr || IsPoison(type)) return;
  auto report = Report(written->range, diagnostics::kBadTypeHere, what, TypeName(type));
  if (types_.HoldsApproved(type)) report.Help("only an answer that `grants` it makes an approved value");
}

bool Checker::CheckCount(Expr* expr, int64_t least, std::string_view what) {
  if (IsPoison(Check(expr))) return false;
  const auto count = Fold(expr);
  if (count && count->kind == TypeKind::kInt && count->number >= static_cast<double>(least)) return true;
  Report(expr->range, diagnostics::kBadCount, what, least);
  return false;
}

void Checker::CheckTask(const TaskDecl& task) {
  llvm::SaveAndRestore<const TaskDecl*> current(task_, &task);
  CheckDefaults(task.params);
  CheckTaskTypes(task);
  CheckEffect(task);
  CheckStreams(task);
  {
    llvm::SaveAndRestore<std::string_view> pure(pure_, "a task's clauses");
    for (const Output& output : task.outputs) CheckOutput(task, output);
    llvm::SaveAndRestore<Text> text(text_, Text::kTask);
    CheckUses(task);
    CheckRetry(task);
    CheckImage(task);
    CheckPack(task);
    CheckNeeds(task);
    CheckTaskSecrets(task);
    CheckPlace(task);
    CheckCommand(task);
  }
}

void Checker::CheckTaskTypes(const TaskDecl& task) {
  llvm::DenseMap<StringRef, Range> seen;
  auto once = [&](const Ident& name, std::string_view where) {
    auto [known, fresh] = seen.try_emplace(name.text, name.range);
    if (fresh || !name) return;
    Report(name.range, diagnostics::kDuplicateMember, name.text, where).Note(known->second, "first here");
  };
  // `job.x` is an output or a stream: one name for both would hide one of them.
  for (const Output& output : task.outputs) seen.try_emplace(output.name.text, output.name.range);
  for (const StreamClause& stream : task.streams) {
    once(stream.name, "the outputs and checkpoints");
    for (const Field& field : stream.fields) {
      const TypeRef type = field.sema_type;
      RefuseType(field.type, type, types_.HoldsApproved(type) || HoldsKind(type, TypeKind::kDir),
                 "what a checkpoint shows");
    }
  }
  seen.clear();
  for (const MessageClause& message : task.accepts) {
    once(message.name, "the messages");
    for (const Field& field : message.fields) {
      const TypeRef type = field.sema_type;
      const bool files = HoldsKind(type, TypeKind::kFile) || HoldsKind(type, TypeKind::kDir);
      RefuseType(field.type, type, types_.HoldsApproved(type) || files, "what a message carries");
    }
  }
  seen.clear();
  for (const TaskDecl::Env& env : task.env) {
    once(env.name, "`env`");
    if (env.name.text.startswith("HWF_")) Report(env.name.range, diagnostics::kReservedEnv, env.name.text);
  }
}

// Marked, or by the rule: an approved parameter, or nothing that comes out.
void Checker::CheckEffect(const TaskDecl& task) {
  bool effect = task.effect || task.outputs.empty();
  for (const Field& param : task.params) effect = effect || types_.HoldsApproved(param.sema_type);
  context_.program.effects[&task] = effect;
}

void Checker::CheckStreams(const TaskDecl& task) {
  for (const StreamClause& stream : task.streams) {
    CheckDefaults(stream.fields);
    if (stream.keep != nullptr) CheckCount(stream.keep, 1, "`keep`");
  }
  for (const MessageClause& message : task.accepts) CheckDefaults(message.fields);
}

void Checker::CheckRetry(const TaskDecl& task) {
  if (task.retry.count == nullptr) return;
  CheckCount(task.retry.count, 0, "`retry`");
  if (context_.program.effects[&task]) {
    auto report = Report(task.retry.range, diagnostics::kRetryEffect, task.name.text);
    report.Help(task.effect            ? "it is marked `effect`"
                : task.outputs.empty() ? "a task without outputs is an effect"
                                       : "a task with an approved parameter is an effect");
  }
  std::set<std::string> seen;
  for (const Ident& reason : task.retry.reasons) {
    const auto known = ir::ReasonFromString(reason.text.str());
    if (known && *known == ir::Reason::kCancelled) {
      Report(reason.range, diagnostics::kUnknownReason, reason.text).Help("what people cancel is not tried again");
    } else if (!known) {
      context_.suggester.Begin(reason.text);
      constexpr ir::Reason kReasons[] = {ir::Reason::kOom,       ir::Reason::kTimeLimit, ir::Reason::kNodeFail,
                                         ir::Reason::kPreempted, ir::Reason::kExit,      ir::Reason::kSignal,
                                         ir::Reason::kOutput,    ir::Reason::kSite};
      std::string all;
      for (const ir::Reason each : kReasons) {
        const std::string_view name = ir::ToString(each);
        context_.suggester.Offer({name.data(), name.size()});
        all += (all.empty() ? "" : " ") + std::string(name);
      }
      auto report = Report(reason.range, diagnostics::kUnknownReason, reason.text);
      report.Help("reasons are " + all);
      Suggest(report, reason.range);
    } else if (!seen.insert(reason.text.str()).second) {
      Report(reason.range, diagnostics::kDuplicateMember, reason.text, "the reasons");
    }
  }
}

void Checker::CheckUses(const TaskDecl& task) {
  namespace fs = std::filesystem;
  const fs::path source = context_.sources.file(scope_.module->file).path;
  for (StringExpr* path : task.uses) {
    CheckString(*path, Text::kPlain);
    const auto text = ConstantString(path);
    if (!text || text->empty()) {
      Report(path->range, diagnostics::kUsesNotLiteral);
      continue;
    }
    const fs::path found = source.parent_path() / *text;
    std::error_code error;
    if (fs::exists(found, error)) continue;
    Report(path->range, diagnostics::kMissingFile, "file or directory", found.lexically_normal().string())
        .Help("`uses` names files beside the source; data comes by `file(\"…\")` or as a parameter");
  }
}

}  // namespace hwf::sema
