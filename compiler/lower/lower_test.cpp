#include "compiler/lower/lower.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "compiler/syntax/parse.h"
#include "ir/json.h"
#include "ir/type_rules.h"
#include "ir/verify.h"

namespace hwf::lower {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Lowered {
  source::SourceManager sources;
  diagnostics::Collector collector;
  sema::Program program;
  ir::Module module;

  std::vector<std::string> Messages() const {
    std::vector<std::string> out;
    for (const diagnostics::Diagnostic& diagnostic : collector.diagnostics()) {
      out.push_back(std::string(diagnostic.info.code) + " " + diagnostic.message);
    }
    return out;
  }
  const ir::Region& Main() const { return module.FindWorkflow("main")->region; }
  const ir::Node& Node(std::string_view name) const { return NodeIn(Main(), name); }
  static const ir::Node& NodeIn(const ir::Region& region, std::string_view name) {
    for (const ir::Node& node : region.nodes) {
      if (node.name == name) return node;
    }
    ADD_FAILURE() << "no node " << name;
    return region.nodes.front();
  }
  template <typename Body>
  const Body& Of(std::string_view name) const {
    return std::get<Body>(Node(name).body);
  }
};

std::vector<std::string> Names(const ir::Region& region) {
  std::vector<std::string> names;
  for (const ir::Node& node : region.nodes) names.push_back(node.name);
  return names;
}

// Lowers the text, without checking what comes of it.
std::unique_ptr<Lowered> Raw(const std::string& text) {
  auto out = std::make_unique<Lowered>();
  diagnostics::Emitter emitter(out->collector);
  ErrorOr<source::FileId> file = out->sources.Add("/src/test.hwf", "hwf 1\n" + text);
  HWF_CHECK(file.ok());
  out->program = sema::Analyze(out->sources, syntax::Parse(out->sources, *file, emitter), emitter);
  EXPECT_FALSE(out->collector.has_errors()) << testing::PrintToString(out->Messages());
  if (!out->collector.has_errors()) out->module = Lower(out->program, out->sources, emitter);
  return out;
}

// Lowers a program that must be sound, and come back the same from JSON.
std::unique_ptr<Lowered> Sound(const std::string& text) {
  auto out = Raw(text);
  EXPECT_FALSE(out->collector.has_errors()) << testing::PrintToString(out->Messages());
  EXPECT_THAT(ir::Verify(out->module), IsEmpty());
  const std::string json = ir::ToJson(out->module).Dump();
  ErrorOr<ir::Module> again = ir::ModuleFromText(json);
  EXPECT_TRUE(again.ok()) << again.error().message();
  if (!again.ok()) return out;
  EXPECT_EQ(ir::ToJson(*again).Dump(), json);
  return out;
}

constexpr const char* kFit = R"(
record Metrics { loss: Float }
task prepare(seed: Int = 7, rate: Float = 1) -> (train: Dir, test: Dir) {
  run """ python3 prepare.py --seed ~{seed} --train ~{out.train} --test ~{out.test} """
}
task fit(data: Dir, rate: Float, epochs: Int = 10) -> (model: File at "model.pt", metrics: Metrics) {
  needs memory: 1GiB * attempt
  retry 2 on [oom, node_fail]
  checkpoint epoch(n: Int, loss: Float, weights: File) keep 5
  accept retune(rate: Float), halt()
  run """ python3 fit.py ~{data} ~{flag("--resume", previous.epoch?.weights)} --out ~{out.model} --m ~{out.metrics} """
}
task publish(model: Approved[File]) { run """ cp ~{model} /srv/models/ """ }
task note(text: String) -> (said: String at stdout) { run """ printf '%s' ~{text} """ }
)";

