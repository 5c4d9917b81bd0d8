// How long tasks take and when people answer, of a real program that is simulated: from a table for people, from an
// earlier run, or both; what the table says counts more. One thread.
//
// clang-format off
//   fit                 2h                        # all calls of the task, or what is at a place
//   each.3.fit          5h                        # a `*` or nothing in the place of 3: any
//   verdict             3h approve                # a review: so long after it has opened, this answer
//   watch.call          5min retune rate=0.05
// clang-format on
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/simulate/behaviour.h"

namespace hwf::simulate {

class Table : public Behaviour {
 public:
  // `module` outlives it.
  explicit Table(const ir::Module& module) : module_(module) {}

  // Adds the lines of a table. The error names the line, and what the program has no such task or review of.
  ErrorOr<Success> Read(std::string_view text);
  // Takes durations, outputs, what was shown, and answers from a run that has been.
  void Like(const scheduler::Scheduler& run);

  ErrorOr<Outcome> Run(const scheduler::StartTask& start) override;
  ErrorOr<std::optional<Reply>> Answer(const scheduler::ReviewView& review) override;

  // Tasks that were taken to need no time, because nobody said how long they take.
  const std::set<std::string>& unknown() const { return unknown_; }
  // Names of the lines that fitted no task or review so far.
  std::vector<std::string> Unmatched() const;

 private:
  struct Line {
    std::string name;
    int64_t duration_ms = 0;
    std::string variant;  // empty: of a task
    std::vector<std::pair<std::string, std::string>> fields;
    bool matched = false;
  };
  ErrorOr<Line> ReadLine(const std::vector<std::string>& words) const;
  ErrorOr<Success> CheckName(const Line& line) const;
  const Line* Find(const std::string& place, const std::string& task);

  const ir::Module& module_;
  std::vector<Line> lines_;
  std::map<std::string, Outcome> ran_;     // by place
  std::map<std::string, Reply> answered_;  // by place
  std::map<std::string, int64_t> usual_;   // by task: the longest that any call of it took
  std::set<std::string> unknown_;
};

}  // namespace hwf::simulate
