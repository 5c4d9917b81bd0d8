// A site: a place where tasks run. The engine gives it work and hears reports; what a site promises is the same
// everywhere (one suite of contract tests): an attempt never executes twice, whatever breaks in between; work that was
// submitted survives the engine; cancel is done when nothing of the attempt lives.
//
// No site blocks and none has a thread that calls back: a site owns one descriptor that is readable when it has work to
// do (it may be an epoll set), and the engine calls Poll() then, or after the delay that Poll() returned. Reports reach
// the Listener from within Poll() alone. One thread: the engine's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/runner/protocol.h"

namespace hwf::site {

// Attempts that a site which starts them itself has and has not begun: few, so that a cancel reaches the others before
// they are handed out, never none.
inline constexpr size_t kMostWaitingLocal = 128;

class Listener {
 public:
  virtual ~Listener() = default;
  // A record of the site's log; `offset` lies behind it and is what Adopt takes after a restart. Each once, in order;
  // an offset of 0 is a repetition of what was reported before (an attempt submitted again that has ended).
  virtual void OnReport(const std::string& site, runner::Report report, uint64_t offset) = 0;
  // All that happened before this connection has been reported: what was submitted, is not claimed and is not known to
  // the site any more may be submitted again. Once after each (re)connection.
  virtual void OnCaughtUp(const std::string& site) = 0;
  // The site cannot work now ("disk full: …", "the runner cannot be started: …"); it goes on trying. Empty: it works.
  virtual void OnTrouble(const std::string& site, const std::string& why) = 0;
  // The site cannot work any more, and has given up: nothing it does can be learned.
  virtual void OnFailed(const std::string& site, const std::string& why) = 0;
  // Another engine with a higher epoch has the site: this one must stop.
  virtual void OnSuperseded(const std::string& site, int64_t epoch) = 0;
};

// What a command finds at a site, where that is not as here.
struct Setting {
  std::string host;      // its name; empty: this one
  std::string programs;  // directory of hwf-task; empty: the engine's
  std::string python;    // directory of the Python module; empty: the engine's
  bool own_environment = false;
  std::vector<std::pair<std::string, std::string>> environment;  // PATH, HOME and the like of a login there
};

class Site {
 public:
  virtual ~Site() = default;

  virtual const std::string& name() const = 0;

  // The directory at the site below which its attempt directories lie: `root()/tasks/<place>/<attempt>`. Known from the
  // first OnCaughtUp on, at the latest.
  virtual const std::string& root() const = 0;
  // Known likewise.
  virtual const Setting& setting() const = 0;
  // Whether a path there is the same file as here.
  virtual bool shares_files() const = 0;
  // Whether its trouble is to be waited out, however long: a lost connection, a controller that is down. Else a run of
  // which nothing is running ends soon.
  virtual bool patient() const = 0;
  // How many attempts it is to hold that have not begun.
  virtual size_t most_waiting() const = 0;

  // Could this ever run here? The error says what is asked and what there is.
  virtual ErrorOr<Success> Admit(const runner::Start& start) = 0;

  // Connects, starting what must be started, and replays the log from `log_offset` on: called once, first of all.
  // What runs from an earlier engine is adopted by this.
  virtual void Adopt(int64_t epoch, uint64_t log_offset) = 0;

  // Accepts work at any time after Adopt, connected or not: it is sent when it can be, and again after a broken
  // connection until the site's log shows it.
  virtual void Submit(std::vector<runner::Start> starts) = 0;
  virtual void Deliver(runner::Message message) = 0;
  // Makes it ready there, once for all; its ImageReady is reported, after a broken connection too.
  virtual void WantImage(const std::string& image) = 0;
  virtual void Cancel(const state::Place& place, int attempt) = 0;

  // Starts nothing of what is queued: it is reported as Unstarted.
  virtual void Drain() = 0;
  // The run is over: the site ends what it keeps running for it. Sent at once if connected.
  virtual void Finish() = 0;

  // Readable when Poll() has something to do.
  virtual int fd() const = 0;
  // Does what can be done without blocking; returns after how many milliseconds it wants to be called again, -1: not
  // before fd() is readable.
  virtual int Poll() = 0;
};

struct LocalOptions {
  std::string name = "here";
  std::string run_directory;  // absolute
  std::string state;          // of the runner, absolute; empty: `runner` in the run's directory
  std::string runner;         // path of hwf-runner; empty: beside this executable
  // Fields of the site; 0: what the machine has.
  double cpus = 0;
  int gpus = -1;  // -1: what the machine has
  int64_t memory = 0;
  int64_t kill_grace_ms = 5000;
  int64_t idle_exit_ms = 60000;
  std::string ledger_directory;  // empty: the user's
  std::string setup;             // shell text in front of each command
  std::string launch;            // what starts ranks, where a task does not say
  std::string containers;        // the engine for tasks that have an image; empty: none
};

// This machine, through an hwf-runner of the run's own.
std::unique_ptr<Site> MakeLocalSite(const LocalOptions& options, Listener& listener);
// LocalOptions from a site's fields (`cpus`, `gpus`, `memory`); an unknown or mistyped field is an error.
ErrorOr<LocalOptions> LocalOptionsFromFields(const ir::Site& site, const std::string& run_directory);

}  // namespace hwf::site
