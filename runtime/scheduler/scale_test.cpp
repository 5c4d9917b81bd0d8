// Size: many elements, long chains, wide joins. The limits are far above what is needed, so that they fail on quadratic
// behaviour and not on a slow machine; the times are printed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "runtime/scheduler/scheduler.h"
#include "runtime/scheduler/testing/program.h"

namespace hwf::scheduler::testing {
namespace {

using ir::sample::Field;
using ir::sample::Make;
using ir::sample::Ref;

// Runs every task at once; answers each start by its three events. Returns what FinishRun said, and counts the events.
struct Runner {
  explicit Runner(const ir::Module& module) : scheduler(module) {}

  FinishRun Run() {
    auto begin = std::chrono::steady_clock::now();
    Feed(state::RunStarted());
    for (size_t next = 0; next < todo.size(); ++next) {
      StartTask start = std::move(todo[next]);
      Feed(state::AttemptSubmitted{start.place, 1, "here", ""});
      Feed(state::AttemptStarted{start.place, 1, "h", 1});
      state::AttemptEnded end;
      end.place = start.place;
      end.outputs = Json::Object().Set("n", Json(1));
      Feed(end);
    }
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    fmt::print("{} tasks, {} events: {:.2f} us an event\n", todo.size(), events,
               seconds * 1e6 / static_cast<double>(events));
    return finish;
  }
  void Feed(state::EventBody body) {
    ++events;
    for (Command& command : scheduler.Apply({.time = 1, .epoch = 1, .body = std::move(body)})) {
      if (auto* start = std::get_if<StartTask>(&command)) todo.push_back(std::move(*start));
      if (auto* end = std::get_if<FinishRun>(&command)) finish = *end;
    }
  }

  Scheduler scheduler;
  std::vector<StartTask> todo;
  FinishRun finish;
  size_t events = 0;
  double seconds = 0;
};

#ifdef __SANITIZE_ADDRESS__
constexpr double kSecondsAnEvent = 5e-3;
#else
constexpr double kSecondsAnEvent = 500e-6;
#endif

TEST(ScaleTest, TenThousandElements) {
  Program program;
  program.AddTask("work", {{"n", program.integer}}, {{"n", program.integer}});
  ir::Workflow& w = program.AddWorkflow("w", {}, {{"r", program.integer}});
  ir::TypeRef list = program.module.types->List(program.integer);
  auto loop = [&](ir::Expr over) {
    ir::ForNode node;
    node.list = std::move(over);
    node.body = program.Region({program.Param("x", program.integer)});
    ir::Expr x = Ref(node.body->params[0].id, program.integer);
    node.body->result = Field(program.Call(*node.body, "work", "work", {x}), "n");
    return node;
  };
  ir::Expr range = Make(ir::Op::kBuiltin, list, {program.Int(10000)}, "range");
  ir::Expr each = program.Add(w.region, "each", list, loop(range));
  ir::Expr again = program.Add(w.region, "again", list, loop(each));
  ir::Expr sum = Make(ir::Op::kBuiltin, program.integer, {again}, "sum");
  w.region.result = Make(ir::Op::kRecord, program.Record("", {{"r", program.integer}}), {sum}, "", {"r"});
  Runner runner(program.module);
  FinishRun finish = runner.Run();
  EXPECT_TRUE(finish.ok);
  EXPECT_EQ(finish.outputs.Dump(), R"({"r":10000})");
  EXPECT_EQ(runner.todo.size(), 20000u);
  EXPECT_LT(runner.seconds, kSecondsAnEvent * static_cast<double>(runner.events));
}

TEST(ScaleTest, AChainOfFiveHundred) {
  Program program;
  program.AddTask("work", {{"n", program.integer}}, {{"n", program.integer}});
  ir::Workflow& w = program.AddWorkflow("w", {}, {{"n", program.integer}});
  ir::Expr last = program.Int(0);
  for (int i = 0; i < 500; ++i) {
    last = Field(program.Call(w.region, fmt::format("work.{}", i), "work", {last}), "n");
  }
  w.region.result = Make(ir::Op::kRecord, program.Record("", {{"n", program.integer}}), {last}, "", {"n"});
  Runner runner(program.module);
  EXPECT_TRUE(runner.Run().ok);
  EXPECT_EQ(runner.todo.size(), 500u);
  EXPECT_LT(runner.seconds, kSecondsAnEvent * static_cast<double>(runner.events));
}

TEST(ScaleTest, ALongChainFailsWithoutRecursion) {
  Program program;
  program.AddTask("work", {{"n", program.integer}}, {{"n", program.integer}});
  ir::Workflow& w = program.AddWorkflow("w", {}, {{"n", program.integer}});
  ir::Expr last = program.Int(0);
  constexpr int kLength = 20000;
  for (int i = 0; i < kLength; ++i) {
    last = Field(program.Call(w.region, fmt::format("work.{}", i), "work", {last}), "n");
  }
  w.region.result = Make(ir::Op::kRecord, program.Record("", {{"n", program.integer}}), {last}, "", {"n"});
  Scheduler scheduler(program.module);
  scheduler.Apply({.time = 1, .epoch = 1, .body = state::RunStarted()});
  state::AttemptEnded end;
  end.place = "work.0";
  end.failure = ir::Reason::kExit;
  std::vector<Command> commands = scheduler.Apply({.time = 2, .epoch = 1, .body = end});
  ASSERT_EQ(commands.size(), 1u);
  EXPECT_FALSE(std::get<FinishRun>(commands[0]).ok);
  EXPECT_EQ(scheduler.tasks().size(), static_cast<size_t>(kLength));
  EXPECT_EQ(scheduler.tasks().back().status, TaskStatus::kSkipped);
}

TEST(ScaleTest, ADiamondOfAThousand) {
  Program program;
  program.AddTask("work", {{"n", program.integer}}, {{"n", program.integer}});
  ir::Workflow& w = program.AddWorkflow("w", {}, {{"n", program.integer}});
  ir::Expr top = Field(program.Call(w.region, "top", "work", {program.Int(0)}), "n");
  std::vector<ir::Expr> middle;
  for (int i = 0; i < 1000; ++i) {
    middle.push_back(Field(program.Call(w.region, fmt::format("m.{}", i), "work", {top}), "n"));
  }
  ir::Expr list = Make(ir::Op::kList, program.module.types->List(program.integer), middle);
  ir::Expr bottom = program.Call(w.region, "bottom", "work", {Make(ir::Op::kBuiltin, program.integer, {list}, "sum")});
  w.region.result =
      Make(ir::Op::kRecord, program.Record("", {{"n", program.integer}}), {Field(bottom, "n")}, "", {"n"});
  Runner runner(program.module);
  EXPECT_TRUE(runner.Run().ok);
  EXPECT_EQ(runner.scheduler.FindTask("bottom")->arguments[0], Json(1000));
  EXPECT_LT(runner.seconds, kSecondsAnEvent * static_cast<double>(runner.events));
}

}  // namespace
}  // namespace hwf::scheduler::testing
