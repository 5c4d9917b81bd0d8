#include "runtime/site/testing/site_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/platform/process.h"
#include "runtime/runner/testing/runner_harness.h"
#include "runtime/site/slurm_site.h"
#include "runtime/ssh/slurm_login_site.h"
#include "runtime/ssh/ssh_site.h"

namespace hwf::site::testing {
namespace {

constexpr int64_t kStartMs = 90'000;

std::string NewDirectory(const std::string& above) {
  std::string pattern = above + "/hwf-w-XXXXXX";
  return std::filesystem::canonical(mkdtemp(pattern.data()));
}

// What waits for people or for lost links elsewhere does not wait in tests.
SlurmOptions FastSlurm() {
  SlurmOptions options;
  options.kill_grace_ms = 500;
  options.idle_exit_ms = 2000;
  options.least_poll_ms = 200;
  options.record_grace_ms = 1000;
  options.allocation_idle_ms = 1000;
  return options;
}

class LocalWorld final : public World {
 public:
  LocalWorld() {
    options_.runner = HWF_RUNNER_PROGRAM;
    options_.cpus = 2;
    options_.kill_grace_ms = 500;
    options_.idle_exit_ms = 2000;
    options_.ledger_directory = top_ + "/ledger";
    mkdir(options_.ledger_directory.c_str(), 0700);
  }
  ~LocalWorld() override {
    for (const pid_t agent : Agents()) kill(agent, SIGKILL);
  }
  std::unique_ptr<Site> MakeSite(Listener& listener) override { return MakeLocalSite(options_, listener); }
  std::vector<pid_t> Agents() const override { return runner::testing::ProcessesWith(root_ + '\0'); }
  bool outlives_agent() const override { return false; }

 private:
  void BeginRun(int number) override {
    World::BeginRun(number);
    options_.run_directory = root_;
    mkdir((root_ + "/runner").c_str(), 0700);
  }
  LocalOptions options_;
};

std::string SshMissing() {
  const std::string packages = RunProgram({HWF_PYTHON, HWF_SSH_HOST, "missing"});
  return packages.size() <= 1 ? "" : "not installed: " + packages;
}

// A login of its own on this machine, by tests/support/ssh_host.py; what runs there does so as another user. `more`:
// options of `ssh_host.py up`.
ssh::FarPlace BeginHost(const std::string& top, const std::vector<std::string>& more) {
  chmod(top.c_str(), 0755);
  std::vector<std::string> argv = {HWF_PYTHON, HWF_SSH_HOST, "up", top + "/host"};
  argv.insert(argv.end(), more.begin(), more.end());
  const auto host = Json::Parse(RunProgram(argv));
  EXPECT_TRUE(host.ok());
  ssh::FarPlace place;
  place.name = "far";
  if (!host.ok()) return place;
  setenv("HWF_SSH_CONFIG", host->StringOr("config", "").c_str(), 1);
  place.host.host = host->StringOr("alias", "");
  place.workdir = host->StringOr("home", "") + "/a work's \"dir\"";
  const std::string runner = HWF_RUNNER_PROGRAM;
  place.program_directory = runner.substr(0, runner.rfind('/'));
  return place;
}

void EndHost(const std::string& top, const ssh::FarPlace& place) {
  if (auto host = ssh::HostOf(place); host.ok()) RunProgram(host->CloseMaster(), false);
  RunProgram({HWF_PYTHON, HWF_SSH_HOST, "down", top + "/host"});
}

std::unique_ptr<Site> Made(ErrorOr<std::unique_ptr<Site>> site) {
  EXPECT_TRUE(site.ok()) << (site.ok() ? "" : site.error().message());
  return site.ok() ? *std::move(site) : nullptr;
}

class SshWorld final : public World {
 public:
  std::string missing() const override { return SshMissing(); }
  void Up() override {
    place_ = BeginHost(files_, {});
    options_.cpus = 2;
    options_.kill_grace_ms = 500;
    options_.idle_exit_ms = 2000;
  }
  void Down() override {
    for (const pid_t agent : Agents()) kill(agent, SIGKILL);
    EndHost(files_, place_);
  }
  std::unique_ptr<Site> MakeSite(Listener& listener) override {
    return Made(ssh::MakeSshSite(place_, options_, listener));
  }
  std::vector<pid_t> Agents() const override {
    return runner::testing::ProcessesWith(std::string("--run") + '\0' + root_ + '\0' + "--state" + '\0' + root_ +
                                          "/agents/far" + '\0' + "--idle-exit-ms");
  }
  bool outlives_agent() const override { return false; }

 private:
  void BeginRun(int number) override {
    place_.run_id = fmt::format("r{}", number);
    root_ = place_.workdir + "/" + place_.run_id;
  }
  ssh::FarPlace place_;
  ssh::SshSiteOptions options_;
};

// A cluster whose commands are found in the session of another user, reached by ssh; this process knows nothing of it.
class SlurmLoginWorld final : public World {
 public:
  std::string missing() const override {
    const std::string of_slurm = SlurmWorld().missing();
    return of_slurm.empty() ? SshMissing() : of_slurm;
  }
  void Up() override {
    chmod(top_.c_str(), 0755);
    const std::string conf = RunProgram({HWF_PYTHON, HWF_SLURM_CLUSTER, "up", top_ + "/c"});
    place_ = BeginHost(files_, {"--env", "SLURM_CONF=" + conf.substr(0, conf.find('\n'))});
    setenv("SLURM_CONF", "/nonexistent/slurm.conf", 1);
    options_ = FastSlurm();
    options_.name = place_.name;
    options_.settings = "{}";
  }
  void Down() override {
    for (const pid_t agent : Agents()) kill(agent, SIGKILL);
    RunProgram({HWF_PYTHON, HWF_SLURM_CLUSTER, "down", top_ + "/c"});
    EndHost(files_, place_);
  }
  std::unique_ptr<Site> MakeSite(Listener& listener) override {
    return Made(ssh::MakeSlurmLoginSite(place_, options_, listener));
  }
  std::vector<pid_t> Agents() const override {
    return runner::testing::ProcessesWith(std::string("slurm") + '\0' + "--run" + '\0' + root_ + '\0');
  }
  bool outlives_agent() const override { return true; }
  std::vector<std::string> extra_variables() const override { return {"SLURM", "TMPDIR"}; }

