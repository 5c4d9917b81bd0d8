#include "runtime/engine/run_record.h"

#include <unistd.h>

#include "ir/json.h"
#include "ir/verify.h"
#include "runtime/platform/hash.h"

namespace hwf::engine {
namespace {

constexpr uint64_t kMaxProgramBytes = uint64_t{1} << 30;

}  // namespace

std::string RunPaths::Attempt(const state::Place& place, int attempt) const {
  return Tasks() + "/" + place + "/" + std::to_string(attempt);
}

std::string RunPaths::Agent(const std::string& site) const {
  const std::string own = root + "/agents/" + site;
  return access(own.c_str(), F_OK) == 0 ? own : Runner();
}

ErrorOr<Success> RunRecord::LoadProgram() {
  const std::string path = paths_.Program();
  HWF_ASSIGN(const std::string text, files_.Read(path, kMaxProgramBytes));
  ErrorOr<ir::Module> module = ir::ModuleFromText(text);
  if (!module.ok()) return module.error().WithContext(path);
  const std::vector<std::string> faults = ir::Verify(module.value());
  if (!faults.empty()) return MakeError("{} is not a sound program: {}", path, faults.front());
  module_ = std::make_unique<ir::Module>(std::move(module).value());
  program_digest_ = platform::Digest(text);
  scheduler_ = std::make_unique<scheduler::Scheduler>(*module_);
  return Success{};
}

ErrorOr<std::unique_ptr<RunRecord>> RunRecord::Load(platform::FileSystem& files, const std::string& directory,
                                                    const Observer& observer) {
  std::unique_ptr<RunRecord> record(new RunRecord(files, directory));
  HWF_TRY(record->LoadProgram());
  HWF_TRY(record->Refresh(observer));
  if (record->facts_.id.empty()) {
    return MakeError("{}: no run began here (its journal has no start); `hwf gc` removes it", directory);
  }
  return record;
}

ErrorOr<bool> RunRecord::Refresh(const Observer& observer) {
  bool any = false;
  HWF_TRY(reader_.Read([&](std::string_view payload, uint64_t end) -> ErrorOr<Success> {
    ErrorOr<Json> json = Json::Parse(payload, {.allow_nan = true});
    if (!json.ok()) return json.error().WithContext(paths_.Journal() + ", record before byte " + std::to_string(end));
    ErrorOr<state::Event> event = state::EventFromJson(json.value());
    if (!event.ok()) return event.error().WithContext(paths_.Journal() + ", record before byte " + std::to_string(end));
    if (event->epoch < facts_.epoch) return Success{};  // of an engine that had lost its lease
    if (ErrorOr<Success> same = CheckProgram(event.value()); !same.ok()) return same;
    const std::vector<scheduler::Command> commands = Apply(event.value());
    if (observer) observer(event.value(), commands);
    any = true;
    return Success{};
  }));
  return any;
}

// The run's tasks can write to it: what the journal says is of the program that the run began with.
ErrorOr<Success> RunRecord::CheckProgram(const state::Event& event) const {
  const auto* started = std::get_if<state::RunStarted>(&event.body);
  if (started == nullptr || started->ir_digest == program_digest_) return Success{};
  return MakeError("{} is not the program that the run began with: its digest was {}, now it is {}", paths_.Program(),
                   started->ir_digest, program_digest_);
}

std::vector<scheduler::Command> RunRecord::Apply(const state::Event& event) {
  Note(event);
  return scheduler_->Apply(event);
}

void RunRecord::Note(const state::Event& event) {
  ++facts_.events;
  facts_.last_event = event.time;
  facts_.epoch = std::max(facts_.epoch, event.epoch);
  if (const auto* started = std::get_if<state::RunStarted>(&event.body)) {
    facts_.id = started->run_id;
    facts_.directory = paths_.root;
    facts_.people = started->people;
    facts_.from = started->from;
    facts_.trust = started->trust;
    facts_.params = started->params;
    facts_.starter = started->starter;
    facts_.started = event.time;
  } else if (const auto* engine = std::get_if<state::EngineStarted>(&event.body)) {
    facts_.engine_host = engine->host;
    facts_.engine_pid = engine->pid;
    facts_.engine_started = event.time;
  } else if (const auto* cancel = std::get_if<state::CancelRequested>(&event.body)) {
    facts_.cancelled = facts_.cancelled || cancel->place.empty();
  } else if (const auto* rewind = std::get_if<state::RewindRequested>(&event.body)) {
    if (rewind->set.is_object()) {
      for (const JsonMember& member : rewind->set.AsObject()) facts_.params.Set(member.key, member.value);
    }
    facts_.finished = facts_.ok = facts_.cancelled = false;
    facts_.why.clear();
    facts_.outputs = Json();
    facts_.ended = 0;
  } else if (const auto* troubled = std::get_if<state::SiteTroubled>(&event.body)) {
    if (troubled->why.empty()) {
      facts_.troubled.erase(troubled->site);
    } else {
      facts_.troubled[troubled->site] = troubled->why;
    }
  } else if (const auto* finished = std::get_if<state::RunFinished>(&event.body)) {
    facts_.finished = true;
    facts_.ok = finished->ok;
    facts_.why = finished->why;
    facts_.outputs = finished->outputs;
    facts_.ended = event.time;
  }
}

}  // namespace hwf::engine
