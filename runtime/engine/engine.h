// The engine: carries out one run. One loop on one thread: events in (from sites, the mailbox, the socket, clocks),
// each appended to the journal, then applied to the scheduler, whose commands are then carried out. It owns the run's
// lease, the journal's writer, the sites and the socket. What may take long (hashing, freezing files) is done by one
// worker thread; a second one syncs the journal.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "runtime/engine/run_record.h"

namespace hwf::engine {

struct EngineOptions {
  std::string program_directory;  // of hwf-runner and hwf-task
  std::string python_directory;   // of the Python module for tasks, or empty
  std::string notify;             // command for --notify, or empty
  bool reuse = true;
  bool fail_fast = false;
  bool once = false;       // do all that can be done now, then end
  bool take_over = false;  // also from an engine of another host whose heartbeats stopped
};

// Who watches the engine work; called on its thread.
class Follower {
 public:
  virtual ~Follower() = default;
  // After it was applied.
  virtual void OnEvent(const state::Event& event, const RunRecord& record) = 0;
  // Something outside is wrong; the run goes on as far as it can. `what` is a line for people.
  virtual void OnTrouble(const std::string& what) = 0;
  // At the end of each turn of the loop; returns after how many milliseconds it wants the next, -1: whenever.
  virtual int OnTurn(const RunRecord& record) = 0;
  // The first Ctrl-C was taken: nothing new starts.
  virtual void OnDrain(const RunRecord& record) = 0;
  virtual void OnCancel() = 0;
};

enum class Ending {
  kFinished,    // RunFinished is recorded
  kDetached,    // HUP or TERM
  kDrained,     // Ctrl-C, and nothing runs any more
  kWaiting,     // --once, and all is done that can be done now
  kSuperseded,  // another engine has the run
  kWorldFailed  // the journal cannot be written, or nothing can be started
};
struct Outcome {
  Ending ending = Ending::kFinished;
  bool ok = false;  // of kFinished
  std::string why;
};

class Engine {
 public:
  virtual ~Engine() = default;

  // Takes the run's lease, replays its journal, connects to its sites. The signals INT, TERM, HUP and WINCH must be
  // blocked in every thread: the engine reads them from a descriptor.
  static ErrorOr<std::unique_ptr<Engine>> Open(platform::FileSystem& files, const std::string& directory,
                                               EngineOptions options, Follower& follower);
  // Until the run is finished or may not go on.
  virtual Outcome Run() = 0;
  virtual const RunRecord& record() const = 0;
};

}  // namespace hwf::engine
