// What is named in a list: small lists are looked through. Pure.
#pragma once

#include <string_view>
#include <vector>

namespace hwf::ir {

// Points into `items`; null if none has the name.
template <typename T>
const T* FindByName(const std::vector<T>& items, std::string_view name) {
  for (const T& item : items) {
    if (item.name == name) return &item;
  }
  return nullptr;
}

}  // namespace hwf::ir
