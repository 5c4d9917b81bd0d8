// The documentation as pages of HTML, each complete in itself: no script, nothing from elsewhere. Pure.
#pragma once

#include <string>
#include <vector>

#include "compiler/doc/model.h"

namespace hwf::doc {

struct Page {
  std::string name;  // "index.html"
  std::string text;
};

// Stands at the end of each page: by it hwfc knows its own.
inline constexpr char kMadeBy[] = "Made by <code>hwfc doc</code>";

// index.html and a page for each module.
std::vector<Page> HtmlPages(const std::vector<Module>& modules);

// One declaration's part of its module's page. html_item.cpp.
std::string ItemSection(const Item& item, const std::string& page);

}  // namespace hwf::doc
