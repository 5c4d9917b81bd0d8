// `hwf-runner store` at the side where a store is: the command, and its words. See runner/store.h.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/staging/transfer.h"

namespace hwf::staging {

using Content = std::pair<std::string, std::string>;  // its digest, and its name or path as the verb wants it

std::vector<std::string> StoreCall(const Store& side, const std::string& marker, const std::string& verb,
                                   const std::string& directory, const std::vector<Content>& contents);

// A word for each of `count` contents, in their order; empty if they are not all there.
std::vector<std::string> StoreWords(const std::string& out, const std::string& marker, size_t count);

}  // namespace hwf::staging
