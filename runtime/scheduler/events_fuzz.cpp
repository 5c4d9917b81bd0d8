// Any lines as journal payloads: what is refused is refused with a message; what is read writes back to an event that
// reads the same; and the scheduler of the sample program takes any events in any order without harm, the same again in
// a replay.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "ir/sample.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::scheduler {
namespace {

constexpr size_t kMostEvents = 200;

std::vector<state::Event> ReadLines(std::string_view text) {
  std::vector<state::Event> events;
  while (!text.empty() && events.size() < kMostEvents) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ErrorOr<Json> json = Json::Parse(line, Json::Limits{.allow_nan = true});
    if (!json.ok()) continue;
    ErrorOr<state::Event> event = state::EventFromJson(*json);
    if (!event.ok()) {
      HWF_CHECK(!event.error().message().empty());
      continue;
    }
    std::string written = state::ToJson(*event).Dump();
    ErrorOr<Json> again = Json::Parse(written, Json::Limits{.allow_nan = true});
    HWF_CHECK(again.ok());
    ErrorOr<state::Event> back = state::EventFromJson(*again);
    HWF_CHECK(back.ok() && state::ToJson(*back).Dump() == written);
    events.push_back(std::move(*event));
  }
  return events;
}

void Check(std::string_view text) {
  static const ir::Module* module = new ir::Module(ir::sample::Digits());
  std::vector<state::Event> events = ReadLines(text);
  Scheduler first(*module), second(*module);
  for (const state::Event& event : events) {
    size_t commands = first.Apply(event).size();
    HWF_CHECK(second.Apply(event).size() == commands);
  }
  HWF_CHECK(first.Pending().size() == second.Pending().size());
  HWF_CHECK(first.tasks().size() == second.tasks().size());
  HWF_CHECK(first.reviews().size() == second.reviews().size());
}

}  // namespace
}  // namespace hwf::scheduler

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hwf::scheduler::Check(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
