#include "compiler/doc/html.h"

#include <fmt/format.h>

#include "compiler/doc/markup.h"
#include "compiler/doc/style.h"

namespace hwf::doc {
namespace {

struct Chapter {
  Item::Kind kind;
  const char* title;
};
// In the order in which a reader meets them.
constexpr Chapter kChapters[] = {{Item::Kind::kWorkflow, "Workflows"}, {Item::Kind::kTask, "Tasks"},
                                 {Item::Kind::kFn, "Functions"},       {Item::Kind::kRecord, "Records"},
                                 {Item::Kind::kEnum, "Enums"},         {Item::Kind::kGroup, "Groups"},
                                 {Item::Kind::kSite, "Sites"},         {Item::Kind::kCalendar, "Calendars"}};

// Nothing is fetched and nothing runs, whatever a page holds.
std::string Whole(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}<footer>{}.</footer>\n"
      "</body>\n</html>\n",
      Escaped(title), kStyle, body, kMadeBy);
}

std::string Line(const Item& item, const std::string& page) {
  const std::string summary = Summary(item.doc);
  return fmt::format("<li><code><span class=\"kind\">{}</span> <a href=\"{}#{}\">{}</a></code>{}{}</li>\n",
                     WordFor(item.kind), Escaped(page), Escaped(item.anchor), Escaped(item.name),
                     summary.empty() ? "" : " – ", summary);
}

std::string Contents(const Module& module, const std::string& page) {
  std::string out;
  for (const Chapter& chapter : kChapters) {
    for (const Item& item : module.items) {
      if (item.kind == chapter.kind) out += Line(item, page);
    }
  }
  return out.empty() ? "<p class=\"soft\">It declares nothing.</p>\n" : "<ul class=\"list\">\n" + out + "</ul>\n";
}

std::string Imports(const Module& module) {
  if (module.imports.empty()) return "";
  std::string out;
  for (const Module::Import& import : module.imports)
    out += fmt::format("<li><a href=\"{}\"><code>{}</code></a></li>\n", Escaped(import.page), Escaped(import.text));
  return "<h4>Imports</h4>\n<ul class=\"list\">\n" + out + "</ul>\n";
}

std::string ModulePage(const Module& module) {
  std::string body = "<nav><a href=\"index.html\">All modules</a></nav>\n<main>\n";
  body += fmt::format("<h1>{}</h1>\n{}{}", Escaped(module.name), Paragraphs(module.doc), Imports(module));
  body += "<h4>Contents</h4>\n" + Contents(module, "");
  for (const Chapter& chapter : kChapters) {
    std::string sections;
    for (const Item& item : module.items) {
      if (item.kind == chapter.kind) sections += ItemSection(item, module.page);
    }
    if (!sections.empty()) body += fmt::format("<h2>{}</h2>\n{}", chapter.title, sections);
  }
  return Whole(module.name, body + "</main>\n");
}

std::string IndexPage(const std::vector<Module>& modules) {
  std::string body = "<main>\n<h1>Modules</h1>\n";
  for (const Module& module : modules) {
    body += fmt::format("<h2><a href=\"{}\">{}</a></h2>\n", Escaped(module.page), Escaped(module.name));
    const std::string summary = Summary(module.doc);
    if (!summary.empty()) body += "<p>" + summary + "</p>\n";
    body += Contents(module, module.page);
  }
  return Whole(modules.size() == 1 ? modules[0].name : "Modules", body + "</main>\n");
}

}  // namespace

std::vector<Page> HtmlPages(const std::vector<Module>& modules) {
  std::vector<Page> pages = {{"index.html", IndexPage(modules)}};
  for (const Module& module : modules) pages.push_back({module.page, ModulePage(module)});
  return pages;
}

}  // namespace hwf::doc
