// Text from a program's source as HTML. Nothing of it is markup: all that HTML reads is escaped. Pure.
#pragma once

#include <string>
#include <string_view>

#include "compiler/doc/model.h"

namespace hwf::doc {

// For text and for attributes in quotes. Controls that no document may hold become U+FFFD.
std::string Escaped(std::string_view text);
// A doc comment: paragraphs where a line is empty, `code` between backticks.
std::string Paragraphs(std::string_view doc);
// The first paragraph on one line, with its `code`.
std::string Summary(std::string_view doc);
// `[` `Metrics` `]`: pieces in turn, those with a link as links. A link into `page` itself leaves its name out.
std::string Linked(const Text& text, std::string_view page);

}  // namespace hwf::doc
