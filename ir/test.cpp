#include "ir/test.h"

#include <algorithm>
#include <cctype>

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
    const bool any = place[i] == "*";
    const bool same = at < named.size() && (named[at] == place[i] || (any && IsNumber(named[at])));
    if (same) {
      ++at;
    } else if (!any && !IsNumber(place[i])) {
      return false;
    }
  }
  return at == named.size();
}

class Places {
 public:
  Places(const Module& module, size_t most) : module_(module), most_(most) {}

  std::vector<std::string> Of(const Region& region) {
    Add(region, "");
    return std::move(out_);
  }

 private:
  void Add(const Region& region, const std::string& prefix) {
    for (const Node& node : region.nodes) {
      if (out_.size() >= most_) return;
      const std::string place = prefix + node.name;
      const bool repeats = std::holds_alternative<ForNode>(node.body) || std::holds_alternative<LoopNode>(node.body) ||
                           std::holds_alternative<WatchNode>(node.body);
      if (std::holds_alternative<ReviewNode>(node.body)) out_.push_back(place);
      if (const auto* call = std::get_if<WorkflowNode>(&node.body)) {
        if (const Workflow* called = module_.FindWorkflow(call->workflow)) Add(called->region, place + ".");
      }
      ForEachRegion(node, [&](const Region& inner) { Add(inner, repeats ? place + ".*." : prefix); });
    }
  }

  const Module& module_;
  size_t most_;
  std::vector<std::string> out_;
};

}  // namespace

std::vector<std::string> ReviewPlaces(const Module& module, const Workflow& workflow, size_t most) {
  return Places(module, most).Of(workflow.region);
}

size_t DepthOf(std::string_view place) { return static_cast<size_t>(std::count(place.begin(), place.end(), '.')); }

bool MatchesPlace(std::string_view named, std::string_view place) {
  const std::vector<std::string_view> wanted = PartsOf(named), parts = PartsOf(place);
  return Matches(wanted, parts, 0) || (parts.size() > 1 && Matches(wanted, parts, 1));
}

}  // namespace hwf::ir
