// Results of people whom the run trusts.
#include "runtime/engine/engine_impl.h"

namespace hwf::engine {

// True: it comes again once they were looked for, with a result or with why there is none. Their files are read whole,
// which may take long: off the loop.
bool EngineImpl::AskTrusted(RunSite& entry, Ready& ready, KeyNote& note) {
  if (trusted_->empty()) return false;
  if (ready.distrusted) {
    note.why = *ready.distrusted;
    return false;
  }
  ++entry.bringing;
  worker_.Add([this, site = entry.name(), ready = std::move(ready), note]() mutable -> Worker::Completion {
    std::optional<ReuseEntry> found = trusted_->Find(*ready.start.task, note.key, note.why);
    return [this, site, ready = std::move(ready), note = std::move(note), found = std::move(found)]() mutable {
      if (RunSite* there = sites_.Find(site); there != nullptr && there->bringing > 0) --there->bringing;
      const std::optional<scheduler::StartTask> current = record_->scheduler().FindStart(note.place);
      if (!current || current->attempt != ready.start.attempt) return;  // cancelled meanwhile
      if (!found) {
        ready.distrusted = note.why;
        return AddReady(std::move(ready));
      }
      keys_->Add(note);
      Record(state::TaskReused{note.place, note.key, found->run, found->place, std::move(found->outputs)});
    };
  });
  return true;
}

}  // namespace hwf::engine
