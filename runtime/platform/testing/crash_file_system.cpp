#include "runtime/platform/testing/crash_file_system.h"

#include <algorithm>
#include <cerrno>

#include "runtime/platform/ids.h"

namespace hwf::platform::testing {
namespace {

constexpr uint64_t kSector = 512;

std::vector<std::string> Split(const std::string& path) {
  std::vector<std::string> parts;
  std::string part;
  for (char c : path + "/") {
    if (c != '/') {
      part += c;
      continue;
    }
    if (!part.empty() && part != ".") parts.push_back(part);
    part.clear();
  }
  return parts;
}

}  // namespace

class CrashFileSystem::File : public AppendFile {
 public:
  File(CrashFileSystem& files, NodePtr node, std::string path, uint64_t generation)
      : files_(&files), node_(std::move(node)), path_(std::move(path)), generation_(generation) {}

  ErrorOr<Success> Append(std::string_view bytes) override {
    return Do(
        "append to", [&](const std::string& what) -> ErrorOr<Success> { return files_->Write(*node_, bytes, what); },
        bytes);
  }
  ErrorOr<Success> Sync() override {
    return Do("sync", [&](const std::string& what) { return files_->SyncNode(*node_, what); }, {});
  }
  ErrorOr<Success> Truncate(uint64_t size) override {
    return Do("truncate",
              [&](const std::string&) -> ErrorOr<Success> {
                node_->data.resize(size);
                node_->reserved_end = 0;
                return Success();
              },
              {});
  }
  ErrorOr<Success> Reserve(uint64_t bytes) override {
    return Do("reserve space for",
              [&](const std::string& what) -> ErrorOr<Success> {
                uint64_t end = node_->data.size() + bytes;
                uint64_t have = std::max<uint64_t>(node_->reserved_end, node_->data.size());
                if (end <= have) return Success();
                if (files_->free_ && *files_->free_ < end - have) return ErrnoError(ENOSPC, what);
                if (files_->free_) *files_->free_ -= end - have;
                node_->reserved_end = end;
                return Success();
              },
              {});
  }
  uint64_t size() const override {
    std::lock_guard lock(files_->mutex_);
    return node_->data.size();
  }

 private:
  template <typename Action>
  ErrorOr<Success> Do(const char* verb, Action action, std::string_view half) {
    std::lock_guard lock(files_->mutex_);
    std::string what = std::string(verb) + " " + path_;
    if (generation_ != files_->generation_) return ErrnoError(EBADF, what);
    if (std::optional<Error> dead = files_->Enter(what)) {
      // A write in which the process dies may have come part of the way.
      if (files_->DiesNow()) node_->data += half.substr(0, half.size() * static_cast<size_t>(files_->calls_ % 4) / 3);
      return *dead;
    }
    return action(what);
  }

  CrashFileSystem* files_;
  NodePtr node_;
  std::string path_;
  uint64_t generation_;
};

CrashFileSystem::CrashFileSystem() { root_ = NewNode(true, 0755); }
CrashFileSystem::~CrashFileSystem() = default;

// ---------------------------------------------------------------- faults

void CrashFileSystem::FailAfter(int64_t n) {
  std::lock_guard lock(mutex_);
  die_at_ = n == 0 ? 0 : calls_ + n;
}

void CrashFileSystem::Restart() {
  std::lock_guard lock(mutex_);
  ++generation_;
  dead_ = false;
  die_at_ = 0;
}

void CrashFileSystem::PowerLoss(uint64_t seed) {
  std::lock_guard lock(mutex_);
  std::mt19937_64 random(seed);
  ++generation_;
  dead_ = false;
  die_at_ = 0;
  LosePower(root_, random);
}

bool CrashFileSystem::dead() const {
  std::lock_guard lock(mutex_);
  return dead_;
}
int64_t CrashFileSystem::calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}
void CrashFileSystem::SetFreeBytes(std::optional<uint64_t> bytes) {
  std::lock_guard lock(mutex_);
  free_ = bytes;
}
void CrashFileSystem::SetErrorAtClose(int code) {
  std::lock_guard lock(mutex_);
  close_error_ = code;
}
void CrashFileSystem::SetLinkReportsFailure(bool on) {
  std::lock_guard lock(mutex_);
  link_reports_failure_ = on;
}
void CrashFileSystem::SetTime(int64_t now_ms) {
  std::lock_guard lock(mutex_);
  now_ms_ = now_ms;
}

