// An agent's log: what it reports, in order, each record kept before anybody hears of it. Knows which attempts are in
// it (what is, is never started again). On a full disk records wait in memory, in their order, until Flush finds room.
// One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "runtime/journal/log.h"
#include "runtime/runner/protocol.h"

namespace hwf::runner {

// An attempt that the log has. `record` is where the frame of its `ended` begins.
struct History {
  bool ended = false;
  uint64_t record = 0;
};

class RecordLog {
 public:
  // Called for each record that is in the log.
  using OnAppended = std::function<void(uint64_t begin, uint64_t end, std::string_view payload)>;

  // Opens or creates; cuts a torn tail. `mode` is for a new file.
  static ErrorOr<std::unique_ptr<RecordLog>> Open(std::string path, mode_t mode);
  void SetOnAppended(OnAppended on_appended) { on_appended_ = std::move(on_appended); }

  // Each report that is there, in order; notes their attempts. Once, before anything is appended.
  ErrorOr<Success> Replay(const std::function<void(const Report& report)>& take);

  // The error says why the record waits for room.
  ErrorOr<Success> Append(const Report& report);
  // The same for a record that is of no use later: after an error it is not kept.
  ErrorOr<Success> AppendNow(const Report& report);
  // Tries again with what waits: false if there is still no room.
  bool Flush();
  bool waits() const { return !backlog_.empty(); }

  const History* Find(const std::string& key) const;
  // Its end is known, or will be: it is not started again.
  void Note(const std::string& key) { history_.try_emplace(key); }

  // Sets disk aside, so that so many bytes of records find room later.
  ErrorOr<Success> Reserve(uint64_t bytes) { return log_->Reserve(bytes); }
  ErrorOr<Success> Sync() { return log_->Sync(); }
  void SyncSoon() { log_->SyncSoon(); }
  uint64_t size() const { return log_->size(); }
  const std::string& path() const { return path_; }

 private:
  explicit RecordLog(std::string path) : path_(std::move(path)) {}
  static std::string Payload(const Report& report);
  ErrorOr<Success> Write(const std::string& payload, const Ended* ended);

  std::string path_;
  std::unique_ptr<journal::LogWriter> log_;
  OnAppended on_appended_;
  std::unordered_map<std::string, History> history_;
  std::deque<std::string> backlog_;
};

// An attempt's key in such maps.
std::string KeyOf(const state::Place& place, int attempt);

// The error's words, with "disk full" in front where it is that.
std::string NoRoomText(const Error& error, std::string_view what);

}  // namespace hwf::runner
