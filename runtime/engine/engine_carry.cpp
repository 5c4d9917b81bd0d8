// Answers of the run that this one began from: they close the reviews that they fit, right after these have opened.
#include "runtime/engine/engine_impl.h"
#include "runtime/review/decision.h"

namespace hwf::engine {
namespace {

constexpr uint64_t kMaxCarriedBytes = uint64_t{1} << 30;

}  // namespace

// The run goes on without them: what they would have answered is asked.
void EngineImpl::LoadCarried() {
  if (record_->facts().from.empty()) return;
  const std::string path = record_->paths().Carried();
  const auto load = [&]() -> ErrorOr<Success> {
    HWF_ASSIGN(const std::string text, files_.Read(path, kMaxCarriedBytes));
    ErrorOr<Success> read = carried_.Read(text);
    if (!read.ok()) return read.error().WithContext(path);
    return read;
  };
  const ErrorOr<Success> loaded = load();
  if (loaded.ok()) return;
  follower_.OnTrouble(fmt::format("answers of {} that are not taken over yet are asked for again: {}",
                                  record_->facts().from, loaded.error().message()));
}

// Who gave it must be somebody whom this run, too, would have taken it from.
void EngineImpl::CarryAnswer(const std::string& id) {
  const scheduler::ReviewView* review = record_->scheduler().FindReview(id);
  if (review == nullptr || review->status != scheduler::ReviewStatus::kOpen) return;
  std::optional<state::AnswerCarried> carried = carried_.Find(*review, record_->module());
  if (!carried) return;
  const state::Person& person = carried->vote.person;
  const std::vector<std::string> groups =
      review::GroupsOf(person, review::NamesIn(review->rule), *people_, record_->module().groups);
  if (review::WhyNotEntitled(review->rule, person, groups, record_->facts().starter)) return;
  carried_.NoteTaken(carried->from_review);
  Record(*std::move(carried));
}

// An engine may have died between the opening of a review and its answer. Where people have begun to vote since, theirs
// counts; what is shown may have changed since, and then whoever answers is told.
void EngineImpl::CarryInterrupted() {
  if (carried_.size() == 0) return;
  std::vector<std::string> open;
  for (const scheduler::ReviewView& review : record_->scheduler().reviews()) {
    const bool untouched = review.status == scheduler::ReviewStatus::kOpen && review.votes.empty();
    if (untouched && carried_.Find(review, record_->module()) && evidence_.Check(review.evidence).ok()) {
      open.push_back(review.id);
    }
  }
  for (const std::string& id : open) CarryAnswer(id);
}

}  // namespace hwf::engine
