#include "runtime/engine/testing/programs.h"

#include "ir/sample.h"

namespace hwf::engine::testing {
namespace {

using namespace ir::sample;  // NOLINT: builders, as in ir's own tests
using ir::Command;
using ir::Expr;
using ir::Module;
using ir::Op;
using ir::Task;
using ir::TypeKind;
using ir::TypeRef;

ir::Param MakeParam(uint32_t id, std::string name, TypeRef type) {
  ir::Param param;
  param.id = Id(id);
  param.name = std::move(name);
  param.type = type;
  return param;
}

TypeRef Record(Module& module, std::vector<ir::FieldDef> fields) {
  const TypeRef type = module.types->NewRecord("");
  module.types->MutableRecord(type).fields = std::move(fields);
  return type;
}

Command::Piece Text(std::string text) { return {std::move(text), std::nullopt, false}; }
Command::Piece Value(Expr value) { return {"", std::move(value), false}; }

// A shell task whose standard output is its only output, `text`.
Task TextTask(Module& module, std::string name, std::vector<ir::Param> params, std::vector<Command::Piece> text) {
  const TypeRef string = module.types->Simple(TypeKind::kString);
  Task task;
  task.name = std::move(name);
  task.params = std::move(params);
  task.outputs = {{"text", string, ir::Output::Kind::kStdout, std::nullopt}};
  task.output_record = Record(module, {{"text", string}});
  task.command.kind = Command::Kind::kShell;
  task.command.text = std::move(text);
  return task;
}

Module Base() {
  Module module;
  module.compiler = "hwfc 0.1.0";
  module.edition = "1";
  module.entry = "w";
  return module;
}

// The workflow `w` with the result `text`.
void AddWorkflow(Module& module, std::vector<ir::Param> params, std::vector<ir::Node> nodes, Expr text) {
  const TypeRef string = module.types->Simple(TypeKind::kString);
  ir::Workflow workflow;
  workflow.name = "w";
  workflow.region.params = std::move(params);
  workflow.region.nodes = std::move(nodes);
  workflow.outputs = {{"text", string}};
  workflow.region.result = Make(Op::kRecord, Record(module, workflow.outputs), {std::move(text)}, "", {"text"});
  module.workflows.push_back(std::move(workflow));
}

ir::Node Call(uint32_t id, std::string name, const Task& task, std::vector<Expr> args) {
  return MakeNode(id, std::move(name), task.output_record, ir::TaskNode{task.name, std::move(args)});
}

}  // namespace

Module Hello() {
  Module module = Base();
  const TypeRef string = module.types->Simple(TypeKind::kString);
  module.tasks.push_back(TextTask(module, "greet", {MakeParam(0, "name", string)},
                                  {Text("printf 'Hello, %s!\\n' "), Value(Ref(Id(0), string))}));
  ir::Param name = MakeParam(0, "name", string);
  name.default_value = String(module, "world");
  name.doc = "whom to greet";
  std::vector<ir::Node> nodes;
  nodes.push_back(Call(1, "greeting", module.tasks[0], {Ref(Id(0), string)}));
  Expr text = Field(Ref(Id(1), module.tasks[0].output_record), "text");
  AddWorkflow(module, {std::move(name)}, std::move(nodes), std::move(text));
  return module;
}

Module OneTask(const std::string& command) {
  Module module = Base();
  module.tasks.push_back(TextTask(module, "one", {}, {Text(command)}));
  std::vector<ir::Node> nodes;
  nodes.push_back(Call(0, "a", module.tasks[0], {}));
  AddWorkflow(module, {}, std::move(nodes), Field(Ref(Id(0), module.tasks[0].output_record), "text"));
  return module;
}

Module Asked() {
  Module module = Base();
  const TypeRef integer = module.types->Simple(TypeKind::kInt), string = module.types->Simple(TypeKind::kString);
  module.tasks.push_back(
      TextTask(module, "echo", {MakeParam(0, "n", integer)}, {Text("echo got "), Value(Ref(Id(0), integer))}));
  const TypeRef answer = module.types->NewEnum("w.go");
  module.types->MutableEnum(answer).variants = {{"yes", {{"n", integer}}}, {"no", {}}, {"expired", {}}};
  ir::ReviewNode review;
  review.question = String(module, "How many?");
  ir::Choice yes, no;
  yes.name = "yes";
  ir::FormField n;
  n.name = "n";
  n.type = integer;
  n.low = Int(module, 1);
  n.high = Int(module, 10);
  yes.fields.push_back(std::move(n));
  no.name = "no";
  review.choices.push_back(std::move(yes));
  review.choices.push_back(std::move(no));
  review.within = Duration(module, 3'600'000);
  ir::MatchNode match;
  match.subject = Ref(Id(0), answer);
  ir::MatchArm taken;
  taken.variant = "yes";
  taken.binds = {"n"};
  taken.body = std::make_unique<ir::Region>();
  taken.body->params.push_back(MakeParam(2, "n", integer));
  taken.body->nodes.push_back(Call(3, "said", module.tasks[0], {Ref(Id(2), integer)}));
  taken.body->result = Field(Ref(Id(3), module.tasks[0].output_record), "text");
  match.arms.push_back(std::move(taken));
  for (const char* variant : {"no", "expired"}) {
    ir::MatchArm other;
    other.variant = variant;
    other.body = std::make_unique<ir::Region>();
    other.body->result = String(module, variant);
    match.arms.push_back(std::move(other));
  }
  std::vector<ir::Node> nodes;
  nodes.push_back(MakeNode(0, "go", answer, std::move(review)));
  nodes.push_back(MakeNode(1, "text", string, std::move(match)));
  AddWorkflow(module, {}, std::move(nodes), Ref(Id(1), string));
  return module;
}

Module Chain() {
  Module module = Base();
  const TypeRef string = module.types->Simple(TypeKind::kString);
  module.tasks.push_back(TextTask(
      module, "step", {MakeParam(0, "before", string), MakeParam(1, "side", string)},
      {Text("echo \"$HWF_PLACE\" >> "), Value(Ref(Id(1), string)), Text("\nfor i in $(seq 600); do [ -e "),
       Value(Ref(Id(1), string)), Text(".go ] && break; sleep 0.05; done\nprintf '%s.' "), Value(Ref(Id(0), string))}));
  const TypeRef record = module.tasks[0].output_record;
  std::vector<ir::Node> nodes;
  nodes.push_back(Call(1, "first", module.tasks[0], {String(module, "x"), Ref(Id(0), string)}));
  nodes.push_back(Call(2, "second", module.tasks[0], {Field(Ref(Id(1), record), "text"), Ref(Id(0), string)}));
  nodes.push_back(Call(3, "third", module.tasks[0], {Field(Ref(Id(2), record), "text"), Ref(Id(0), string)}));
  AddWorkflow(module, {MakeParam(0, "side", string)}, std::move(nodes), Field(Ref(Id(3), record), "text"));
  return module;
}

}  // namespace hwf::engine::testing