void CrashFileSystem::Corrupt(const std::string& path, const std::function<void(std::string&)>& change) {
  std::lock_guard lock(mutex_);
  ErrorOr<Place> place = WalkTo(path, "corrupt " + path);
  HWF_CHECK(place.ok());
  change(place->node->data);
  place->node->synced_data = place->node->data;
}

std::string CrashFileSystem::LoseData(const Node& node, std::mt19937_64& random) {
  if (node.data == node.synced_data) return node.data;
  uint64_t common = std::min(node.data.size(), node.synced_data.size());
  bool grown = node.data.compare(0, common, node.synced_data, 0, common) == 0 && common == node.synced_data.size();
  if (!grown) return random() % 2 == 0 ? node.data : node.synced_data;
  std::string left = node.data;
  uint64_t sector_loss = random() % 4;  // of 4: none to most
  for (uint64_t at = common; at < left.size();) {
    uint64_t end = std::min<uint64_t>(left.size(), at / kSector * kSector + kSector);
    if (random() % 4 < sector_loss)
      std::fill(left.begin() + static_cast<int64_t>(at), left.begin() + static_cast<int64_t>(end), '\0');
    at = end;
  }
  if (random() % 2 == 0) left.resize(common + random() % (left.size() - common + 1));
  return left;
}

void CrashFileSystem::LosePower(const NodePtr& node, std::mt19937_64& random) {
  if (!node->directory) {
    node->data = node->synced_data = LoseData(*node, random);
    node->reserved_end = 0;
    return;
  }
  std::map<std::string, NodePtr> entries = node->synced_entries;
  uint64_t kept = random() % 4;
  for (const Change& change : node->changes) {
    if (random() % 4 >= kept && kept != 3) continue;
    for (const auto& [name, target] : change) {
      if (target == nullptr) {
        entries.erase(name);
      } else {
        entries[name] = target;
      }
    }
  }
  node->changes.clear();
  node->entries = node->synced_entries = std::move(entries);
  for (const auto& [name, child] : node->entries) LosePower(child, random);
}

// ---------------------------------------------------------------- inner parts, called with the lock

std::optional<Error> CrashFileSystem::Enter(const std::string& what) {
  ++calls_;
  if (die_at_ != 0 && calls_ >= die_at_) dead_ = true;
  if (dead_) return Error(what + ": the process is dead", ECANCELED);
  return std::nullopt;
}

bool CrashFileSystem::DiesNow() const { return dead_ && calls_ == die_at_; }

ErrorOr<CrashFileSystem::Place> CrashFileSystem::Walk(const std::string& path, const std::string& what) const {
  std::vector<std::string> parts = Split(path);
  Place place{nullptr, "", root_};
  for (const std::string& part : parts) {
    if (place.node == nullptr) return ErrnoError(ENOENT, what);
    if (!place.node->directory) return ErrnoError(ENOTDIR, what);
    auto found = place.node->entries.find(part);
    place = {place.node, part, found == place.node->entries.end() ? nullptr : found->second};
  }
  return place;
}

ErrorOr<CrashFileSystem::Place> CrashFileSystem::WalkTo(const std::string& path, const std::string& what) const {
  HWF_ASSIGN(Place place, Walk(path, what));
  if (place.node == nullptr) return ErrnoError(ENOENT, what);
  return place;
}

CrashFileSystem::NodePtr CrashFileSystem::NewNode(bool directory, mode_t mode) {
  auto node = std::make_shared<Node>();
  node->directory = directory;
  node->mode = mode;
  node->inode = next_inode_++;
  node->mtime_ms = now_ms_;
  return node;
}

void CrashFileSystem::Apply(Node& directory, Change change) {
  for (const auto& [name, target] : change) {
    if (target == nullptr) {
      directory.entries.erase(name);
    } else {
      directory.entries[name] = target;
    }
  }
  directory.changes.push_back(std::move(change));
}

