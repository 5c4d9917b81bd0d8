// Tests of a program: workflows to run, what stands in for tasks and people, and what is expected. They stand beside a
// module and are no part of it: a run knows nothing of them. `hwfc build --tests` writes both into one JSON object,
// which `hwf test` reads. Plain structs; pure functions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "ir/module.h"

namespace hwf::ir {

// What stands in for every call of a task: pure regions (with SourceNode, whose value is made up of its name, and
// FailNode, which fails the task), with the task's parameters in their order and then `attempt`.
struct Given {
  std::string task;
  std::string stream;  // empty: the result is the record of its outputs; else the list of what it shows
  Region region;
  std::optional<Region> duration;  // how long it takes; absent: no time
  Span span;
};
// An answer to the review at that place, and how long after its opening it is given. A number that the place leaves
// out stands for all.
struct TestAnswer {
  std::string place;
  Expr delay;
  std::string variant;
  std::vector<NamedExpr> fields;
  Span span;
};
struct Expectation {
  std::string text;          // as in the source
  bool fails = false;        // the result is a String that is part of why the run fails; else a Bool
  Region region;             // no parameters; it reads the test's nodes
  std::vector<Shown> parts;  // what it reads, to be said when it does not hold
  Span span;
};
struct Test {
  std::string name;
  Workflow workflow;  // its nodes are the test's `let`s; its outputs those of them that are values, by name
  std::vector<Given> givens;
  std::vector<TestAnswer> answers;
  std::vector<Expectation> expectations;
  Span span;
};
struct TestedModule {
  Module module;
  std::vector<Test> tests;
};

Json ToJson(const TestedModule& tested);
// As ModuleFromText. A module without tests has none.
ErrorOr<TestedModule> TestedModuleFromText(std::string_view text);
// As Verify, of the module and its tests.
std::vector<std::string> Verify(const TestedModule& tested);

// Where the reviews are that the workflow comes to: "digits.verdict", "r.watch.*.call"; a `*` is a number. At most
// `most`.
std::vector<std::string> ReviewPlaces(const Module& module, const Workflow& workflow, size_t most);

// How many steps lie within a place.
size_t DepthOf(std::string_view place);
// Whether a place of a run is the one that a test names. The test may leave out numbers, and the name of its `let` in
// front. Of several that match, the one with the most parts is meant.
bool MatchesPlace(std::string_view named, std::string_view place);

}  // namespace hwf::ir
