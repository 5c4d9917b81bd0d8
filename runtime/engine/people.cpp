#include "runtime/engine/people.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "ir/walk.h"
#include "runtime/state/evaluate.h"

namespace hwf::engine {
namespace {

// Whether the language could have it as a name.
bool IsName(std::string_view text) {
  const bool letters =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  return letters && !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0;
}

class RuleChecker {
 public:
  RuleChecker(const ir::Module& module, const review::People& people) : module_(module), people_(people) {}

  void Visit(const ir::Region& region) {
    for (const ir::Node& node : region.nodes) {
      if (const auto* review = std::get_if<ir::ReviewNode>(&node.body)) {
        Visit(review->by, node.span);
        for (const ir::ReviewNode::Escalation& escalation : review->escalations) Visit(escalation.to, node.span);
      }
      ir::ForEachRegion(node, [this](const ir::Region& inner) { Visit(inner); });
    }
  }
  const std::string& fault() const { return fault_; }

 private:
  void Visit(const ir::ByRule& rule, const ir::Span& span) {
    for (const ir::ByRule& part : rule.parts) Visit(part, span);
    if (rule.kind != ir::ByRule::Kind::kWho || !rule.who || rule.who->op != ir::Op::kLiteral || !fault_.empty()) return;
    if (!rule.who->literal.is_string()) return;
    const std::string& name = rule.who->literal.AsString();
    if (review::IsKnown(name, people_, module_.groups)) return;
    const std::string declare =
        IsName(name) ? fmt::format("declare `group {} = [\"login\", …]` beside the sites, or ", name) : std::string();
    fault_ = fmt::format(
        "{}: nobody could answer: `{}` is no user or Unix group here, no declared group and not in a people file\n"
        "  {}give `--people FILE`, a file that says who they are (docs/cli.md, People):\n"
        "  {{\"v\": 1, \"people\": [{{\"name\": \"ana\", \"login\": \"ana\", \"groups\": [\"{}\"]}}]}}",
        state::SpanText(module_, span), name, declare, name);
  }

  const ir::Module& module_;
  const review::People& people_;
  std::string fault_;
};

}  // namespace

ErrorOr<review::People> LoadPeople(platform::FileSystem& files, const std::string& run_directory,
                                   const std::string& digest) {
  if (!digest.empty()) return review::People::LoadCopy(files, run_directory + "/people", digest);
  return review::People::Find(files, run_directory.substr(0, run_directory.find_last_of('/')), geteuid());
}

ErrorOr<Success> CheckPeople(const ir::Module& module, const review::People& people) {
  RuleChecker checker(module, people);
  for (const ir::Workflow& workflow : module.workflows) checker.Visit(workflow.region);
  if (checker.fault().empty()) return Success{};
  return Error(checker.fault());
}

}  // namespace hwf::engine