ErrorOr<Success> CrashFileSystem::Write(Node& node, std::string_view bytes, const std::string& what) {
  uint64_t reserved = node.reserved_end > node.data.size() ? node.reserved_end - node.data.size() : 0;
  uint64_t wanted = bytes.size() > reserved ? bytes.size() - reserved : 0;
  bool fits = !free_ || wanted <= *free_;
  uint64_t taken = fits ? wanted : *free_;
  if (free_) *free_ -= taken;
  node.data += bytes.substr(0, std::min<uint64_t>(bytes.size(), reserved) + taken);
  node.mtime_ms = now_ms_;
  if (!fits) return ErrnoError(ENOSPC, what);
  return Success();
}

ErrorOr<Success> CrashFileSystem::SyncNode(Node& node, const std::string& what) {
  if (close_error_ != 0) return ErrnoError(close_error_, what);
  node.synced_data = node.data;
  return Success();
}

// ---------------------------------------------------------------- the calls

ErrorOr<Success> CrashFileSystem::MakeDirectory(const std::string& path, mode_t mode) {
  std::lock_guard lock(mutex_);
  std::string what = "make directory " + path;
  if (auto dead = Enter(what)) return *dead;
  HWF_ASSIGN(Place place, Walk(path, what));
  if (place.node != nullptr) return ErrnoError(EEXIST, what);
  Apply(*place.parent, {{place.name, NewNode(true, mode)}});
  return Success();
}

ErrorOr<std::unique_ptr<AppendFile>> CrashFileSystem::OpenAppend(const std::string& path, mode_t mode) {
  std::lock_guard lock(mutex_);
  std::string what = "open " + path;
  if (auto dead = Enter(what)) return *dead;
  HWF_ASSIGN(Place place, Walk(path, what));
  if (place.node != nullptr && place.node->directory) return ErrnoError(EISDIR, what);
  if (place.node == nullptr) {
    place.node = NewNode(false, mode);
    Apply(*place.parent, {{place.name, place.node}});
  }
  return std::unique_ptr<AppendFile>(std::make_unique<File>(*this, place.node, path, generation_));
}

ErrorOr<std::string> CrashFileSystem::Read(const std::string& path, uint64_t limit) {
  std::lock_guard lock(mutex_);
  std::string what = "read " + path;
  if (auto dead = Enter(what)) return *dead;
  HWF_ASSIGN(Place place, WalkTo(path, what));
  if (place.node->directory) return ErrnoError(EISDIR, what);
  if (place.node->data.size() > limit) return ErrnoError(EFBIG, what);
  return place.node->data;
}

ErrorOr<std::string> CrashFileSystem::ReadRange(const std::string& path, uint64_t offset, uint64_t limit) {
  std::lock_guard lock(mutex_);
  std::string what = "read " + path;
  if (auto dead = Enter(what)) return *dead;
  HWF_ASSIGN(Place place, WalkTo(path, what));
  if (place.node->directory) return ErrnoError(EISDIR, what);
  if (offset >= place.node->data.size()) return std::string();
  return place.node->data.substr(offset, limit);
}

// The same steps as the real one's, each of which may be the last: create, write, sync, close, rename, sync directory.
ErrorOr<Success> CrashFileSystem::WriteAtomically(const std::string& path, std::string_view bytes, mode_t mode,
                                                  bool sync) {
  std::lock_guard lock(mutex_);
  std::string what = "write " + path;
  if (auto dead = Enter(what)) return *dead;
  HWF_ASSIGN(Place place, Walk(path, what));
  if (place.node != nullptr && place.node->directory) return ErrnoError(EISDIR, what);
  std::string temporary = ".tmp-" + NewId(static_cast<int64_t>(next_inode_));
  NodePtr node = NewNode(false, mode);
  Apply(*place.parent, {{temporary, node}});
  ErrorOr<Success> wrote = Write(*node, bytes, what);
  if (auto dead = Enter(what)) return *dead;
  if (wrote.ok() && sync) wrote = SyncNode(*node, what);
  if (wrote.ok() && close_error_ != 0) wrote = ErrnoError(close_error_, what);
  if (!wrote.ok()) {
    Apply(*place.parent, {{temporary, nullptr}});
    return wrote;
  }
  if (auto dead = Enter(what)) return *dead;
  Apply(*place.parent, {{temporary, nullptr}, {place.name, node}});
  if (!sync) return Success();
  if (auto dead = Enter(what)) return *dead;
  place.parent->synced_entries = place.parent->entries;
  place.parent->changes.clear();
  return Success();
}

