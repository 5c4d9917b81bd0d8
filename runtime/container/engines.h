// The engines' makers, for engine.cpp alone.
#pragma once

#include <memory>

#include "runtime/container/engine.h"

namespace hwf::container {

std::unique_ptr<Engine> MakePodman();
std::unique_ptr<Engine> MakeDocker();
std::unique_ptr<Engine> MakeApptainer();
std::unique_ptr<Engine> MakeCharliecloud();

// What engines without a store of local names say.
Error NoLocalNames(const Engine& engine, const Reference& reference);
// A text as one field of comma-separated values.
std::string CsvField(const std::string& text);

}  // namespace hwf::container
