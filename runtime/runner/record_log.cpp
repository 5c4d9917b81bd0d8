#include "runtime/runner/record_log.h"

#include <fmt/format.h>

#include <cerrno>

#include "base/utf8.h"

namespace hwf::runner {
namespace {

ErrorOr<Report> ReportOf(std::string_view payload) {
  HWF_ASSIGN(Json json, Json::Parse(payload, {.depth = 128, .bytes = size_t{1} << 30, .allow_nan = true}));
  return ReportFromJson(json);
}

}  // namespace

std::string KeyOf(const state::Place& place, int attempt) {
  std::string key = place;
  key += '\0';
  key += std::to_string(attempt);
  return key;
}

std::string NoRoomText(const Error& error, std::string_view what) {
  const bool full = error.code() == ENOSPC || error.code() == EDQUOT;
  return fmt::format("{}{}: {}", full ? "disk full: " : "", what, error.message());
}

ErrorOr<std::unique_ptr<RecordLog>> RecordLog::Open(std::string path, mode_t mode) {
  std::unique_ptr<RecordLog> log(new RecordLog(std::move(path)));
  HWF_ASSIGN(log->log_, journal::LogWriter::Open(platform::RealFileSystem(), log->path_, mode));
  return log;
}

ErrorOr<Success> RecordLog::Replay(const std::function<void(const Report& report)>& take) {
  uint64_t before = 0;
  journal::LogReader reader(platform::RealFileSystem(), path_);
  return reader.Read([&](std::string_view payload, uint64_t end) -> ErrorOr<Success> {
    HWF_ASSIGN(const Report report, ReportOf(payload));
    if (const Claimed* claimed = std::get_if<Claimed>(&report)) Note(KeyOf(claimed->place, claimed->attempt));
    if (const Ended* ended = std::get_if<Ended>(&report)) {
      history_[KeyOf(ended->place, ended->attempt)] = {true, before};
    }
    take(report);
    before = end;
    return Success{};
  });
}

std::string RecordLog::Payload(const Report& report) {
  std::string payload = ToJson(report).Dump();
  if (const Ended* ended = std::get_if<Ended>(&report);
      ended != nullptr && payload.size() > journal::kMaxRecordBytes / 2) {
    Ended shorter = *ended;
    shorter.failure = ir::Reason::kOutput;
    shorter.message =
        fmt::format("its outputs together have {} bytes of values, too many; declare them as files", payload.size());
    shorter.outputs = Json::Object();
    payload = ToJson(Report(shorter)).Dump();
  }
  // Values were checked when they were taken; a record that nobody can read would stop every engine.
  return ToUtf8(std::move(payload));
}

ErrorOr<Success> RecordLog::Write(const std::string& payload, const Ended* ended) {
  const uint64_t before = log_->size();
  HWF_ASSIGN(const uint64_t end, log_->Append(payload));
  if (ended != nullptr) {
    history_[KeyOf(ended->place, ended->attempt)] = {true, before};
    log_->SyncSoon();
  }
  if (on_appended_) on_appended_(before, end, payload);
  return Success{};
}

ErrorOr<Success> RecordLog::Append(const Report& report) {
  std::string payload = Payload(report);
  auto written = backlog_.empty() ? Write(payload, std::get_if<Ended>(&report))
                                  : ErrorOr<Success>(Error("records before it wait for room"));
  if (!written.ok()) backlog_.push_back(std::move(payload));
  return written;
}

ErrorOr<Success> RecordLog::AppendNow(const Report& report) {
  if (!backlog_.empty()) return Error("records before it wait for room");
  return Write(Payload(report), std::get_if<Ended>(&report));
}

bool RecordLog::Flush() {
  while (!backlog_.empty()) {
    auto report = ReportOf(backlog_.front());
    if (!Write(backlog_.front(), report.ok() ? std::get_if<Ended>(&*report) : nullptr).ok()) return false;
    backlog_.pop_front();
    log_->SyncSoon();
  }
  return true;
}

const History* RecordLog::Find(const std::string& key) const {
  const auto found = history_.find(key);
  return found == history_.end() ? nullptr : &found->second;
}

}  // namespace hwf::runner