TEST(LowerTest, TheWholeSample) {
  auto lowered = Sound(std::string(kFit) + R"(
group ml_team = ["ana", "ben"]
site here = local(cpus: 8)
workflow main(rate: Float = 0.1) -> (metrics: Metrics) {
  let data = prepare()
  let job  = fit(data.train, rate: rate, epochs: 40)
  watch latest job.epoch as e where e.n % 10 == 0 {
    let call = await review "Epoch ~{e.n}, loss ~{e.loss}: go on?" {
      show   e.loss, e.weights
      choose keep | retune(rate: Float in 0.0001..1 = rate) | halt
      by     ml_team
      within 30min else keep
    }
    match call {
      keep         => {}
      retune(rate) => send job.retune(rate: rate)
      halt         => send job.halt()
    }
  }
  checkpoint trained { model: job.model, metrics: job.metrics }
  let verdict = await review "Release this model?" {
    show   trained
    choose approve(note: String?) grants model | reject(reason: String)
    by     "safety-board" quorum 2 not starter
    within 48h remind 12h escalate 24h to "head-of-lab" else reject(reason: "no answer within 48 h")
  }
  match verdict {
    approve(model) => publish(model)
    reject(reason: why) => fail "rejected: ~{why}"
  }
  (metrics: job.metrics)
}
)");
  EXPECT_EQ(lowered->module.entry, "main");
  EXPECT_THAT(Names(lowered->Main()), ElementsAre("data", "job", "watch", "trained", "verdict", "match"));

  const auto& watch = lowered->Of<ir::WatchNode>("watch");
  EXPECT_TRUE(watch.latest);
  EXPECT_EQ(watch.job, lowered->Node("job").id);
  EXPECT_THAT(Names(*watch.body), ElementsAre("call", "match"));
  const auto& call = std::get<ir::ReviewNode>(watch.body->nodes[0].body);
  EXPECT_EQ(call.show[0].label, "e.loss");
  EXPECT_EQ(call.by.who->literal.AsString(), "ml_team");
  EXPECT_EQ(call.withdrawn_with, lowered->Node("job").id);
  EXPECT_EQ(call.choices[1].fields[0].high->literal, Json(1.0));  // `1` where a Float is wanted
  EXPECT_EQ(call.within->literal.AsInt(), 30 * 60 * 1000);

  const auto& verdict = lowered->Of<ir::ReviewNode>("verdict");
  EXPECT_EQ(verdict.choices[0].grants, "model");
  EXPECT_EQ(verdict.choices[0].granted->op, ir::Op::kField);
  EXPECT_EQ(verdict.by.quorum, 2);
  EXPECT_TRUE(verdict.by.not_starter);
  EXPECT_EQ(verdict.else_answer->args[0].literal.AsString(), "no answer within 48 h");
  const auto& match = lowered->Of<ir::MatchNode>("match");
  EXPECT_THAT(match.arms[1].binds, ElementsAre("reason"));
  EXPECT_EQ(match.arms[1].body->params[0].name, "why");
  EXPECT_TRUE(lowered->module.FindTask("publish")->effect);
  EXPECT_EQ(lowered->module.groups[0].members, (std::vector<std::string>{"ana", "ben"}));
  EXPECT_EQ(lowered->module.sites[0].fields.IntOr("cpus", 0), 8);
  EXPECT_THAT(lowered->module.sources[0].digest, testing::StartsWith("b2:"));
  EXPECT_EQ(lowered->module.sources[0].path, "/src/test.hwf");
  EXPECT_EQ(lowered->Node("job").span.line, 21u);
}

TEST(LowerTest, TasksKeepTheirClauses) {
  auto lowered = Sound(std::string(kFit) + "workflow main() { note(\"x\") }\n");
  const ir::Task& fit = *lowered->module.FindTask("fit");
  EXPECT_EQ(fit.retries, 2);
  EXPECT_EQ(fit.retry_on, (std::vector<ir::Reason>{ir::Reason::kOom, ir::Reason::kNodeFail}));
  EXPECT_EQ(fit.streams[0].keep, 5);
  EXPECT_EQ(fit.accepts[0].name, "retune");
  EXPECT_EQ(fit.needs[0].value.op, ir::Op::kMul);
  EXPECT_TRUE(fit.command.direct);
  EXPECT_EQ(fit.command.words[0].pieces[0].text, "python3");
  EXPECT_FALSE(lowered->module.FindTask("note")->command.direct);  // printf is a builtin
  EXPECT_EQ(lowered->module.FindTask("note")->outputs[0].kind, ir::Output::Kind::kStdout);
}

