#include "runtime/engine/site_table.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "ir/sites.h"
#include "ir/walk.h"
#include "runtime/platform/file_system.h"
#include "runtime/site/slurm_site.h"
#include "runtime/ssh/slurm_login_site.h"
#include "runtime/ssh/ssh_site.h"

namespace hwf::engine {
namespace {

constexpr const char* kHere = "here";
// A runner without engine and work leaves soon: whoever resumes starts another.
constexpr int64_t kIdleExitMs = 3000;

// Where the nodes of a region, and of those in it, run.
class Collector {
 public:
  explicit Collector(const ir::Module& module) : module_(module) {}
  std::set<std::string> Take() {
    for (const ir::Workflow& workflow : module_.workflows) Look(workflow.region);
    return std::move(names_);
  }

 private:
  void Look(const ir::Region& region) {
    for (const ir::Node& node : region.nodes) {
      if (const auto* call = std::get_if<ir::TaskNode>(&node.body)) Look(*call);
      // What lies on this machine's file system the engine sees for itself.
      const auto* source = std::get_if<ir::SourceNode>(&node.body);
      const bool placed = source != nullptr && !source->on.empty();
      if (placed && !ir::FilesOf(module_, source->on).empty()) names_.insert(source->on);
      ir::ForEachRegion(node, [this](const ir::Region& inner) { Look(inner); });
    }
  }
  void Look(const ir::TaskNode& call) {
    const ir::Task* task = module_.FindTask(call.task);
    const bool named = task != nullptr && !task->on.empty();
    names_.insert(!call.site.empty() ? call.site : named ? task->on.front() : kHere);
  }

