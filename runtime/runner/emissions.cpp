#include "runtime/runner/emissions.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <utility>

#include "base/utf8.h"

namespace hwf::runner {
namespace {

constexpr int kMaxDepth = 32;
constexpr size_t kMaxFiles = 64;        // that one emission names
constexpr size_t kMaxLook = 100'000;    // names looked at in one scan
constexpr size_t kMaxScan = 2000;       // files taken from them, the oldest; the rest waits for the next
constexpr size_t kMaxReady = 256;       // handed on in one scan
constexpr int64_t kTornGraceMs = 1000;  // a file that was changed since then may still be being written
constexpr size_t kMaxKnown = 100'000;
constexpr size_t kMaxUsed = 1'000'000;  // names; from then on no file is removed

bool Listed(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The names of all {"file": name}; false if one is not to be followed.
bool CollectFiles(const Json& json, std::vector<std::string>& files) {
  if (json.is_array()) {
    for (const Json& item : json.AsArray()) {
      if (!CollectFiles(item, files)) return false;
    }
  } else if (json.is_object()) {
    if (json.AsObject().size() == 1 && json["file"].is_string()) {
      files.push_back(json["file"].AsString());
      return IsPlainRelativePath(files.back()) && files.size() <= kMaxFiles;
    }
    for (const JsonMember& member : json.AsObject()) {
      if (!CollectFiles(member.value, files)) return false;
    }
  }
  return true;
}

}  // namespace

bool IsPlainRelativePath(std::string_view path) {
  if (path.empty() || path.size() > 1024 || path.find('\0') != std::string_view::npos) return false;
  int parts = 0;
  while (true) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || ++parts > 8) return false;
    if (slash == path.size()) return true;
    path.remove_prefix(slash + 1);
  }
}