TEST(LowerTest, DefaultsAreFilledInAndWidened) {
  auto lowered =
      Sound(std::string(kFit) +
            "workflow main() { let d = prepare()\n let j = fit(d.train, rate: 2)\n note(\"~{j.metrics.loss}\") }\n");
  const auto& data = lowered->Of<ir::TaskNode>("d");
  EXPECT_EQ(data.args[0].literal, Json(7));
  EXPECT_EQ(data.args[1].literal, Json(1.0));
  EXPECT_EQ(lowered->Of<ir::TaskNode>("j").args[1].literal, Json(2.0));
  EXPECT_EQ(lowered->Of<ir::TaskNode>("j").args[2].literal, Json(10));
}

TEST(LowerTest, ATriedCallGivesItsFailure) {
  auto lowered = Sound(std::string(kFit) + R"(
workflow main() -> (said: String) {
  let tried = try note("a")
  (said: match tried { ok(value) => value.said, failed(reason) => "~{reason}" })
}
)");
  EXPECT_TRUE(lowered->Of<ir::TaskNode>("tried").tried);
  EXPECT_TRUE(ir::IsFailureType(lowered->Node("tried").type));
  EXPECT_EQ(lowered->Node("tried").type->enumeration->name, "try note");
}

TEST(LowerTest, ATriedWorkflowGivesItsFailure) {
  auto lowered = Sound(std::string(kFit) + R"(
workflow inner() -> (said: String) { (said: note("a").said) }
workflow main() -> (said: String) {
  let tried = try inner()
  (said: match tried { ok(value) => value.said, failed(reason, message) => "~{reason} ~{message}" })
}
)");
  EXPECT_TRUE(lowered->Of<ir::WorkflowNode>("tried").tried);
  EXPECT_TRUE(ir::IsFailureTypeOf(ir::Tried::kWorkflow, lowered->Node("tried").type));
  EXPECT_EQ(lowered->Node("tried").type->enumeration->name, "try inner");
}

// Each reads what it needs through parameters, whose types are those that the values were declared with.
TEST(LowerTest, ControlInClausesBecomesFunctions) {
  auto lowered = Sound(R"(
task t(n: Int = if 2 > 1 { 1 } else { 2 }, rate: Float? = none) -> (a: File at "~{if n > 1 { "b" } else { "c" }}") {
  needs cpus: if attempt > n { 2 } else { 1 }
  env   RATE = if rate != none { "~{rate}" } else { "none" }
  run "touch ~{for i in 1..n where i > 1 { "~{i}-~{out.a}" }}"
}
workflow main(n: Int = if 2 > 1 { 1 } else { 2 }) { t(n) }
)");
  const ir::Task& task = lowered->module.tasks[0];
  EXPECT_EQ(task.params[0].default_value->op, ir::Op::kCall);
  EXPECT_THAT(task.params[0].default_value->args, IsEmpty());
  ASSERT_EQ(task.needs[0].value.op, ir::Op::kCall);
  EXPECT_EQ(task.needs[0].value.args.size(), 2u);  // n, attempt
  const ir::Function* rate = lowered->module.FindFunction(task.env[0].value.name);
  ASSERT_NE(rate, nullptr);
  ASSERT_EQ(rate->region.params.size(), 1u);
  EXPECT_EQ(rate->region.params[0].type->kind, ir::TypeKind::kOptional);
  EXPECT_EQ(lowered->Main().params[0].default_value->op, ir::Op::kCall);
}

// An answer that differs from the assumed one in a field that nobody reads changes nothing. Whether nobody does is not
// known of one that goes on under another name.
TEST(LowerTest, UnreadFieldsOfAnAssumption) {
  const auto unread = [](const std::string& lines) {
    auto lowered = Sound(R"(
workflow main() {
  let a = await review "Again?" {
    choose again(rate: Float, why: String?) | done
    within 1d else done
    assume again(rate: 0.5)
  }
)" + lines + "\n}\n" + kFit);
    return lowered->Of<ir::ReviewNode>("a").assume->unread;
  };
  const std::string arms = " { again(rate) => { let n = \"~{rate}\" }, done => {} }";
  EXPECT_THAT(unread("match a" + arms), ElementsAre("why"));
  EXPECT_THAT(unread("match a" + arms + "\ncheckpoint kept { answer: a }"), IsEmpty());
  EXPECT_THAT(unread("let b = a\nmatch b" + arms + "\ncheckpoint kept { answer: b }"), IsEmpty());
  EXPECT_THAT(unread("let b = [a]\nmatch b[0]" + arms + "\ncheckpoint kept { answer: b }"), IsEmpty());
}

