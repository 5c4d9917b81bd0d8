// Visiting all that an IR structure is made of, in one place, so that a new member is not forgotten by one of the
// walks. Each function calls back for direct parts only; walks recurse themselves. Header-only templates.
#pragma once

#include <optional>
#include <variant>

#include "ir/module.h"

namespace hwf::ir {

template <typename Visit>
void ForEachExpr(const std::optional<Expr>& expr, Visit&& visit) {
  if (expr.has_value()) visit(*expr);
}
template <typename Visit>
void ForEachExpr(const ByRule& by, Visit&& visit) {
  ForEachExpr(by.who, visit);
  for (const ByRule& part : by.parts) ForEachExpr(part, visit);
}

namespace internal {
template <typename... Visits>
struct Overloaded : Visits... {
  using Visits::operator()...;
};
template <typename... Visits>
Overloaded(Visits...) -> Overloaded<Visits...>;

template <typename Visit>
void VisitReview(const ReviewNode& review, Visit&& visit) {
  visit(review.question);
  for (const Shown& shown : review.show) visit(shown.value);
  for (const Choice& choice : review.choices) {
    for (const FormField& field : choice.fields) {
      ForEachExpr(field.low, visit);
      ForEachExpr(field.high, visit);
      ForEachExpr(field.one_of, visit);
      ForEachExpr(field.default_value, visit);
    }
    ForEachExpr(choice.granted, visit);
  }
  ForEachExpr(review.by, visit);
  ForEachExpr(review.within, visit);
  ForEachExpr(review.remind, visit);
  for (const ReviewNode::Escalation& escalation : review.escalations) {
    visit(escalation.delay);
    ForEachExpr(escalation.to, visit);
  }
  ForEachExpr(review.else_answer, visit);
  if (!review.assume) return;
  visit(review.assume->answer);
  for (const NamedExpr& limit : review.assume->up_to) visit(limit.value);
}
}  // namespace internal

// The expressions that the node itself evaluates, outside its inner regions.
template <typename Visit>
void ForEachExpr(const Node& node, Visit&& visit) {
  std::visit(internal::Overloaded{
                 [&](const LetNode& body) { visit(body.value); },
                 [&](const TaskNode& body) {
                   for (const Expr& arg : body.args) visit(arg);
                 },
                 [&](const WorkflowNode& body) {
                   for (const Expr& arg : body.args) visit(arg);
                 },
                 [&](const IfNode& body) { visit(body.condition); },
                 [&](const MatchNode& body) { visit(body.subject); }, [&](const ForNode& body) { visit(body.list); },
                 [&](const LoopNode& body) {
                   for (const Expr& init : body.init) visit(init);
                   visit(body.max);
                 },
                 [&](const ReviewNode& body) { internal::VisitReview(body, visit); }, [&](const WatchNode&) {},
                 [&](const SendNode& body) {
                   for (const Expr& arg : body.args) visit(arg);
                 },
                 [&](const CancelNode&) {}, [&](const CheckpointNode& body) { visit(body.value); },
                 [&](const FailNode& body) { visit(body.message); }, [&](const SourceNode& body) { visit(body.path); }},
             node.body);
}

// The call that a watch, a message or a cancel speaks of; kNone of any other node.
inline ValueId JobOf(const Node& node) {
  if (const auto* watch = std::get_if<WatchNode>(&node.body)) return watch->job;
  if (const auto* send = std::get_if<SendNode>(&node.body)) return send->job;
  if (const auto* cancel = std::get_if<CancelNode>(&node.body)) return cancel->job;
  return ValueId::kNone;
}

// The inner regions of a node; missing ones are left out.
template <typename Visit>
void ForEachRegion(const Node& node, Visit&& visit) {
  auto one = [&](const std::unique_ptr<Region>& region) {
    if (region != nullptr) visit(*region);
  };
  std::visit(internal::Overloaded{[&](const IfNode& body) {
                                    one(body.then_body);
                                    one(body.else_body);
                                  },
                                  [&](const MatchNode& body) {
                                    for (const MatchArm& arm : body.arms) one(arm.body);
                                  },
                                  [&](const ForNode& body) {
                                    one(body.where);
                                    one(body.body);
                                  },
                                  [&](const LoopNode& body) { one(body.body); },
                                  [&](const WatchNode& body) {
                                    one(body.where);
                                    one(body.body);
                                  },
                                  [](const LetNode&) {}, [](const TaskNode&) {}, [](const WorkflowNode&) {},
                                  [](const ReviewNode&) {}, [](const SendNode&) {}, [](const CancelNode&) {},
                                  [](const CheckpointNode&) {}, [](const FailNode&) {}, [](const SourceNode&) {}},
             node.body);
}

}  // namespace hwf::ir
