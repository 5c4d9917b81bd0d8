// `secrets: [TOKEN: env("TOKEN")]` of a site: where each secret comes from, never what it is.
#pragma once

#include <string>

#include "compiler/sema/context.h"

namespace hwf::sema {

// Where a secret comes from: `env("X")`, `file("p")`, `command("c")`.
struct SecretSource {
  std::string word;  // "env", "file" or "command"; empty: it is none of them
  std::string argument;
};
SecretSource SecretSourceOf(const Expr& value);

// Whether a name can be a variable of a command.
bool IsVariable(StringRef name);

void CheckSecrets(Context& context, const MapExpr& secrets);

}  // namespace hwf::sema
