// `hwf test FILE…`: runs the `test` blocks of programs, each in a simulated world with a clock of its own.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "runtime/cli/commands.h"
#include "runtime/cli/program.h"
#include "runtime/report/text.h"
#include "runtime/simulate/test_run.h"
#include "runtime/state/evaluate.h"

namespace hwf::cli {
namespace {

struct Totals {
  size_t held = 0, failed = 0;
};

class TestReport {
 public:
  TestReport(const report::Style& style, bool json, bool coverage) : style_(style), json_(json), coverage_(coverage) {}

  void Add(const ir::Module& module, const std::string& file, const ir::Test& test, const simulate::TestResult& result,
           int64_t took_us) {
    const bool held = result.failures.empty();
    ++(held ? totals_.held : totals_.failed);
    if (json_) return AddJson(module, file, test, result, took_us);
    const std::string clock = result.elapsed_ms == 0 ? "" : report::FormatDuration(result.elapsed_ms) + " on its clock";
    const std::string name = report::Printable(test.name);
    fmt::print("{}  {}{}\n", held ? style_.Green("ok    ") : style_.Red("FAILED"),
               clock.empty() ? name : report::Pad(name, 50) + "  ", style_.Dim(clock));
    for (const simulate::TestFailure& failure : result.failures) {
      fmt::print("    {}: {}\n", state::SpanText(module, failure.span), report::Printable(failure.message));
      for (const std::string& detail : failure.details) fmt::print("        {}\n", report::Printable(detail));
    }
  }

  void Add(const ir::Module& module, const std::string& file, const simulate::Coverage& coverage) {
    if (!coverage_) return;
    const auto missed = coverage.Missed();
    points_ += coverage.points();
    missed_count_ += missed.size();
    for (const simulate::Coverage::Point* point : missed) {
      const std::string at = state::SpanText(module, point->span);
      if (json_) {
        missed_.Add(Json().Set("file", file).Set("at", at).Set("what", point->text));
      } else {
        untested_ += fmt::format("  {}: {}\n", at, report::Printable(point->text));
      }
    }
  }

  // A file whose tests could not be run; why was said.
  void AddNotRun(const std::string& file) { not_run_.push_back(file); }

  int Finish() {
    if (json_) {
      Json out;
      out.Set("v", 1).Set("ok", static_cast<int64_t>(totals_.held)).Set("failed", static_cast<int64_t>(totals_.failed));
      out.Set("tests", tests_);
      if (coverage_) out.Set("untested", missed_);
      if (!not_run_.empty()) out.Set("not_run", not_run_);
      fmt::print("{}", out.DumpPretty());
    } else {
      const size_t all = totals_.held + totals_.failed;
      if (coverage_ && all > 0) {
        fmt::print("\nthe tests came to {} of {} answers and branches{}\n{}", points_ - missed_count_, points_,
                   missed_count_ == 0 ? "" : "; not to these:", untested_);
      }
      const std::string failed = totals_.failed == 0 ? "" : fmt::format(", {} failed", totals_.failed);
      fmt::print("\n{} {}: {} ok{}\n", all, all == 1 ? "test" : "tests", totals_.held, failed);
    }
    return totals_.failed == 0 ? kExitDone : kExitFailed;
  }

  size_t tests() const { return totals_.held + totals_.failed; }

 private:
  void AddJson(const ir::Module& module, const std::string& file, const ir::Test& test,
               const simulate::TestResult& result, int64_t took_us) {
    Json failures = Json::Array();
    for (const simulate::TestFailure& failure : result.failures) {
      Json details = Json::Array();
      for (const std::string& detail : failure.details) details.Add(detail);
      failures.Add(Json()
                       .Set("at", state::SpanText(module, failure.span))
                       .Set("message", failure.message)
                       .Set("details", std::move(details)));
    }
    tests_.Add(Json()
                   .Set("file", file)
                   .Set("name", test.name)
                   .Set("ok", result.failures.empty())
                   .Set("clock_ms", result.elapsed_ms)
                   .Set("took_us", took_us)
                   .Set("failures", std::move(failures)));
  }

  const report::Style& style_;
  bool json_, coverage_;
  Totals totals_;
  size_t points_ = 0, missed_count_ = 0;
  std::string untested_;
  Json tests_ = Json::Array(), missed_ = Json::Array();
  JsonArray not_run_;
};

bool Wanted(const ir::Test& test, const Arguments& arguments) {
  return test.name.find(arguments.Get("filter")) != std::string::npos;
}

// kExitDone if the tests could be run, whether they held or not.
int TestFile(const Context& context, const std::string& path, const Arguments& arguments, TestReport& report) {
  const LoadedTests loaded = LoadTests(context, path, arguments.Get("sites"));
  if (!loaded.tested) {
    if (!loaded.error.message.empty()) Complain(loaded.error.message);
    report.AddNotRun(path);
    return loaded.error.exit;
  }
  ir::TestedModule& tested = *loaded.tested;
  simulate::Coverage coverage(tested.module);
  size_t ran = 0;
  for (ir::Test& test : tested.tests) {
    if (!Wanted(test, arguments)) continue;
    ++ran;
    const auto begin = std::chrono::steady_clock::now();
    const simulate::TestResult result = simulate::RunTest(tested, test, coverage);
    const auto took = std::chrono::steady_clock::now() - begin;
    report.Add(tested.module, path, test, result, std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  }
  if (ran > 0) report.Add(tested.module, path, coverage);
  return kExitDone;
}

int RunTest(Context& context, const Arguments& arguments) {
  const report::Style style(context.color);
  TestReport report(style, arguments.Has("json"), arguments.Has("coverage"));
  int worst = kExitDone;
  for (const std::string& path : arguments.positional) {
    worst = std::max(worst, TestFile(context, path, arguments, report));
  }
  if (report.tests() == 0 && worst != kExitDone && !arguments.Has("json")) return worst;
  if (report.tests() == 0 && worst == kExitDone && arguments.Has("filter")) {
    Complain(fmt::format("no test's name has `{}` in it", arguments.Get("filter")));
    return kExitUsage;
  }
  return std::max(worst, report.Finish());
}

}  // namespace

CommandSpec TestCommand() {
  CommandSpec spec;
  spec.name = "test";
  spec.positional = "FILE...";
  spec.least = 1;
  spec.most = 1000;
  spec.summary = "run the tests of a program, with tasks and people stubbed";
  spec.text =
      "Runs each `test` block of the files. No task is started and nobody is asked: `given` and `answer` say what "
      "they\n"
      "do, on a clock of the test's own, so that a deadline of two days is over at once.";
  spec.options = {SitesOption(),
                  {"filter", "TEXT", "only tests with TEXT in their names"},
                  {"coverage", "", "list the answers and branches that no test came to"},
                  JsonOption()};
  spec.examples = {{"hwf test digits.hwf --coverage", "and what they leave untested"}};
  spec.run = RunTest;
  return spec;
}

}  // namespace hwf::cli
