// Appending goes to the kernel at once; syncing is either waited for (Sync) or left to a second thread, started when it
// is first asked for. Each takes along all that was appended before it began, so many records share one sync, and the
// second thread keeps a pause between its syncs: back to back they cost more than all else that starts a task. What is
// known to be on disk is noted in the log with the next append (see frame.cpp for why).
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "runtime/journal/frame.h"
#include "runtime/journal/log.h"
#include "runtime/journal/log_reader.h"

namespace hwf::journal {
namespace {

using platform::AppendFile;
using platform::FileSystem;

// Space is set aside in pieces of this size while there is plenty, to make few calls.
constexpr uint64_t kReserveStep = 1 << 20;
// For the sync notes between the records that space is asked for.
constexpr uint64_t kNoteRoom = 4096;
// Between two syncs of the second thread: how late `soon` may be.
constexpr std::chrono::milliseconds kSyncPause(25);

class Writer : public LogWriter {
 public:
  Writer(std::unique_ptr<AppendFile> file, std::string path)
      : file_(std::move(file)),
        path_(std::move(path)),
        appended_(file_->size()),
        synced_(appended_),
        noted_(kLogHeader.size()),
        reserved_end_(appended_) {}

  ~Writer() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  ErrorOr<uint64_t> Append(std::string_view payload) override {
    if (payload.empty() || payload.size() > kMaxRecordBytes) {
      return MakeError("append to {}: a record has 1 to {} bytes, not {}", path_, kMaxRecordBytes, payload.size());
    }
    frame_.clear();
    {
      std::lock_guard lock(mutex_);
      if (error_) return *error_;
      if (synced_ > noted_) AppendNote(synced_, frame_);
    }
    bool with_note = !frame_.empty();
    AppendFrame(payload, frame_);
    uint64_t before = file_->size();
    ErrorOr<Success> appended = file_->Append(frame_);
    std::lock_guard lock(mutex_);
    if (!appended.ok()) return Withdraw(before, appended.error());
    if (with_note) noted_ = synced_;
    appended_ = file_->size();
    return appended_;
  }

  ErrorOr<Success> Sync() override {
    std::unique_lock lock(mutex_);
    uint64_t target = appended_;
    while (!error_ && synced_ < target) {
      if (!syncing_) {
        SyncNow(lock);
      } else {
        done_.wait(lock);
      }
    }
    if (error_) return *error_;
    return Success();
  }

  void SyncSoon() override {
    bool sleeps;
    {
      std::lock_guard lock(mutex_);
      if (!thread_.joinable()) thread_ = std::thread([this] { RunThread(); });
      sleeps = wanted_ <= synced_;
      wanted_ = appended_;
    }
    if (sleeps) wake_.notify_one();
  }

  ErrorOr<Success> Reserve(uint64_t bytes) override {
    bytes += kNoteRoom;
    if (file_->size() + bytes <= reserved_end_) return Success();
    uint64_t generous = bytes + kReserveStep;
    ErrorOr<Success> reserved = file_->Reserve(generous);
    if (!reserved.ok() && reserved.error().code() == ENOSPC) {
      generous = bytes;
      reserved = file_->Reserve(bytes);
    }
    // Where space cannot be set aside (many network file systems) there is no such promise; asking again is useless.
    if (!reserved.ok() && reserved.error().code() == EOPNOTSUPP) {
      reserved_end_ = UINT64_MAX;
      return Success();
    }
    if (reserved.ok()) reserved_end_ = file_->size() + generous;
    return reserved;
  }

  uint64_t size() const override { return file_->size(); }

 private:
  // A part of the frame may have been written. Once it is cut again the log is whole, and a later append may succeed
  // (space was freed); if it cannot be cut, nothing may be written behind it.
  Error Withdraw(uint64_t before, const Error& why) {
    if (file_->size() != before) {
      reserved_end_ = before;  // cutting gives back what lies behind
      ErrorOr<Success> cut = file_->Truncate(before);
      if (!cut.ok()) error_ = why;
    }
    return why;
  }

  // Called with the lock; gives it up during the sync. A failed sync is final: the kernel may have dropped the pages,
  // and a second sync would report a success that is none.
  void SyncNow(std::unique_lock<std::mutex>& lock) {
    uint64_t target = appended_;
    syncing_ = true;
    lock.unlock();
    ErrorOr<Success> done = file_->Sync();
    lock.lock();
    syncing_ = false;
    if (done.ok()) synced_ = std::max(synced_, target);
    if (!done.ok() && !error_) error_ = done.error();
    done_.notify_all();
  }

  void RunThread() {
    std::unique_lock lock(mutex_);
    std::chrono::steady_clock::time_point pause_end{};
    while (true) {
      wake_.wait(lock, [&] { return stopping_ || (wanted_ > synced_ && !error_); });
      wake_.wait_until(lock, pause_end, [&] { return stopping_; });
      // Meanwhile a Sync may have been asked for, and done it.
      if (wanted_ > synced_ && !error_) {
        if (syncing_) {
          done_.wait(lock);
        } else {
          SyncNow(lock);
          pause_end = std::chrono::steady_clock::now() + kSyncPause;
        }
      } else if (stopping_) {
        return;
      }
    }
  }

  std::unique_ptr<AppendFile> file_;
  std::string path_;
  std::string frame_;  // reused
  std::mutex mutex_;   // for all below
  std::condition_variable wake_, done_;
  uint64_t appended_ = 0;
  uint64_t synced_ = 0;
  uint64_t noted_ = 0;
  uint64_t wanted_ = 0;
  bool syncing_ = false;
  bool stopping_ = false;
  std::optional<Error> error_;  // sticky
  std::thread thread_;
  uint64_t reserved_end_ = 0;  // the appending thread's
};

std::string ParentOf(const std::string& path) {
  size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

ErrorOr<std::unique_ptr<LogWriter>> LogWriter::Open(FileSystem& files, const std::string& path, mode_t mode) {
  HWF_ASSIGN(std::unique_ptr<AppendFile> file, files.OpenAppend(path, mode));
  uint64_t whole = 0;
  if (file->size() > 0) {
    auto skip = [](std::string_view, uint64_t) -> ErrorOr<Success> { return Success(); };
    HWF_ASSIGN(whole, Scan(files, path, 0, skip));
  }
  bool changed = file->size() != whole;
  if (changed) HWF_TRY(file->Truncate(whole));
  if (whole == 0) HWF_TRY(file->Append(kLogHeader));
  // Also without a change: what a dead writer appended becomes durable before anything is built on it.
  HWF_TRY(file->Sync());
  if (whole == 0) HWF_TRY(files.SyncDirectory(ParentOf(path)));
  return std::unique_ptr<LogWriter>(std::make_unique<Writer>(std::move(file), path));
}

}  // namespace hwf::journal
