// `workflow`, `fn`, and defaults.
#include "compiler/sema/checker.h"

namespace hwf::sema {
namespace {

bool HoldsResult(const Block& body) {
  return llvm::any_of(body.stmts, [](const Stmt* stmt) {
    const auto* expression = llvm::dyn_cast<ExprStmt>(stmt);
    return expression != nullptr && llvm::isa<TupleExpr>(expression->value);
  });
}

}  // namespace

void Checker::CheckDefaults(ArrayRef<Field> fields) {
  llvm::SaveAndRestore<std::string_view> pure(pure_, "a default");
  for (const Field& field : fields) {
    if (field.default_value == nullptr) continue;
    CheckAs(field.default_value, field.sema_type, "for the default of " + Quoted(field.name.text));
  }
}

void Checker::CheckFn(const FnDecl& fn) {
  llvm::SaveAndRestore<std::string_view> pure(pure_, "a `fn`, which only computes");
  CheckDefaults(fn.params);
  CheckAs(fn.body, context_.program.output_types[&fn], "for the result of " + Quoted(fn.name.text));
}

void Checker::CheckWorkflow(const WorkflowDecl& workflow) {
  llvm::SaveAndRestore<const WorkflowDecl*> current(workflow_, &workflow);
  CheckDefaults(workflow.params);
  if (workflow.body != nullptr) CheckWorkflowResult(workflow);
  CheckAnswersUsed();
}

// The last line of a workflow with outputs is its result, `(name: value, …)`, unless it cannot be reached.
void Checker::CheckWorkflowResult(const WorkflowDecl& workflow) {
  const Block& body = *workflow.body;
  auto* result = llvm::dyn_cast_or_null<TupleExpr>(body.result);
  const bool has_result = result != nullptr && !result->entries.empty();
  if (!has_result) {
    const TypeRef type = CheckBlock(body, false);
    if (workflow.outputs.empty() || type->kind == TypeKind::kNever) return;
    if (body.result != nullptr && llvm::isa<ErrorExpr>(body.result)) return;  // it may have been meant as the result
    if (HoldsResult(body)) return;                                            // it was said that this is not its place
    const Range end{body.range.file, body.range.end > body.range.begin ? body.range.end - 1 : body.range.begin,
                    body.range.end};
    std::string wanted;
    for (const Field& output : workflow.outputs) {
      if (wanted.size() > 200) break;
      wanted += (wanted.empty() ? "" : ", ") + output.name.text.str() + ": …";
    }
    Report(body.result != nullptr ? body.result->range : end, diagnostics::kMissingResult, workflow.name.text,
           "(" + wanted + ")");
    return;
  }
  // The result is looked at with the block, in whose scope it stands; here only its shape is known to be right.
  result_ = result;
  CheckBlock(body, true);
  result_ = nullptr;
  llvm::DenseMap<StringRef, const Arg*> given;
  for (const Arg& entry : result->entries) given.try_emplace(entry.name.text, &entry);
  llvm::DenseMap<StringRef, const Field*> wanted;
  for (const Field& output : workflow.outputs) wanted.try_emplace(output.name.text, &output);
  for (const Arg& entry : result->entries) {
    auto output = wanted.find(entry.name.text);
    if (output == wanted.end()) {
      context_.suggester.Begin(entry.name.text);
      for (const Field& known : workflow.outputs) context_.suggester.Offer(known.name.text);
      auto report = Report(entry.name ? entry.name.range : entry.range, diagnostics::kUnknownOutput, workflow.name.text,
                           entry.name.text);
      report.Note(workflow.name.range, "declared here");
      if (entry.name) Suggest(report, entry.name.range);
    } else if (given[entry.name.text] != &entry) {
      Report(entry.range, diagnostics::kDuplicateMember, entry.name.text, "the result")
          .Note(given[entry.name.text]->range, "first here");
    } else {
      Coerce(entry.value, output->second->sema_type, "for the output " + Quoted(entry.name.text));
    }
  }
  std::string missing;
  for (const Field& output : workflow.outputs) {
    if (given.count(output.name.text) != 0 || missing.size() > 200) continue;
    missing += (missing.empty() ? "" : ", ") + Quoted(output.name.text);
  }
  if (!missing.empty()) {
    Report(result->range, diagnostics::kMissingOutput, missing).Note(workflow.name.range, "declared here");
  }
  result->type = context_.program.output_types[&workflow];
}

}  // namespace hwf::sema
