#include <utility>

#include "compiler/syntax/builder.h"

namespace hwf::syntax {

// Clauses that may stand several times, as they gather.
struct Builder::TaskParts {
  llvm::SmallVector<StringExpr*, 4> uses;
  llvm::SmallVector<TaskDecl::Need, 4> needs;
  llvm::SmallVector<TaskDecl::Env, 4> env;
  llvm::SmallVector<Ident, 4> secrets;
  llvm::SmallVector<StreamClause, 2> streams;
  llvm::SmallVector<MessageClause, 4> accepts;
};

Decl* Builder::Task(P::TaskDeclContext* c) {
  auto* task = module_.Make<TaskDecl>(At(c), Name(c->declared));
  task->params = Fields(c->params);
  llvm::SmallVector<Output, 8> outputs;
  if (c->results) {
    for (P::OutputContext* o : c->results->items) outputs.push_back(MakeOutput(o));
  }
  task->outputs = Save(outputs);

  const bool header_broken = broken_;
  TaskParts parts;
  for (P::TaskClauseContext* clause : c->clauses) TaskClause(clause, task, parts);
  task->uses = Save(parts.uses);
  task->needs = Save(parts.needs);
  task->env = Save(parts.env);
  task->secrets = Save(parts.secrets);
  task->streams = Save(parts.streams);
  task->accepts = Save(parts.accepts);
  // What is wrong in a clause leaves the others and the header whole.
  task->broken = broken_;
  broken_ = header_broken;
  return Whole(task);
}

void Builder::TaskClause(P::TaskClauseContext* c, TaskDecl* task, TaskParts& parts) {
  Range word = At(c->start);
  if (c->error) broken_ = true;
  if (c->used) {
    for (P::StringContext* path : c->used->paths) parts.uses.push_back(String(path));
  }
  if (c->placed && Once(!task->on.empty(), word, "on")) {
    llvm::SmallVector<Ident, 4> sites;
    for (P::NameContext* site : c->placed->sites) sites.push_back(Name(site));
    task->on = Save(sites);
  }
  if (c->imaged && Once(task->image, word, "image")) task->image = String(c->imaged->reference);
  if (c->needed && Once(!parts.needs.empty(), word, "needs")) {
    for (P::NeedContext* n : c->needed->items) parts.needs.push_back({At(n), Name(n->declared), Expression(n->value)});
  }
  if (c->environment) {
    P::EnvContext* env = c->environment;
    parts.env.push_back({At(env), Name(env->declared), Expression(env->value)});
  }
  if (c->secrets) {
    for (P::NameContext* name : c->secrets->names) parts.secrets.push_back(Name(name));
  }
  if (c->retried && Once(task->retry.count, word, "retry")) Retry(c->retried, task);
  if (c->effect && Once(task->effect, word, "effect")) task->effect = true;
  if (c->cached && Once(task->cache_off, word, "cache")) task->cache_off = Expect(Name(c->cached->off), {"off"});
  if (c->launched && Once(static_cast<bool>(task->launch), word, "launch")) {
    const Ident starter = Name(c->launched->starter);
    if (Expect(starter, {"srun", "mpirun", "torchrun"})) task->launch = starter;
  }
  if (c->packed && Once(task->pack, word, "pack")) task->pack = Expression(c->packed->size);
  if (c->streamed) Stream(c->streamed, parts);
  if (c->accepted) {
    for (P::MessageContext* m : c->accepted->messages) {
      parts.accepts.push_back({At(m), Name(m->declared), Fields(m->fields)});
    }
  }
  if (c->ran || c->executed) Run(c, task);
}

void Builder::Stream(P::StreamContext* c, TaskParts& parts) {
  const bool broken_before = std::exchange(broken_, false);
  StreamClause stream;
  stream.range = At(c);
  stream.name = Name(c->declared);
  stream.fields = Fields(c->fields);
  if (c->keep) stream.keep = Expression(c->keep);
  if (c->every) stream.every_all = Expect(Name(c->every), {"all"});
  if (!broken_) parts.streams.push_back(stream);  // else nobody knows what it has
  broken_ = broken_ || broken_before;
}

void Builder::Retry(P::RetryContext* c, TaskDecl* task) {
  llvm::SmallVector<Ident, 8> reasons;
  for (P::NameContext* reason : c->reasons) reasons.push_back(Name(reason));
  task->retry.range = At(c);
  // `retry on [oom]` reads as an item of a list `on`.
  if (c->count->start->getType() == P::ON && c->count->getStop()->getType() == P::RBRACKET) {
    emitter_.Report(At(c->count->start), diagnostics::kWrongWord, "on", "how many times")
        .Help("say how often: `retry 2 on [oom]`");
    broken_ = true;
    return;
  }
  task->retry.count = Expression(c->count);
  task->retry.reasons = Save(reasons);
}

void Builder::Run(P::TaskClauseContext* c, TaskDecl* task) {
  using Kind = TaskDecl::Run::Kind;
  if (!Once(task->run.kind != Kind::kNone, At(c->start), Text(At(c->start)))) return;
  task->run.range = At(c);
  if (c->executed) {
    task->run.kind = Kind::kExec;
    task->run.argv = List(c->executed->argv);
    return;
  }
  task->run.kind = c->ran->interpreter ? Kind::kInterpreter : Kind::kShell;
  task->run.interpreter = Name(c->ran->interpreter);
  task->run.text = String(c->ran->text);
}

}  // namespace hwf::syntax
