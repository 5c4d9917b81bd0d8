// The stubs of a test as a Behaviour: `given` and `answer`. One thread.
#pragma once

#include <string>

#include "ir/test.h"
#include "runtime/simulate/behaviour.h"

namespace hwf::simulate {

class Stubs : public Behaviour {
 public:
  // Both outlive it.
  Stubs(const ir::Module& module, const ir::Test& test) : module_(module), test_(test) {}

  ErrorOr<Outcome> Run(const scheduler::StartTask& start) override;
  ErrorOr<std::optional<Reply>> Answer(const scheduler::ReviewView& review) override;

 private:
  const ir::Given* Find(const std::string& task, const std::string& stream) const;
  ErrorOr<Success> Show(const scheduler::StartTask& start, Outcome& outcome) const;

  const ir::Module& module_;
  const ir::Test& test_;
};

}  // namespace hwf::simulate