TEST(LowerTest, TestsLeaveNothingInTheRun) {
  auto lowered = Sound(std::string(kFit) + R"(
fn least(n: Int = if 2 > 1 { 1 } else { 2 }) -> Int = n
workflow main() -> (n: Int) {
  let a = await review "?" {
    choose b(n: Int?) | c
    within 1d else c
  }
  match a { b => {}, c => {} }
  (n: least())
}
test "t" {
  let r = main()
  expect if r.n > 0 { true } else { false }
  answer a at if 2 > 1 { 1h } else { 2h } with b(n: if 2 > 1 { 1 } else { 2 })
}
)");
  EXPECT_THAT(lowered->module.functions, SizeIs(2));
}

TEST(LowerTest, CallsAreLiftedOutOfExpressions) {
  auto lowered = Sound(std::string(kFit) + R"(
workflow main() -> (all: String) {
  let text = "~{note("a").said} ~{note("b").said}"
  let said = note(text)
  let read = file("/data/x")
  note(basename(read))
  (all: said.said)
}
)");
  EXPECT_THAT(Names(lowered->Main()), ElementsAre("note", "note.2", "text", "said", "read", "note.3"));
  EXPECT_TRUE(std::holds_alternative<ir::LetNode>(lowered->Node("text").body));
}

TEST(LowerTest, TheOrderOfLinesMeansNothing) {
  auto lowered = Sound(std::string(kFit) + R"(
workflow main() -> (said: String) {
  let b = note(a.said)
  let a = note("x")
  (said: b.said)
}
)");
  EXPECT_THAT(Names(lowered->Main()), ElementsAre("b", "a"));
}

TEST(LowerTest, AfterWaitsWithoutData) {
  auto lowered = Sound(std::string(kFit) + R"(
workflow main() {
  let a = note("x")
  let b = note("y") after a
  note("z") after [a, b]
  let c = 1 after note("w")
  note("~{c}")
}
)");
  EXPECT_THAT(lowered->Node("b").after, ElementsAre(lowered->Node("a").id));
  EXPECT_THAT(lowered->Node("note").after, ElementsAre(lowered->Node("a").id, lowered->Node("b").id));
  EXPECT_THAT(lowered->Node("c").after, ElementsAre(lowered->Node("note.2").id));
}

TEST(LowerTest, ControlHasValues) {
  auto lowered = Sound(std::string(kFit) + R"(
enum Size { small, large(n: Int) }
fn size(n: Int) -> Size = if n > 10 { Size.large(n: n) } else { Size.small }
fn label(s: Size) -> String = match s { small => "s", large(n) => "l~{n}" }
workflow main(n: Int) -> (labels: [String], f: Float) {
  let labels = for x in range(n) where x > 0 and x < 5 {
    let text = note(label(size(x))).said
    text
  }
  let f = if n > 3 { 1 } else { 2.5 }
  (labels: labels, f: f)
}
)");
  const auto& loop = lowered->Of<ir::ForNode>("labels");
  EXPECT_THAT(Names(*loop.body), ElementsAre("note", "text"));
  ASSERT_NE(loop.where, nullptr);
  EXPECT_TRUE(loop.where->result.has_value());
  EXPECT_EQ(lowered->Of<ir::IfNode>("f").then_body->result->literal, Json(1.0));
  EXPECT_EQ(lowered->module.FindFunction("label")->region.nodes[0].name, "match");
}

TEST(LowerTest, RoundsEndInValues) {
  auto lowered = Sound(std::string(kFit) + R"(
workflow main(n: Int) -> (x: Float) {
  let found = loop x = 1.5, i = 0 max n {
    let text = note("~{i}").said
    if x > 3.0 and text != "" { stop with 3 } else { next i = i + 1, x = 2 }
  }
  (x: match found { stopped(value) => value, exhausted(x) => x })
}
)");
  const auto& loop = lowered->Of<ir::LoopNode>("found");
  EXPECT_THAT(Names(*loop.body), ElementsAre("note", "text", "if"));
  const auto& branch = std::get<ir::IfNode>(loop.body->nodes[2].body);
  EXPECT_EQ(branch.then_body->result->name, "stop");
  EXPECT_EQ(branch.else_body->result->labels, (std::vector<std::string>{"x", "i"})) << "in the loop's order";
  EXPECT_EQ(branch.else_body->result->args[0].literal, Json(2.0)) << "as the loop's type";
}

