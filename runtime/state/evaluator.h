// The evaluator's state and the values of a pure region. Internal to runtime/state: evaluate.cpp has the expressions,
// evaluate_region.cpp the regions and functions. One thread, for one evaluation.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/state/evaluate.h"

namespace hwf::state {

// The values of one instance of a pure region; its nodes are computed when first read.
class PureFrame : public Environment {
 public:
  PureFrame(const ir::Region& region, const Environment* outer) : region_(region), outer_(outer) {}

  void Bind(ir::ValueId id, Json value) { values_[id] = std::move(value); }
  const ir::Node* Unmade(ir::ValueId id) const {
    for (const ir::Node& node : region_.nodes) {
      if (node.id == id) return &node;
    }
    return nullptr;
  }
  const Json* Own(ir::ValueId id) const {
    auto it = values_.find(id);
    return it != values_.end() ? &it->second : nullptr;
  }
  const Json* Find(ir::ValueId id) const override {
    const Json* own = Own(id);
    return own != nullptr || outer_ == nullptr ? own : outer_->Find(id);
  }
  const ir::Region& region() const { return region_; }

 private:
  const ir::Region& region_;
  const Environment* outer_;
  std::map<ir::ValueId, Json> values_;
};

class Evaluator {
 public:
  Evaluator(const ir::Module& module, int depth) : module_(module), depth_(depth) {}

  // The value is the environment's own or in `scratch`. Null after a failure, which is then in `failure`.
  const Json* Eval(const ir::Expr& expr, const Environment& env, Json& scratch);
  const Json* RegionResult(PureFrame& frame, Json& scratch);
  // What an evaluation gave: moved out of the scratch space if it was made there, else a copy.
  static Json Taken(const Json* value, Json& scratch) {
    if (value == &scratch) return std::move(scratch);
    return *value;
  }

  std::optional<Failure> failure;

 private:
  static constexpr int kMaxDepth = 1200;

  std::nullptr_t Fail(const ir::Expr& expr, std::string message);
  static const Json* Keep(Json value, Json& scratch);
  const Json* Computed(Evaluation result, Json& scratch);

  // Expressions.
  const Json* Spine(const ir::Expr& top, const Environment& env, Json& scratch);
  const Json* Step(const ir::Expr& expr, const Json* left, const Environment& env, Json& scratch);
  const Json* Second(const ir::Expr& expr, const Environment& env, Json& scratch);
  const Json* Field(const ir::Expr& expr, const Json& base, Json& scratch);
  const Json* Index(const ir::Expr& expr, const Json& base, const Json& index, Json& scratch);
  const Json* Foot(const ir::Expr& expr, const Environment& env, Json& scratch);
  const Json* List(const ir::Expr& expr, const Environment& env, Json& scratch);
  const Json* Map(const ir::Expr& expr, const Environment& env, Json& scratch);
  bool Labelled(const ir::Expr& expr, const Environment& env, Json& out);
  const Json* Concat(const ir::Expr& expr, const Environment& env, Json& scratch);
  const Json* Builtin(const ir::Expr& expr, const Environment& env, Json& scratch);

  // Regions.
  const Json* Lazy(const ir::Expr& expr, PureFrame& frame, Json& scratch);
  bool Make(const ir::Node& node, PureFrame& frame);
  const Json* Inner(const ir::Region& region, JsonArray arguments, PureFrame& outer, Json& scratch);
  bool MakeRead(const ir::Expr& expr, PureFrame& frame);
  bool MakeReadFromOutside(const ir::Region& region, PureFrame& outer);
  const Json* MakeIf(const ir::IfNode& branch, PureFrame& frame, Json& scratch);
  const Json* MakeMatch(const ir::Node& node, const ir::MatchNode& match, PureFrame& frame, Json& scratch);
  const Json* MakeFor(const ir::ForNode& loop, PureFrame& frame, Json& scratch);
  const Json* Call(const ir::Expr& expr, const Environment& env, Json& scratch);
  Evaluation Apply(const ir::Expr& at, const std::string& name, std::vector<Json> arguments);

  const ir::Module& module_;
  int depth_;
};

}  // namespace hwf::state
