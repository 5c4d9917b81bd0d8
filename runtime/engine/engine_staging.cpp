// Files that are elsewhere: what an attempt names is brought to its site before it is submitted, what a review shows
// and what a run gives back is fetched here. Of a file the copy counts as the file from then on: it has its digest.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "ir/sites.h"
#include "runtime/engine/engine_impl.h"
#include "runtime/engine/evidence.h"
#include "runtime/platform/paths.h"

namespace hwf::engine {
namespace {

constexpr int64_t kTellMs = 2000;  // of files on their way, after so long and so often

// For people who wait: "41.5 KiB", "3.2 MiB", "1.2 GiB".
std::string About(int64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

Json FileAt(const Json& file, const std::string& path, const std::string& site) {
  Json there;
  there.Set("path", path).Set("digest", file["digest"]).Set("size", file.IntOr("size", 0));
  if (!site.empty()) there.Set("site", site);
  return there;
}

}  // namespace

// Whether files of `site` (empty: this machine) are seen at `other` under their own paths.
bool EngineImpl::SeenAt(const std::string& site, const std::string& other) const {
  const auto files_of = [this](const std::string& name) {
    return name.empty() ? std::string() : ir::FilesOf(record_->module(), name);
  };
  return files_of(site) == files_of(other);
}

void EngineImpl::MarkSite(Json& value, const std::string& site) const {
  if (SeenAt("", site)) return;
  std::vector<Json*> files;
  CollectParts(value, files);
  for (Json* file : files) file->Set("site", site);
}

// An earlier result counts if its files elsewhere are as they were.
void EngineImpl::CompareElsewhere(RunSite& entry, Ready ready, const std::vector<const Json*>& files,
                                  state::TaskReused reused) {
  ++entry.bringing;
  auto looking = std::make_shared<Bringing>();
  looking->compare = true;
  for (const Json* file : files) {
    looking->items.push_back(
        {file->StringOr("site", ""), file->StringOr("path", ""), file->StringOr("digest", ""), file->IntOr("size", 0)});
  }
  looking->to = looking->items.front().site;
  looking->left = 1;
  looking->place = ready.start.place;
  looking->attempt = ready.start.attempt;
  looking->since_ms = clock_.MonotonicMs();
  bringing_.push_back(looking);
  auto held = std::make_shared<Ready>(std::move(ready));
  stager_->Compare(looking->items, [this, site = entry.name(), looking, held, reused = std::move(reused)](bool same) {
    looking->left = 0;
    if (RunSite* there = sites_.Find(site); there != nullptr && there->bringing > 0) --there->bringing;
    const std::optional<scheduler::StartTask> current = record_->scheduler().FindStart(reused.place);
    if (!current || current->attempt != held->start.attempt) return;  // cancelled meanwhile
    if (same) {
      Record(reused);
    } else {
      held->unequal = true;
      AddReady(std::move(*held));
    }
  });
}

void EngineImpl::OpenStager() {
  // Else it is made when something comes; what its mode is, what comes there goes by.
  if (shared_) (void)files_.MakeDirectory(record_->paths().Store(), 02750);
  const auto store_of = [this](const std::string& name) -> std::optional<staging::Store> {
    if (name.empty()) return staging::Store{"", std::nullopt, record_->paths().Store(), OwnRunner()};
    const RunSite* entry = sites_.Find(name);
    if (entry == nullptr || !entry->host) return std::nullopt;
    return staging::Store{name, entry->host, entry->site->root() + "/store",
                          entry->site->setting().programs + "/hwf-runner"};
  };
  stager_ = std::make_unique<staging::Stager>(store_of, OwnRunner());
}

std::string EngineImpl::OwnRunner() const { return options_.program_directory + "/hwf-runner"; }

// Of what stays where it is, which is never copied; empty: it is seen there, or is passed on.
std::string EngineImpl::WhyNotBrought(const Bringing& bringing, const Json& file) const {
  const std::string site = file.StringOr("site", "");
  const bool seen = bringing.staying == Bringing::Staying::kSeen && SeenAt(site, bringing.to);
  if (seen || bringing.staying == Bringing::Staying::kPassed) return "";
  return fmt::format("{} stays {}, as its `on:` says", file.StringOr("path", ""),
                     site.empty() ? "on this machine" : "at `" + site + "`");
}

// Those of the files in `values` that are not seen at `to` (empty: this machine) are brought there, and their places
// take; then `done`.
void EngineImpl::BringFiles(const std::shared_ptr<Bringing>& bringing,
                            const std::function<void(const std::string& why)>& done) {
  struct Wanted {
    Json* value;
    staging::Item item;
  };
  std::vector<Json*> files;
  for (Json* value : bringing->values) CollectParts(*value, files);
  std::vector<Wanted> wanted;
  for (Json* file : files) {
    const std::string site = file->StringOr("site", "");
    if (file->BoolOr("stays", false)) {
      if (bringing->why.empty()) bringing->why = WhyNotBrought(*bringing, *file);
      continue;
    }
    if (SeenAt(site, bringing->to)) continue;
    wanted.push_back({file,
                      {SeenAt(site, "") ? "" : site, file->StringOr("path", ""), file->StringOr("digest", ""),
                       file->IntOr("size", 0)}});
  }
  bringing->left = wanted.size();
  bringing->since_ms = clock_.MonotonicMs();
  if (wanted.empty() || !bringing->why.empty()) {
    bringing->left = 0;
    return done(bringing->why);
  }
  bringing_.push_back(bringing);
  for (const Wanted& one : wanted) bringing->items.push_back(one.item);
  for (const Wanted& one : wanted) {
    stager_->Bring(one.item, bringing->to, [bringing, done, one](const ErrorOr<std::string>& path) {
      if (path.ok()) *one.value = FileAt(*one.value, *path, bringing->to);
      if (!path.ok() && bringing->why.empty()) bringing->why = path.error().message();
      if (--bringing->left == 0) done(bringing->why);
    });
  }
}

bool EngineImpl::NeedsFiles(const RunSite& entry, const scheduler::StartTask& start) const {
  if (!start.task->uses.empty() && !SeenAt("", entry.name())) return true;
  std::vector<const Json*> found;
  for (const Json& argument : start.arguments) CollectFiles(argument, found);
  for (const scheduler::QueuedMessage& message : start.messages) CollectFiles(message.fields, found);
  return std::any_of(found.begin(), found.end(),
                     [&](const Json* file) { return !SeenAt(file->StringOr("site", ""), entry.name()); });
}

// `uses` are copied first: what lies there now is what the attempt gets.
void EngineImpl::BringToSite(RunSite& entry, Ready ready) {
  ++entry.bringing;
  if (ready.start.task->uses.empty() || SeenAt("", entry.name())) return BringArguments(entry.name(), std::move(ready));
  if (!bundles_) bundles_.emplace(record_->paths().Uses());
  worker_.Add([this, ready = std::move(ready), site = entry.name()]() mutable -> Worker::Completion {
    ErrorOr<Json> bundle = bundles_->Of(ready.start.task->uses);
    std::string why = bundle.ok() ? "" : bundle.error().message();
    if (bundle.ok()) ready.uses = std::move(bundle).value();
    return [this, ready = std::move(ready), site, why]() mutable {
      if (why.empty()) return BringArguments(site, std::move(ready));
      OnBrought(site, std::move(ready), why);
    };
  });
}

void EngineImpl::BringArguments(const std::string& site, Ready ready) {
  auto held = std::make_shared<Ready>(std::move(ready));
  auto bringing = std::make_shared<Bringing>();
  bringing->to = SeenAt("", site) ? "" : site;
  bringing->place = held->start.place;
  bringing->attempt = held->start.attempt;
  for (Json& argument : held->start.arguments) bringing->values.push_back(&argument);
  for (scheduler::QueuedMessage& message : held->start.messages) bringing->values.push_back(&message.fields);
  bringing->values.push_back(&held->uses);
  BringFiles(bringing, [this, site, held](const std::string& why) { OnBrought(site, std::move(*held), why); });
}

void EngineImpl::OnBrought(const std::string& site, Ready ready, const std::string& why) {
  if (RunSite* entry = sites_.Find(site); entry != nullptr && entry->bringing > 0) --entry->bringing;
  const std::optional<scheduler::StartTask> current = record_->scheduler().FindStart(ready.start.place);
  if (!current || current->attempt != ready.start.attempt) return;  // cancelled meanwhile
  if (!why.empty()) {
    return FailAttempt(ready.start.place, ready.start.attempt, ir::Reason::kSite,
                       fmt::format("a file that it needs does not come to `{}`: {}", site, why));
  }
  ready.brought = true;
  AddReady(std::move(ready));
}

void EngineImpl::BringMessage(const std::string& site, runner::Message message) {
  const std::string key = KeyOf(message.place, message.attempt);
  auto letter = std::make_shared<Letter>(Letter{std::move(message)});
  letters_[key].push_back(letter);
  auto bringing = std::make_shared<Bringing>();
  bringing->to = SeenAt("", site) ? "" : site;
  bringing->values = {&letter->message.body};
  BringFiles(bringing, [this, site, key, letter](const std::string& why) {
    // The job goes on, and is told all the same: what a message without its file is worth, it knows itself.
    if (!why.empty()) {
      follower_.OnTrouble(fmt::format("{}: a file of message {} does not come to `{}`: {}", letter->message.place,
                                      letter->message.number, site, why));
    }
    letter->brought = true;
    SendBrought(site, key);
  });
}

void EngineImpl::SendBrought(const std::string& site, const std::string& key) {
  std::deque<std::shared_ptr<Letter>>& letters = letters_[key];
  RunSite* entry = sites_.Find(site);
  while (!letters.empty() && letters.front()->brought) {
    if (entry != nullptr) entry->site->Deliver(letters.front()->message);
    letters.pop_front();
  }
  if (letters.empty()) letters_.erase(key);
}

// What was approved was frozen here, wherever it was made.
Json EngineImpl::ApprovedHere(const Json& file) const {
  if (SeenAt(file.StringOr("site", ""), "")) return file;
  const std::string below =
      "/" + HexOf(file.StringOr("digest", "")) + "/" + platform::BaseName(file.StringOr("path", ""));
  const std::string frozen = record_->paths().Evidence() + below;
  const bool is_frozen = access(frozen.c_str(), F_OK) == 0;
  return FileAt(file, is_frozen ? frozen : record_->paths().Store() + below, "");
}

// Why attempts wait that wait for files.
void EngineImpl::TellBringing() {
  std::erase_if(bringing_, [](const auto& one) { return one->left == 0; });
  const int64_t now = clock_.MonotonicMs();
  for (const auto& one : bringing_) {
    if (one->place.empty() || now - one->since_ms < kTellMs || now - one->told_ms < kTellMs) continue;
    one->told_ms = now;
    int64_t moved = 0, all = 0;
    std::string trouble;
    for (const staging::Item& item : one->items) {
      const staging::Stager::Progress progress = stager_->ProgressOf(item.digest, one->to);
      moved += std::min(progress.moved, item.size);
      all += item.size;
      if (!progress.trouble.empty()) trouble = ": " + progress.trouble;
    }
    const std::string what =
        one->items.size() == 1 ? platform::BaseName(one->items[0].path) : fmt::format("{} files", one->items.size());
    const std::string looks = fmt::format("{} of an earlier result read at {}, {}", what, one->to, About(all));
    const std::string why =
        one->compare ? looks
                     : fmt::format("{} on the way {}, {} of {}{}", what, one->to.empty() ? "here" : "to " + one->to,
                                   About(moved), About(all), trouble);
    const scheduler::TaskView* view = record_->scheduler().FindTask(one->place);
    if (view == nullptr || view->attempt != one->attempt || view->waiting == why) continue;
    Record(state::AttemptWaiting{one->place, one->attempt, why});
  }
}

}  // namespace hwf::engine