TEST(LowerTest, ShortCircuitsAroundNodes) {
  auto lowered = Sound(std::string(kFit) + R"(
workflow main(a: Bool, b: Int?) -> (x: Bool, y: Int) {
  let x = a and (if a { false } else { true })
  let y = b ?? (if a { 1 } else { 2 })
  (x: x, y: y)
}
)");
  const auto& both = lowered->Of<ir::IfNode>("if");
  EXPECT_THAT(Names(*both.then_body), ElementsAre("if"));
  EXPECT_EQ(both.else_body->result->literal, Json(false));
}

TEST(LowerTest, NarrowedNamesAreReadAsWhatTheyAre) {
  Sound(std::string(kFit) + R"(
workflow main(a: String?, d: File?) {
  if a != none { note(a) }
  let text = a ?? "none"
  note(text)
  if d != none { note(basename(d)) }
}
)");
}

TEST(LowerTest, SourcesBelongToTheirFile) {
  auto lowered = Sound(R"(
task count(text: File) -> (words: Int at stdout) { run """ wc -w < ~{text} """ }
workflow main() -> (n: [Int]) {
  let texts = [file("/data/a.txt"), file("/data/b.txt")]
  let counted = for t in texts { count(t).words }
  (n: counted)
}
)");
  EXPECT_THAT(Names(lowered->Main()), ElementsAre("file", "file.2", "texts", "counted"));
  EXPECT_EQ(lowered->Of<ir::SourceNode>("file").base_dir, "/src");
}

TEST(LowerTest, MinByNamesItsFunction) {
  auto lowered = Sound(R"(
record Trial { loss: Float }
fn loss_of(t: Trial) -> Float = t.loss
workflow main(xs: [Trial]) -> (best: Trial?) { (best: min_by(xs, loss_of)) }
)");
  EXPECT_THAT(lowered->Main().result->args[0].labels, ElementsAre("loss_of"));
}

TEST(LowerTest, WorkflowsAreCalledLikeTasks) {
  auto lowered = Sound(std::string(kFit) + R"(
workflow inner(n: Int, twice: Int = n * 2) -> (said: String) { let x = note("~{n} ~{twice}")
  (said: x.said) }
workflow main() -> (said: String) { let i = inner(3)
  (said: i.said) }
)");
  const auto& call = lowered->Of<ir::WorkflowNode>("i");
  EXPECT_EQ(call.workflow, "inner");
  // The default reads an earlier parameter: what was given stands in its place.
  EXPECT_EQ(call.args[1].op, ir::Op::kMul);
  EXPECT_EQ(call.args[1].args[0].literal, Json(3));
}

// ---------------------------------------------------------------- commands

std::unique_ptr<Lowered> Command(const std::string& text,
                                 const std::string& params = "x: String, n: Int, xs: [String]") {
  return Raw("task t(" + params + ") -> (o: String at stdout) {\n  run \"\"\"\n    " + text +
             "\n  \"\"\"\n}\nworkflow main() { }\n");
}
std::string Rendered(const ir::Command& command) {
  std::string out;
  for (const ir::Command::Assignment& assignment : command.assignments) out += assignment.variable + "=<> ";
  for (const ir::Command::Piece& piece : command.text)
    out += piece.value.has_value() ? (piece.raw ? "<raw>" : "<>") : piece.text;
  return out;
}

TEST(LowerTest, ValuesArePlacedByTheirQuotes) {
  EXPECT_THAT(Rendered(Command("echo \"a ~{x}\" ~{xs} # not ~{x}")->module.tasks[0].command),
              HasSubstr("__hwf_1=<> echo \"a ${__hwf_1}\" <> # not ~{x}"));
  EXPECT_THAT(Rendered(Command("echo ~{raw(x)}")->module.tasks[0].command), HasSubstr("echo <raw>"));
}

