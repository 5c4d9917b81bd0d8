// What people ask, by file or socket. The mailbox has told who they are; here it is decided whether they may, and
// whether what they ask fits the run as it is now. What is accepted is recorded and on disk before anybody is told.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "runtime/engine/engine_impl.h"
#include "runtime/engine/evidence.h"
#include "runtime/engine/review_record.h"
#include "runtime/review/decision.h"
#include "runtime/review/form.h"
#include "runtime/state/values.h"

namespace hwf::engine {
namespace {

using review::Incoming;
using review::Reply;
using review::Request;
using scheduler::ReviewStatus;
using scheduler::ReviewView;

constexpr int64_t kInboxPollMs = 5'000;  // behind the inotify hint

Reply Accepted(std::string next) {
  Reply reply;
  reply.accepted = true;
  reply.next = std::move(next);
  return reply;
}

Reply Refused(std::string why) {
  Reply reply;
  reply.why = std::move(why);
  return reply;
}

Reply Repeated(std::string next) {
  Reply reply = Accepted(std::move(next));
  reply.repeated = true;
  return reply;
}

const state::Vote* VoteOf(const ReviewView& review, const state::Person& person) {
  for (const state::Vote& vote : review.votes) {
    if (review::SamePerson(vote.person, person)) return &vote;
  }
  return nullptr;
}

Reply ClosedReply(const ReviewView& review) {
  std::string how = review.answer.empty() ? std::string() : fmt::format(" with `{}`", review.answer);
  // A withdrawn or void review was closed by no person but by what happened.
  const bool by = review.status == ReviewStatus::kAnswered || review.status == ReviewStatus::kExpired;
  return Refused(fmt::format("the review is closed{}{} {} ({}, {})", how, by ? " by" : ":", review.closed_by,
                             ToString(review.status), UtcText(review.closed)));
}

// The reply to who gives the answer with which they, among others, have closed the review.
std::optional<Reply> RepeatedAnswer(const ReviewView& review, const Incoming& incoming) {
  if (review.superseded) return std::nullopt;  // what was answered then is asked again, or not at all
  const state::Vote* earlier = VoteOf(review, incoming.person);
  const bool same = earlier != nullptr && earlier->variant == incoming.request.variant;
  if (!same || review.status != ReviewStatus::kAnswered || review.answer != earlier->variant) return std::nullopt;
  const ErrorOr<Json> fields = review::CheckAnswer(review, earlier->variant, incoming.request.fields);
  if (!fields.ok() || !(fields.value() == earlier->fields)) return std::nullopt;
  return Repeated("the review is closed with this answer");
}

bool Reads(const ir::Expr& expr, ir::ValueId id) {
  if (expr.op == ir::Op::kRef && expr.ref == id) return true;
  return std::any_of(expr.args.begin(), expr.args.end(), [id](const ir::Expr& part) { return Reads(part, id); });
}

// Parameters of the entry workflow by name, as values of their types. A default that reads one of them would be another
// value too; which one is left to who asks.
ErrorOr<Json> ChangedParameters(const ir::Module& module, const Json& given) {
  Json out = Json::Object();
  const ir::Workflow* entry = module.FindWorkflow(module.entry);
  for (const JsonMember& member : given.AsObject()) {
    const ir::Param* param = nullptr;
    for (const ir::Param& known : entry->region.params) {
      if (known.name == member.key) param = &known;
    }
    if (param == nullptr) return MakeError("workflow {} has no parameter `{}`", entry->name, member.key);
    HWF_ASSIGN(Json value, state::Convert(member.value, param->type, "`" + param->name + "`"));
    out.Set(param->name, std::move(value));
  }
  for (const ir::Param& param : entry->region.params) {
    if (!param.default_value || out.Find(param.name) != nullptr) continue;
    for (const ir::Param& read : entry->region.params) {
      if (out.Find(read.name) == nullptr || !Reads(*param.default_value, read.id)) continue;
      return MakeError("the default of `{}` is made of `{}`, which is to be set; set `{}` too", param.name, read.name,
                       param.name);
    }
  }
  return out;
}

}  // namespace

review::MailboxActions EngineImpl::Actions() {
  review::MailboxActions actions;
  actions.applied = [this](const Incoming& incoming) -> std::optional<Reply> {
    const auto found = requests_.find(incoming.request.id);
    if (found == requests_.end() || !review::SamePerson(found->second, incoming.person)) return std::nullopt;
    return Repeated("it was recorded before");
  };
  actions.hopeless = [this](const Request& request) { return Hopeless(request); };
  actions.apply = [this](const Incoming& incoming) { return Apply(incoming); };
  actions.sync = [this] { return journal_->Sync(); };
  return actions;
}

// False if an answer may lie in the mailbox that nobody has seen, or one waits there for its evidence.
bool EngineImpl::DrainInbox() {
  const int64_t now = clock_.MonotonicMs();
  if (now < next_inbox_ms_ || outcome_) return true;
  next_inbox_ms_ = now + kInboxPollMs;
  if (watch_) (void)watch_->Drain();
  const bool seen = TakeRequests();
  checked_.clear();
  return seen && checking_.empty();
}

// False if the mailbox cannot be read to its end.
bool EngineImpl::TakeRequests() {
  const review::MailboxActions actions = Actions();
  while (!outcome_) {
    const ErrorOr<size_t> handled = mailbox_->Drain(actions);
    const std::string trouble = handled.ok() ? "" : "the mailbox: " + handled.error().message();
    if (!trouble.empty() && trouble != mailbox_trouble_) follower_.OnTrouble(trouble);
    mailbox_trouble_ = trouble;
    if (!handled.ok()) return false;
    if (handled.value() == 0) return true;
    settled_ = false;
    Drive();
  }
  return true;
}

std::string EngineImpl::OnSocket(std::string_view message, const Peer& peer) {
  const ErrorOr<Reply> reply = mailbox_->Handle(message, peer.uid, Actions());
  // Whether it was recorded is not known then, so nothing is said. The client puts the same request into the inbox,
  // where the next engine tells.
  return reply.ok() ? review::ToJson(reply.value()).Dump() : "";
}

ErrorOr<Reply> EngineImpl::Apply(const Incoming& incoming) {
  if (outcome_) return MakeError("the engine is ending");
  if (requests_.count(incoming.request.id) > 0) return Refused("a request with this id came from somebody else");
  if (!HoldsLease()) return Error(outcome_->why);
  ErrorOr<Reply> reply = Refused("");
  switch (incoming.request.kind) {
    case Request::Kind::kAnswer:
      reply = ApplyAnswer(incoming);
      break;
    case Request::Kind::kOpen:
      reply = ApplyOpen(incoming);
      break;
    case Request::Kind::kCancel:
      reply = ApplyCancel(incoming);
      break;
    case Request::Kind::kDoubt:
      reply = ApplyDoubt(incoming);
      break;
    case Request::Kind::kRewind:
      reply = ApplyRewind(incoming);
      break;
    case Request::Kind::kWithdraw:
      reply = ApplyWithdraw(incoming);
      break;
  }
  if (reply.ok() && reply->accepted) requests_[incoming.request.id] = incoming.person;
  if (outcome_ && outcome_->ending == Ending::kWorldFailed) return Error(outcome_->why);
  return reply;
}

// An escalation that is due counts already, also before this engine has come to its clock: whom it asks may have
// answered while there was no engine. `review` is looked up anew then.
EngineImpl::Entitlement EngineImpl::EntitlementOf(const ReviewView*& review, const state::Person& person) {
  const auto look = [&] {
    Entitlement may;
    may.groups = review::GroupsOf(person, review::NamesIn(review->rule), *people_, record_->module().groups);
    may.barred = review::WhyNotEntitled(review->rule, person, may.groups, record_->facts().starter);
    return may;
  };
  Entitlement may = look();
  while (may.barred) {
    const auto clock = clocks_.TakeDue(review->id, state::Clock::kEscalate, clock_.NowMs());
    if (!clock || !Record(state::ClockFired{clock->review, clock->clock, clock->index})) return may;
    review = record_->scheduler().FindReview(clock->review);
    may = look();
  }
  return may;
}

// Why an answer does not fit the review, whoever gives it.
std::optional<Reply> EngineImpl::Unfit(const Request& request) const {
  const ReviewView* review = record_->scheduler().FindReview(request.review);
  if (review == nullptr) return Refused(fmt::format("the run has no review `{}`", request.review));
  if (review->status == ReviewStatus::kOpening) return Refused("the review is not open yet");
  if (review->status != ReviewStatus::kOpen) return ClosedReply(*review);
  if (request.form != review->form_digest) {
    return Refused("the form has changed since it was read; look at it again: hwf review show " + request.review);
  }
  return std::nullopt;
}

// Of a signed request. Who has voted in a review that is closed may be told that again.
std::optional<Reply> EngineImpl::Hopeless(const Request& request) const {
  const ReviewView* review = record_->scheduler().FindReview(request.review);
  if (request.kind != Request::Kind::kAnswer) return std::nullopt;
  const auto theirs = [&](const state::Vote& vote) { return vote.person.name == request.signer; };
  if (review != nullptr && std::any_of(review->votes.begin(), review->votes.end(), theirs)) return std::nullopt;
  if (std::optional<Reply> unfit = Unfit(request)) return unfit;
  const ErrorOr<Json> fields = review::CheckAnswer(*review, request.variant, request.fields);
  if (!fields.ok()) return Refused(fields.error().message());
  return std::nullopt;
}

ErrorOr<Reply> EngineImpl::ApplyAnswer(const Incoming& incoming) {
  const Request& request = incoming.request;
  const ReviewView* review = record_->scheduler().FindReview(request.review);
  if (std::optional<Reply> unfit = Unfit(request)) {
    return review == nullptr ? *unfit : RepeatedAnswer(*review, incoming).value_or(*unfit);
  }
  const Entitlement may = EntitlementOf(review, incoming.person);
  if (may.barred) return Refused(*may.barred);
  ErrorOr<Json> fields = review::CheckAnswer(*review, request.variant, request.fields);
  if (!fields.ok()) return Refused(fields.error().message());
  const state::Vote* earlier = VoteOf(*review, incoming.person);
  if (earlier != nullptr && earlier->variant == request.variant && earlier->fields == fields.value()) {
    return Repeated("the same vote is recorded already");
  }
  // The run's tasks have its owner's account: they must not be able to undo what a key or another account has proven.
  if (earlier != nullptr && earlier->person.level > incoming.person.level) {
    return Refused(fmt::format("the vote that {} has here is proven by {}; it can be changed in that way only",
                               earlier->person.name, earlier->person.proof));
  }
  const std::optional<ErrorOr<Success>> intact = Intact(*review);
  if (!intact) return Error("its evidence is being checked", EINPROGRESS);
  if (!intact->ok()) {
    Record(state::ReviewVoided{review->id, intact->error().message()});
    return Refused("the review is void: " + intact->error().message());
  }
  state::Vote vote;
  vote.review = review->id;
  vote.person = incoming.person;
  vote.groups = may.groups;
  vote.variant = request.variant;
  vote.fields = std::move(fields).value();
  vote.request = request.id;
  std::string next = record_->scheduler().Explain(vote);
  const size_t before = todo_.size();
  if (!Record(std::move(vote))) return Error(outcome_->why);
  return Accepted(next + WhatStarts(before));
}

// Nothing while what takes long to read is read in the background: the answer waits in the inbox and is looked at again
// right after that.
std::optional<ErrorOr<Success>> EngineImpl::Intact(const ReviewView& review) {
  if (const auto checked = checked_.find(review.id); checked != checked_.end()) return checked->second;
  if (evidence_.IsQuick(review.evidence)) return evidence_.Check(review.evidence);
  if (!checking_.insert(review.id).second) return std::nullopt;
  worker_.Add([this, id = review.id, evidence = review.evidence]() -> Worker::Completion {
    ErrorOr<Success> intact = evidence_.Check(evidence);
    return [this, id, intact = std::move(intact)] {
      checking_.erase(id);
      checked_.insert_or_assign(id, intact);
      next_inbox_ms_ = 0;
    };
  });
  return std::nullopt;
}

// "; starts publish; tells job retune": of the commands that came since.
std::string EngineImpl::WhatStarts(size_t from) const {
  std::string text;
  for (size_t i = from; i < todo_.size(); ++i) {
    if (const auto* start = std::get_if<scheduler::StartTask>(&todo_[i])) text += "; starts " + start->place;
    if (const auto* message = std::get_if<scheduler::PlaceMessage>(&todo_[i])) {
      text += fmt::format("; tells {}: {}", message->place, message->message);
    }
    if (const auto* finish = std::get_if<scheduler::FinishRun>(&todo_[i])) {
      text += finish->ok ? "; the run is finished" : "; the run fails: " + finish->why;
    }
    if (text.size() > 400) return text + "; …";
  }
  return text;
}

ErrorOr<Reply> EngineImpl::ApplyOpen(const Incoming& incoming) {
  const ReviewView* review = record_->scheduler().FindReview(incoming.request.review);
  if (review == nullptr || review->status != ReviewStatus::kOpen) return Refused("the review is not open");
  const Entitlement may = EntitlementOf(review, incoming.person);
  if (may.barred) return Refused(*may.barred);
  if (!Record(state::FormOpened{review->id, incoming.person})) return Error(outcome_->why);
  return Accepted("");
}

bool EngineImpl::IsOwner(const state::Person& person) const {
  return person.uid >= 0 && person.uid == static_cast<int64_t>(geteuid());
}

ErrorOr<Reply> EngineImpl::ApplyCancel(const Incoming& incoming) {
  const Request& request = incoming.request;
  if (!IsOwner(incoming.person)) return Refused("only the run's owner may cancel it");
  if (!request.place.empty()) {
    const scheduler::TaskView* task = record_->scheduler().FindTask(request.place);
    if (task == nullptr) return Refused(fmt::format("the run has no task `{}`", request.place));
    if (task->ended != 0 && task->status != scheduler::TaskStatus::kRetrying) return Refused("the task has ended");
  }
  state::CancelRequested cancel;
  cancel.person = incoming.person;
  cancel.place = request.place;
  cancel.request = request.id;
  if (!Record(std::move(cancel))) return Error(outcome_->why);
  return Accepted(request.place.empty() ? "all that runs is being ended" : request.place + " is being ended");
}

ErrorOr<Reply> EngineImpl::ApplyDoubt(const Incoming& incoming) {
  const Request& request = incoming.request;
  if (!IsOwner(incoming.person)) return Refused("only the run's owner may say so");
  const scheduler::TaskView* task = record_->scheduler().FindTask(request.place);
  if (task == nullptr || task->status != scheduler::TaskStatus::kInDoubt || task->attempt != request.attempt) {
    return Refused(fmt::format("attempt {} of `{}` is not in doubt", request.attempt, request.place));
  }
  state::DoubtResolved resolved;
  resolved.place = request.place;
  resolved.attempt = request.attempt;
  resolved.happened = request.happened;
  resolved.person = incoming.person;
  resolved.request = request.id;
  if (!Record(std::move(resolved))) return Error(outcome_->why);
  return Accepted(request.happened ? "the run goes on as after its success" : "it is not taken as done");
}

// What is asked is done with a copy of the run first: what that refuses is not recorded.
ErrorOr<Reply> EngineImpl::ApplyRewind(const Incoming& incoming) {
  const Request& request = incoming.request;
  if (!IsOwner(incoming.person)) return Refused("only the run's owner may rewind it");
  state::RewindRequested rewind;
  rewind.place = request.place;
  rewind.fresh = request.fresh;
  rewind.person = incoming.person;
  rewind.request = request.id;
  const ErrorOr<Json> set = ChangedParameters(record_->module(), request.set);
  if (!set.ok()) return Refused(set.error().message());
  rewind.set = *set;
  HWF_ASSIGN(const std::unique_ptr<RunRecord> copy, RunRecord::Load(files_, record_->paths().root));
  copy->Apply({.time = record_->facts().last_event, .epoch = journal_->epoch(), .body = rewind});
  const scheduler::Scheduler::Rewound& would = copy->scheduler().rewound();
  if (!would.refused.empty()) return Refused(would.refused);
  if (!would.effects.empty() && !request.effects) {
    return Refused(
        fmt::format("effects that have happened, or may have, would happen again: {}; `--yes` says that "
                    "they may",
                    fmt::join(would.effects, ", ")));
  }
  cancelled_ = false;
  if (!Record(std::move(rewind))) return Error(outcome_->why);
  return Accepted(fmt::format("{} to be done again, {} cancelled", would.done_again.size(), would.cancelled.size()));
}

// Who may answer has no say in whether it is asked.
ErrorOr<Reply> EngineImpl::ApplyWithdraw(const Incoming& incoming) {
  const Request& request = incoming.request;
  if (!IsOwner(incoming.person)) return Refused("only the run's owner may withdraw a review");
  const ReviewView* review = record_->scheduler().FindReview(request.review);
  if (review == nullptr) return Refused(fmt::format("the run has no review `{}`", request.review));
  if (review->status == ReviewStatus::kWithdrawn) return Repeated("it is withdrawn already: " + review->closed_by);
  if (review->status != ReviewStatus::kOpening && review->status != ReviewStatus::kOpen) return ClosedReply(*review);
  const size_t before = todo_.size();
  if (!Record(state::ReviewWithdrawn{review->id, incoming.person, request.id, request.why})) {
    return Error(outcome_->why);
  }
  return Accepted("nobody's answer counts any more" + WhatStarts(before));
}

void EngineImpl::WriteReviewRecord(const ReviewView& review) {
  const std::string path = record_->paths().Reviews() + "/" + review.id + ".json";
  const ErrorOr<Success> written =
      files_.WriteAtomically(path, ReviewJson(review, record_->facts().id).DumpPretty(), shared_ ? 0640 : 0600, false);
  if (!written.ok()) follower_.OnTrouble(written.error().message());
}

}  // namespace hwf::engine
