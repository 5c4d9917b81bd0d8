// `keep N` of a stream: the files of its newest N emissions stay, and those of an older one go as soon as nothing of
// the run can come to ask for them. Its values stay.
//
// Which ones go follows from the events alone, so a replay comes to the same. No event says that they are gone: to
// remove them again changes nothing.
#include <algorithm>

#include "runtime/scheduler/impl.h"
#include "runtime/state/command.h"
#include "runtime/state/files.h"

namespace hwf::scheduler {
namespace {

std::vector<const Json*> FilesOf(const Json& value) {
  std::vector<const Json*> files;
  state::CollectFiles(value, files);
  return files;
}

// Whether what lies below `checkpoints/` of the attempt may be an output there.
bool MayBeCheckpoint(const std::string& path) {
  const std::string first = path.substr(0, path.find('/'));
  return first == "checkpoints" || first == "." || first.find_first_of("*?[{") != std::string::npos ||
         path.find("..") != std::string::npos || path.find("//") != std::string::npos;
}

}  // namespace

// An emission that was just recorded: its files are counted, as several may name one.
void Scheduler::Impl::NoteFiles(uint32_t task, uint32_t stream, const EmissionRecord& emission) {
  const std::vector<ir::Stream>& declared = tasks[task].task->streams;
  const bool any =
      std::any_of(declared.begin(), declared.end(), [](const ir::Stream& s) { return s.keep.has_value(); });
  if (!any) return;
  TaskExtra& extra = Extra(task);
  for (const Json* file : FilesOf(emission.values)) ++extra.named[file->StringOr("path", "")];
  if (!declared[stream].keep) return;
  extra.kept.resize(declared.size());
  extra.kept[stream].push_back(emission.number);
  MayRelease(task);
}

// What goes on with the run for as long as the run does: it is told to a job, which may be tried again, or stands in
// its history.
void Scheduler::Impl::PinFiles(const Json& value) {
  for (const Json* file : FilesOf(value)) pinned_.insert(file->StringOr("path", ""));
}

// Something has ended, or begun, that may have been all that needed the files of a task's emissions.
void Scheduler::Impl::MayRelease(uint32_t task) {
  if (task == kNothing || !task_states_[task].extra || task_states_[task].extra->kept.empty()) return;
  if (std::find(releasing_.begin(), releasing_.end(), task) == releasing_.end()) releasing_.push_back(task);
}

void Scheduler::Impl::ReleaseFiles() {
  // What stands on an answer that nobody has confirmed may be done again.
  if (releasing_.empty() || !assumed_.empty() || memory_) return;
  for (const uint32_t task : std::exchange(releasing_, {})) ReleaseFilesOf(task);
}

void Scheduler::Impl::ReleaseFilesOf(uint32_t task) {
  if (!AllWatchesBegun(task) || OutputsMayBeCheckpoints(task)) return;
  TaskExtra& extra = Extra(task);
  for (uint32_t stream = 0; stream < extra.kept.size(); ++stream) {
    const auto keep = static_cast<size_t>(tasks[task].task->streams[stream].keep.value_or(0));
    std::vector<int64_t>& kept = extra.kept[stream];
    std::vector<EmissionRecord>& emissions = tasks[task].streams[stream].second;
    const int64_t last = static_cast<int64_t>(emissions.size() - std::min(emissions.size(), keep));
    std::erase_if(kept, [&](int64_t number) {
      if (number > last || IsNeeded(task, stream, number)) return false;
      Release(task, emissions[static_cast<size_t>(number - 1)]);
      return true;
    });
  }
}

// A `watch` that has not begun shows what was there before. One in an inner block may begin at any time, and a list of
// all emissions may go anywhere.
bool Scheduler::Impl::AllWatchesBegun(uint32_t task) const {
  const NodePlan& plan = *task_states_[task].plan;
  if (plan.streams_read || plan.watched_within) return false;
  // A rewind has not come to it, or it was cancelled.
  if (task_states_[task].frame == kNothing) return tasks[task].superseded;
  const Frame* frame = Alive(task_states_[task].frame);
  return frame == nullptr || std::all_of(plan.watches.begin(), plan.watches.end(), [&](uint32_t node) {
           return frame->nodes[node].finished || frame->nodes[node].instance != kNothing;
         });
}

bool Scheduler::Impl::OutputsMayBeCheckpoints(uint32_t task) {
  TaskExtra& extra = Extra(task);
  if (!extra.outputs_apart) {
    state::TaskValues values;
    values.arguments = tasks[task].arguments;
    values.attempt = tasks[task].attempt;
    const auto paths = state::OutputPaths(module_, *tasks[task].task, values);
    extra.outputs_apart = paths.ok() && std::none_of(paths->begin(), paths->end(), [](const state::OutputPath& output) {
                            return MayBeCheckpoint(output.path);
                          });
  }
  return !*extra.outputs_apart;
}

// By the attempt that began with it as `previous`, or by a body that shows it, or will.
bool Scheduler::Impl::IsNeeded(uint32_t task, uint32_t stream, int64_t number) const {
  const TaskState& state = task_states_[task];
  const TaskExtra& extra = *state.extra;
  const bool begun_with = stream < extra.previous.size() && extra.previous[stream] == number;
  if (begun_with && state.phase != TaskPhase::kEnded) return true;
  const std::string& name = tasks[task].task->streams[stream].name;
  return std::any_of(extra.shown_in.begin(), extra.shown_in.end(), [&](uint32_t index) {
    const WatchState& watch = watches_[index];
    const Frame* frame = Alive(watch.frame);
    if (frame == nullptr || watch.closed) return false;
    if (std::get<ir::WatchNode>(frame->plan->nodes[watch.node].node->body).stream != name) return false;
    return watch.waiting == number ||
           std::find(watch.showing.begin(), watch.showing.end(), number) != watch.showing.end();
  });
}

void Scheduler::Impl::Release(uint32_t task, EmissionRecord& emission) {
  const std::vector<const Json*> files = FilesOf(emission.values);
  // They are where the attempt ran: here, or at a distant site. What lies anywhere else is not the run's.
  const std::string site = files.empty() ? "" : files.front()->StringOr("site", "");
  const bool others = std::any_of(files.begin(), files.end(), [&](const Json* file) {
    const bool here = file->StringOr("path", "").starts_with(directory_ + "/tasks/");
    return file->StringOr("site", "") != site || (site.empty() && !here);
  });
  if (others) return;
  TaskExtra& extra = Extra(task);
  Removal removal;
  for (const Json* file : files) {
    const std::string path = file->StringOr("path", "");
    if (--extra.named[path] == 0 && pinned_.count(path) == 0) removal.files.push_back(path);
  }
  if (removal.files.empty()) return;
  emission.files_removed = true;
  removal.site = site;
  removal.sequence = Emit(RemoveFiles{tasks[task].place, site, removal.files});
  extra.removals.push_back(std::move(removal));
}

// Why a rewind cannot be: a body would show an emission whose files are gone, now or when its watch begins; empty:
// none.
std::string Scheduler::Impl::ShownWithoutFiles() const {
  const auto refusal = [this](const Place& watch, const EmissionRecord& emission, uint32_t task) {
    const Place& job = tasks[task].place;
    return fmt::format(
        "`{}` would show emission {} of `{}` again, whose files are gone, as its `keep` says: go back to `{}`, which "
        "makes them again",
        watch, emission.number, job, job);
  };
  for (const WatchState& watch : watches_) {
    for (const int64_t number : watch.closed ? std::vector<int64_t>() : watch.showing) {
      const EmissionRecord* emission = FindEmission(watch, number);
      if (emission != nullptr && emission->files_removed) return refusal(watch.place, *emission, watch.task);
    }
  }
  for (uint32_t task = 0; task < tasks.size(); ++task) {
    const TaskState& state = task_states_[task];
    const Frame* frame = Alive(state.frame);
    if (frame == nullptr || tasks[task].superseded || !state.extra || state.extra->removals.empty()) continue;
    for (const uint32_t node : state.plan->watches) {
      const bool too_late = frame->plan->nodes[node].only_for_job && state.phase == TaskPhase::kEnded;
      if (too_late || frame->nodes[node].finished || frame->nodes[node].instance != kNothing) continue;
      const auto& watch = std::get<ir::WatchNode>(frame->plan->nodes[node].node->body);
      for (const auto& [name, emissions] : tasks[task].streams) {
        const auto gone = std::find_if(emissions.begin(), emissions.end(),
                                       [](const EmissionRecord& emission) { return emission.files_removed; });
        if (name == watch.stream && gone != emissions.end()) return refusal(PlaceOf(*frame, node), *gone, task);
      }
    }
  }
  return "";
}

}  // namespace hwf::scheduler
