// What the tests of a program never came to: answers that nobody gave, branches that were not taken, loops that never
// ended in one of their ways. Of the compiled file's own workflows. One thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "ir/module.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::simulate {

class Coverage {
 public:
  // Puts a checkpoint into every branch of `module`, so that a run tells which it went through. `module` outlives it.
  explicit Coverage(ir::Module& module);

  // Takes note of a run that has ended.
  void Count(const scheduler::Scheduler& run);

  struct Point {
    ir::Span span;
    std::string text;  // "`verdict` is never answered `reject`"
    int64_t count = 0;
    bool counts = true;  // false: a mark alone, of which another point says the same
  };
  // In the order of the source. Of a branch that was not taken, not what lies in it too.
  std::vector<const Point*> Missed() const;
  size_t points() const;

 private:
  static constexpr size_t kNowhere = SIZE_MAX;
  void Instrument(ir::Region& region, size_t around);
  void AddReview(const ir::Node& node, const ir::ReviewNode& review, size_t around);
  void AddBranch(std::unique_ptr<ir::Region>& region, const ir::Span& span, std::string text, size_t around);
  void AddEnds(ir::Region& region, size_t node, size_t around);
  size_t AddPoint(const ir::Span& span, std::string text, size_t around);
  ir::Node Mark(size_t point, const ir::Expr* end);

  ir::Module& module_;
  uint32_t next_id_ = 0;
  ir::TypeRef integer_;
  std::vector<Point> points_;
  std::vector<size_t> around_;  // of each point: that of the branch in which it lies
  std::unordered_map<const ir::ReviewNode*, std::unordered_map<std::string, size_t>> answers_;
  std::unordered_map<size_t, std::unordered_map<std::string, size_t>> ends_;  // by the mark of their loop
};

}  // namespace hwf::simulate
