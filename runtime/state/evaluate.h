// The evaluator of IR expressions and of pure regions (functions, `where`). Pure. What cannot be computed (an index out
// of range, a missing key, an overflow) is a Failure with its place in the source, which fails the node that asked.
// Long chains of operators do not recurse. Any thread, on one environment at a time.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "ir/module.h"

namespace hwf::state {

struct Failure {
  std::string message;
  ir::Span span;
};

// Where the evaluator finds the values that an expression refers to.
class Environment {
 public:
  virtual ~Environment() = default;
  // Null if there is no such value (yet); the evaluator then fails. The pointer is good until the evaluation is over.
  virtual const Json* Find(ir::ValueId id) const = 0;
};

// An environment of a handful of named values.
class SmallEnvironment : public Environment {
 public:
  void Set(ir::ValueId id, Json value) { values_.emplace_back(id, std::move(value)); }
  const Json* Find(ir::ValueId id) const override {
    for (auto it = values_.rbegin(); it != values_.rend(); ++it) {
      if (it->first == id) return &it->second;
    }
    return nullptr;
  }

 private:
  std::vector<std::pair<ir::ValueId, Json>> values_;
};

// Either a value or a failure.
struct Evaluation {
  Json value;
  std::optional<Failure> failure;
  bool ok() const { return !failure.has_value(); }
};

Evaluation Evaluate(const ir::Module& module, const ir::Expr& expr, const Environment& environment);

// The result of a pure region (LetNode, IfNode, MatchNode, ForNode only) with these values of its parameters; what it
// reads from outside is found in `outer`.
Evaluation EvaluateRegion(const ir::Module& module, const ir::Region& region, std::vector<Json> arguments,
                          const Environment& outer);

// "digits.hwf:12:3", or empty for a span without a line.
std::string SpanText(const ir::Module& module, const ir::Span& span);

}  // namespace hwf::state
