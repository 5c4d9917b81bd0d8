#include "runtime/engine/journal_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/utf8.h"

namespace hwf::engine {
namespace {

constexpr uint64_t kReserveBytes = 256 << 10;  // some dozen ends of tasks with their messages
constexpr mode_t kJournalMode = 0640;

// Levels of brackets.
int Depth(const Json& json) {
  int inner = 0;
  if (json.is_array()) {
    for (const Json& item : json.AsArray()) inner = std::max(inner, Depth(item));
  } else if (json.is_object()) {
    for (const JsonMember& member : json.AsObject()) inner = std::max(inner, Depth(member.value));
  } else {
    return 0;
  }
  return inner + 1;
}

}  // namespace

Durability DurabilityOf(const state::EventBody& body) {
  struct Classes {
    Durability operator()(const state::RunStarted&) const { return Durability::kNow; }
    Durability operator()(const state::EngineStarted&) const { return Durability::kNow; }
    Durability operator()(const state::SourceResolved&) const { return Durability::kSoon; }
    Durability operator()(const state::AttemptSubmitted&) const { return Durability::kSoon; }
    Durability operator()(const state::AttemptStarted&) const { return Durability::kSoon; }
    Durability operator()(const state::AttemptEnded&) const { return Durability::kSoon; }
    Durability operator()(const state::TaskReused&) const { return Durability::kSoon; }
    Durability operator()(const state::Emission&) const { return Durability::kSoon; }
    Durability operator()(const state::EmissionRefused&) const { return Durability::kSoon; }
    Durability operator()(const state::EmissionsCoalesced&) const { return Durability::kSoon; }
    Durability operator()(const state::AttemptWaiting&) const { return Durability::kSoon; }
    Durability operator()(const state::SiteTroubled&) const { return Durability::kSoon; }
    Durability operator()(const state::ReviewOpened&) const { return Durability::kNow; }
    Durability operator()(const state::Vote&) const { return Durability::kNow; }
    Durability operator()(const state::FormOpened&) const { return Durability::kSoon; }
    Durability operator()(const state::ClockFired&) const { return Durability::kNow; }
    Durability operator()(const state::ReviewVoided&) const { return Durability::kNow; }
    Durability operator()(const state::MessageDelivered&) const { return Durability::kSoon; }
    Durability operator()(const state::CancelRequested&) const { return Durability::kNow; }
    Durability operator()(const state::DoubtResolved&) const { return Durability::kNow; }
    Durability operator()(const state::RunFinished&) const { return Durability::kNow; }
    Durability operator()(const state::AnswerCarried&) const { return Durability::kNow; }
    Durability operator()(const state::ReviewWithdrawn&) const { return Durability::kNow; }
    Durability operator()(const state::RewindRequested&) const { return Durability::kNow; }
  };
  return std::visit(Classes{}, body);
}

std::optional<state::EventBody> Instead(const state::EventBody& body, const std::string& why) {
  if (const auto* ended = std::get_if<state::AttemptEnded>(&body)) {
    state::AttemptEnded failed = *ended;
    failed.failure = ir::Reason::kOutput;
    failed.message = "its outputs cannot be recorded: " + why;
    failed.outputs = Json();
    return failed;
  }
  if (const auto* review = std::get_if<state::ReviewOpened>(&body)) {
    return state::ReviewVoided{review->review, "what it shows cannot be recorded: " + why};
  }
  if (std::holds_alternative<state::RunFinished>(body)) {
    return state::RunFinished{false, Json(), "the run's outputs cannot be recorded: " + why};
  }
  return std::nullopt;
}

ErrorOr<JournalKeeper> JournalKeeper::Open(platform::FileSystem& files, const std::string& path, int64_t epoch) {
  JournalKeeper keeper;
  HWF_ASSIGN(keeper.writer_, journal::LogWriter::Open(files, path, kJournalMode));
  keeper.epoch_ = epoch;
  return keeper;
}

ErrorOr<Success> JournalKeeper::Append(state::Event& event, Durability durability) {
  const Json json = state::ToJson(event);
  std::string text = json.Dump();
  if (!IsUtf8(text)) {
    text = ToUtf8(std::move(text));
    HWF_ASSIGN(const Json readable, Json::Parse(text, {.allow_nan = true}));
    HWF_ASSIGN(event, state::EventFromJson(readable));
  }
  if (text.size() > journal::kMaxRecordBytes) {
    return Error(
        fmt::format("its record would have {} bytes, more than the {} of any: have large values written to files",
                    text.size(), journal::kMaxRecordBytes),
        EMSGSIZE);
  }
  if (Depth(json) > Json::Limits().depth) {
    return Error(fmt::format("its record would be nested deeper than {}: have deep values written to files",
                             Json::Limits().depth),
                 EMSGSIZE);
  }
  HWF_TRY(writer_->Append(text));
  if (durability == Durability::kNow) return writer_->Sync();
  writer_->SyncSoon();
  return Success{};
}

ErrorOr<Success> JournalKeeper::HoldSpace() {
  if (writer_->size() + kReserveBytes / 2 < reserved_until_) return Success{};
  HWF_TRY(writer_->Reserve(kReserveBytes));
  reserved_until_ = writer_->size() + kReserveBytes;
  return Success{};
}

}  // namespace hwf::engine
