// What the tests of the passes share: from a program's text to its IR, and looking things up in it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "compiler/lower/lower.h"
#include "compiler/passes/passes.h"
#include "compiler/syntax/parse.h"
#include "ir/json.h"
#include "ir/verify.h"
#include "ir/walk.h"

namespace hwf::passes::testing_passes {

// Clauses of one line: a newline before each word that begins one.
inline std::string Lines(std::string text) {
  for (const char* word :
       {" on ", " needs ", " pack 3", " effect", " cache off", " checkpoint ", " accept ", " run \""}) {
    for (size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += 2) text.replace(at, 1, "\n");
  }
  return text;
}

// `tasks`: one declaration a line. Neither may have errors.
inline ir::Module Lowered(const std::string& tasks, const std::string& workflows) {
  source::SourceManager sources;
  diagnostics::Collector collector;
  diagnostics::Emitter emitter(collector);
  ErrorOr<source::FileId> file = sources.Add("/src/test.hwf", Lines(tasks) + workflows);
  HWF_CHECK(file.ok());
  const sema::Program program = sema::Analyze(sources, syntax::Parse(sources, *file, emitter), emitter);
  for (const diagnostics::Diagnostic& diagnostic : collector.diagnostics()) {
    if (diagnostic.info.severity == diagnostics::Severity::kError) ADD_FAILURE() << diagnostic.message;
  }
  HWF_CHECK(!collector.has_errors());
  return lower::Lower(program, sources, emitter);
}

// After all passes.
inline ir::Module After(const std::string& tasks, const std::string& workflows) {
  ir::Module module = Run(Lowered(tasks, workflows));
  EXPECT_THAT(ir::Verify(module), testing::IsEmpty());
  // What they do is done: once more changes nothing.
  const std::string json = ir::ToJson(module).Dump();
  module = Run(std::move(module));
  EXPECT_EQ(ir::ToJson(module).Dump(), json);
  return module;
}

inline void Collect(const ir::Region& region, std::vector<const ir::Node*>& nodes) {
  for (const ir::Node& node : region.nodes) {
    nodes.push_back(&node);
    ir::ForEachRegion(node, [&](const ir::Region& inner) { Collect(inner, nodes); });
  }
}
inline const ir::Node& NodeOf(const ir::Module& module, std::string_view name) {
  std::vector<const ir::Node*> nodes;
  for (const ir::Workflow& workflow : module.workflows) Collect(workflow.region, nodes);
  for (const ir::Node* node : nodes) {
    if (node->name == name) return *node;
  }
  ADD_FAILURE() << "no node " << name;
  static const ir::Node none;
  return nodes.empty() ? none : *nodes.front();
}
inline const ir::TaskNode& Call(const ir::Module& module, std::string_view name) {
  return std::get<ir::TaskNode>(NodeOf(module, name).body);
}

// The names of all nodes, those of inner blocks too, in the order of the source.
inline std::vector<std::string> Names(const ir::Module& module) {
  std::vector<const ir::Node*> nodes;
  std::vector<std::string> names;
  for (const ir::Workflow& workflow : module.workflows) Collect(workflow.region, nodes);
  for (const ir::Node* node : nodes) names.push_back(node->name);
  return names;
}

}  // namespace hwf::passes::testing_passes
