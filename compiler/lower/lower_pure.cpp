// `if`, `match` and `for` in a task's clause or a default, where there is no region to put their nodes into. Each
// becomes a function of its own that computes it, called in its place. The function's parameters are the values that it
// reads of the definition around it, by the same ids: they are unique in both, so nothing is renamed.
#include <fmt/format.h>

#include <map>

#include "base/check.h"
#include "compiler/lower/lowerer.h"
#include "ir/walk.h"

namespace hwf::lower {
namespace {

// The values that a region reads and does not make, with their types.
class Outside {
 public:
  void Add(const ir::Region& region) {
    Collect(region);
    for (const ValueId id : made_) read_.erase(id);
  }
  const std::map<ValueId, TypeRef>& read() const { return read_; }

 private:
  void Collect(const ir::Region& region) {
    for (const ir::Param& param : region.params) made_.push_back(param.id);
    for (const ir::Node& node : region.nodes) {
      made_.push_back(node.id);
      ir::ForEachExpr(node, [&](const ir::Expr& expr) { Collect(expr); });
      ir::ForEachRegion(node, [&](const ir::Region& inner) { Collect(inner); });
    }
    if (region.result.has_value()) Collect(*region.result);
  }
  // What is narrowed to T in one branch is a T? all the same.
  void Collect(const ir::Expr& expr) {
    if (expr.op == ir::Op::kRef) {
      TypeRef& type = read_[expr.ref];
      if (type == nullptr || expr.type->kind == TypeKind::kOptional) type = expr.type;
    }
    for (const ir::Expr& arg : expr.args) Collect(arg);
  }

  std::vector<ValueId> made_;
  std::map<ValueId, TypeRef> read_;
};

std::string_view WordOf(const Expr& expr) {
  if (llvm::isa<IfExpr>(expr)) return "if";
  return llvm::isa<MatchExpr>(expr) ? "match" : "for";
}

}  // namespace

ir::Expr Lowerer::AsFunction(const Expr& expr) {
  HWF_CHECK(llvm::isa<IfExpr>(expr) || llvm::isa<MatchExpr>(expr) || llvm::isa<ForExpr>(expr));
  ir::Function function;
  Builder builder;
  {
    RegionScope scope(*this, &builder);
    builder.region.result = Place(expr, {});
  }
  function.result = expr.type;
  function.region = std::move(builder.region);
  Outside outside;
  outside.Add(function.region);
  std::map<ValueId, TypeRef> read = outside.read();
  for (const auto& [key, value] : names_) {
    auto found = value.op == ir::Op::kRef ? read.find(value.ref) : read.end();
    if (found != read.end() && value.type->kind == TypeKind::kOptional) found->second = value.type;
  }
  ir::Expr call = Make(ir::Op::kCall, expr.type, expr.range);
  for (const auto& [id, type] : read) {
    ir::Param& param = function.region.params.emplace_back();
    param.id = id;
    param.name = "value_" + std::to_string(function.region.params.size());
    param.type = type;
    call.args.push_back(Ref(id, type, expr.range));
  }
  // Words of the language are no names of people's functions.
  function.name = fmt::format("{}.{}", WordOf(expr), ++pure_functions_);
  call.name = function.name;
  module_.functions.push_back(std::move(function));
  return call;
}

}  // namespace hwf::lower
