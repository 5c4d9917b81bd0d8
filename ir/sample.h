// For tests: small builders of IR by hand, and a module that has every kind of node, expression and type.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "ir/module.h"

namespace hwf::ir::sample {

inline ValueId Id(uint32_t number) { return static_cast<ValueId>(number); }

// Literals take their type from the table of `module`.
Expr Literal(const Module& module, TypeKind kind, Json value);
Expr Int(const Module& module, int64_t value);
Expr Float(const Module& module, double value);
Expr String(const Module& module, std::string value);
Expr Duration(const Module& module, int64_t milliseconds);
Expr Ref(ValueId id, TypeRef type);
// The field's type is looked up in the record of `base`.
Expr Field(Expr base, const std::string& name);
Expr Make(Op op, TypeRef type, std::vector<Expr> args, std::string name = {}, std::vector<std::string> labels = {});

template <typename Body>
Node MakeNode(uint32_t id, std::string name, TypeRef type, Body body) {
  Node node;
  node.id = Id(id);
  node.name = std::move(name);
  node.type = type;
  node.body = std::move(body);
  return node;
}

// The design's sample: prepare, fit (watched, steered, retried), a release review, publish; and beside it an `if`, a
// `for` with `where`, a function, a sub-workflow, a source, a cancel.
Module Digits();
// Of that module, the main workflow's region, and the node there of this name, which is there.
inline Region& RegionOf(Module& digits) { return digits.workflows[1].region; }
inline Node& NodeOf(Module& digits, std::string_view name) {
  for (Node& node : RegionOf(digits).nodes) {
    if (node.name == name) return node;
  }
  HWF_UNREACHABLE();
}

}  // namespace hwf::ir::sample
