// One test of a program, run in a simulated world and held against what it expects. One thread.
#pragma once

#include <string>
#include <vector>

#include "ir/test.h"
#include "runtime/simulate/coverage.h"

namespace hwf::simulate {

struct TestFailure {
  std::string message;
  std::vector<std::string> details;  // "r.loss is 1.25"
  ir::Span span;
};
struct TestResult {
  std::vector<TestFailure> failures;  // none: it holds
  int64_t elapsed_ms = 0;             // on the test's clock
};

// `tested.module` is changed while it runs, and afterwards as it was.
TestResult RunTest(ir::TestedModule& tested, ir::Test& test, Coverage& coverage);

}  // namespace hwf::simulate
