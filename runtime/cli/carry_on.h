// Carrying a run on in the foreground: the engine, with what people or programs see of it. Used by `run` and `resume`.
#pragma once

#include <string>

#include "runtime/cli/command.h"
#include "runtime/engine/engine.h"

namespace hwf::cli {

struct CarryOptions {
  engine::EngineOptions engine;
  bool json = false;
};
// Until the run ends or may not go on; the exit code says how.
int CarryOn(const Context& context, const std::string& directory, const CarryOptions& options);

// The options that both commands share.
std::vector<OptionSpec> CarryOptionSpecs();
CarryOptions CarryOptionsFrom(const Context& context, const Arguments& arguments);

// Whether hwf-runner lies beside hwf: without it no run is begun.
ErrorOr<Success> CheckRunner(const Context& context);

}  // namespace hwf::cli
