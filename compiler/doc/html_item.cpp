// One declaration as HTML: its head as in the source, with links, then what is said of it and of its parts.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/doc/html.h"
#include "compiler/doc/markup.h"

namespace hwf::doc {
namespace {

// The widest head that stands on one line, in characters.
constexpr size_t kLineWidth = 92;

Text FieldText(const Field& field) {
  Text out = {{field.name + ": ", ""}};
  out.insert(out.end(), field.type.begin(), field.type.end());
  if (!field.note.empty()) out.push_back({" " + field.note, ""});
  return out;
}

size_t Width(const Text& text) {
  size_t width = 0;
  for (const Piece& piece : text) width += piece.text.size();
  return width;
}

// `open item, item close`, one line each where they, and what stands behind them, are long.
Text Bracketed(const std::string& open, const std::vector<Text>& items, const std::string& close, bool spaced,
               size_t behind = 0) {
  size_t width = open.size() + close.size() + behind;
  for (const Text& item : items) width += Width(item) + 2;
  const bool broken = width > kLineWidth && !items.empty();
  const std::string gap = spaced && !items.empty() ? " " : "";
  Text out = {{open + (broken ? "\n  " : gap), ""}};
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out.push_back({broken ? ",\n  " : ", ", ""});
    Append(out, items[i]);
  }
  out.push_back({(broken ? "\n" : gap) + close, ""});
  return out;
}

std::vector<Text> Texts(const std::vector<Field>& fields) {
  std::vector<Text> out;
  out.reserve(fields.size());
  for (const Field& field : fields) out.push_back(FieldText(field));
  return out;
}

Text ShapeText(const Shape& shape) {
  Text out =
      shape.fields.empty() ? Text{{shape.name, ""}} : Bracketed(shape.name + "(", Texts(shape.fields), ")", false);
  if (!shape.note.empty()) out.push_back({" " + shape.note, ""});
  return out;
}

std::vector<Text> Texts(const std::vector<Shape>& shapes) {
  std::vector<Text> out;
  out.reserve(shapes.size());
  for (const Shape& shape : shapes) out.push_back(ShapeText(shape));
  return out;
}

// The members of a group, the fields of a site.
std::vector<Text> Texts(const std::vector<Clause>& clauses) {
  std::vector<Text> out;
  for (const Clause& clause : clauses) {
    Text text;
    if (!clause.word.empty()) text.push_back({clause.word + ": ", ""});
    Append(text, clause.text);
    out.push_back(std::move(text));
  }
  return out;
}

Text Head(const Item& item) {
  const std::string begin = std::string(WordFor(item.kind)) + " " + item.name;
  switch (item.kind) {
    case Item::Kind::kRecord:
      return Bracketed(begin + " {", Texts(item.takes), "}", true);
    case Item::Kind::kEnum:
      return Bracketed(begin + " {", Texts(item.variants), "}", true);
    case Item::Kind::kGroup:
      return Bracketed(begin + " = [", Texts(item.clauses), "]", false);
    case Item::Kind::kSite:
    case Item::Kind::kCalendar: {
      Text out = {{begin + " = ", ""}};
      Append(out, item.result);
      Append(out, Bracketed("(", Texts(item.clauses), ")", false));
      return out;
    }
    case Item::Kind::kFn: {
      Text out = Bracketed(begin + "(", Texts(item.takes), ") -> ", false, Width(item.result));
      Append(out, item.result);
      return out;
    }
    case Item::Kind::kTask:
    case Item::Kind::kWorkflow: {
      const Text gives = item.gives.empty() ? Text() : Bracketed(" -> (", Texts(item.gives), ")", false);
      Text out = Bracketed(begin + "(", Texts(item.takes), ")", false, Width(gives));
      Append(out, gives);
      return out;
    }
  }
  return {};
}

// What the head cannot say: the words for each part, if any has some.
template <typename Part>
std::string Described(const std::vector<Part>& parts, const char* title) {
  if (std::all_of(parts.begin(), parts.end(), [](const Part& part) { return part.doc.empty(); })) return "";
  std::string rows;
  for (const Part& part : parts) {
    if (part.doc.empty()) continue;
    rows += fmt::format("<tr><td><code>{}</code></td><td>{}</td></tr>\n", Escaped(part.name), Summary(part.doc));
  }
  return fmt::format("<h4>{}</h4>\n<div class=\"wide\"><table>\n{}</table></div>\n", title, rows);
}

std::string Clauses(const std::vector<Clause>& clauses, const std::string& page) {
  if (clauses.empty()) return "";
  std::string rows;
  for (const Clause& clause : clauses) {
    rows += fmt::format("<tr><td class=\"soft\">{}</td><td><code>{}</code></td></tr>\n", Escaped(clause.word),
                        Linked(clause.text, page));
  }
  return "<div class=\"wide\"><table>\n" + rows + "</table></div>\n";
}

std::string Shapes(const std::vector<Shape>& shapes, const char* title, const std::string& page) {
  if (shapes.empty()) return "";
  std::string lines;
  for (const Shape& shape : shapes) lines += fmt::format("<li><code>{}</code></li>\n", Linked(ShapeText(shape), page));
  const std::string heading = title == nullptr ? "" : fmt::format("<h4>{}</h4>\n", title);
  return heading + "<ul class=\"list\">\n" + lines + "</ul>\n";
}

std::string ReviewBlock(const Review& review, const std::string& page) {
  std::string out =
      fmt::format("<div class=\"review\">\n<p>{}{}</p>\n", Escaped(review.question),
                  review.name.empty() ? "" : fmt::format(" <span class=\"soft\">({})</span>", Escaped(review.name)));
  if (!review.chosen.empty()) {
    out += "<ul class=\"list\">\n<li>answers of <code>" + Linked(review.chosen, page) + "</code></li>\n</ul>\n";
  }
  out += Shapes(review.answers, nullptr, page);
  return out + Clauses(review.clauses, page) + "</div>\n";
}

std::string Reviews(const std::vector<Review>& reviews, const std::string& page) {
  if (reviews.empty()) return "";
  std::string out = "<h4>People are asked</h4>\n";
  for (const Review& review : reviews) out += ReviewBlock(review, page);
  return out;
}

// The file's lines begin and end with line ends of their own, which nobody wants to see.
std::string Command(const Item& item) {
  if (item.language.empty()) return "";
  const size_t begin = item.command.find_first_not_of('\n'), end = item.command.find_last_not_of("\n ");
  const std::string text = begin == std::string::npos ? "" : item.command.substr(begin, end + 1 - begin);
  return fmt::format("<details>\n<summary>Command ({})</summary>\n<pre><code>{}</code></pre>\n</details>\n",
                     Escaped(item.language), Escaped(text));
}

}  // namespace

std::string ItemSection(const Item& item, const std::string& page) {
  const std::string anchor = Escaped(item.anchor);
  std::string out = fmt::format(
      "<section class=\"item\" id=\"{0}\">\n<h3><span class=\"kind\">{1}</span> {2} <a class=\"anchor\" href=\"#{0}\" "
      "aria-label=\"link to {2}\">#</a></h3>\n",
      anchor, WordFor(item.kind), Escaped(item.name));
  out += Paragraphs(item.doc);
  out += "<pre><code>" + Linked(Head(item), page) + "</code></pre>\n";
  out += Described(item.takes, item.kind == Item::Kind::kRecord ? "Fields" : "Takes");
  out += Described(item.gives, "Gives") + Described(item.variants, "Variants");
  out += Shapes(item.shows, "Shows while it runs", page) + Shapes(item.accepts, "Can be told", page);
  if (item.kind == Item::Kind::kTask && !item.clauses.empty())
    out += "<h4>Clauses</h4>\n" + Clauses(item.clauses, page);
  out += Reviews(item.reviews, page);
  if (!item.drawing.empty()) out += "<div class=\"drawing\">\n" + item.drawing + "</div>\n";
  return out + Command(item) + "</section>\n";
}

}  // namespace hwf::doc
