#include "ir/test.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "ir/walk.h"

namespace hwf::ir {
namespace {

std::vector<std::string_view> PartsOf(std::string_view place) {
  std::vector<std::string_view> parts;
  for (size_t dot = place.find('.'); dot != std::string_view::npos; dot = place.find('.')) {
    parts.push_back(place.substr(0, dot));
    place.remove_prefix(dot + 1);
  }
  parts.push_back(place);
  return parts;
}

bool IsNumber(std::string_view part) {
  return !part.empty() && std::all_of(part.begin(), part.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool Matches(const std::vector<std::string_view>& named, const std::vector<std::string_view>& place, size_t from) {
  size_t at = 0;
  for (size_t i = from; i < place.size(); ++i) {
    const bool any = place[i] == "*", number = any || IsNumber(place[i]);
    const bool same =
        at < named.size() && (named[at] == place[i] || (number && named[at] == "*") || (any && IsNumber(named[at])));
    if (same) {
      ++at;
    } else if (!number) {
      return false;
    }
  }
  return at == named.size();
}

// Workflows that come to no review are never entered: then each step leads to a place at least, and what is done is
// bounded by the places that are asked for. A few workflows that call each other twice have more calls than can be
// counted.
class Places {
 public:
  explicit Places(const Module& module) {
    std::map<std::string_view, std::vector<std::string_view>> callers;
    std::vector<std::string_view> open;
    for (const Workflow& workflow : module.workflows) {
      Steps& steps = steps_[workflow.name];
      Collect(workflow.region, "", steps);
      for (const Step& step : steps) {
        if (!step.called.empty()) {
          callers[step.called].push_back(workflow.name);
        } else if (asking_.insert(workflow.name).second) {
          open.push_back(workflow.name);
        }
      }
    }
    while (!open.empty()) {
      const std::string_view called = open.back();
      open.pop_back();
      for (const std::string_view caller : callers[called]) {
        if (asking_.insert(caller).second) open.push_back(caller);
      }
    }
    for (auto& [name, steps] : steps_) DropSilent(steps);
  }

  std::vector<std::string> Of(const Region& region, size_t most) {
    Steps own;
    Collect(region, "", own);
    DropSilent(own);
    struct Entered {
      std::string prefix;
      const Steps* steps;
      size_t next = 0;
    };
    std::vector<std::string> out;
    std::vector<Entered> entered{{"", &own}};
    while (!entered.empty() && out.size() < most) {
      Entered& inner = entered.back();
      if (inner.next == inner.steps->size()) {
        entered.pop_back();
        continue;
      }
      const Step& step = (*inner.steps)[inner.next++];
      std::string place = inner.prefix + step.place;
      if (step.called.empty()) {
        out.push_back(std::move(place));
      } else {
        entered.push_back({place + ".", &steps_.at(step.called)});
      }
    }
    return out;
  }

 private:
  struct Step {
    std::string place;
    std::string_view called;  // the workflow; empty for a review
  };
  using Steps = std::vector<Step>;

  static void Collect(const Region& region, const std::string& prefix, Steps& steps) {
    for (const Node& node : region.nodes) {
      const std::string place = prefix + node.name;
      const bool repeats = std::holds_alternative<ForNode>(node.body) || std::holds_alternative<LoopNode>(node.body) ||
                           std::holds_alternative<WatchNode>(node.body);
      if (std::holds_alternative<ReviewNode>(node.body)) steps.push_back({place, {}});
      if (const auto* call = std::get_if<WorkflowNode>(&node.body)) steps.push_back({place, call->workflow});
      ForEachRegion(node, [&](const Region& inner) { Collect(inner, repeats ? place + ".*." : prefix, steps); });
    }
  }

  void DropSilent(Steps& steps) const {
    std::erase_if(steps, [&](const Step& step) { return !step.called.empty() && !asking_.contains(step.called); });
  }

  std::map<std::string_view, Steps> steps_;  // by workflow
  std::set<std::string_view> asking_;
};

}  // namespace

std::vector<std::string> ReviewPlaces(const Module& module, const Workflow& workflow, size_t most) {
  return Places(module).Of(workflow.region, most);
}

size_t DepthOf(std::string_view place) { return static_cast<size_t>(std::count(place.begin(), place.end(), '.')); }

bool MatchesPlace(std::string_view named, std::string_view place) {
  const std::vector<std::string_view> wanted = PartsOf(named), parts = PartsOf(place);
  return Matches(wanted, parts, 0) || (parts.size() > 1 && Matches(wanted, parts, 1));
}

}  // namespace hwf::ir
