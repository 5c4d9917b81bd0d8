// Worlds for the contract of sites: a real place of each kind, with a run's directory, and one engine's end of it. What
// is missing on this machine is a skip that names itself. For tests; one thread; every wait is bounded.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/runner/protocol.h"
#include "runtime/site/site.h"

namespace hwf::site::testing {

// What an engine hears.
class Recorder final : public Listener {
 public:
  void OnReport(const std::string& site, runner::Report report, uint64_t offset) override;
  void OnCaughtUp(const std::string&) override { ++caught_up_; }
  void OnTrouble(const std::string&, const std::string& why) override;
  void OnFailed(const std::string&, const std::string& why) override { failed_.push_back(why); }
  void OnSuperseded(const std::string&, int64_t epoch) override { superseded_ = epoch; }

  std::map<std::string, runner::Ended> ended_;
  std::map<std::string, runner::Started> started_;
  std::map<std::string, std::vector<runner::Emitted>> emitted_;
  std::map<std::string, std::string> waiting_;
  std::vector<std::string> unstarted_;
  std::string trouble_;  // the last one
  bool in_trouble_ = false;
  std::vector<std::string> failed_;
  uint64_t offset_ = 0;
  int64_t superseded_ = 0;
  int caught_up_ = 0, placed_ = 0;
};

class World {
 public:
  virtual ~World();
  // Why it cannot be had here; empty: it can.
  virtual std::string missing() const { return ""; }
  // Starts what is there beside the engine. Fails the test where it cannot.
  virtual void Up() {}
  // Stops it; nothing of it lives then.
  virtual void Down() {}
  // A run of its own, in a new directory; what is left of the agent of the last one is ended.
  void NewRun();
  // An engine's end.
  virtual std::unique_ptr<Site> MakeSite(Listener& listener) = 0;
  // Processes of the agent: they may be killed.
  virtual std::vector<pid_t> Agents() const = 0;
  // Whether what runs outlives its agent.
  virtual bool outlives_agent() const = 0;
  // Variables that a task may find there beyond those it was given, by how they begin.
  virtual std::vector<std::string> extra_variables() const { return {}; }

  // The run's directory, which this test and the tasks see under the same path.
  const std::string& root() const { return root_; }
  // What all that the world keeps lies below: runs, and spools, state and logs of daemons.
  std::vector<std::string> directories() const { return {files_, top_}; }

 protected:
  World();
  // The `number`th run begins.
  virtual void BeginRun(int number);
  std::string top_;    // short, and gone with the world
  std::string files_;  // the same, or below HWF_TEST_TOP, whose file system the runs are to be on
  std::string root_;   // below it; of a distant site it is there once the site was reached

 private:
  int runs_ = 0;
};

// A real cluster of its own, by tests/support/slurm_cluster.py: nodes c1 and c2 of 8 CPUs, g1 with 2 GPUs.
class SlurmWorld final : public World {
 public:
  std::string missing() const override;
  void Up() override;
  void Down() override;
  std::unique_ptr<Site> MakeSite(Listener& listener) override;
  std::vector<pid_t> Agents() const override;
  bool outlives_agent() const override { return true; }
  std::vector<std::string> extra_variables() const override { return {"SLURM", "TMPDIR"}; }

  std::string site_ = "{}";           // its fields, as JSON
  std::vector<std::string> cluster_;  // options of `slurm_cluster.py up`
  // `kill` or `start` of a daemon, with further options.
  void Daemon(std::vector<std::string> what);
};

struct WorldKind {
  std::string name;
  std::function<std::unique_ptr<World>()> make;
};
// "local", "ssh", "slurm", "slurm_login" and "slurm_allocation", where all is run inside an allocation. Programs are
// found where the build put them.
std::vector<WorldKind> AllWorlds();

// Runs a program and waits for it; its standard output, or a test failure.
std::string RunProgram(const std::vector<std::string>& argv, bool must_succeed = true);

}  // namespace hwf::site::testing