TEST(LowerTest, QuotingFaultsAreSaidWhereTheyAre) {
  auto where = [](const std::string& text) {
    auto lowered = Command(text);
    std::string out;
    for (const diagnostics::Diagnostic& d : lowered->collector.diagnostics()) {
      const source::Position at = lowered->sources.PositionOf(d.range.file, d.range.begin);
      out += fmt::format("{}:{} {} [{}]\n", at.line, at.column, d.info.code, lowered->sources.Text(d.range));
    }
    return out;
  };
  EXPECT_EQ(where("echo '~{x}'"), "4:11 E0480 [~{x}]\n");
  EXPECT_EQ(where("echo $((~{x}))"), "4:13 E0481 [~{x}]\n");
  EXPECT_EQ(where("y=~{xs}"), "4:7 E0482 [~{xs}]\n");
  EXPECT_EQ(where("ls\n      echo \"$(ls"), "5:13 E0483 [$]\n");
  EXPECT_EQ(where("echo ~{raw(x)}"), "4:10 W0980 [~{raw(x)}]\n");
  EXPECT_EQ(where("sh -c \"ls ~{x}\""), "4:15 W0981 [~{x}]\n");
}

TEST(LowerTest, PythonAndExec) {
  auto lowered = Sound(R"hwf(
task p(x: [Float], y: String?) -> (o: String at stdout) { run python """print(~{x}, ~{y})""" }
task f(x: Int) -> (o: String at stdout) {
  run python """print(f'{~{x}}', ~{x}) # hwf_value_ ~{
x }"""
}
task e(x: [String], n: Int) -> (o: String at stdout) { exec ["prog", "--n=~{n}", x] }
workflow main() { }
)hwf");
  EXPECT_EQ(lowered->module.tasks[0].command.kind, ir::Command::Kind::kInterpreter);
  EXPECT_EQ(lowered->module.tasks[0].command.interpreter, "python");
  EXPECT_EQ(Rendered(lowered->module.tasks[0].command), "print(<>, <>)");
  const ir::Command& format = lowered->module.tasks[1].command;
  ASSERT_EQ(format.assignments.size(), 1u);
  EXPECT_EQ(format.assignments[0].variable, "hwf_value__1");
  EXPECT_EQ(Rendered(format), "hwf_value__1=<> print(f'{hwf_value__1}', <>) # hwf_value_ ~{ x }");
  const ir::Command& exec = lowered->module.tasks[2].command;
  ASSERT_EQ(exec.words.size(), 3u);
  EXPECT_EQ(exec.words[1].pieces.size(), 2u);
}

// ---------------------------------------------------------------- size

TEST(LowerTest, LongChainsStayShallow) {
  constexpr int kLinks = 2000;
  std::string chain = "if n == 0 { \"a\" }", sum = "1", all = "true";
  for (int i = 1; i < kLinks; ++i) {
    chain += fmt::format(" else if n == {} {{ \"b\" }}", i);
    sum += " + n";
    all += " and n > 0";
  }
  // What Sound checks reads and writes the whole, and would overflow its stack if any of it were deep.
  auto lowered = Sound("workflow main(n: Int) -> (c: String, s: Int, a: Bool) {\n  let c = " + chain +
                       " else { \"z\" }\n  (c: c, s: " + sum + ", a: " + all + ")\n}\n");
  EXPECT_GT(lowered->Main().nodes.size(), static_cast<size_t>(kLinks) / 200);
}

