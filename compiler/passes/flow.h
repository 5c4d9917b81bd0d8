// Where the files of values are made: followed through a whole module, over calls of workflows. The passes that care
// for places ask it at each call of a task. One thread; the module outlives it.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ir/module.h"

namespace hwf::passes {

// Stands for this machine among the names of sites: what comes from the command line, `file(…)` and `dir(…)` without
// `on`.
inline constexpr const char* kThisMachine = "";

struct Origins {
  std::set<std::string> sites;    // brought to where it is read
  std::set<std::string> staying;  // of what stays at a site: `dir(…, on: site)`
  std::set<uint32_t> params;      // while a workflow is looked at without its callers: its parameters
  void Add(const Origins& other);
  size_t size() const { return sites.size() + staying.size() + params.size(); }
};

// A value that holds files and that a call's arguments read. A let that only picks or renames is seen through.
struct Read {
  ir::ValueId value = ir::ValueId::kNone;
  Origins origins;
};

class Flow {
 public:
  using OnCall = std::function<void(const ir::Node&, const ir::Task&, ir::TaskNode&, const std::vector<Read>&)>;
  using OnShown = std::function<void(const ir::Expr&, const std::vector<Read>&)>;

  // Calls `on_call` for each call of a task, after those whose files it reads. A site that it sets there counts for
  // what follows.
  Flow(ir::Module& module, OnCall on_call);
  // From now on calls `on_shown` too, for each value that a review shows.
  void OnShow(OnShown on_shown) { on_shown_ = std::move(on_shown); }
  void Run();

 private:
  Origins Walk(ir::Region& region);
  void Visit(ir::Node& node);
  Origins Visit(ir::Node& node, ir::TaskNode& body);
  Origins Visit(ir::Node& node, ir::WorkflowNode& body);
  Origins Visit(ir::Node& node, ir::IfNode& body);
  Origins Visit(ir::Node& node, ir::MatchNode& body);
  Origins Visit(ir::Node& node, ir::ForNode& body);
  Origins Visit(ir::Node& node, ir::LoopNode& body);
  Origins Visit(ir::Node& node, ir::ReviewNode& body);
  Origins Visit(ir::Node& node, ir::WatchNode& body);
  Origins Visit(ir::Node& node, ir::LetNode& body);
  Origins Visit(ir::Node& node, ir::CheckpointNode& body);
  Origins Visit(ir::Node& node, ir::SourceNode& body);
  Origins Visit(ir::Node&, ir::SendNode&) { return {}; }
  Origins Visit(ir::Node&, ir::CancelNode&) { return {}; }
  Origins Visit(ir::Node&, ir::FailNode&) { return {}; }

  Origins OfExpr(const ir::Expr& expr) const;
  void CollectReads(const ir::Expr& expr, std::vector<Read>& reads) const;
  const ir::Expr& Through(const ir::Expr& expr, int steps = 0) const;

  ir::Module& module_;
  std::unordered_map<std::string_view, const ir::Task*> tasks_;
  OnCall on_call_;
  OnShown on_shown_ = nullptr;
  bool calls_ = false;                                // the second round, with parameters known: `on_call` is called
  std::unordered_map<std::string, Origins> results_;  // by workflow, in terms of its parameters
  std::unordered_map<std::string, std::vector<Origins>> params_;  // by workflow, of all its calls
  // Of the workflow at hand.
  std::unordered_map<ir::ValueId, Origins> values_;
  std::unordered_map<ir::ValueId, const ir::Expr*> lets_;
};

}  // namespace hwf::passes
