#include "runtime/scheduler/testing/program.h"

namespace hwf::scheduler::testing {

using ir::TypeKind;
using ir::sample::Id;

Program::Program() {
  unit = Simple(TypeKind::kUnit);
  boolean = Simple(TypeKind::kBool);
  integer = Simple(TypeKind::kInt);
  real = Simple(TypeKind::kFloat);
  string = Simple(TypeKind::kString);
  file = Simple(TypeKind::kFile);
  never = Simple(TypeKind::kNever);
  module.sources = {{"/src/test.hwf", "b2:0"}};
  // Tests keep references to what they add.
  module.tasks.reserve(16);
  module.workflows.reserve(16);
}

ir::TypeRef Program::Record(const std::string& name, const Fields& fields) {
  ir::TypeRef type = module.types->NewRecord(name);
  for (const auto& [field, of] : fields) module.types->MutableRecord(type).fields.push_back({field, of, false});
  return type;
}

ir::TypeRef Program::Enum(const std::string& name, const std::vector<std::pair<std::string, Fields>>& variants) {
  ir::TypeRef type = module.types->NewEnum(name);
  for (const auto& [variant, fields] : variants) {
    ir::VariantDef& def = module.types->MutableEnum(type).variants.emplace_back();
    def.name = variant;
    for (const auto& [field, of] : fields) def.fields.push_back({field, of, false});
  }
  return type;
}

ir::Param Program::Param(const std::string& name, ir::TypeRef type) {
  ir::Param param;
  param.id = Id(Fresh());
  param.name = name;
  param.type = type;
  return param;
}

ir::Task& Program::AddTask(const std::string& name, const Fields& params, const Fields& outputs) {
  ir::Task& task = module.tasks.emplace_back();
  task.name = name;
  for (const auto& [param, type] : params) task.params.push_back(Param(param, type));
  task.out = Id(Fresh());
  task.previous = Id(Fresh());
  task.attempt = Id(Fresh());
  for (const auto& [output, type] : outputs) {
    ir::Output& out = task.outputs.emplace_back();
    out.name = output;
    out.type = type;
  }
  task.output_record = Record("", outputs);
  return task;
}

void Program::AddStream(ir::Task& task, const std::string& name, const Fields& fields) {
  ir::Stream& stream = task.streams.emplace_back();
  stream.name = name;
  stream.record = Record(task.name + "." + name, fields);
}

ir::Workflow& Program::AddWorkflow(const std::string& name, const Fields& params, const Fields& outputs) {
  ir::Workflow& workflow = module.workflows.emplace_back();
  workflow.name = name;
  for (const auto& [param, type] : params) workflow.region.params.push_back(Param(param, type));
  for (const auto& [output, type] : outputs) workflow.outputs.push_back({output, type, false});
  module.entry = name;
  return workflow;
}

std::unique_ptr<ir::Region> Program::Region(std::vector<ir::Param> params) {
  auto region = std::make_unique<ir::Region>();
  region->params = std::move(params);
  return region;
}

ir::Expr Program::Call(ir::Region& region, const std::string& name, const std::string& task,
                       std::vector<ir::Expr> args) {
  ir::TypeRef type = module.FindTask(task)->output_record;
  return Add(region, name, type, ir::TaskNode{task, std::move(args)});
}

ir::ReviewNode Program::Review(const std::string& name, const std::vector<Choice>& choices, ir::TypeRef* type) {
  ir::ReviewNode review;
  review.question = String(name + "?");
  std::vector<std::pair<std::string, Fields>> variants;
  for (const Choice& choice : choices) {
    ir::Choice& made = review.choices.emplace_back();
    made.name = choice.name;
    made.grants = choice.grants;
    made.granted = choice.granted;
    Fields fields = choice.form;
    for (const auto& [field, of] : choice.form) {
      ir::FormField& form = made.fields.emplace_back();
      form.name = field;
      form.type = of;
    }
    if (choice.granted) fields.emplace_back(choice.grants, module.types->Approved(choice.granted->type));
    variants.emplace_back(choice.name, fields);
  }
  variants.emplace_back("expired", Fields());
  *type = Enum(name, variants);
  return review;
}

ir::ByRule Program::Who(const Program& program, const std::string& name, int quorum) {
  ir::ByRule rule;
  rule.kind = ir::ByRule::Kind::kWho;
  rule.who = program.String(name);
  rule.quorum = quorum;
  return rule;
}

}  // namespace hwf::scheduler::testing
