// For tests: a module built by hand, with fresh ValueIds. Beside ir/sample.h, whose expression builders it uses.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ir/sample.h"

namespace hwf::scheduler::testing {

using Fields = std::vector<std::pair<std::string, ir::TypeRef>>;

class Program {
 public:
  Program();

  ir::TypeRef Simple(ir::TypeKind kind) { return module.types->Simple(kind); }
  ir::TypeRef Record(const std::string& name, const Fields& fields);
  ir::TypeRef Enum(const std::string& name, const std::vector<std::pair<std::string, Fields>>& variants);

  ir::Task& AddTask(const std::string& name, const Fields& params, const Fields& outputs);
  void AddStream(ir::Task& task, const std::string& name, const Fields& fields);
  // The entry is the workflow added last.
  ir::Workflow& AddWorkflow(const std::string& name, const Fields& params, const Fields& outputs);

  uint32_t Fresh() { return next_++; }
  ir::Param Param(const std::string& name, ir::TypeRef type);
  std::unique_ptr<ir::Region> Region(std::vector<ir::Param> params = {});

  // Adds a node and gives the reference to its value.
  template <typename Body>
  ir::Expr Add(ir::Region& region, const std::string& name, ir::TypeRef type, Body body) {
    uint32_t id = Fresh();
    region.nodes.push_back(ir::sample::MakeNode(id, name, type, std::move(body)));
    region.nodes.back().span = {0, id + 1, 3};
    return ir::sample::Ref(ir::sample::Id(id), type);
  }
  ir::Expr Call(ir::Region& region, const std::string& name, const std::string& task, std::vector<ir::Expr> args);
  // `await review`: choices by name with their form; the answer's enum gets them, `expired` where there is no else.
  struct Choice {
    std::string name;
    Fields form;
    std::string grants;
    std::optional<ir::Expr> granted;
  };
  ir::ReviewNode Review(const std::string& name, const std::vector<Choice>& choices, ir::TypeRef* type);
  static ir::ByRule Who(const Program& program, const std::string& name, int quorum = 1);

  ir::Expr Int(int64_t value) const { return ir::sample::Int(module, value); }
  ir::Expr Float(double value) const { return ir::sample::Float(module, value); }
  ir::Expr String(const std::string& value) const { return ir::sample::String(module, value); }
  ir::Expr Duration(int64_t ms) const { return ir::sample::Duration(module, ms); }

  ir::Module module;
  ir::TypeRef unit, boolean, integer, real, string, file, never;

 private:
  uint32_t next_ = 0;
};

}  // namespace hwf::scheduler::testing
