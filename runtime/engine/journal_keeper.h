// JournalKeeper: the one place where events are written. Appends, syncs by the event's class of durability, keeps disk
// set aside so that what already runs can still be recorded when the disk is full. One thread.
#pragma once

#include <memory>
#include <optional>

#include "base/error.h"
#include "runtime/journal/log.h"
#include "runtime/state/events.h"

namespace hwf::engine {

// kNow: on disk before anything is done because of it. kSoon: it can be learned again from a runner's log.
enum class Durability { kSoon, kNow };

// By what the event is; an effect's intent is the caller's knowledge.
Durability DurabilityOf(const state::EventBody& body);

// What is recorded in the place of an event that is too large, so that the run comes to an end that can be read: the
// attempt, the review or the run fails, for `why`. Nothing for the others, which are bounded
// where they come from.
std::optional<state::EventBody> Instead(const state::EventBody& body, const std::string& why);

class JournalKeeper {
 public:
  static ErrorOr<JournalKeeper> Open(platform::FileSystem& files, const std::string& path, int64_t epoch);

  // Returns when the event is with the kernel, of kNow on disk. EMSGSIZE: it is too large for a record, or nested too
  // deep for its readers; nothing was done. After another error nothing more may be done with the run. What would not
  // read back as text is replaced first, in `event` too: it is what every later reader will see.
  ErrorOr<Success> Append(state::Event& event, Durability durability);
  // Holds back disk for what runs. An error: there is no room to start anything new.
  ErrorOr<Success> HoldSpace();
  ErrorOr<Success> Sync() { return writer_->Sync(); }
  int64_t epoch() const { return epoch_; }

 private:
  std::unique_ptr<journal::LogWriter> writer_;
  int64_t epoch_ = 0;
  uint64_t reserved_until_ = 0;
};

}  // namespace hwf::engine
