#include "runtime/state/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ir/sample.h"

namespace hwf::state {
namespace {

using ir::Expr;
using ir::Op;
using ir::TypeKind;
using ir::TypeRef;
using ir::sample::Id;
using ir::sample::Make;
using ir::sample::Ref;

class EvaluateTest : public testing::Test {
 protected:
  TypeRef Simple(TypeKind kind) { return module.types->Simple(kind); }
  Expr Int(int64_t v) { return ir::sample::Int(module, v); }
  Expr Float(double v) { return ir::sample::Float(module, v); }
  Expr String(std::string v) { return ir::sample::String(module, std::move(v)); }
  Expr Bool(bool v) { return ir::sample::Literal(module, TypeKind::kBool, Json(v)); }
  Expr Binary(Op op, TypeKind type, Expr a, Expr b) { return Make(op, Simple(type), {std::move(a), std::move(b)}); }
  Expr Ints(const std::vector<int64_t>& items) {
    std::vector<Expr> list;
    for (int64_t item : items) list.push_back(Int(item));
    return Make(Op::kList, module.types->List(Simple(TypeKind::kInt)), std::move(list));
  }
  Expr Builtin(std::string name, TypeKind type, std::vector<Expr> args) {
    return Make(Op::kBuiltin, Simple(type), std::move(args), std::move(name));
  }
  std::string Run(const Expr& expr) {
    Evaluation result = Evaluate(module, expr, env);
    return result.ok() ? result.value.Dump() : result.failure->message;
  }
  ir::Module module;
  SmallEnvironment env;
};

TEST_F(EvaluateTest, Arithmetic) {
  EXPECT_EQ(Run(Binary(Op::kAdd, TypeKind::kInt, Int(2), Int(3))), "5");
  EXPECT_EQ(Run(Binary(Op::kDiv, TypeKind::kFloat, Int(1), Int(4))), "0.25");
  EXPECT_EQ(Run(Binary(Op::kMod, TypeKind::kInt, Int(-7), Int(3))), "2");
  EXPECT_EQ(Run(Binary(Op::kMul, TypeKind::kFloat, Int(2), Float(0.5))), "1.0");
  EXPECT_EQ(Run(Binary(Op::kMul, TypeKind::kBytes, Int(1000), Float(1.5))), "1500");
  EXPECT_EQ(Run(Binary(Op::kAdd, TypeKind::kString, String("a"), String("b"))), "\"ab\"");
}

TEST_F(EvaluateTest, WhatCannotBeComputedIsAMessage) {
  EXPECT_EQ(Run(Binary(Op::kMod, TypeKind::kInt, Int(1), Int(0))), "`%` by zero");
  EXPECT_EQ(Run(Binary(Op::kMod, TypeKind::kInt, Int(INT64_MIN), Int(-1))), "0");
  EXPECT_EQ(Run(Binary(Op::kAdd, TypeKind::kInt, Int(INT64_MAX), Int(1))), "the result is past the range of Int");
  EXPECT_EQ(Run(Binary(Op::kMul, TypeKind::kBytes, Int(INT64_MAX), Float(2))),
            "1.8446744073709552e+19 is past the range of Bytes");
  EXPECT_EQ(Run(Make(Op::kNegate, Simple(TypeKind::kInt), {Int(INT64_MIN)})), "`-` is past the range of Int");
  EXPECT_EQ(Run(Make(Op::kIndex, Simple(TypeKind::kInt), {Ints({1}), Int(-1)})),
            "the index -1 is out of range: the list has 1 element");
  Expr map =
      Make(Op::kMap, module.types->Map(Simple(TypeKind::kString), Simple(TypeKind::kInt)), {String("k"), Int(1)});
  EXPECT_EQ(Run(Make(Op::kIndex, Simple(TypeKind::kInt), {map, String("z")})), "the map has no key \"z\"");
  EXPECT_EQ(Run(Ref(Id(9), Simple(TypeKind::kInt))), "a value that is not there");
  env.Set(Id(1), Json());
  Expr none = Ref(Id(1), Simple(TypeKind::kInt));
  EXPECT_EQ(Run(Make(Op::kField, Simple(TypeKind::kInt), {none}, "n")), "`.n` of none");
  EXPECT_EQ(Run(Make(Op::kOptField, Simple(TypeKind::kInt), {none}, "n")), "null");
  EXPECT_EQ(Run(Builtin("range", TypeKind::kInt, {Int(INT64_MAX)})),
            "range() would make a list of more than 10000000 elements");
}

TEST_F(EvaluateTest, ShortCircuits) {
  Expr broken = Make(Op::kEq, Simple(TypeKind::kBool), {Binary(Op::kMod, TypeKind::kInt, Int(1), Int(0)), Int(0)});
  EXPECT_EQ(Run(Binary(Op::kAnd, TypeKind::kBool, Bool(false), broken)), "false");
  EXPECT_EQ(Run(Binary(Op::kOr, TypeKind::kBool, Bool(true), broken)), "true");
  EXPECT_EQ(Run(Binary(Op::kAnd, TypeKind::kBool, Bool(true), broken)), "`%` by zero");
  EXPECT_EQ(Run(Binary(Op::kCoalesce, TypeKind::kInt, Int(1), broken)), "1");
}

TEST_F(EvaluateTest, LongChainsNeedNoStack) {
  Expr sum = Int(0);
  for (int i = 0; i < 100000; ++i) {
    Expr next;
    next.op = Op::kAdd;
    next.type = Simple(TypeKind::kInt);
    next.args.reserve(2);
    next.args.push_back(std::move(sum));
    next.args.push_back(Int(1));
    sum = std::move(next);
  }
  EXPECT_EQ(Run(sum), "100000");
  // Taken apart by hand: the destructor of a deep tree would need the stack that evaluation does not.
  while (!sum.args.empty()) {
    Expr inner = std::move(sum.args[0]);
    sum = std::move(inner);
  }
}

TEST_F(EvaluateTest, DeepNestingIsAnError) {
  Expr deep = Int(0);
  for (int i = 0; i < 3000; ++i) {
    std::vector<Expr> one;
    one.push_back(std::move(deep));
    deep = Make(Op::kList, module.types->List(Simple(TypeKind::kInt)), std::move(one));
  }
  EXPECT_EQ(Run(deep), "this expression is nested too deeply");
}

TEST_F(EvaluateTest, FunctionsAreEvaluatedByNeed) {
  // fn f(x: Int) -> Int = if x > 1 { let y = x * 2  y } else { x % 0 }
  ir::Function& f = module.functions.emplace_back();
  f.name = "f";
  f.result = Simple(TypeKind::kInt);
  ir::Param x;
  x.id = Id(0);
  x.name = "x";
  x.type = Simple(TypeKind::kInt);
  f.region.params.push_back(std::move(x));
  Expr x_ref = Ref(Id(0), Simple(TypeKind::kInt));
  ir::IfNode branch;
  branch.condition = Binary(Op::kGt, TypeKind::kBool, x_ref, Int(1));
  branch.then_body = std::make_unique<ir::Region>();
  branch.then_body->nodes.push_back(ir::sample::MakeNode(2, "y", Simple(TypeKind::kInt),
                                                         ir::LetNode{Binary(Op::kMul, TypeKind::kInt, x_ref, Int(2))}));
  branch.then_body->result = Ref(Id(2), Simple(TypeKind::kInt));
  branch.else_body = std::make_unique<ir::Region>();
  branch.else_body->result = Binary(Op::kMod, TypeKind::kInt, x_ref, Int(0));
  f.region.nodes.push_back(ir::sample::MakeNode(1, "if", Simple(TypeKind::kInt), std::move(branch)));
  f.region.result = Ref(Id(1), Simple(TypeKind::kInt));

  EXPECT_EQ(Run(Make(Op::kCall, Simple(TypeKind::kInt), {Int(4)}, "f")), "8");
  EXPECT_EQ(Run(Make(Op::kCall, Simple(TypeKind::kInt), {Int(1)}, "f")), "`%` by zero");
  EXPECT_EQ(Run(Make(Op::kCall, Simple(TypeKind::kInt), {Int(1)}, "g")), "there is no function `g`");
  Expr best = Make(Op::kBuiltin, Simple(TypeKind::kInt), {Ints({5, 3, 4})}, "min_by", {"f"});
  EXPECT_EQ(Run(best), "3");
  best.name = "max_by";
  EXPECT_EQ(Run(best), "5");
}

TEST_F(EvaluateTest, ARecursiveFunctionEndsWithAnError) {
  ir::Function& f = module.functions.emplace_back();
  f.name = "f";
  f.result = Simple(TypeKind::kInt);
  f.region.result = Make(Op::kCall, Simple(TypeKind::kInt), {}, "f");
  EXPECT_THAT(Run(Make(Op::kCall, Simple(TypeKind::kInt), {}, "f")), testing::HasSubstr("nested too deeply"));
}

TEST_F(EvaluateTest, Builtins) {
  EXPECT_EQ(Run(Builtin("range", TypeKind::kInt, {Int(3)})), "[0,1,2]");
  EXPECT_EQ(Run(Builtin("len", TypeKind::kInt, {String("né")})), "2");
  EXPECT_EQ(Run(Builtin("sum", TypeKind::kInt, {Ints({1, 2})})), "3");
  EXPECT_EQ(Run(Builtin("sum", TypeKind::kFloat, {Ints({})})), "0.0");
  EXPECT_EQ(Run(Builtin("min", TypeKind::kInt, {Int(2), Int(1)})), "1");
  EXPECT_EQ(Run(Builtin("max", TypeKind::kFloat, {Int(2), Float(2.5)})), "2.5");
  EXPECT_EQ(Run(Builtin("round", TypeKind::kInt, {Float(-2.5)})), "-3");
  EXPECT_EQ(Run(Builtin("round", TypeKind::kInt, {Float(1e300)})), "round() of 1e+300 is past the range of Int");
  EXPECT_EQ(Run(Builtin("abs", TypeKind::kInt, {Int(-4)})), "4");
  EXPECT_EQ(Run(Builtin("str", TypeKind::kString, {Float(2)})), "\"2.0\"");
  Expr words = Make(Op::kList, module.types->List(Simple(TypeKind::kString)), {String("a"), String("b")});
  EXPECT_EQ(Run(Builtin("join", TypeKind::kString, {words, String(", ")})), "\"a, b\"");
  env.Set(Id(1), *Json::Parse(R"({"path":"/x/y.pt","digest":"d","size":1})"));
  EXPECT_EQ(Run(Builtin("basename", TypeKind::kString, {Ref(Id(1), Simple(TypeKind::kFile))})), "\"y.pt\"");
  EXPECT_EQ(Run(Builtin("flag", TypeKind::kString, {String("-x"), Int(1)})), "flag() stands only in a command");
}

}  // namespace
}  // namespace hwf::state
