// Everything that will happen lies in one queue by its time; what happens is applied to the scheduler, whose commands
// put more into the queue. What came to nothing meanwhile (the end of a cancelled attempt, a clock that was armed anew)
// is dropped when its turn comes.
#include "runtime/simulate/simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/engine/workday_dues.h"
#include "runtime/review/decision.h"
#include "runtime/review/form.h"
#include "runtime/simulate/made_up.h"

namespace hwf::simulate {
namespace {

const char* const kStarter = "starter";

std::string ClockName(const std::string& review, state::Clock clock, int index) {
  return fmt::format("{} {} {}", review, static_cast<int>(clock), index);
}

bool AsksOwner(const scheduler::RuleView& rule) {
  if (rule.kind == ir::ByRule::Kind::kOwner) return true;
  for (const scheduler::RuleView& part : rule.parts) {
    if (AsksOwner(part)) return true;
  }
  return false;
}

int MostPeople(const scheduler::RuleView& rule) {
  int most = rule.quorum;
  for (const scheduler::RuleView& part : rule.parts) most += MostPeople(part);
  return most;
}

std::string Brief(const state::Vote& reply) {
  return reply.fields.AsObject().empty() ? reply.variant : reply.variant + reply.fields.Dump();
}

}  // namespace

Simulator::Simulator(const ir::Module& module, Behaviour& behaviour, Rooms* rooms)
    : module_(module), behaviour_(behaviour), rooms_(rooms), scheduler_(module) {}

Simulated Simulator::Run(Json params) {
  state::RunStarted begin;
  begin.run_id = "simulated";
  begin.params = std::move(params);
  begin.starter = {.name = kStarter, .uid = 0, .level = 1, .proof = "uid"};
  Apply(std::move(begin));
  while (!due_.empty() && !result_.finish && result_.stuck.empty()) {
    Due next = due_.top();
    due_.pop();
    Pass(next.time);
    cause_ = next.cause;
    NoteCause(next.body);
    if (Happens(next.body)) Apply(std::move(next.body));
  }
  if (!result_.finish) Stick(WhyStuck());
  result_.elapsed = now_ - kBegin;
  result_.critical = Critical();
  return std::move(result_);
}

void Simulator::Pass(state::TimeMs to) {
  if (running_ == 0 && !open_.empty()) result_.people_alone += to - now_;
  now_ = to;
}

uint32_t Simulator::AddStep(bool review, const state::Place& place) {
  steps_.push_back({review, cause_, now_, now_, place});
  return static_cast<uint32_t>(steps_.size() - 1);
}

// What begins because of this event waited for its task or review.
void Simulator::NoteCause(const state::EventBody& body) {
  const state::Place* place = nullptr;
  if (const auto* end = std::get_if<state::AttemptEnded>(&body)) place = &end->place;
  if (const auto* shown = std::get_if<state::Emission>(&body)) place = &shown->place;
  if (place != nullptr) {
    auto attempt = attempts_.find(*place);
    if (attempt != attempts_.end()) cause_ = attempt->second.step;
    return;
  }
  const std::string* review = nullptr;
  if (const auto* vote = std::get_if<state::Vote>(&body)) review = &vote->review;
  if (const auto* fired = std::get_if<state::ClockFired>(&body)) review = &fired->review;
  if (review == nullptr) return;
  auto step = open_.find(*review);
  if (step != open_.end()) cause_ = step->second;
}

// Backwards from the end: each step began when what it waited for last was there.
std::vector<Stretch> Simulator::Critical() const {
  std::vector<Stretch> way;
  state::TimeMs end = now_;
  for (uint32_t at = cause_; at != kNothing; at = steps_[at].cause) {
    const Step& step = steps_[at];
    const auto what = step.review ? Stretch::What::kReview : Stretch::What::kTask;
    if (end > step.begin) way.push_back({what, step.place, step.begin - kBegin, end - kBegin});
    if (step.begin > step.ready)
      way.push_back({Stretch::What::kRoom, step.place, step.ready - kBegin, step.begin - kBegin});
    end = step.ready;
  }
  return {way.rbegin(), way.rend()};
}

void Simulator::Stick(std::string why) {
  if (result_.stuck.empty()) result_.stuck = std::move(why);
}

state::TimeMs Simulator::After(int64_t delay_ms) {
  if (delay_ms <= kEnd - now_) return now_ + delay_ms;
  Stick(fmt::format("something takes {} ms, which is more than the clock has left", delay_ms));
  return kEnd;
}

void Simulator::At(state::TimeMs time, state::EventBody body) {
  due_.push({time, sequence_++, cause_, std::move(body)});
}

// What is ready at once is handed out as the engine does it, the greater priority first.
void Simulator::OrderStarts(std::vector<scheduler::Command>& commands) {
  const auto is_start = [](const auto& command) { return std::holds_alternative<scheduler::StartTask>(command); };
  const auto less = [](const scheduler::Command& one, const scheduler::Command& other) {
    return std::get<scheduler::StartTask>(one).priority > std::get<scheduler::StartTask>(other).priority;
  };
  for (auto begin = commands.begin(); begin != commands.end();) {
    begin = std::find_if(begin, commands.end(), is_start);
    const auto end = std::find_if_not(begin, commands.end(), is_start);
    std::stable_sort(begin, end, less);
    begin = end;
  }
}

void Simulator::Apply(state::EventBody body) {
  ++result_.events;
  const auto* opened = std::get_if<state::ReviewOpened>(&body);
  const std::string review = opened != nullptr ? opened->review : "";
  std::vector<scheduler::Command> commands = scheduler_.Apply({.time = now_, .epoch = 1, .body = std::move(body)});
  OrderStarts(commands);
  for (scheduler::Command& command : commands) Take(command);
  if (!review.empty()) Opened(review);
}

// Whether it still does; what people answer is worked out here.
bool Simulator::Happens(state::EventBody& body) {
  if (const auto* end = std::get_if<state::AttemptEnded>(&body)) {
    auto attempt = attempts_.find(end->place);
    if (attempt == attempts_.end() || attempt->second.number != end->attempt) return false;
    Ended(end->place);
  } else if (auto* shown = std::get_if<state::Emission>(&body)) {
    auto attempt = attempts_.find(shown->place);
    if (attempt == attempts_.end() || attempt->second.number != shown->attempt) return false;
    shown->after_message = attempt->second.messages;
  } else if (const auto* fired = std::get_if<state::ClockFired>(&body)) {
    auto armed = clocks_.find(ClockName(fired->review, fired->clock, fired->index));
    if (armed == clocks_.end() || armed->second != now_) return false;
    clocks_.erase(armed);
  } else if (const auto* reply = std::get_if<state::Vote>(&body)) {
    Answer(*reply);
    return false;
  }
  return true;
}

void Simulator::Take(scheduler::Command& command) {
  if (auto* start = std::get_if<scheduler::StartTask>(&command)) return Start(*start);
  if (const auto* cancel = std::get_if<scheduler::CancelAttempt>(&command)) return Cancel(*cancel);
  if (const auto* source = std::get_if<scheduler::ResolveSource>(&command)) {
    return At(now_, state::SourceResolved{source->place, MadeUpFile(source->path, ""), ""});
  }
  if (const auto* open = std::get_if<scheduler::OpenReview>(&command)) {
    return Open(*open);
  }
  if (const auto* arm = std::get_if<scheduler::ArmClock>(&command)) {
    clocks_[ClockName(arm->review, arm->clock, arm->index)] = arm->due;
    return At(arm->due, state::ClockFired{arm->review, arm->clock, arm->index});
  }
  if (const auto* place = std::get_if<scheduler::PlaceMessage>(&command)) {
    auto attempt = attempts_.find(place->place);
    if (attempt != attempts_.end()) attempt->second.messages = place->number;
    return At(now_, state::MessageDelivered{place->place, place->attempt, place->number});
  }
  if (const auto* closed = std::get_if<scheduler::CloseReview>(&command)) open_.erase(closed->review);
  if (auto* finish = std::get_if<scheduler::FinishRun>(&command)) result_.finish = std::move(*finish);
}

void Simulator::Open(const scheduler::OpenReview& open) {
  const scheduler::ReviewView& review = *scheduler_.FindReview(open.review);
  ErrorOr<Json> due = engine::WorkdayDues(module_, *review.node, now_);
  if (!due.ok()) return Stick(fmt::format("the review `{}` cannot be opened: {}", review.place, due.error().message()));
  Json evidence = Json::Array();
  for (const auto& [label, value] : review.show) evidence.Add(Json().Set("label", label).Set("value", value));
  At(now_, state::ReviewOpened{open.review, std::move(evidence), std::move(due).value()});
}

void Simulator::Start(scheduler::StartTask& start) {
  ErrorOr<Outcome> outcome = behaviour_.Run(start);
  if (!outcome.ok()) return Stick(outcome.error().message());
  const ErrorOr<state::Needs> needs = NeedsOf(module_, start);
  if (!needs.ok()) return Stick(needs.error().message());
  Attempt& attempt = attempts_[start.place];
  attempt = Attempt();
  attempt.number = start.attempt;
  attempt.messages = static_cast<int64_t>(start.messages.size());
  attempt.tried = start.tried;
  attempt.step = AddStep(false, start.place);
  attempt.limit_ms = needs->time_ms;
  attempt.outcome = std::move(outcome).value();
  if (rooms_ != nullptr) {
    ErrorOr<Rooms::Ticket> ticket = rooms_->TicketOf(start, *needs);
    if (!ticket.ok()) return Stick(ticket.error().message());
    attempt.ticket = std::move(ticket).value();
    if (!rooms_->Take(attempt.ticket, start.place, start.priority, now_)) return;
  }
  Begin(start.place);
}

void Simulator::Begin(const state::Place& place) {
  Attempt& attempt = attempts_[place];
  Outcome* outcome = &attempt.outcome;
  const bool late = attempt.limit_ms > 0 && outcome->duration_ms > attempt.limit_ms;
  const int64_t duration_ms = late ? attempt.limit_ms : outcome->duration_ms;
  attempt.runs = true;
  ++running_;
  steps_[attempt.step].begin = now_;
  At(now_, state::AttemptStarted{place, attempt.number, "simulated", 0});
  const auto parts = static_cast<int64_t>(outcome->shown.size()) + 1;
  for (int64_t i = 1; i < parts; ++i) {
    // In doubles: a duration times a count may be more than 64 bits hold.
    const double part = static_cast<double>(outcome->duration_ms) * static_cast<double>(i) / static_cast<double>(parts);
    if (part > static_cast<double>(duration_ms)) break;
    Outcome::Shown& each = outcome->shown[static_cast<size_t>(i - 1)];
    state::Emission emission;
    emission.place = place;
    emission.attempt = attempt.number;
    emission.stream = std::move(each.stream);
    emission.file = fmt::format("{}.{}", attempt.number, i);
    emission.values = std::move(each.values);
    At(After(static_cast<int64_t>(part)), std::move(emission));
  }
  state::AttemptEnded end;
  end.place = place;
  end.attempt = attempt.number;
  end.failure = late ? ir::Reason::kTimeLimit : outcome->failure;
  if (!end.failure || *end.failure == ir::Reason::kExit) end.exit_code = end.failure ? 1 : 0;
  end.message = late ? fmt::format("it ran longer than its limit of {:g} s", static_cast<double>(duration_ms) / 1000)
                     : std::move(outcome->message);
  end.outputs = std::move(outcome->outputs);
  end.usage.wall_ms = duration_ms;
  if (end.failure && attempt.tried) end.log = MadeUpFile("log", place);
  At(After(duration_ms), std::move(end));
}

// Whoever waited for its room begins.
void Simulator::Ended(const state::Place& place) {
  const auto node = attempts_.extract(place);
  const Attempt& attempt = node.mapped();
  if (!attempt.runs) return;
  --running_;
  if (rooms_ == nullptr) return;
  for (const state::Place& next : rooms_->Give(attempt.ticket, now_)) Begin(next);
}

void Simulator::Cancel(const scheduler::CancelAttempt& cancel) {
  auto attempt = attempts_.find(cancel.place);
  if (attempt != attempts_.end() && !attempt->second.runs && rooms_ != nullptr) rooms_->Forget(cancel.place);
  state::AttemptEnded end;
  end.place = cancel.place;
  end.attempt = cancel.attempt;
  end.failure = ir::Reason::kCancelled;
  if (attempt != attempts_.end() && attempt->second.tried) end.log = MadeUpFile("log", cancel.place);
  At(now_, std::move(end));
}

void Simulator::Opened(const std::string& review) {
  const scheduler::ReviewView& view = *scheduler_.FindReview(review);
  if (view.status != scheduler::ReviewStatus::kOpen) return;
  open_[review] = AddStep(true, view.place);
  ErrorOr<std::optional<Reply>> reply = behaviour_.Answer(view);
  if (!reply.ok()) return Stick(reply.error().message());
  if (!reply->has_value()) return;
  state::Vote vote;
  vote.review = review;
  vote.variant = std::move((*reply)->variant);
  vote.fields = std::move((*reply)->fields);
  At(After((*reply)->delay_ms), std::move(vote));
}

// As many people as the rule wants say the same, the run's owner first if the rule asks for the owner.
void Simulator::Answer(const state::Vote& reply) {
  const scheduler::ReviewView* view = scheduler_.FindReview(reply.review);
  if (view == nullptr || view->status != scheduler::ReviewStatus::kOpen) return;
  const ErrorOr<Json> fields = review::CheckAnswer(*view, reply.variant, reply.fields);
  if (!fields.ok()) {
    return Stick(
        fmt::format("the answer {} to `{}` does not fit: {}", Brief(reply), view->place, fields.error().message()));
  }
  const std::vector<std::string> groups = review::NamesIn(view->rule);
  const int most = MostPeople(view->rule) + 1;
  for (int person = AsksOwner(view->rule) ? 0 : 1; person <= most; ++person) {
    view = scheduler_.FindReview(reply.review);
    if (view->status != scheduler::ReviewStatus::kOpen) return;
    state::Vote vote = reply;
    vote.fields = *fields;
    vote.person = {.name = fmt::format("person {}", person), .uid = person, .level = 3, .proof = "simulated"};
    if (person == 0) vote.person = {.name = kStarter, .uid = 0, .level = 3, .proof = "simulated"};
    vote.groups = groups;
    Apply(std::move(vote));
  }
  view = scheduler_.FindReview(reply.review);
  if (view->status != scheduler::ReviewStatus::kOpen) return;
  Stick(fmt::format("the answer {} to `{}` satisfies no `by {}`", Brief(reply), view->place,
                    review::ToString(view->rule)));
}

std::string Simulator::WhyStuck() const {
  std::string open;
  for (const scheduler::ReviewView& view : scheduler_.reviews()) {
    if (view.status == scheduler::ReviewStatus::kOpen) open += (open.empty() ? "`" : ", `") + view.place + "`";
  }
  if (!open.empty()) return "nobody answers the review " + open + ", which has no deadline";
  return "nothing happens any more, and the run is not over";
}

}  // namespace hwf::simulate
