#include "runtime/runner/emission_check.h"

#include <memory>

#include "ir/json.h"
#include "runtime/state/values.h"

namespace hwf::runner {

ErrorOr<Emissions::Check> MakeEmissionCheck(std::string_view stream_types) {
  if (stream_types.empty()) return Emissions::Check();
  auto read = ir::ModuleFromText(stream_types);
  if (!read.ok()) return read.error().WithContext("the types of the checkpoints");
  const auto module = std::make_shared<const ir::Module>(*std::move(read));
  return Emissions::Check([module](const Emission& emission) -> ErrorOr<Success> {
    for (const ir::Task& task : module->tasks) {
      for (const ir::Stream& stream : task.streams) {
        if (stream.name != emission.stream) continue;
        Json values = emission.content["values"];
        HWF_TRY(ReplaceFiles(
            values, [](const std::string& name) -> ErrorOr<Json> { return Json::Object().Set("path", name); }));
        auto checked = state::CheckEmission(stream, values);
        if (!checked.ok()) return checked.error();
      }
    }
    return Success{};
  });
}

}  // namespace hwf::runner