// Each link is asked for its own place and for its chain's begin.
TEST(LowerTest, LongLinesTakeLinearTime) {
  auto seconds = [](int links) {
    std::string all = "true";
    for (int i = 0; i < links; ++i) all += " and n > 0";
    auto out = Raw("workflow main(n: Int) -> (a: Bool) {\n  (a: not not true and " + all + ")\n}\n");
    diagnostics::Emitter emitter(out->collector);
    const auto start = std::chrono::steady_clock::now();
    Lower(out->program, out->sources, emitter);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  seconds(1000);  // warm
  const double few = seconds(5'000), many = seconds(50'000);
  EXPECT_LT(many, few * 40 + 0.5);  // quadratic: a hundredfold
}

TEST(LowerTest, ManyLinesTakeLinearTime) {
  auto seconds = [](int lines) {
    std::string text(kFit);
    text += "workflow main() {\n  let n0 = note(\"x\")\n";
    for (int i = 1; i < lines; ++i) text += fmt::format("  let n{} = note(n{}.said)\n", i, i - 1);
    text += "}\n";
    auto out = Raw(text);
    diagnostics::Emitter emitter(out->collector);
    const auto start = std::chrono::steady_clock::now();
    const ir::Module module = Lower(out->program, out->sources, emitter);
    EXPECT_EQ(module.FindWorkflow("main")->region.nodes.size(), static_cast<size_t>(lines));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  seconds(1000);  // warm
  const double small = seconds(2000), large = seconds(20000);
  EXPECT_LT(large, 40 * small + 0.05);  // ten times the lines; quadratic would be a hundred times
}

TEST(LowerTest, WhatFollowsFromNeedsIsSaid) {
  auto lowered = Sound(R"(site big = slurm(gpu: "a100")
  task one() { on big
    needs gpu: "a100"
    run "true" }
  task two(n: Int) { on big
    needs nodes: n, ranks_per_node: 4
    run "true" }
  task three(n: Int) { on big
    needs ranks: n, ranks_per_node: 4
    run "true" }
  task four(n: Int) { on big
    needs nodes: 2, ranks: n
    run "true" }
  task five(n: Int) { on big
    needs nodes: n
    run "true" }
  workflow main() { one() }
  )");
  const auto needs = [&](const char* task) {
    std::vector<std::string> names;
    for (const ir::NamedExpr& need : lowered->module.FindTask(task)->needs) names.push_back(need.name);
    return names;
  };
  EXPECT_THAT(needs("one"), ElementsAre("gpu", "gpus"));
  EXPECT_THAT(needs("two"), ElementsAre("nodes", "ranks_per_node", "ranks"));
  EXPECT_THAT(needs("three"), ElementsAre("ranks", "ranks_per_node", "nodes"));
  EXPECT_THAT(needs("four"), ElementsAre("nodes", "ranks"));
  EXPECT_THAT(needs("five"), ElementsAre("nodes", "ranks"));
  const ir::Expr& ranks = lowered->module.FindTask("two")->needs[2].value;
  EXPECT_EQ(ranks.op, ir::Op::kMul);
  EXPECT_EQ(lowered->module.FindTask("one")->needs[1].value.literal, Json(1));
}

TEST(LowerTest, SitesKeepWhereSecretsComeFrom) {
  auto lowered = Sound(R"(site train = slurm(containers: apptainer, max_time: 2h, memory_per_node: 1GiB,
                         secrets: [A: env("X"), B: file("key"), C: file("/etc/key"), D: command("pass show d")])
  site long = train(max_time: 4h, secrets: [A: env("Y")])
  site tiny = local(cpus: 1)
  task fit(tag: String) -> (text: String at stdout) {
    on tiny | train | long
    image "docker://x:~{tag}"
    needs cpus: 2
    secret A
    launch torchrun
    pack 4
    run "true"
  }
  workflow main() -> (text: String) {
    let job = fit("1")
    (text: job.text)
  })");
  const Json& fields = lowered->module.sites[0].fields;
  EXPECT_EQ(fields["containers"], Json("apptainer"));
  EXPECT_EQ(fields["max_time"], Json(7'200'000));
  EXPECT_EQ(fields["memory_per_node"], Json(1 << 30));
  EXPECT_EQ(fields["secrets"].Dump(),
            R"({"A":{"env":"X"},"B":{"file":"/src/key"},"C":{"file":"/etc/key"},"D":{"command":"pass show d"}})");
  EXPECT_EQ(lowered->module.sites[1].kind, "slurm");
  EXPECT_EQ(lowered->module.sites[1].fields["secrets"].Dump(), R"({"A":{"env":"Y"}})");
  const ir::Task& fit = *lowered->module.FindTask("fit");
  EXPECT_THAT(fit.on, ElementsAre("train", "long"));
  ASSERT_EQ(fit.never_on.size(), 1u);
  EXPECT_EQ(fit.never_on[0].site, "tiny");
  EXPECT_EQ(fit.image->op, ir::Op::kConcat);
  EXPECT_EQ(fit.launch, "torchrun");
  EXPECT_EQ(fit.pack, 4);
  EXPECT_EQ(lowered->Of<ir::TaskNode>("job").site, "") << "a pass chooses";
}

}  // namespace
}  // namespace hwf::lower