ErrorOr<Success> CrashFileSystem::Rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  std::string what = "rename " + from + " to " + to;
  if (auto dead = Enter(what)) return *dead;
  HWF_ASSIGN(Place source, WalkTo(from, what));
  HWF_ASSIGN(Place target, Walk(to, what));
  if (target.node != nullptr && target.node->directory) return ErrnoError(EISDIR, what);
  if (source.node == target.node) return Success();
  if (source.parent == target.parent) {
    Apply(*source.parent, {{source.name, nullptr}, {target.name, source.node}});
  } else {
    Apply(*target.parent, {{target.name, source.node}});
    Apply(*source.parent, {{source.name, nullptr}});
  }
  return Success();
}

ErrorOr<Success> CrashFileSystem::Link(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  std::string what = "link " + from + " to " + to;
  if (auto dead = Enter(what)) return *dead;
  HWF_ASSIGN(Place source, WalkTo(from, what));
  HWF_ASSIGN(Place target, Walk(to, what));
  if (target.node != nullptr) return ErrnoError(EEXIST, what);
  Apply(*target.parent, {{target.name, source.node}});
  if (link_reports_failure_) return ErrnoError(EEXIST, what);
  return Success();
}

ErrorOr<Success> CrashFileSystem::Unlink(const std::string& path) {
  std::lock_guard lock(mutex_);
  std::string what = "unlink " + path;
  if (auto dead = Enter(what)) return *dead;
  HWF_ASSIGN(Place place, WalkTo(path, what));
  if (place.node->directory) return ErrnoError(EISDIR, what);
  Apply(*place.parent, {{place.name, nullptr}});
  return Success();
}

ErrorOr<Success> CrashFileSystem::RemoveDirectory(const std::string& path) {
  std::lock_guard lock(mutex_);
  std::string what = "remove directory " + path;
  if (auto dead = Enter(what)) return *dead;
  HWF_ASSIGN(Place place, WalkTo(path, what));
  if (!place.node->directory) return ErrnoError(ENOTDIR, what);
  if (!place.node->entries.empty()) return ErrnoError(ENOTEMPTY, what);
  Apply(*place.parent, {{place.name, nullptr}});
  return Success();
}

ErrorOr<Success> CrashFileSystem::SyncDirectory(const std::string& path) {
  std::lock_guard lock(mutex_);
  std::string what = "sync directory " + path;
  if (auto dead = Enter(what)) return *dead;
  HWF_ASSIGN(Place place, WalkTo(path, what));
  if (!place.node->directory) return ErrnoError(ENOTDIR, what);
  place.node->synced_entries = place.node->entries;
  place.node->changes.clear();
  return Success();
}

ErrorOr<std::vector<std::string>> CrashFileSystem::List(const std::string& path) {
  std::lock_guard lock(mutex_);
  std::string what = "list " + path;
  if (auto dead = Enter(what)) return *dead;
  HWF_ASSIGN(Place place, WalkTo(path, what));
  if (!place.node->directory) return ErrnoError(ENOTDIR, what);
  std::vector<std::string> names;
  for (const auto& [name, node] : place.node->entries) names.push_back(name);
  return names;
}

ErrorOr<FileInfo> CrashFileSystem::Stat(const std::string& path) {
  std::lock_guard lock(mutex_);
  std::string what = "stat " + path;
  if (auto dead = Enter(what)) return *dead;
  HWF_ASSIGN(Place place, WalkTo(path, what));
  FileInfo info;
  info.kind = place.node->directory ? FileInfo::Kind::kDirectory : FileInfo::Kind::kRegular;
  info.size = place.node->data.size();
  info.mode = place.node->mode;
  info.mtime_ms = place.node->mtime_ms;
  info.inode = place.node->inode;
  info.links = 0;
  std::function<void(const Node&)> count = [&](const Node& directory) {
    for (const auto& [name, child] : directory.entries) {
      if (child == place.node) ++info.links;
      if (child->directory) count(*child);
    }
  };
  count(*root_);
  return info;
}

}  // namespace hwf::platform::testing