int OpenBelow(int directory_fd, std::string_view path, int flags) {
  int at = directory_fd;
  while (true) {
    const size_t slash = std::min(path.find('/'), path.size());
    const bool last = slash == path.size();
    const std::string part(path.substr(0, slash));
    const int next = openat(at, part.c_str(), (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
    const int error = errno;
    if (at != directory_fd) close(at);
    errno = error;
    if (next < 0 || last) return next;
    at = next;
    path.remove_prefix(slash + 1);
  }
}

ErrorOr<Emission> ParseEmission(std::string_view text) {
  Json::Limits limits;
  limits.depth = kMaxDepth;
  limits.bytes = kMaxEmissionBytes;
  limits.allow_nan = true;
  auto parsed = Json::Parse(text, limits);
  if (!parsed.ok()) return parsed.error().WithContext("not valid JSON");
  const Json& json = *parsed;
  if (!json.is_object()) return MakeError("not a JSON object");
  for (const JsonMember& member : json.AsObject()) {
    if (member.key != "checkpoint" && member.key != "values" && member.key != "taken") {
      return MakeError("the member `{}` is not known; an emission has checkpoint, values and taken",
                       std::string_view(member.key).substr(0, 64));
    }
  }
  const Json& stream = json["checkpoint"];
  if (!stream.is_string() || stream.AsString().empty() || stream.AsString().size() > 256) {
    return MakeError("`checkpoint` is not the name of a stream");
  }
  if (!json["values"].is_object()) return MakeError("`values` is not an object");
  const Json* taken = json.Find("taken");
  if (taken != nullptr && (!taken->is_int() || taken->AsInt() < 0 || taken->AsInt() > 999'999)) {
    return MakeError("`taken` is not the number of a message");
  }
  Emission emission;
  emission.stream = stream.AsString();
  if (!CollectFiles(json["values"], emission.files)) {
    return MakeError("it names a file that is not a plain path below checkpoints/, or more than {} files", kMaxFiles);
  }
  emission.content = Json::Object()
                         .Set("checkpoint", stream)
                         .Set("values", json["values"])
                         .Set("taken", taken == nullptr ? int64_t{0} : taken->AsInt());
  return emission;
}

struct Emissions::Seen {
  std::string file;
  struct stat info {};
  friend bool operator<(const Seen& a, const Seen& b) {
    const timespec &x = a.info.st_mtim, &y = b.info.st_mtim;
    return std::tie(x.tv_sec, x.tv_nsec, a.file) < std::tie(y.tv_sec, y.tv_nsec, b.file);
  }
};

Emissions::Emissions(std::string directory, std::vector<std::string> streams, std::vector<std::string> every_all,
                     std::set<std::string> known, Check check)
    : directory_(std::move(directory)),
      fd_(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)),
      streams_(std::move(streams)),
      every_all_(std::move(every_all)),
      check_(std::move(check)),
      known_(std::move(known)) {}

Emissions::~Emissions() {
  if (fd_ >= 0) close(fd_);
}

// What lies there, the oldest first. A listing is not a moment: of names that come meanwhile it may have a later one
// and not an earlier. A second one has all that came before what the first has; what is newer waits for the next scan.
std::vector<Emissions::Seen> Emissions::List(bool& more) {
  const std::vector<Seen> first = ListOnce(more);
  if (first.empty()) return {};
  std::vector<Seen> seen = ListOnce(more);
  const auto newer = std::upper_bound(seen.begin(), seen.end(), first.back());
  if (newer != seen.end()) more = true;
  seen.erase(newer, seen.end());
  return seen;
}

std::vector<Emissions::Seen> Emissions::ListOnce(bool& more) {
  std::vector<Seen> seen;  // a heap, the newest in front
  const int copy = fd_ < 0 ? -1 : openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* dir = copy < 0 ? nullptr : fdopendir(copy);
  if (dir == nullptr) {
    if (copy >= 0) close(copy);
    return seen;
  }
  size_t looked = 0;
  while (const dirent* entry = readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name.front() == '.' || !name.ends_with(".json")) continue;
    if (known_.contains(std::string(name))) continue;
    Seen one;
    one.file = name;
    if (fstatat(fd_, entry->d_name, &one.info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (++looked > kMaxScan) more = true;
    if (looked > kMaxLook) break;
    if (seen.size() == kMaxScan) {
      if (!(one < seen.front())) continue;
      std::pop_heap(seen.begin(), seen.end());
      seen.pop_back();
    }
    seen.push_back(std::move(one));
    std::push_heap(seen.begin(), seen.end());
  }
  closedir(dir);
  std::sort_heap(seen.begin(), seen.end());
  return seen;
}

bool Emissions::Declared(const std::string& stream) const { return streams_.empty() || Listed(streams_, stream); }

// The first refusals are told one by one, then at most 5 a second; the rest are counted.
void Emissions::Refuse(const std::string& file, std::string why, int64_t now_ms, std::vector<ReadyEmission>& ready) {
  refusal_room_ms_ = std::min(kRefusalBurst * kEmissionGapMs, refusal_room_ms_ + now_ms - last_refusal_ms_);
  last_refusal_ms_ = now_ms;
  if (refusal_room_ms_ < kEmissionGapMs) {
    ++refusals_hidden_;
    if (unlinkat(fd_, file.c_str(), 0) != 0 && known_.size() < kMaxKnown) known_.insert(file);
    return;
  }
  if (refusals_hidden_ > 0) why += fmt::format(" (and {} more were refused just before)", refusals_hidden_);
  refusals_hidden_ = 0;
  refusal_room_ms_ -= kEmissionGapMs;
  known_.insert(file);
  ReadyEmission item;
  item.file = file;
  item.bad = std::move(why);
  ready.push_back(std::move(item));
}

// It has not been as it is for long.
bool Emissions::MayBecomeWhole(const Seen& seen, int64_t now_ms) {
  if (torn_.size() > kMaxScan) torn_.clear();  // with some that are not there any more
  const timespec& changed = seen.info.st_mtim;
  Torn& torn = torn_[seen.file];
  const bool same = torn.size == seen.info.st_size && torn.changed.tv_sec == changed.tv_sec &&
                    torn.changed.tv_nsec == changed.tv_nsec;
  if (!same) torn = {seen.info.st_size, changed, now_ms};
  return now_ms - torn.since_ms <= kTornGraceMs;
}

void Emissions::Take(const Seen& seen, int64_t now_ms, bool last, std::vector<ReadyEmission>& ready, bool& torn) {
  if (!IsUtf8(seen.file)) return Refuse(seen.file, "its name is not UTF-8 text", now_ms, ready);
  if (!S_ISREG(seen.info.st_mode)) return Refuse(seen.file, "not a regular file", now_ms, ready);
  if (seen.info.st_nlink != 1) return Refuse(seen.file, "it has more than one name (hard link)", now_ms, ready);
  if (static_cast<size_t>(seen.info.st_size) > kMaxEmissionBytes) {
    return Refuse(seen.file,
                  fmt::format("{} bytes are more than the {} of an emission", seen.info.st_size, kMaxEmissionBytes),
                  now_ms, ready);
  }
  const int fd = openat(fd_, seen.file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return Refuse(seen.file, ErrnoError(errno, "opening it").message(), now_ms, ready);
  std::string text(kMaxEmissionBytes + 1, '\0');
  struct stat info {};
  ssize_t count = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? read(fd, text.data(), text.size()) : -1;
  close(fd);
  text.resize(count < 0 ? 0 : static_cast<size_t>(count));
  auto emission = ParseEmission(text);
  if (!emission.ok()) {
    if (!last && MayBecomeWhole(seen, now_ms)) {
      torn = true;  // perhaps written in place; looked at again soon
      return;
    }
    torn_.erase(seen.file);
    return Refuse(seen.file, emission.error().message(), now_ms, ready);
  }
  if (!Declared(emission->stream)) {
    return Refuse(seen.file, fmt::format("the task declares no checkpoint `{}`", emission->stream), now_ms, ready);
  }
  if (auto valid = Valid(*emission); !valid.ok()) return Refuse(seen.file, valid.error().message(), now_ms, ready);
  torn_.erase(seen.file);
  known_.insert(seen.file);
  ReadyEmission item;
  item.file = seen.file;
  item.emission = *std::move(emission);
  Offer(std::move(item), now_ms, ready);
}

// The check of its stream, and that its files are there: one that will be refused must not push out a good one.
ErrorOr<Success> Emissions::Valid(const Emission& emission) const {
  if (check_) HWF_TRY(check_(emission));
  for (const std::string& name : emission.files) {
    const int fd = OpenBelow(fd_, name, O_RDONLY | O_NONBLOCK);
    if (fd < 0) return ErrnoError(errno, fmt::format("opening `{}` of the emission", name));
    struct stat info {};
    const bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    close(fd);
    if (!regular) return MakeError("`{}` of the emission is not a regular file", name);
  }
  return Success{};
}

void Emissions::Offer(ReadyEmission item, int64_t now_ms, std::vector<ReadyEmission>& ready) {
  // Of what a dead runner left, it is not known which streams are kept whole.
  if (streams_.empty() || Listed(every_all_, item.emission.stream)) return HandOn(std::move(item), ready);
  StreamState& state = states_[item.emission.stream];
  if (state.waiting) {
    Discard(std::move(state.newest));
    ++state.dropped;
  } else if (now_ms - state.last_ms >= kEmissionGapMs) {
    state.last_ms = now_ms;
    item.dropped = std::exchange(state.dropped, 0);
    return HandOn(std::move(item), ready);
  }
  state.waiting = true;
  state.newest = std::move(item);
}

void Emissions::HandOn(ReadyEmission item, std::vector<ReadyEmission>& ready) {
  for (const std::string& name : item.emission.files) {
    if (used_.size() < kMaxUsed) used_.insert(std::hash<std::string>()(name));
  }
  ready.push_back(std::move(item));
}

// Coalesced away: its files go with it, unless others use them.
void Emissions::Discard(ReadyEmission item) {
  for (std::string& name : item.emission.files) unused_.push_back(std::move(name));
  Done(item.file);
}

void Emissions::RemoveUnused() {
  std::set<std::string_view> waiting;
  for (const auto& [name, state] : states_) {
    if (state.waiting) waiting.insert(state.newest.emission.files.begin(), state.newest.emission.files.end());
  }
  for (const std::string& name : unused_) {
    const bool used = used_.size() >= kMaxUsed || used_.contains(std::hash<std::string>()(name));
    if (used || waiting.contains(name)) continue;
    const size_t slash = name.rfind('/');
    const bool direct = slash == std::string::npos;
    const int below = direct ? fd_ : OpenBelow(fd_, std::string_view(name).substr(0, slash), O_PATH | O_DIRECTORY);
    if (below < 0) continue;
    (void)unlinkat(below, name.c_str() + (direct ? 0 : slash + 1), 0);
    if (!direct) close(below);
  }
  unused_.clear();
}

int Emissions::Scan(int64_t now_ms, bool last, std::vector<ReadyEmission>& ready) {
  const size_t before = ready.size();
  bool more = false, torn = false;
  for (const Seen& seen : List(more)) {
    if (ready.size() - before >= kMaxReady && !last) {
      more = true;
      break;
    }
    Take(seen, now_ms, last, ready, torn);
  }
  // As many that cannot be removed (directories) are never all seen.
  int64_t again = more && known_.size() < kMaxKnown ? 0 : torn ? kEmissionGapMs : -1;
  for (auto& [name, state] : states_) {
    if (!state.waiting) continue;
    const int64_t due = state.last_ms + kEmissionGapMs - now_ms;
    if (due > 0 && !last) {
      again = again < 0 ? due : std::min(again, due);
      continue;
    }
    state.waiting = false;
    state.last_ms = now_ms;
    state.newest.dropped = std::exchange(state.dropped, 0);
    HandOn(std::move(state.newest), ready);
  }
  RemoveUnused();  // last: what has come together with it may use its files
  return static_cast<int>(again);
}

void Emissions::Done(const std::string& file) {
  // A name that cannot be removed (a directory) stays known, so that it is told once.
  if (unlinkat(fd_, file.c_str(), 0) == 0 || errno == ENOENT) known_.erase(file);
}

}  // namespace hwf::runner
