#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ir/sample.h"
#include "ir/verify.h"

namespace hwf::ir {
namespace {

using sample::Id;
using sample::MakeNode;
using sample::NodeOf;
using sample::RegionOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kFault = "a value that no review approved may come to `model` of task `publish`";

MatchNode& Match(Module& module) { return std::get<MatchNode>(NodeOf(module, "match").body); }
// What is published, in the arm of `approve`.
Expr& Published(Module& module) { return std::get<TaskNode>(Match(module).arms[0].body->nodes[0].body).args[0]; }
// The model before anybody looked at it.
Expr Unapproved(Module& module) {
  return sample::Field(sample::Ref(NodeOf(module, "trained").id, NodeOf(module, "trained").type), "model");
}

TEST(VerifyApprovalTest, WhatTheReviewGrantsIsApproved) { EXPECT_THAT(Verify(sample::Digits()), IsEmpty()); }

// The types of an element alone do not say where the list is from.
TEST(VerifyApprovalTest, NothingThatIsAssembledIs) {
  Module module = sample::Digits();
  const Expr model = Unapproved(module);
  Expr list = sample::Make(Op::kList, module.types->List(model.type), {model});
  const TypeRef approved = Published(module).type;
  Published(module) = sample::Make(Op::kIndex, approved, {list, sample::Int(module, 0)});
  EXPECT_THAT(Verify(module), ElementsAre(HasSubstr(kFault)));
}

TEST(VerifyApprovalTest, AnAnswerThatNobodyGaveGrantsNothing) {
  Module module = sample::Digits();
  const TypeRef verdict = NodeOf(module, "verdict").type;
  LetNode made{sample::Make(Op::kEnum, verdict, {}, "approve")};
  RegionOf(module).nodes.push_back(MakeNode(200, "made", verdict, std::move(made)));
  Match(module).subject = sample::Ref(Id(200), verdict);
  EXPECT_THAT(Verify(module), ElementsAre(HasSubstr(kFault)));
}

TEST(VerifyApprovalTest, TheCommandLineApprovesNothing) {
  Module module = sample::Digits();
  const TypeRef approved = Published(module).type;
  Param given;
  given.id = Id(200);
  given.name = "given";
  given.type = approved;
  RegionOf(module).params.push_back(std::move(given));
  Published(module) = sample::Ref(Id(200), approved);
  EXPECT_THAT(Verify(module), ElementsAre(HasSubstr(kFault)));
}

// Of `a ?? b` both count: what the review granted twice, and once.
TEST(VerifyApprovalTest, BothSidesOfADefaultCount) {
  Module module = sample::Digits();
  const Expr granted = Published(module);
  Published(module) = sample::Make(Op::kCoalesce, granted.type, {granted, granted});
  EXPECT_THAT(Verify(module), IsEmpty());
  const Expr model = Unapproved(module);
  Expr list = sample::Make(Op::kList, module.types->List(model.type), {model});
  Published(module).args[1] = sample::Make(Op::kIndex, granted.type, {list, sample::Int(module, 0)});
  EXPECT_THAT(Verify(module), ElementsAre(HasSubstr(kFault)));
}

// Through a branch and a workflow: approved on the one way, not on the other.
TEST(VerifyApprovalTest, OneWayRoundIsEnough) {
  Module module = sample::Digits();
  const TypeRef approved = Published(module).type;
  const TypeRef unit = module.types->Simple(TypeKind::kUnit);
  Workflow release;
  release.name = "release";
  release.region.params.emplace_back();
  release.region.params[0].id = Id(0);
  release.region.params[0].name = "model";
  release.region.params[0].type = approved;
  Region& arm = *Match(module).arms[0].body;
  release.region.nodes.push_back(
      MakeNode(1, "publish", arm.nodes[0].type, TaskNode{"publish", {sample::Ref(Id(0), approved)}}));
  const Expr granted = Published(module);
  const Expr model = Unapproved(module);
  arm.nodes.clear();
  arm.nodes.push_back(MakeNode(201, "release", unit, WorkflowNode{"release", {granted}}));
  module.workflows.insert(module.workflows.begin(), std::move(release));
  // RegionOf(module) is the workflow at 1, which moved on.
  std::swap(module.workflows[1], module.workflows[2]);
  EXPECT_THAT(Verify(module), IsEmpty());

  IfNode either;
  either.condition = sample::Literal(module, TypeKind::kBool, true);
  either.then_body = std::make_unique<Region>();
  either.then_body->result = granted;
  either.else_body = std::make_unique<Region>();
  Expr list = sample::Make(Op::kList, module.types->List(model.type), {model});
  either.else_body->result = sample::Make(Op::kIndex, approved, {list, sample::Int(module, 0)});
  Region& body = *Match(module).arms[0].body;
  std::get<WorkflowNode>(body.nodes[0].body).args[0] = sample::Ref(Id(202), approved);
  body.nodes.push_back(MakeNode(202, "either", approved, std::move(either)));
  EXPECT_THAT(Verify(module), ElementsAre(HasSubstr(kFault)));
}

}  // namespace
}  // namespace hwf::ir