  const ir::Module& module_;
  std::set<std::string> names_;
};

// The declaration of a site; `here` needs none.
ErrorOr<ir::Site> Declared(const ir::Module& module, const std::string& name) {
  for (const ir::Site& site : module.sites) {
    if (site.name == name) return ir::Site{site.name, site.kind, site.fields};
  }
  if (name == kHere) return ir::Site{kHere, "local", Json::Object()};
  return MakeError("`{}` is no site of the program", name);
}

// The first local site of a run is served by the run's own runner, another by one beside it.
ErrorOr<site::LocalOptions> LocalOf(const ir::Site& site, const std::string& run_directory, bool first) {
  HWF_ASSIGN(site::LocalOptions options, site::LocalOptionsFromFields(site, run_directory));
  options.idle_exit_ms = kIdleExitMs;
  if (!first) options.state = run_directory + "/agents/" + site.name;
  return options;
}

ErrorOr<Success> MakeFolder(const std::string& path) {
  const ErrorOr<Success> made = platform::RealFileSystem().MakeDirectory(path, 0700);
  return made.ok() || made.error().code() == EEXIST ? ErrorOr<Success>(Success{}) : made;
}

// The agent tells its whole log again: the copy is written anew beside the old one, which it replaces when it is whole.
ErrorOr<std::unique_ptr<journal::LogWriter>> OpenCopy(const std::string& run_directory, const std::string& name) {
  const std::string directory = run_directory + "/agents";
  HWF_TRY(MakeFolder(directory));
  HWF_TRY(MakeFolder(directory + "/" + name));
  const std::string path = directory + "/" + name + "/log.new";
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return ErrnoError(errno, "removing " + path);
  return journal::LogWriter::Open(platform::RealFileSystem(), path, 0600);
}

ErrorOr<std::unique_ptr<site::Site>> MakeFar(const ir::Site& declared, const ssh::FarPlace& place,
                                             site::Listener& listener) {
  if (declared.kind == "slurm") {
    HWF_ASSIGN(const site::SlurmOptions options, site::SlurmOptionsFromFields(declared, "/"));
    return ssh::MakeSlurmLoginSite(place, options, listener);
  }
  HWF_ASSIGN(const ssh::SshSiteOptions options, ssh::SshOptionsFromFields(declared));
  return ssh::MakeSshSite(place, options, listener);
}

Error NotCarried(const ir::Site& site) {
  return MakeError("tasks run on `{}`, a site of kind {}, which this version does not know", site.name, site.kind);
}

}  // namespace

std::vector<std::string> UsedSites(const ir::Module& module) {
  const std::set<std::string> names = Collector(module).Take();
  std::vector<std::string> used(names.begin(), names.end());
  std::stable_partition(used.begin(), used.end(), [](const std::string& name) { return name == kHere; });
  return used;
}

ErrorOr<Success> CheckSites(const ir::Module& module) {
  for (const std::string& name : UsedSites(module)) {
    HWF_ASSIGN(const ir::Site site, Declared(module, name));
    if (!ir::IsSiteKind(site.kind)) return NotCarried(site);
    if (site.kind == "local") HWF_TRY(LocalOf(site, "/", true));
    if (site.kind == "ssh") HWF_TRY(ssh::SshOptionsFromFields(site));
    if (site.kind == "slurm") HWF_TRY(site::SlurmOptionsFromFields(site, "/"));
    if (!ir::IsOnThisMachine(site)) HWF_TRY(ssh::FarPlaceFromFields(site));
    HWF_TRY(ReadSecrets(module, site));
  }
  return Success{};
}

ErrorOr<SiteTable> SiteTable::Open(const ir::Module& module, const std::string& run_directory,
                                   const std::string& run_id, const Installation& programs, site::Listener& listener) {
  SiteTable table;
  bool first = true;
  for (const std::string& name : UsedSites(module)) {
    HWF_ASSIGN(const ir::Site declared, Declared(module, name));
    auto entry = std::make_unique<RunSite>();
    if (!ir::IsSiteKind(declared.kind)) return NotCarried(declared);
    if (!ir::IsOnThisMachine(declared)) {
      HWF_ASSIGN(ssh::FarPlace place, ssh::FarPlaceFromFields(declared));
      place.shares_files = ir::FilesOf(module, name).empty();
      place.run_id = run_id;
      place.program_directory = programs.programs;
      place.python_directory = programs.python;
      HWF_ASSIGN(entry->host, ssh::HostOf(place));
      if (!place.shares_files) {
        HWF_ASSIGN(entry->copy, OpenCopy(run_directory, name));
      }
      HWF_ASSIGN(entry->site, MakeFar(declared, place, listener));
    } else if (declared.kind == "slurm") {
      HWF_ASSIGN(site::SlurmOptions options, site::SlurmOptionsFromFields(declared, run_directory));
      options.runner = programs.programs + "/hwf-runner";
      options.idle_exit_ms = kIdleExitMs;
      for (const char* part : {"/tasks", "/agents"}) {
        HWF_TRY(platform::MakeDirectories(platform::RealFileSystem(), options.root + part, 0700));
      }
      entry->site = site::MakeSlurmSite(options, listener);
    } else {
      HWF_ASSIGN(site::LocalOptions options, LocalOf(declared, run_directory, std::exchange(first, false)));
      options.runner = programs.programs + "/hwf-runner";
      if (!options.state.empty()) HWF_TRY(MakeFolder(run_directory + "/agents"));
      entry->site = site::MakeLocalSite(options, listener);
    }
    HWF_ASSIGN(entry->secrets, ReadSecrets(module, declared));
    table.sites_.push_back(std::move(entry));
  }
  return table;
}

RunSite* SiteTable::Find(const std::string& name) {
  for (const auto& entry : sites_) {
    if (entry->name() == name) return entry.get();
  }
  return nullptr;
}

bool SiteTable::caught_up() const {
  return std::all_of(sites_.begin(), sites_.end(), [](const auto& entry) { return entry->caught_up; });
}

bool SiteTable::nothing_ready() const {
  return std::all_of(sites_.begin(), sites_.end(), [](const auto& entry) { return entry->ready.empty(); });
}

size_t SiteTable::waiting() const {
  size_t waiting = 0;
  for (const auto& entry : sites_) waiting += entry->waiting;
  return waiting;
}

bool SiteTable::Forget(const state::Place& place, int attempt) {
  return std::any_of(sites_.begin(), sites_.end(),
                     [&](const auto& entry) { return entry->ready.Forget(place, attempt); });
}

}  // namespace hwf::engine
