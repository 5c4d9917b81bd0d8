#include "runtime/slurm/batches.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/file_system.h"

namespace hwf::slurm {
namespace {

constexpr size_t kMostInBatch = 256;
constexpr int kMostTurns = 3;
constexpr size_t kMostDoubtful = 64;
constexpr size_t kRounds = 4;  // a node takes at most this part of its share at a time

std::string NewPath(const std::string& directory, int number) { return fmt::format("{}/new-{:08}", directory, number); }
std::string WorkPath(const std::string& directory, int number) {
  return fmt::format("{}/work/{:08}", directory, number);
}

bool IsNumber(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

ErrorOr<Success> CheckOwner(const std::string& path, platform::FileInfo::Kind kind, mode_t others) {
  HWF_ASSIGN(const platform::FileInfo info, platform::RealFileSystem().Stat(path));
  const bool directory = kind == platform::FileInfo::Kind::kDirectory;
  if (info.kind == kind && info.uid == geteuid() && (info.mode & others) == 0 && (directory || info.links == 1)) {
    return Success{};
  }
  return MakeError("{} is not taken: it is not a {} of ours alone (owner {}, mode {:o})", path,
                   directory ? "directory" : "file", info.uid, info.mode);
}

}  // namespace

std::vector<size_t> BatchSizes(size_t attempts, size_t waiting, int nodes) {
  std::vector<size_t> sizes;
  for (size_t left = attempts; left > 0; left -= sizes.back()) {
    const size_t behind = std::max(left, waiting - std::min(waiting, attempts - left));
    sizes.push_back(
        std::min(left, std::clamp<size_t>(behind / (kRounds * static_cast<size_t>(nodes)), 1, kMostInBatch)));
  }
  return sizes;
}

ErrorOr<Success> PrepareBatch(const std::string& directory, int number, const Spec& spec, const Element& starts) {
  const std::string path = NewPath(directory, number);
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);  // of an agent that died before it noted it
  HWF_TRY(platform::RealFileSystem().MakeDirectory(path, 0700));
  return WriteSubmission(path, spec, {starts});
}

ErrorOr<Success> PutBatch(const std::string& directory, int number) {
  ErrorOr<Success> put = Success{};
  for (int turn = 0; turn < kMostTurns; ++turn) {
    put = platform::RealFileSystem().Rename(NewPath(directory, number), WorkPath(directory, number));
    // That it is gone says that an earlier answer got lost.
    if (put.ok() || put.error().code() == ENOENT) return Success{};
  }
  return put;
}

void PutBatchIfPrepared(const std::string& directory, int number) {
  if (platform::RealFileSystem().Stat(NewPath(directory, number)).ok()) (void)PutBatch(directory, number);
}

ErrorOr<Element> ReadBatch(const std::string& directory, int number, int nodes) {
  std::vector<std::string> places = {WorkPath(directory, number), NewPath(directory, number)};
  for (int i = 0; i < nodes; ++i) places.push_back(WorkPath(fmt::format("{}/{}", directory, i), number));
  for (const std::string& place : places) {
    auto elements = ReadElements(place);
    if (elements.ok() && elements->size() == 1) return std::move(elements->front());
  }
  return MakeError("batch {} of {} is not there", number, directory);
}

ErrorOr<Success> CloseBatches(const std::string& directory) {
  return platform::RealFileSystem().WriteAtomically(directory + "/closed", "", 0600, false);
}

bool AreBatchesClosed(const std::string& directory) {
  return platform::RealFileSystem().Stat(directory + "/closed").ok();
}

ErrorOr<Success> AskToLook(const std::string& directory) {
  const std::string path = directory + "/look";
  const platform::FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid() || write(file.get(), ".", 1) != 1) return ErrnoError(errno, "writing " + path);
  return Success{};
}

BatchTaker::BatchTaker(std::string directory, int node)
    : directory_(std::move(directory)), own_(fmt::format("{}/{}/work", directory_, node)) {}

ErrorOr<BatchTaker::Taken> BatchTaker::Open(const std::string& name) const {
  const std::string directory = own_ + "/" + name;
  HWF_TRY(CheckOwner(directory, platform::FileInfo::Kind::kDirectory, 077));
  HWF_TRY(CheckOwner(directory + "/spec", platform::FileInfo::Kind::kRegular, 022));
  HWF_ASSIGN(Assignment assignment, TakeAssignment(directory, 0));
  return Taken{std::move(assignment.starts), false};
}

ErrorOr<BatchTaker::Taken> BatchTaker::Take() {
  platform::FileSystem& files = platform::RealFileSystem();
  Taken taken;
  if (names_.empty()) {
    const bool closed = AreBatchesClosed(directory_);  // before: what came first is seen below
    auto names = files.List(directory_ + "/work");
    if (!names.ok() && names.error().code() != ENOENT) return names.error();
    taken.over = !names.ok() || (closed && names->empty());
    if (names.ok()) names_.assign(names->begin(), names->end());
  }
  while (!names_.empty()) {
    const std::string name = std::move(names_.front());
    names_.pop_front();
    if (!IsNumber(name)) continue;
    const auto moved = files.Rename(directory_ + "/work/" + name, own_ + "/" + name);
    if (moved.ok()) return Open(name);
    doubtful_.push_back(name);
    if (doubtful_.size() > kMostDoubtful) doubtful_.pop_front();
  }
  // Another was faster; or an answer got lost, and it is ours: to be seen now, or later.
  for (auto it = doubtful_.begin(); it != doubtful_.end(); ++it) {
    if (!files.Stat(own_ + "/" + *it).ok()) continue;
    const std::string name = std::move(*it);
    doubtful_.erase(it);
    return Open(name);
  }
  return taken;
}

bool BatchTaker::IsAskedToLook() {
  const auto info = platform::RealFileSystem().Stat(directory_ + "/look");
  const uint64_t size = info.ok() ? info->size : 0;
  return std::exchange(looked_, size) != size;
}

}  // namespace hwf::slurm
