#include "runtime/scheduler/testing/world.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/check.h"

namespace hwf::scheduler::testing {
namespace {

using state::EventBody;

std::string ClockName(const std::string& review, state::Clock clock, int index) {
  return fmt::format("clock {} {} {}", review, static_cast<int>(clock), index);
}
std::string ClockName(const ArmClock& clock) { return ClockName(clock.review, clock.clock, clock.index); }

struct TextOf {
  std::string operator()(const StartTask& c) const {
    std::string out = fmt::format("start {}#{} reuse={}{} previous={} args=", c.place, c.attempt, c.may_reuse,
                                  c.tried ? " tried" : "", c.previous.Dump());
    for (const Json& argument : c.arguments) out += argument.Dump() + ",";
    for (const QueuedMessage& m : c.messages) out += fmt::format(" {}:{}{}", m.number, m.message, m.fields.Dump());
    return out;
  }
  std::string operator()(const ResolveSource& c) const { return fmt::format("resolve {} {}", c.place, c.path); }
  std::string operator()(const OpenReview& c) const { return fmt::format("open {} at {}", c.review, c.place); }
  std::string operator()(const CloseReview& c) const { return "close " + c.review; }
  std::string operator()(const ArmClock& c) const {
    return fmt::format("arm {} {} {} {}", c.review, static_cast<int>(c.clock), c.index, c.due);
  }
  std::string operator()(const Notify& c) const { return fmt::format("notify {} {}", c.review, c.what); }
  std::string operator()(const PlaceMessage& c) const {
    return fmt::format("place {}#{} {}:{}{}", c.place, c.attempt, c.number, c.message, c.fields.Dump());
  }
  std::string operator()(const RemoveFiles& c) const {
    return fmt::format("remove {}{} {}", c.place, c.site.empty() ? "" : " at " + c.site, fmt::join(c.files, " "));
  }
  std::string operator()(const CancelAttempt& c) const { return fmt::format("cancel {}#{}", c.place, c.attempt); }
  std::string operator()(const AskDoubt& c) const { return fmt::format("doubt {}#{}", c.place, c.attempt); }
  std::string operator()(const FinishRun& c) const {
    return fmt::format("finish {} {} {}", c.ok, c.outputs.Dump(), c.why);
  }
};

std::string RuleText(const RuleView& rule) {
  std::string out = fmt::format("{}:{}:{}", static_cast<int>(rule.kind), rule.who, rule.quorum);
  for (const RuleView& part : rule.parts) out += "(" + RuleText(part) + ")";
  return out;
}

// As the engine freezes it: each file is a copy elsewhere.
Json Frozen(const Json& value) {
  Json out = value;
  if (out.is_array()) {
    for (Json& item : out.AsArray()) item = Frozen(item);
  } else if (out.is_object() && out["digest"].is_string()) {
    out.Set("path", Json("/evidence" + out.StringOr("path", "")));
  } else if (out.is_object()) {
    for (JsonMember& member : out.AsObject()) member.value = Frozen(member.value);
  }
  return out;
}

}  // namespace

state::Person Owner() { return {.name = "owner", .uid = 1000, .level = 1, .proof = "uid"}; }

Json N(int64_t n) { return Json::Object().Set("n", Json(n)); }

Json Model(const std::string& digest) {
  Json file = Json::Object().Set("path", Json("/a/model.pt")).Set("digest", Json(digest)).Set("size", Json(3));
  return Json::Object().Set("model", std::move(file));
}

std::string ToText(const Command& command) { return std::visit(TextOf(), command); }

std::string ViewsText(const Scheduler& scheduler) {
  std::string out;
  for (const TaskView& t : scheduler.tasks()) {
    out += fmt::format("task {} {} #{} {} {} {} why={} out={}", t.place, static_cast<int>(t.status), t.attempt,
                       t.submitted, t.started, t.ended, t.why, t.outputs.Dump());
    for (const Json& argument : t.arguments) out += " " + argument.Dump();
    for (const auto& [name, records] : t.streams) {
      for (const EmissionRecord& e : records) {
        out += fmt::format(" {}{}#{}@{}<{}:{}", name, e.number, e.attempt, e.time, e.after_message, e.values.Dump());
        if (e.files_removed) out += "removed";
      }
    }
    for (const MessageRecord& m : t.messages) {
      out += fmt::format(" msg{}{}{} {} {} {} {} {} {}", m.number, m.message, m.fields.Dump(), m.sent, m.sender,
                         m.seen_emission, m.first_carried, m.delivered, m.undelivered_job_ended);
    }
    out += "\n";
  }
  for (const ReviewView& r : scheduler.reviews()) {
    out += fmt::format("review {} {} {} {} {} {} by={} {} {} {} {}.{} {} {} {}\n", r.id, r.question, r.form_digest,
                       static_cast<int>(r.status), r.opened, r.deadline, r.closed_by, r.answer, r.answer_fields.Dump(),
                       r.closed, r.job_stream, r.emission, r.votes.size(), RuleText(r.rule), r.evidence.Dump());
  }
  for (const auto& [place, value] : scheduler.checkpoints()) out += place + "=" + value.Dump() + "\n";
  for (const auto& [place, what] : scheduler.caught()) out += "caught " + place + ": " + what + "\n";
  for (const std::string& failure : scheduler.failures()) out += failure + "\n";
  return out;
}

World::World(const ir::Module& module) : scheduler(std::make_unique<Scheduler>(module)), module_(module) {}

int World::attempt(const Place& place) const { return Task(place).attempt; }

std::vector<std::string> World::Started() const {
  std::vector<std::string> out;
  for (const StartTask& start : started) out.push_back(start.place);
  return out;
}

const TaskView& World::Task(const Place& place) const {
  const TaskView* view = scheduler->FindTask(place);
  HWF_CHECK(view != nullptr);
  return *view;
}
Json World::LogOf(const Place& place) const {
  const std::optional<StartTask> start = scheduler->FindStart(place);
  if (!start || !start->tried) return Json();
  return Json::Object().Set("path", "/store/" + place + "/log").Set("digest", Json("b2:2")).Set("size", Json(3));
}
const ReviewView& World::Review(const std::string& id) const {
  const ReviewView* view = scheduler->FindReview(id);
  HWF_CHECK(view != nullptr);
  return *view;
}

void World::Run(Json params) {
  state::RunStarted start;
  start.run_id = "r1";
  start.params = std::move(params);
  start.starter = {.name = "owner", .uid = 1000, .level = 1, .proof = "uid"};
  Apply(start);
}

void World::Apply(EventBody body) {
  queue_.push_back(std::move(body));
  Drain();
}

void World::Drain() {
  while (!queue_.empty()) {
    EventBody body = std::move(queue_.front());
    queue_.erase(queue_.begin());
    journal.push_back({.time = now, .epoch = 1, .body = body});
    Settle(body);
    for (const Command& command : scheduler->Apply(journal.back())) Take(command);
    if (check_replay) CheckReplay();
  }
}

void World::Advance(TimeMs by) {
  TimeMs end = now + by;
  while (true) {
    const ArmClock* next = nullptr;
    for (const auto& [key, clock] : clocks_) {
      if (clock.due <= end && (next == nullptr || clock.due < next->due)) next = &clock;
    }
    if (next == nullptr) break;
    ArmClock clock = *next;
    now = std::max(now, clock.due);
    clocks_.erase({clock.review, ClockName(clock)});
    Apply(state::ClockFired{clock.review, clock.clock, clock.index});
  }
  now = end;
}

void World::Succeed(const Place& place, Json outputs) {
  state::AttemptEnded end;
  end.place = place;
  end.attempt = attempt(place);
  end.exit_code = 0;
  end.outputs = std::move(outputs);
  Apply(end);
}

void World::FailWith(const Place& place, ir::Reason reason, const std::string& message) {
  state::AttemptEnded end;
  end.place = place;
  end.attempt = attempt(place);
  end.failure = reason;
  end.message = message;
  end.log = LogOf(place);
  Apply(end);
}

void World::Emit(const Place& place, const std::string& stream, Json values, int64_t after_message) {
  Apply(state::Emission{place, attempt(place), stream, fmt::format("f{}.json", ++files_), std::move(values),
                        after_message});
}

void World::Vote(const std::string& review, const std::string& person, const std::string& variant, Json fields,
                 std::vector<std::string> groups) {
  state::Vote vote;
  vote.review = review;
  vote.person = {.name = person, .uid = person == "owner" ? 1000 : -1, .level = 2, .proof = "socket"};
  vote.groups = std::move(groups);
  vote.variant = variant;
  vote.fields = std::move(fields);
  Apply(vote);
}

void World::Rewind(const Place& place, Json set, bool fresh) {
  state::RewindRequested rewind;
  rewind.place = place;
  rewind.set = std::move(set);
  rewind.fresh = fresh;
  rewind.person = {.name = "owner", .uid = 1000, .level = 1, .proof = "uid"};
  started.clear();
  Apply(rewind);
}

void World::Take(const Command& command) {
  std::string text = ToText(command);
  log.push_back(text);
  if (const auto* start = std::get_if<StartTask>(&command)) {
    started.push_back(*start);
    outstanding_[fmt::format("start {}", start->place)] = text;
    if (submits) queue_.push_back(state::AttemptSubmitted{start->place, start->attempt, "here", ""});
    if (submits && starts) queue_.push_back(state::AttemptStarted{start->place, start->attempt, "host", 1});
    auto result = results.find(start->task->name);
    if (result == results.end()) return;
    state::AttemptEnded end;
    end.place = start->place;
    end.attempt = start->attempt;
    end.outputs = result->second(*start);
    queue_.push_back(end);
  } else if (const auto* resolve = std::get_if<ResolveSource>(&command)) {
    outstanding_["resolve " + resolve->place] = text;
    Json value =
        Json::Object().Set("path", Json("/data/" + resolve->path)).Set("digest", Json("b2:1")).Set("size", Json(3));
    if (resolves) queue_.push_back(state::SourceResolved{resolve->place, value, ""});
  } else if (const auto* open = std::get_if<OpenReview>(&command)) {
    outstanding_["open " + open->review] = text;
    Json evidence = Json::Array();
    for (const auto& [label, value] : Review(open->review).show) {
      evidence.Add(Json::Object().Set("label", Json(label)).Set("value", Frozen(value)));
    }
    if (opens) queue_.push_back(state::ReviewOpened{open->review, evidence});
  } else if (const auto* close_review = std::get_if<CloseReview>(&command)) {
    outstanding_.erase("open " + close_review->review);
    std::erase_if(outstanding_,
                  [&](const auto& o) { return o.first.rfind("clock " + close_review->review + " ", 0) == 0; });
    std::erase_if(clocks_, [&](const auto& o) { return o.first.first == close_review->review; });
    outstanding_["close " + close_review->review] = text;  // no event answers it
  } else if (const auto* arm = std::get_if<ArmClock>(&command)) {
    outstanding_[ClockName(*arm)] = text;
    clocks_[{arm->review, ClockName(*arm)}] = *arm;
  } else if (const auto* notify = std::get_if<Notify>(&command)) {
    notified.push_back(notify->review + " " + notify->what);
  } else if (const auto* place = std::get_if<PlaceMessage>(&command)) {
    placed.push_back(*place);
    outstanding_[fmt::format("place {} {}", place->place, place->number)] = text;
    if (places) queue_.push_back(state::MessageDelivered{place->place, place->attempt, place->number});
  } else if (const auto* remove = std::get_if<RemoveFiles>(&command)) {
    for (const std::string& file : remove->files) {
      removed.push_back(remove->site.empty() ? file : remove->site + ":" + file);
    }
    outstanding_[text] = text;  // no event answers it
  } else if (const auto* cancel = std::get_if<CancelAttempt>(&command)) {
    outstanding_["start " + cancel->place] = text;  // what was not submitted is not started any more
    state::AttemptEnded end;
    end.place = cancel->place;
    end.attempt = cancel->attempt;
    end.failure = ir::Reason::kCancelled;
    end.log = LogOf(cancel->place);
    if (cancels) queue_.push_back(end);
  } else if (const auto* doubt = std::get_if<AskDoubt>(&command)) {
    outstanding_["doubt " + doubt->place] = text;
  } else if (const auto* last = std::get_if<FinishRun>(&command)) {
    finish = *last;
    outstanding_["finish"] = text;
    queue_.push_back(state::RunFinished{last->ok, last->outputs, last->why});
  }
}

// Takes off what the event answers; before it is applied, so that new commands of the same name stay.
void World::Settle(const EventBody& body) {
  if (const auto* submitted = std::get_if<state::AttemptSubmitted>(&body)) {
    auto it = outstanding_.find("start " + submitted->place);
    if (it != outstanding_.end() && it->second.rfind("start", 0) == 0) outstanding_.erase(it);
  } else if (const auto* ended = std::get_if<state::AttemptEnded>(&body)) {
    const TaskView* view = scheduler->FindTask(ended->place);
    if (view == nullptr || view->attempt != ended->attempt) return;
    outstanding_.erase("start " + ended->place);
    std::erase_if(outstanding_, [&](const auto& o) { return o.first.rfind("place " + ended->place + " ", 0) == 0; });
  } else if (const auto* reused = std::get_if<state::TaskReused>(&body)) {
    outstanding_.erase("start " + reused->place);
  } else if (const auto* resolved = std::get_if<state::SourceResolved>(&body)) {
    outstanding_.erase("resolve " + resolved->place);
  } else if (const auto* opened = std::get_if<state::ReviewOpened>(&body)) {
    outstanding_.erase("open " + opened->review);
  } else if (std::holds_alternative<state::RewindRequested>(body)) {
    outstanding_.erase("finish");
    finish.reset();
    for (const std::string& each : log) {
      if (each.starts_with("remove ")) outstanding_[each] = each;
    }
    // No event says of a closed review that its record is written: of a run that goes on it is asked for again.
    for (const ReviewView& review : scheduler->reviews()) {
      const bool closed = review.status != ReviewStatus::kOpen && review.status != ReviewStatus::kOpening;
      if (closed) outstanding_["close " + review.id] = ToText(CloseReview{review.id});
    }
  } else if (const auto* fired = std::get_if<state::ClockFired>(&body)) {
    ArmClock clock{fired->review, fired->clock, fired->index, 0};
    auto armed = clocks_.find({clock.review, ClockName(clock)});
    bool early = armed != clocks_.end() && armed->second.due > now;
    if (!early) outstanding_.erase(ClockName(clock));
  } else if (const auto* delivered = std::get_if<state::MessageDelivered>(&body)) {
    outstanding_.erase(fmt::format("place {} {}", delivered->place, delivered->number));
  } else if (const auto* shown = std::get_if<state::Emission>(&body)) {
    // What an emission carries has arrived.
    for (int64_t n = 1; n <= shown->after_message; ++n) outstanding_.erase(fmt::format("place {} {}", shown->place, n));
  } else if (const auto* doubt = std::get_if<state::DoubtResolved>(&body)) {
    outstanding_.erase("doubt " + doubt->place);
  } else if (const auto* cancel = std::get_if<state::CancelRequested>(&body)) {
    if (cancel->place.empty())
      std::erase_if(outstanding_, [](const auto& o) { return o.first.rfind("resolve", 0) == 0; });
    if (cancel->place.empty())
      std::erase_if(outstanding_, [](const auto& o) { return o.first.rfind("doubt", 0) == 0; });
  } else if (std::holds_alternative<state::RunFinished>(body)) {
    outstanding_.clear();
  }
}

void World::CheckReplay() {
  std::vector<std::string> pending, expected;
  for (const Command& command : scheduler->Pending()) pending.push_back(ToText(command));
  Scheduler replayed(module_);
  for (const state::Event& event : journal) {
    ErrorOr<state::Event> read = state::EventFromJson(state::ToJson(event));
    HWF_CHECK(read.ok());
    replayed.Apply(*read);
  }
  std::vector<std::string> again;
  for (const Command& command : replayed.Pending()) again.push_back(ToText(command));
  if (again != pending) problems.push_back("pending after a replay differs");
  if (ViewsText(replayed) != ViewsText(*scheduler)) problems.push_back("views after a replay differ");
  for (const auto& [key, text] : outstanding_) expected.push_back(text);
  std::sort(expected.begin(), expected.end());
  std::sort(pending.begin(), pending.end());
  if (expected != pending) {
    problems.push_back(fmt::format("after event {}: pending is\n  {}\nnot answered are\n  {}", journal.size(),
                                   fmt::join(pending, "\n  "), fmt::join(expected, "\n  ")));
  }
}

}  // namespace hwf::scheduler::testing