 private:
  void BeginRun(int number) override {
    place_.run_id = fmt::format("r{}", number);
    root_ = place_.workdir + "/" + place_.run_id;
  }
  ssh::FarPlace place_;
  SlurmOptions options_;
};

}  // namespace

void Recorder::OnReport(const std::string&, runner::Report report, uint64_t offset) {
  if (offset > 0) offset_ = offset;
  if (const auto* ended = std::get_if<runner::Ended>(&report)) {
    EXPECT_TRUE(offset == 0 || !ended_.contains(ended->place)) << ended->place << " ended twice";
    ended_[ended->place] = *ended;
  }
  if (const auto* started = std::get_if<runner::Started>(&report)) {
    EXPECT_FALSE(started_.contains(started->place)) << started->place << " started twice";
    started_[started->place] = *started;
  }
  if (const auto* emitted = std::get_if<runner::Emitted>(&report)) emitted_[emitted->place].push_back(*emitted);
  if (const auto* waiting = std::get_if<runner::Waiting>(&report)) waiting_[waiting->place] = waiting->why;
  if (std::get_if<runner::MessagePlaced>(&report) != nullptr) ++placed_;
  if (const auto* unstarted = std::get_if<runner::Unstarted>(&report)) unstarted_.push_back(unstarted->place);
}

void Recorder::OnTrouble(const std::string&, const std::string& why) {
  in_trouble_ = !why.empty();
  if (in_trouble_) trouble_ = why;
}

std::string SlurmWorld::missing() const {
  const std::string programs = RunProgram({HWF_PYTHON, HWF_SLURM_CLUSTER, "missing"});
  return programs.size() <= 1 ? "" : "Slurm is not installed: " + programs;
}

void SlurmWorld::Up() {
  std::vector<std::string> argv = {HWF_PYTHON, HWF_SLURM_CLUSTER, "up", top_ + "/c"};
  argv.insert(argv.end(), cluster_.begin(), cluster_.end());
  const std::string conf = RunProgram(argv);
  setenv("SLURM_CONF", conf.substr(0, conf.find('\n')).c_str(), 1);
}

void SlurmWorld::Down() {
  for (const pid_t agent : Agents()) kill(agent, SIGKILL);
  RunProgram({HWF_PYTHON, HWF_SLURM_CLUSTER, "down", top_ + "/c"});
}

void SlurmWorld::Daemon(std::vector<std::string> what) {
  what.insert(what.begin(), {HWF_PYTHON, HWF_SLURM_CLUSTER});
  what.insert(what.begin() + 3, top_ + "/c");
  RunProgram(what);
}

std::unique_ptr<Site> SlurmWorld::MakeSite(Listener& listener) {
  SlurmOptions options = FastSlurm();
  options.name = "train";
  options.root = root_;
  options.runner = HWF_RUNNER_PROGRAM;
  options.settings = site_;
  return MakeSlurmSite(options, listener);
}

std::vector<pid_t> SlurmWorld::Agents() const {
  return runner::testing::ProcessesWith(std::string("slurm") + '\0' + "--run" + '\0' + root_ + '\0');
}

World::World() : top_(NewDirectory("/tmp")), files_(top_) {
  if (const char* other = getenv("HWF_TEST_TOP"); other != nullptr) files_ = NewDirectory(other);
}

void World::NewRun() {
  if (runs_ > 0) {
    for (const pid_t agent : Agents()) kill(agent, SIGKILL);
  }
  BeginRun(++runs_);
}

void World::BeginRun(int number) {
  root_ = fmt::format("{}/a run's \"dir\" {}", files_, number);
  for (const std::string& part : {root_, root_ + "/tasks", root_ + "/agents"}) mkdir(part.c_str(), 0700);
}

World::~World() {
  std::error_code ignored;
  for (const std::string& directory : directories()) std::filesystem::remove_all(directory, ignored);
}

std::vector<WorldKind> AllWorlds() {
  return {{"local", [] { return std::make_unique<LocalWorld>(); }},
          {"ssh", [] { return std::make_unique<SshWorld>(); }},
          {"slurm", [] { return std::make_unique<SlurmWorld>(); }},
          {"slurm_login", [] { return std::make_unique<SlurmLoginWorld>(); }},
          {"slurm_allocation", [] {
             auto world = std::make_unique<SlurmWorld>();
             world->site_ = R"({"allocation":2,"max_time":600000,"allocate_all":true})";
             return world;
           }}};
}

std::string RunProgram(const std::vector<std::string>& argv, bool must_succeed) {
  platform::SpawnOptions options;
  options.argv = argv;
  options.inherit_env = true;
  auto finished = platform::RunToEnd(options, "", {kStartMs, 1 << 20});
  EXPECT_TRUE(finished.ok()) << (finished.ok() ? "" : finished.error().message());
  if (!finished.ok()) return "";
  EXPECT_TRUE(!must_succeed || finished->exit_code == 0) << argv[0] << ": " << finished->output;
  return finished->output;
}

}  // namespace hwf::site::testing
