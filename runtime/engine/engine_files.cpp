// Files of emissions that `keep N` has let go. After a restart all that was ever let go is asked for again: what is
// gone is no error.
#include "runtime/engine/engine_impl.h"
#include "runtime/platform/paths.h"

namespace hwf::engine {

void EngineImpl::Do(const scheduler::RemoveFiles& command) {
  if (!command.site.empty()) return RemoveThere(command);
  // Nothing else is ever removed, whatever a task has made of its directories meanwhile; nor what belongs to the run of
  // which this one is a copy.
  const std::string root = record_->paths().Tasks();
  for (const std::string& file : command.files) {
    const ErrorOr<Success> removed = platform::RemoveBelow(root, file);
    if (!removed.ok()) TellNotRemoved(removed.error().message());
  }
}

void EngineImpl::RemoveThere(const scheduler::RemoveFiles& command) {
  RunSite* entry = sites_.Find(command.site);
  if (entry == nullptr) return;
  if (!entry->caught_up) {
    entry->later.emplace_back(command);
    return;
  }
  stager_->Remove(entry->name(), entry->site->root() + "/tasks", command.files,
                  [this](const std::string& why) { TellNotRemoved(why); });
}

void EngineImpl::TellNotRemoved(const std::string& why) { follower_.OnTrouble("files that `keep` has let go: " + why); }

}  // namespace hwf::engine
