// The events of a run: everything that ever happened to it, in one order. The journal is their sequence; a run's state
// is their replay through the scheduler, which is a pure function of them. An event carries all that the replay needs
// (times, who, group memberships, digests): nothing is looked up again.
//
// In the journal an event is one JSON object: {"v":1,"epoch":E,"t":<UTC ms>,"kind":"vote",...members by name}.
// Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "ir/module.h"

namespace hwf::state {

// Milliseconds since 1970-01-01 UTC.
using TimeMs = int64_t;

// A task instance's place: "job", "each.3.render". Unique in a run; also its directory's name.
using Place = std::string;

struct Person {
  std::string name;  // login name, or the name in the people file
  int64_t uid = -1;  // -1: unknown (an SSH signature alone)
  // 1: the run's own uid, unproven; 2: another uid or an SSH signature; 3: the service
  int level = 1;
  std::string proof;  // "uid", "socket", "file", "ssh-signature": how it is known
};

// First of all, once a run.
struct RunStarted {
  std::string run_id;
  std::string ir_digest;
  Json params;  // object: every parameter of the entry workflow, converted
  Person starter;
  std::string directory;  // absolute, of the run
  std::string people;     // digest of the run's own people file; empty: it has none
  std::string from = {};  // directory of the run whose answers and results it takes over; empty: none
  Json trust = {};        // array of {name, uid}: whose shared results it takes, too; null: nobody's
};
// An engine took the run's lease.
struct EngineStarted {
  std::string host;
  int64_t pid = 0;
};
struct SourceResolved {
  Place place;
  Json value;         // File or Dir
  std::string error;  // not empty: it could not be read
};
// The intent to run an attempt. Durable before acting for effects; else soon after.
struct AttemptSubmitted {
  Place place;
  int attempt = 1;
  std::string site;
  std::string key;  // content key, or empty
};
// Why an attempt that was submitted has not begun, as its site says ("job 812: Resources"). When it changes.
struct AttemptWaiting {
  Place place;
  int attempt = 1;
  std::string why;
};
// A site cannot work now, and is waited for; or (empty) it works again. When it changes.
struct SiteTroubled {
  std::string site;
  std::string why;
};
struct AttemptStarted {
  Place place;
  int attempt = 1;
  std::string host;
  int64_t pid = 0;
};
struct Usage {
  int64_t wall_ms = 0;
  int64_t cpu_ms = 0;
  int64_t max_rss = 0;  // bytes
};
struct AttemptEnded {
  Place place;
  int attempt = 1;
  std::optional<ir::Reason> failure;  // absent: success
  std::optional<int> exit_code;       // where the command ended by exit
  int signal = 0;
  std::string message;  // of a failure: one line for people, with the log's last lines behind it
  Json outputs;         // object by output name, typed values (see ir/module.h)
  Usage usage;
  Json log = {};  // of a failed attempt of a call that is tried: a File
};
// The result of an equal earlier task was taken.
struct TaskReused {
  Place place;
  std::string key;
  std::string from_run;
  Place from_place;
  Json outputs;
};
// A checkpoint that a running task emitted, accepted. Numbered per stream by the scheduler, from 1.
struct Emission {
  Place place;
  int attempt = 1;
  std::string stream;
  std::string file;           // the emission's unique name: the same emission twice is one
  Json values;                // the stream's record, typed values
  int64_t after_message = 0;  // number of the last message taken before it; 0 for none
};
struct EmissionRefused {
  Place place;
  int attempt = 1;
  std::string file;
  std::string why;
};
// Emissions of a stream that were dropped because they came faster than 5 a second (the newest of each burst is kept).
struct EmissionsCoalesced {
  Place place;
  std::string stream;
  int64_t count = 0;
};
// The review's record is on disk and its evidence frozen; its clocks start at this event's time.
struct ReviewOpened {
  std::string review;  // id
  Json evidence;       // array: {"label", "value"} as shown, files with digests
  // When its delays in working days are over, worked out by the calendar: {"expire": ms, "escalate": [ms, null],
  // "remind": [ms, …]}, UTC; null: it has none.
  Json due = {};
};
// The run's owner takes a review back: nobody's answer counts any more.
struct ReviewWithdrawn {
  std::string review;
  Person person;
  std::string request;
  std::string why = {};  // a line as its owner gave it, or nothing
};
// A valid vote: the form was checked and the person identified before it was recorded.
struct Vote {
  std::string review;
  Person person;
  std::vector<std::string> groups;  // those named by the review's rule that the person was a member of, at this moment
  std::string variant;
  Json fields;
  std::string request;  // mailbox request id
};
// Its question, form, rule and evidence are those of a review of the run that this one began from.
struct AnswerCarried {
  std::string review;
  std::string from_run;
  std::string from_review;
  Vote vote;  // the deciding one
};
// Someone has the review's form open on a screen: a `latest` watch does not take it away for some minutes.
struct FormOpened {
  std::string review;
  Person person;
};
// A review's clock. `due` repeats the absolute deadline that was armed.
enum class Clock { kRemind, kEscalate, kExpire, kForm };
struct ClockFired {
  std::string review;
  Clock clock = Clock::kExpire;
  int index = 0;  // which escalation, or how many reminders before
};
// The evidence no longer has its digest, or cannot be frozen.
struct ReviewVoided {
  std::string review;
  std::string why;
};
struct MessageDelivered {  // placed into the attempt's directory
  Place place;
  int attempt = 1;
  int64_t number = 0;
};
struct CancelRequested {
  Person person;
  Place place;  // of one task; empty: the whole run
  std::string request;
};
// Back to a place of the run: what is behind it is done again, as another generation.
struct RewindRequested {
  Place place;
  Json set;            // object: parameters of the entry workflow that are another value now, converted
  bool fresh = false;  // what is done again takes no result of before
  Person person;
  std::string request;
};
// The owner's answer to an effect's in-doubt question.
struct DoubtResolved {
  Place place;
  int attempt = 1;
  bool happened = false;
  Person person;
  std::string request;
};
// Last of all, unless it is rewound.
struct RunFinished {
  bool ok = false;
  Json outputs;
  std::string why;
};

using EventBody =
    std::variant<RunStarted, EngineStarted, SourceResolved, AttemptSubmitted, AttemptStarted, AttemptEnded, TaskReused,
                 Emission, EmissionRefused, EmissionsCoalesced, ReviewOpened, Vote, FormOpened, ClockFired,
                 ReviewVoided, MessageDelivered, CancelRequested, DoubtResolved, RunFinished, AttemptWaiting,
                 SiteTroubled, AnswerCarried, ReviewWithdrawn, RewindRequested>;

struct Event {
  TimeMs time = 0;
  int64_t epoch = 0;
  EventBody body;
};

// "vote", "attempt_ended": the `kind` member.
std::string_view KindOf(const EventBody& body);

Json ToJson(const Event& event);
// Refuses an unknown kind, a newer version and members of a wrong type; the error names the member.
ErrorOr<Event> EventFromJson(const Json& json);

}  // namespace hwf::state
