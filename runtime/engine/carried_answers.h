// What people answered in the run that another one began from (`hwf run --from`). A review of the new run takes over
// the answer to one of the earlier run whose question, form, rule and evidence are equal, each answer once at most.
// They are copied when the new run is made, so that it needs nothing of the earlier one's directory later. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::engine {

class CarriedAnswers {
 public:
  // The people's answers among `reviews`, those of a run's scheduler; of generations that a rewind has left, none.
  // Those that approve something are left out, and counted, unless `approvals`.
  static CarriedAnswers Of(const std::vector<scheduler::ReviewView>& reviews, const ir::Module& module,
                           const std::string& run, bool approvals);

  std::string Text() const;
  // Adds what Text() gave.
  ErrorOr<Success> Read(std::string_view text);

  // The answer to a review that opens now, checked by its form: the one that was given at the same place, else one at
  // another place if nothing else in that run asked the same. Nothing: people are asked.
  std::optional<state::AnswerCarried> Find(const scheduler::ReviewView& review, const ir::Module& module) const;
  void NoteTaken(const std::string& from_review) { taken_.insert(from_review); }

  size_t size() const { return answers_.size(); }
  size_t left_out() const { return left_out_; }

 private:
  struct Answer {
    std::string match;  // digest of all that must be equal
    state::Place place;
    bool alone = true;           // no other review of the run asked the same
    state::AnswerCarried event;  // to which review it is given is not known yet
  };
  bool IsFree(const Answer& answer, const std::string& match) const;

  std::vector<Answer> answers_;
  std::unordered_set<std::string> taken_;  // ids of reviews of the earlier run
  size_t left_out_ = 0;
};

}  // namespace hwf::engine
