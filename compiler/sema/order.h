// Order of a directed graph by its edges, and its cycles. Without recursion: graphs come from users' programs, and a
// chain of 100,000 names is a program too. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

namespace hwf::sema {

// edges[n] are the nodes that n needs.
using Needs = std::vector<std::vector<uint32_t>>;

struct Order {
  std::vector<uint32_t> nodes;                // each after what it needs; nodes on a cycle stand in any order
  std::vector<std::vector<uint32_t>> cycles;  // one for each strongly connected part, as a path: each needs the next
  std::vector<std::vector<uint32_t>> knots;   // beside it, all nodes of that part
};

Order OrderOf(const Needs& needs);

}  // namespace hwf::sema
