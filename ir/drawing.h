// What a drawing of a workflow shows, before any format: items with their lines of text, inner scenes, and edges among
// the items of one scene. What only
// computes is left out; what it carries is drawn as edges between what they connect. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/module.h"

namespace hwf::ir {

struct Scene;

struct Item {
  enum class Kind {
    kInput,
    kOutput,
    kSource,
    kTask,
    kEffect,  // a task that changes the world
    kReview,  // people come in
    kWorkflow,
    kCheckpoint,
    kSend,
    kCancel,
    kFail,
    kIf,
    kMatch,
    kFor,
    kWatch
  };
  struct Lane {
    std::string title;         // "then", "approve(model)"; empty for the only one
    std::vector<Scene> scene;  // exactly one; a vector, because Scene is not complete yet
  };
  Kind kind = Kind::kTask;
  std::string title;               // "fit", "Release this model?"
  std::vector<std::string> lines;  // smaller, below it
  std::vector<Lane> lanes;
};

struct Scene {
  struct Edge {
    enum class Kind { kData, kAfter, kWatch };
    uint32_t from = 0, to = 0;
    Kind kind = Kind::kData;
    std::string label;
  };
  std::vector<Item> items;
  std::vector<Edge> edges;
};

Scene SceneOf(const Module& module, const Workflow& workflow);

// The three formats. Complete files, the same for the same scene.
std::string DrawDot(const Scene& scene, const std::string& name);
std::string DrawMermaid(const Scene& scene);
std::string DrawSvg(const Scene& scene, const std::string& name);

// "48h", "30min", "90s".
std::string DurationText(int64_t milliseconds);

}  // namespace hwf::ir
