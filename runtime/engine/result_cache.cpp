// A record is the key, a newline, and the entry's JSON: finding the keys of a log takes no parsing.
#include "runtime/engine/result_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "runtime/journal/frame.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/paths.h"

namespace hwf::engine {
namespace {

constexpr int64_t kRefreshMs = 1000;
constexpr std::string_view kSuffix = ".log";
// So that the event of its reuse finds room in a record.
constexpr size_t kMaxEntryBytes = journal::kMaxRecordBytes / 2;

uint64_t Hash(std::string_view key) { return std::hash<std::string_view>()(key); }

// A directory that `group` reads and nobody else writes. Each engine makes sure of it for itself: one that died between
// two of these steps leaves nothing half open.
ErrorOr<Success> MakeForGroup(const std::string& directory, gid_t group) {
  constexpr mode_t kMode = 02750;
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(errno, "making " + directory);
  const platform::FileDescriptor fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0) return ErrnoError(errno, "opening " + directory);
  if (info.st_uid != geteuid()) return MakeError("{} is somebody else's", directory);
  if (info.st_gid == group && (info.st_mode & 07777) == kMode) return Success{};
  if (fchown(fd.get(), static_cast<uid_t>(-1), group) != 0 || fchmod(fd.get(), kMode) != 0) {
    return ErrnoError(errno, "giving " + directory + " to the group");
  }
  return Success{};
}

}  // namespace

ResultCache::ResultCache(platform::FileSystem& files, std::string directory, const std::string& own,
                         std::optional<gid_t> readers, uid_t owner)
    : files_(files), directory_(std::move(directory)), readers_(readers), owner_(owner) {
  const std::string name = own + std::string(kSuffix);
  logs_.push_back({directory_ + "/" + name});
  numbers_[name] = 0;
}

bool ResultCache::Trusted(const std::string& path, uint64_t& size) {
  const ErrorOr<platform::FileInfo> info = files_.Stat(path);
  if (!info.ok()) return false;
  size = info->size;
  const bool trusted =
      info->kind == platform::FileInfo::Kind::kRegular && info->uid == owner_ && (info->mode & 0022) == 0;
  if (!trusted) refused_ = platform::BaseName(path);
  return trusted;
}

void ResultCache::Refresh() {
  const int64_t now = platform::RealClock().MonotonicMs();
  if (refreshed_ms_ >= 0 && now - refreshed_ms_ < kRefreshMs) return;
  refreshed_ms_ = now;
  const ErrorOr<std::vector<std::string>> names = files_.List(directory_);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (!name.ends_with(kSuffix)) continue;
    const auto [known, added] = numbers_.emplace(name, static_cast<uint32_t>(logs_.size()));
    if (added) logs_.push_back({directory_ + "/" + name});
    // Our own is read once, for what it had before us; what we add we know.
    if (known->second != 0 || !writer_) Read(known->second);
  }
}

void ResultCache::Read(uint32_t number) {
  Log& log = logs_[number];
  uint64_t size = 0;
  if (log.damaged || !Trusted(log.path, size) || size <= log.read) return;
  journal::LogReader reader(files_, log.path);
  reader.Seek(log.read);
  const auto read = reader.Read([&](std::string_view payload, uint64_t end) -> ErrorOr<Success> {
    const uint64_t before = log.read;
    log.read = end;
    const size_t key_end = payload.find('\n');
    if (key_end == std::string_view::npos) return Success{};
    index_[Hash(payload.substr(0, key_end))] = {number, static_cast<uint32_t>(end - before), before};
    return Success{};
  });
  log.damaged = !read.ok();
}

std::optional<Json> ResultCache::At(const Where& where, const std::string& key) {
  const std::string& path = logs_[where.log].path;
  uint64_t size = 0;
  if (!Trusted(path, size)) return std::nullopt;
  const ErrorOr<std::string> bytes = files_.ReadRange(path, where.offset, where.size);
  if (!bytes.ok()) return std::nullopt;
  std::string_view rest = *bytes;
  // The first record may have the log's header before it, any a note.
  if (rest.starts_with(journal::kLogHeader)) rest.remove_prefix(journal::kLogHeader.size());
  while (const std::optional<journal::Frame> frame = journal::ParseFrame(rest)) {
    rest.remove_prefix(frame->size);
    if (frame->note) continue;
    if (!frame->payload.starts_with(key + "\n")) return std::nullopt;
    ErrorOr<Json> entry = Json::Parse(frame->payload.substr(key.size() + 1), {.allow_nan = true});
    if (!entry.ok()) return std::nullopt;
    return std::move(entry).value();
  }
  return std::nullopt;
}

std::optional<Json> ResultCache::Find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  auto found = index_.find(Hash(key));
  if (found == index_.end()) {
    Refresh();
    found = index_.find(Hash(key));
  }
  if (found == index_.end()) return std::nullopt;
  std::optional<Json> entry = At(found->second, key);
  if (!entry) index_.erase(found);
  return entry;
}

void ResultCache::Forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  index_.erase(Hash(key));
}

std::string ResultCache::Refused() {
  const std::lock_guard lock(mutex_);
  return refused_;
}

ErrorOr<Success> ResultCache::OpenOwn() {
  HWF_TRY(readers_ ? MakeForGroup(directory_, *readers_) : platform::MakeDirectories(files_, directory_, 0700));
  HWF_ASSIGN(writer_, journal::LogWriter::Open(files_, logs_.front().path, readers_ ? 0640 : 0600));
  return Success{};
}

ErrorOr<Success> ResultCache::Add(const std::string& key, const Json& entry) {
  const std::string record = key + "\n" + entry.Dump();
  if (record.size() > kMaxEntryBytes) return MakeError("a result of {} bytes is not kept for reuse", record.size());
  const std::lock_guard lock(mutex_);
  if (broken_) return *broken_;
  if (!writer_) {
    const ErrorOr<Success> opened = OpenOwn();
    if (!opened.ok()) return *(broken_ = opened.error());
  }
  const uint64_t before = writer_->size();
  HWF_ASSIGN(const uint64_t end, writer_->Append(record));
  index_[Hash(key)] = {0, static_cast<uint32_t>(end - before), before};
  return Success{};
}

}  // namespace hwf::engine
