#include "ir/sample.h"

#include "base/check.h"

namespace hwf::ir::sample {

Expr Literal(const Module& module, TypeKind kind, Json value) {
  Expr expr;
  expr.op = Op::kLiteral;
  expr.type = module.types->Simple(kind);
  expr.literal = std::move(value);
  return expr;
}
Expr Int(const Module& module, int64_t value) { return Literal(module, TypeKind::kInt, value); }
Expr Float(const Module& module, double value) { return Literal(module, TypeKind::kFloat, value); }
Expr String(const Module& module, std::string value) { return Literal(module, TypeKind::kString, std::move(value)); }
Expr Duration(const Module& module, int64_t milliseconds) { return Literal(module, TypeKind::kDuration, milliseconds); }

Expr Ref(ValueId id, TypeRef type) {
  Expr expr;
  expr.op = Op::kRef;
  expr.type = type;
  expr.ref = id;
  return expr;
}

Expr Field(Expr base, const std::string& name) {
  HWF_CHECK(base.type->record != nullptr && base.type->record->Find(name) != nullptr);
  TypeRef type = base.type->record->Find(name)->type;
  return Make(Op::kField, type, {std::move(base)}, name);
}

Expr Make(Op op, TypeRef type, std::vector<Expr> args, std::string name, std::vector<std::string> labels) {
  Expr expr;
  expr.op = op;
  expr.type = type;
  expr.args = std::move(args);
  expr.name = std::move(name);
  expr.labels = std::move(labels);
  return expr;
}

namespace {

// The types of the sample, made once.
struct Types {
  explicit Types(TypeTable& table)
      : unit(table.Simple(TypeKind::kUnit)),
        boolean(table.Simple(TypeKind::kBool)),
        integer(table.Simple(TypeKind::kInt)),
        real(table.Simple(TypeKind::kFloat)),
        string(table.Simple(TypeKind::kString)),
        file(table.Simple(TypeKind::kFile)),
        dir(table.Simple(TypeKind::kDir)),
        never(table.Simple(TypeKind::kNever)) {
    metrics = Record(table, "Metrics", {{"loss", real}, {"accuracy", real}});
    epoch = Record(table, "fit.epoch", {{"n", integer}, {"loss", real}, {"weights", file}});
    prepare_out = Record(table, "", {{"train", dir}, {"test", dir}});
    fit_out = Record(table, "", {{"model", file}, {"metrics", metrics}});
    fit_paths = Record(table, "", {{"model", string}, {"metrics", string}});
    previous = Record(table, "", {{"epoch", table.Optional(epoch)}});
    trained = Record(table, "", {{"model", file}, {"metrics", metrics}});
    nothing = Record(table, "", {});
    call = table.NewEnum("digits.call");
    table.MutableEnum(call).variants = {{"keep", {}}, {"retune", {{"rate", real}}}, {"halt", {}}};
    rounds = table.NewEnum("digits.rounds");
    table.MutableEnum(rounds).variants = {{"stopped", {{"value", integer}}}, {"exhausted", {{"n", integer}}}};
    round = table.NewEnum("digits.rounds.round");
    table.MutableEnum(round).variants = {{"stop", {{"value", integer}}}, {"next", {{"n", integer}}}};
    verdict = table.NewEnum("digits.verdict");
    table.MutableEnum(verdict).variants = {
        {"approve", {{"note", table.Optional(string), true}, {"model", table.Approved(file)}}},
        {"reject", {{"reason", string}}}};
  }
  static TypeRef Record(TypeTable& table, std::string name, std::vector<FieldDef> fields) {
    TypeRef type = table.NewRecord(std::move(name));
    table.MutableRecord(type).fields = std::move(fields);
    return type;
  }
  TypeRef unit, boolean, integer, real, string, file, dir, never;
  TypeRef metrics, epoch, prepare_out, fit_out, fit_paths, previous, trained, nothing, call, rounds, round, verdict;
};

Param MakeParam(uint32_t id, std::string name, TypeRef type) {
  Param param;
  param.id = Id(id);
  param.name = std::move(name);
  param.type = type;
  return param;
}

FormField MakeField(std::string name, TypeRef type) {
  FormField field;
  field.name = std::move(name);
  field.type = type;
  return field;
}

ByRule Who(const Module& module, std::string name) {
  ByRule by;
  by.kind = ByRule::Kind::kWho;
  by.who = String(module, std::move(name));
  return by;
}

Command::Piece Text(std::string text) { return {std::move(text), std::nullopt, false}; }
Command::Piece Value(Expr value) { return {"", std::move(value), false}; }

std::unique_ptr<Region> MakeRegion(std::vector<Param> params) {
  auto region = std::make_unique<Region>();
  region->params = std::move(params);
  return region;
}

Task Prepare(const Module& m, const Types& t) {
  Task task;
  task.name = "prepare";
  task.doc = "Split the digits data set.";
  task.params = {MakeParam(0, "seed", t.integer)};
  task.params[0].default_value = Int(m, 0);
  task.out = Id(1);
  task.outputs = {{"train", t.dir, Output::Kind::kPath, std::nullopt},
                  {"test", t.dir, Output::Kind::kPath, std::nullopt}};
  task.output_record = t.prepare_out;
  task.uses = {"/src/prepare.py"};
  task.needs.push_back({"cpus", Int(m, 1)});
  TypeRef paths = Types::Record(*m.types, "", {{"train", t.string}, {"test", t.string}});
  task.command.kind = Command::Kind::kShell;
  task.command.text = {Text("python3 prepare.py --seed "), Value(Ref(Id(0), t.integer)), Text(" --train "),
                       Value(Field(Ref(Id(1), paths), "train"))};
  return task;
}

Task Fit(const Module& m, const Types& t) {
  Task task;
  task.name = "fit";
  task.params = {MakeParam(0, "data", t.dir), MakeParam(1, "rate", t.real)};
  task.out = Id(2);
  task.previous = Id(3);
  task.attempt = Id(4);
  task.outputs = {{"model", t.file, Output::Kind::kPath, String(m, "model.pt")},
                  {"metrics", t.metrics, Output::Kind::kPath, std::nullopt}};
  task.output_record = t.fit_out;
  TypeRef bytes = m.types->Simple(TypeKind::kBytes);
  task.needs.push_back(
      {"memory", Make(Op::kMul, bytes, {Literal(m, TypeKind::kBytes, int64_t{1} << 30), Ref(Id(4), t.integer)})});
  task.needs.push_back({"gpu", String(m, "a100")});
  task.env.push_back({"MODE", String(m, "fast")});
  task.on = {"train", "here"};
  task.never_on = {{"edge", "it has no GPU"}};
  task.image = String(m, "docker://pytorch:2.3");
  task.secrets = {"TOKEN"};
  task.launch = "torchrun";
  task.pack = 4;
  task.retries = 2;
  task.retry_on = {Reason::kOom, Reason::kNodeFail};
  task.streams = {{"epoch", t.epoch, 5, true}};
  task.accepts = {{"retune", {{"rate", t.real}}}, {"halt", {}}};
  TypeRef optional_file = m.types->Optional(t.file);
  Expr weights = Make(Op::kOptField, optional_file, {Field(Ref(Id(3), t.previous), "epoch")}, "weights");
  Expr flag = Make(Op::kBuiltin, t.string, {String(m, "--resume"), weights}, "flag");
  task.command.assignments.push_back({"__hwf_1", Ref(Id(1), t.real)});
  task.command.text = {Text("python3 fit.py --data "),
                       Value(Ref(Id(0), t.dir)),
                       Text(" --rate \"${__hwf_1}\" "),
                       Value(flag),
                       Text(" --metrics "),
                       Value(Field(Ref(Id(2), t.fit_paths), "metrics"))};
  return task;
}

Task Publish(const Module& m, const Types& t) {
  Task task;
  task.name = "publish";
  task.params = {MakeParam(0, "model", m.types->Approved(t.file))};
  task.output_record = t.nothing;
  task.effect = true;
  task.cache = false;
  task.command.kind = Command::Kind::kExec;
  Expr model = Ref(Id(0), m.types->Approved(t.file));
  task.command.words = {{{Text("cp")}}, {{Value(model)}}, {{Text("/srv/models/"), Text("m")}}};
  return task;
}

Function Halve(const Module& m, const Types& t) {
  Function function;
  function.name = "halve";
  function.region.params = {MakeParam(0, "x", t.real)};
  function.region.nodes.push_back(
      MakeNode(1, "half", t.real, LetNode{Make(Op::kDiv, t.real, {Ref(Id(0), t.real), Float(m, 2)})}));
  function.region.result = Ref(Id(1), t.real);
  function.result = t.real;
  return function;
}

// `within 30min else keep`: shown are the emission's loss and weights.
ReviewNode CallReview(const Module& m, const Types& t, ValueId emission) {
  ReviewNode review;
  Expr e = Ref(emission, t.epoch);
  review.question = Make(Op::kConcat, t.string, {String(m, "Epoch "), Field(e, "n"), String(m, ": go on?")});
  review.show = {{"e.loss", Field(e, "loss")}, {"e.weights", Field(e, "weights")}};
  Choice retune;
  retune.name = "retune";
  FormField rate = MakeField("rate", t.real);
  rate.low = Float(m, 0.0001);
  rate.high = Float(m, 1.0);
  rate.default_value = Ref(Id(0), t.real);
  retune.fields.push_back(std::move(rate));
  Choice keep, halt;
  keep.name = "keep";
  halt.name = "halt";
  review.choices = {keep, retune, halt};
  review.by = Who(m, "ml-team");
  review.within = Duration(m, 30 * 60 * 1000);
  review.else_answer = Make(Op::kEnum, t.call, {}, "keep");
  review.withdrawn_with = Id(3);
  review.assume = ReviewNode::Assume{
      Make(Op::kEnum, t.call, {Float(m, 0.1)}, "retune", {"rate"}), {{"gpu_time", Duration(m, 7200000)}}, {"rate"}};
  return review;
}

MatchNode CallMatch(const Types& t, ValueId call) {
  MatchNode match;
  match.subject = Ref(call, t.call);
  match.arms.push_back({"keep", {}, MakeRegion({})});
  auto retune = MakeRegion({MakeParam(22, "rate", t.real)});
  retune->nodes.push_back(MakeNode(23, "send", t.unit, SendNode{Id(3), "retune", {Ref(Id(22), t.real)}}));
  match.arms.push_back({"retune", {"rate"}, std::move(retune)});
  auto halt = MakeRegion({});
  halt->nodes.push_back(MakeNode(24, "send", t.unit, SendNode{Id(3), "halt", {}}));
  match.arms.push_back({"", {}, std::move(halt)});
  return match;
}

WatchNode Watch(const Module& m, const Types& t) {
  WatchNode watch;
  watch.latest = true;
  watch.job = Id(3);
  watch.stream = "epoch";
  watch.where = MakeRegion({MakeParam(18, "e", t.epoch)});
  Expr rest = Make(Op::kMod, t.integer, {Field(Ref(Id(18), t.epoch), "n"), Int(m, 10)});
  watch.where->result = Make(Op::kEq, t.boolean, {rest, Int(m, 0)});
  watch.body = MakeRegion({MakeParam(19, "e", t.epoch)});
  watch.body->nodes.push_back(MakeNode(20, "call", t.call, CallReview(m, t, Id(19))));
  watch.body->nodes.push_back(MakeNode(21, "match", t.unit, CallMatch(t, Id(20))));
  return watch;
}

ReviewNode Release(const Module& m, const Types& t) {
  ReviewNode review;
  review.question = String(m, "Release this model?");
  Expr trained = Ref(Id(5), t.trained);
  review.show = {{"trained", trained}};
  Choice approve;
  approve.name = "approve";
  approve.fields.push_back(MakeField("note", m.types->Optional(t.string)));
  approve.grants = "model";
  approve.granted = Field(trained, "model");
  Choice reject;
  reject.name = "reject";
  reject.fields.push_back(MakeField("reason", t.string));
  review.choices = {approve, reject};
  ByRule board = Who(m, "safety-board");
  board.quorum = 2;
  board.not_starter = true;
  board.level = ByRule::Level::kUid;
  ByRule ana = Who(m, "ana");
  review.by.kind = ByRule::Kind::kOr;
  review.by.parts = {board, ana};
  constexpr int64_t kHour = 3600 * 1000;
  review.within = Duration(m, 48 * kHour);
  review.remind = Duration(m, 12 * kHour);
  ByRule head = Who(m, "head-of-lab");
  review.escalations.push_back({Duration(m, 24 * kHour), head, true});
  review.within_workdays = review.remind_workdays = true;
  review.else_answer = Make(Op::kEnum, t.verdict, {String(m, "no answer within 48 h")}, "reject", {"reason"});
  return review;
}

MatchNode VerdictMatch(const Module& m, const Types& t) {
  MatchNode match;
  match.subject = Ref(Id(6), t.verdict);
  TypeRef approved = m.types->Approved(t.file);
  auto approve = MakeRegion({MakeParam(8, "model", approved)});
  approve->nodes.push_back(MakeNode(9, "publish", t.nothing, TaskNode{"publish", {Ref(Id(8), approved)}}));
  match.arms.push_back({"approve", {"model"}, std::move(approve)});
  auto reject = MakeRegion({MakeParam(10, "reason", t.string)});
  Expr message = Make(Op::kConcat, t.string, {String(m, "rejected: "), Ref(Id(10), t.string)});
  reject->nodes.push_back(MakeNode(11, "fail", t.never, FailNode{message}));
  match.arms.push_back({"reject", {"reason"}, std::move(reject)});
  return match;
}

ForNode Squares(const Module& m, const Types& t) {
  ForNode loop;
  TypeRef list = m.types->List(t.integer);
  loop.list = Make(Op::kList, list, {Int(m, 1), Int(m, 2), Int(m, 3)});
  loop.where = MakeRegion({MakeParam(13, "x", t.integer)});
  loop.where->result = Make(Op::kGt, t.boolean, {Ref(Id(13), t.integer), Int(m, 1)});
  loop.body = MakeRegion({MakeParam(14, "x", t.integer)});
  loop.body->result = Make(Op::kMul, t.integer, {Ref(Id(14), t.integer), Ref(Id(14), t.integer)});
  return loop;
}

// loop n = 2 max 4 { if n > 10 { stop with n } else { next n = n * n } }
LoopNode Grow(const Module& m, const Types& t) {
  LoopNode loop;
  loop.init.push_back(Int(m, 2));
  loop.max = Int(m, 4);
  loop.body = MakeRegion({MakeParam(31, "n", t.integer)});
  const Expr n = Ref(Id(31), t.integer);
  IfNode branch;
  branch.condition = Make(Op::kGt, t.boolean, {n, Int(m, 10)});
  branch.then_body = MakeRegion({});
  branch.then_body->result = Make(Op::kEnum, t.round, {n}, "stop", {"value"});
  branch.else_body = MakeRegion({});
  branch.else_body->result = Make(Op::kEnum, t.round, {Make(Op::kMul, t.integer, {n, n})}, "next", {"n"});
  loop.body->nodes.push_back(MakeNode(32, "if", t.round, std::move(branch)));
  loop.body->result = Ref(Id(32), t.round);
  return loop;
}

IfNode StopIfBad(const Module& m, const Types& t) {
  IfNode branch;
  Expr loss = Field(Field(Ref(Id(3), t.fit_out), "metrics"), "loss");
  branch.condition = Make(Op::kGt, t.boolean, {loss, Make(Op::kCall, t.real, {Float(m, 3)}, "halve")});
  branch.then_body = MakeRegion({});
  branch.then_body->nodes.push_back(MakeNode(26, "cancel", t.unit, CancelNode{Id(3)}));
  branch.else_body = MakeRegion({});
  return branch;
}

Workflow DigitsWorkflow(const Module& m, const Types& t) {
  Workflow workflow;
  workflow.name = "digits";
  workflow.doc = "Train, look, release.";
  workflow.span = {0, 40, 1};
  workflow.outputs = {{"metrics", t.metrics}};
  Region& region = workflow.region;
  region.params = {MakeParam(0, "rate", t.real)};
  region.params[0].default_value = Float(m, 0.1);
  region.nodes.push_back(MakeNode(1, "raw", t.file, SourceNode{false, String(m, "digits.csv"), "/src", "train"}));
  region.nodes.push_back(MakeNode(2, "data", t.prepare_out, TaskNode{"prepare", {Int(m, 7)}}));
  Expr train = Field(Ref(Id(2), t.prepare_out), "train");
  TaskNode job_call{"fit", {train, Ref(Id(0), t.real)}};
  job_call.site = "train";
  job_call.why = "its data is there";
  job_call.moves = {{Id(2), ""}};
  job_call.array = true;
  job_call.pack = 4;
  job_call.priority = 14400000;
  region.nodes.push_back(MakeNode(3, "job", t.fit_out, std::move(job_call)));
  region.nodes.back().after = {Id(1)};
  region.nodes.back().span = {0, 42, 3};
  region.nodes.push_back(MakeNode(4, "watch", t.unit, Watch(m, t)));
  Expr job = Ref(Id(3), t.fit_out);
  Expr trained = Make(Op::kRecord, t.trained, {Field(job, "model"), Field(job, "metrics")}, "", {"model", "metrics"});
  region.nodes.push_back(MakeNode(5, "trained", t.trained, CheckpointNode{trained}));
  region.nodes.push_back(MakeNode(6, "verdict", t.verdict, Release(m, t)));
  region.nodes.push_back(MakeNode(7, "match", t.unit, VerdictMatch(m, t)));
  region.nodes.push_back(MakeNode(12, "for", m.types->List(t.integer), Squares(m, t)));
  region.nodes.push_back(MakeNode(30, "rounds", t.rounds, Grow(m, t)));
  region.nodes.push_back(MakeNode(25, "if", t.unit, StopIfBad(m, t)));
  region.nodes.push_back(MakeNode(27, "inner", Types::Record(*m.types, "", {}), WorkflowNode{"inner", {}}));
  Expr map = Make(Op::kMap, m.types->Map(t.string, t.integer), {String(m, "k"), Int(m, 1)});
  region.nodes.push_back(MakeNode(28, "count", t.integer, LetNode{Make(Op::kIndex, t.integer, {map, String(m, "k")})}));
  Expr widened = Make(Op::kWiden, t.real, {Int(m, 2)});
  region.nodes.push_back(MakeNode(29, "real", t.real, LetNode{Make(Op::kNegate, t.real, {widened})}));
  TypeRef outputs = Types::Record(*m.types, "", {{"metrics", t.metrics}});
  region.result = Make(Op::kRecord, outputs, {Field(job, "metrics")}, "", {"metrics"});
  return workflow;
}

}  // namespace

Module Digits() {
  Module module;
  module.compiler = "hwfc 0.1.0";
  module.edition = "1";
  module.entry = "digits";
  module.sources = {{"/src/digits.hwf", "b2:" + std::string(64, '0')}};
  Types types(*module.types);
  module.functions.push_back(Halve(module, types));
  module.tasks.push_back(Prepare(module, types));
  module.tasks.push_back(Fit(module, types));
  module.tasks.push_back(Publish(module, types));
  Workflow inner;
  inner.name = "inner";
  module.workflows.push_back(std::move(inner));
  module.workflows.push_back(DigitsWorkflow(module, types));
  const Json token = Json().Set("TOKEN", Json().Set("env", "HWF_TOKEN"));
  const Json here = Json().Set("cpus", 8).Set("secrets", token);
  const Json train = Json().Set("login", "mn5").Set("workdir", "/gpfs/hwf").Set("secrets", token);
  module.sites = {{"here", "local", here}, {"train", "slurm", train}};
  module.sites.push_back({"edge", "ssh", Json().Set("host", "edge1").Set("workdir", "/data/hwf")});
  module.groups = {{"ml-team", {"ana", "ben"}}};
  module.calendar = Calendar{"lab", "Europe/Madrid", {"2026-12-25"}, {1, 2, 3, 4}};
  return module;
}

}  // namespace hwf::ir::sample
