// A token as three numbers: its kind in HwfParser's numbering, and its bytes. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/syntax/ast.h"

namespace hwf::syntax {

inline constexpr uint16_t kEndOfTokens = 0;

struct Token {
  uint16_t kind;
  uint32_t begin;
  uint32_t end;
};

// The `##` lines above the token that begins at `token_begin`: comments [first, last) of TokenList::comments.
struct DocBlock {
  uint32_t token_begin;
  uint32_t first;
  uint32_t last;
};

struct TokenList {
  std::vector<Token> tokens;      // ends with a kEndOfTokens
  std::vector<Comment> comments;  // in source order
  std::vector<DocBlock> docs;     // by token_begin
};

}  // namespace hwf::syntax
