#include "runtime/report/event_line.h"

#include <fmt/format.h>

#include "runtime/report/review_text.h"
#include "runtime/report/status.h"

namespace hwf::report {
namespace {

using scheduler::ReviewView;
using scheduler::TaskView;

class Writer {
 public:
  Writer(const scheduler::Scheduler& scheduler, const std::string& run, const Style& style)
      : scheduler_(scheduler), run_(run), style_(style) {}

  std::string operator()(const state::RunStarted& started) const {
    return fmt::format("run {} in {}", style_.Bold(started.run_id), started.directory);
  }
  std::string operator()(const state::EngineStarted&) const { return ""; }
  std::string operator()(const state::SourceResolved& source) const {
    if (source.error.empty()) return "";
    return fmt::format("{} {}: {}", style_.Red("failed"), source.place, Printable(source.error));
  }
  std::string operator()(const state::AttemptSubmitted&) const { return ""; }
  std::string operator()(const state::AttemptStarted& started) const {
    const std::string attempt = started.attempt > 1 ? fmt::format(" (attempt {})", started.attempt) : std::string();
    return fmt::format("{} {}{}", style_.Blue("started"), started.place, attempt);
  }
  std::string operator()(const state::AttemptEnded& ended) const {
    const std::string wall = ended.usage.wall_ms > 0 ? " in " + FormatDuration(ended.usage.wall_ms) : std::string();
    if (!ended.failure) return fmt::format("{} {}{}", style_.Green("done"), ended.place, wall);
    const TaskView* task = scheduler_.FindTask(ended.place);
    const bool again = task != nullptr && task->status == scheduler::TaskStatus::kRetrying;
    const bool cancelled = *ended.failure == ir::Reason::kCancelled;
    const std::string word = again       ? style_.Yellow("retrying")
                             : cancelled ? style_.Yellow("cancelled")
                                         : style_.Red("failed");
    return fmt::format("{} {}{} ({}): {}", word, ended.place, wall, ir::ToString(*ended.failure),
                       Printable(ended.message, true));
  }
  std::string operator()(const state::TaskReused& reused) const {
    return fmt::format("{} {} from {}", style_.Green("reused"), reused.place, reused.from_run);
  }
  std::string operator()(const state::Emission& emission) const {
    const TaskView* task = scheduler_.FindTask(emission.place);
    if (task == nullptr) return "";
    for (const auto& [name, emissions] : task->streams) {
      if (name != emission.stream || emissions.empty()) continue;
      return fmt::format("{} {} {}: {}", emission.place, name, emissions.back().number,
                         EmissionText(emissions.back(), task->task, name));
    }
    return "";
  }
  std::string operator()(const state::EmissionRefused& refused) const {
    return fmt::format("{} an emission of {}: {}", style_.Yellow("refused"), refused.place, Printable(refused.why));
  }
  std::string operator()(const state::EmissionsCoalesced&) const { return ""; }
  std::string operator()(const state::ReviewOpened& opened) const {
    const ReviewView* review = scheduler_.FindReview(opened.review);
    if (review == nullptr) return "";
    std::string hint = AnswerHint(*review, run_, "         ");
    hint.pop_back();
    return fmt::format("{} {}: {}\n{}", style_.Yellow("review"), review->place, FormatProse(review->question), hint);
  }
  std::string operator()(const state::Vote& vote) const {
    const ReviewView* review = scheduler_.FindReview(vote.review);
    const std::string place = review != nullptr ? review->place : vote.review;
    const bool decided = review != nullptr && review->status == scheduler::ReviewStatus::kAnswered;
    return fmt::format("{} {}: {} by {}", decided ? style_.Green("answered") : "vote", place, vote.variant,
                       Printable(vote.person.name));
  }
  std::string operator()(const state::FormOpened&) const { return ""; }
  std::string operator()(const state::ClockFired& fired) const {
    const ReviewView* review = scheduler_.FindReview(fired.review);
    const std::string place = review != nullptr ? review->place : fired.review;
    switch (fired.clock) {
      case state::Clock::kRemind:
        return fmt::format("{} {} still waits", style_.Yellow("reminder"), place);
      case state::Clock::kEscalate:
        return fmt::format("{} {} to {}", style_.Yellow("escalated"), place,
                           review != nullptr ? RuleText(review->rule) : std::string());
      case state::Clock::kExpire:
        return fmt::format("{} {}{}", style_.Yellow("expired"), place,
                           review != nullptr && !review->answer.empty() ? ": " + review->answer : std::string());
      case state::Clock::kForm:
        return "";
    }
    return "";
  }
  std::string operator()(const state::ReviewVoided& voided) const {
    const ReviewView* review = scheduler_.FindReview(voided.review);
    return fmt::format("{} {}: {}", style_.Red("void"), review != nullptr ? review->place : voided.review,
                       Printable(voided.why));
  }
  std::string operator()(const state::MessageDelivered& delivered) const {
    const TaskView* task = scheduler_.FindTask(delivered.place);
    if (task == nullptr) return "";
    for (const scheduler::MessageRecord& message : task->messages) {
      if (message.number == delivered.number)
        return fmt::format("told {}: {}", delivered.place, MessageText(message, task->task));
    }
    return "";
  }
  std::string operator()(const state::CancelRequested& cancel) const {
    return fmt::format("{} {} by {}", style_.Yellow("cancel"), cancel.place.empty() ? "the run" : cancel.place,
                       Printable(cancel.person.name));
  }
  std::string operator()(const state::DoubtResolved& doubt) const {
    return fmt::format("{} of {} {}", "effect", doubt.place, doubt.happened ? "had happened" : "had not happened");
  }
  std::string operator()(const state::AttemptWaiting& waiting) const {
    if (waiting.why.empty()) return "";
    return fmt::format("{} {}: {}", style_.Dim("waits"), waiting.place, Printable(waiting.why));
  }
  std::string operator()(const state::SiteTroubled&) const { return ""; }  // told as trouble, when it happens
  std::string operator()(const state::AnswerCarried& carried) const {
    const ReviewView* review = scheduler_.FindReview(carried.review);
    return fmt::format("{} {}: {} by {}, carried from {}", style_.Green("answered"),
                       review != nullptr ? review->place : carried.review, carried.vote.variant,
                       Printable(carried.vote.person.name), carried.from_run);
  }
  std::string operator()(const state::ReviewWithdrawn& withdrawn) const {
    const ReviewView* review = scheduler_.FindReview(withdrawn.review);
    return fmt::format("{} {} by {}{}", style_.Yellow("withdrawn"),
                       review != nullptr ? review->place : withdrawn.review, Printable(withdrawn.person.name),
                       withdrawn.why.empty() ? "" : ": " + Printable(withdrawn.why));
  }
  std::string operator()(const state::RewindRequested& rewind) const {
    return fmt::format("{} to {} by {}", style_.Yellow("rewind"), rewind.place, Printable(rewind.person.name));
  }
  std::string operator()(const state::RunFinished& finished) const {
    if (!finished.ok) return fmt::format("{}: {}", style_.Red("failed"), Printable(finished.why, true));
    std::string text = style_.Green("finished");
    if (!finished.outputs.is_object()) return text;
    for (const JsonMember& output : finished.outputs.AsObject()) {
      text += fmt::format("\n         {} = {}", output.key, OutputText(output.value, nullptr));
    }
    return text;
  }

 private:
  const scheduler::Scheduler& scheduler_;
  const std::string& run_;
  const Style& style_;
};

}  // namespace

std::string EventLine(const state::Event& event, const scheduler::Scheduler& scheduler, const std::string& run,
                      const Style& style) {
  const std::string text = std::visit(Writer(scheduler, run, style), event.body);
  return text.empty() ? text : fmt::format("{} {}", style.Dim(FormatClock(event.time)), text);
}

std::string EventJsonLine(const state::Event& event, const std::string& run) {
  Json json = state::ToJson(event);
  json.Set("run", run).Set("time", FormatUtc(event.time));
  return json.Dump();
}

}  // namespace hwf::report
