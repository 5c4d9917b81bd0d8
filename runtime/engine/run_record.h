// A run as its directory tells it: the program, and the journal replayed through the scheduler. Readers (`hwf status`,
// `hwf review`) load it and look; the engine owns one and applies each event that it has appended. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/journal/log.h"
#include "runtime/platform/file_system.h"
#include "runtime/scheduler/scheduler.h"
#include "runtime/state/events.h"

namespace hwf::engine {

// Paths inside a run's directory; docs/architecture.md has the whole list.
struct RunPaths {
  explicit RunPaths(std::string directory) : root(std::move(directory)) {}
  std::string root;
  std::string Program() const { return root + "/ir.json"; }
  std::string Journal() const { return root + "/journal"; }
  // Answers of the run that this one began from.
  std::string Carried() const { return root + "/carried.json"; }
  std::string Lease() const { return root + "/lease"; }
  std::string Socket() const { return root + "/engine.sock"; }
  std::string Inbox() const { return root + "/inbox"; }
  std::string Replies() const { return root + "/replies"; }
  std::string Refused() const { return root + "/refused"; }
  std::string Reviews() const { return root + "/reviews"; }
  std::string Evidence() const { return root + "/evidence"; }
  // What was fetched from distant sites, by digest.
  std::string Store() const { return root + "/store"; }
  // What tasks of distant sites take along, by digest.
  std::string Uses() const { return root + "/uses"; }
  std::string Runner() const { return root + "/runner"; }
  // Of the agent of a site: its log and what its tasks print.
  std::string Agent(const std::string& site) const;
  std::string Tasks() const { return root + "/tasks"; }
  std::string Attempt(const state::Place& place, int attempt) const;
};

// What the journal says about the run as a whole.
struct RunFacts {
  std::string id;
  std::string directory;
  std::string people;  // as in RunStarted
  std::string from;    // as in RunStarted
  Json trust;          // as in RunStarted
  Json params;
  state::Person starter;
  state::TimeMs started = 0;
  bool finished = false, ok = false;
  std::string why;
  Json outputs;
  state::TimeMs ended = 0;
  state::TimeMs last_event = 0;
  std::string engine_host;  // of the newest engine
  int64_t engine_pid = 0;
  state::TimeMs engine_started = 0;
  int64_t epoch = 0;  // the highest in the journal
  bool cancelled = false;
  int64_t events = 0;
  std::map<std::string, std::string> troubled;  // sites that cannot work now, and why
};

class RunRecord {
 public:
  // Called for each event, after it was applied, with the commands that it gave.
  using Observer = std::function<void(const state::Event&, const std::vector<scheduler::Command>&)>;

  // Reads the program and replays the journal. A directory without a RunStarted is an error: no run began there.
  static ErrorOr<std::unique_ptr<RunRecord>> Load(platform::FileSystem& files, const std::string& directory,
                                                  const Observer& observer = nullptr);

  // Replays what was appended since; true if there was anything.
  ErrorOr<bool> Refresh(const Observer& observer = nullptr);

  // Applies an event that the caller has appended to the journal.
  std::vector<scheduler::Command> Apply(const state::Event& event);

  const ir::Module& module() const { return *module_; }
  const scheduler::Scheduler& scheduler() const { return *scheduler_; }
  const RunFacts& facts() const { return facts_; }
  const RunPaths& paths() const { return paths_; }

 private:
  RunRecord(platform::FileSystem& files, const std::string& directory)
      : files_(files), paths_(directory), reader_(files, paths_.Journal()) {}
  ErrorOr<Success> LoadProgram();
  ErrorOr<Success> CheckProgram(const state::Event& event) const;
  void Note(const state::Event& event);

  platform::FileSystem& files_;
  RunPaths paths_;
  journal::LogReader reader_;
  std::unique_ptr<ir::Module> module_;
  std::string program_digest_;
  std::unique_ptr<scheduler::Scheduler> scheduler_;
  RunFacts facts_;
};

}  // namespace hwf::engine
