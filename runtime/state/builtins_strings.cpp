// Texts. Letters are those of ASCII: what the others' capitals are depends on language and version of Unicode.
#include <charconv>
#include <cmath>

#include "runtime/state/builtins_family.h"

namespace hwf::state {
namespace {

using Args = BuiltinArgs;

Evaluation Str(const Args& args) { return Give(Json(ToText(args[0], args.expr.args[0].type))); }

Evaluation Join(const Args& args) {
  size_t size = 0;
  for (const Json& text : args.List(0)) {
    size += text.AsString().size() + args.Text(1).size();
    if (size > kMaxTextBytes + args.Text(1).size()) return args.TooMuchText();
  }
  std::string out;
  for (const Json& text : args.List(0)) {
    if (&text != args.List(0).data()) out += args.Text(1);
    out += text.AsString();
  }
  return Give(Json(std::move(out)));
}

JsonArray Characters(std::string_view text) {
  JsonArray out;
  for (size_t begin = 0, at = 1; begin < text.size(); ++at) {
    const bool ends = at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (!ends) continue;
    out.push_back(Json(text.substr(begin, at - begin)));
    begin = at;
  }
  return out;
}

Evaluation Split(const Args& args) {
  const std::string& text = args.Text(0);
  const std::string& by = args.Text(1);
  const int64_t pieces = by.empty() ? CodePoints(text) : 0;
  if (pieces > kMaxItems) return args.TooLong();
  if (by.empty()) return Give(Json(Characters(text)));
  JsonArray out;
  for (size_t begin = 0; begin != std::string::npos;) {
    if (static_cast<int64_t>(out.size()) == kMaxItems) return args.TooLong();
    const size_t end = text.find(by, begin);
    out.push_back(Json(text.substr(begin, end - begin)));
    begin = end == std::string::npos ? end : end + by.size();
  }
  return Give(Json(std::move(out)));
}

Evaluation Trim(const Args& args) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::string& text = args.Text(0);
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string::npos) return Give(Json(""));
  return Give(Json(text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin)));
}

std::string Shifted(std::string text, char from, char to, int by) {
  for (char& c : text) {
    if (c >= from && c <= to) c = static_cast<char>(c + by);
  }
  return text;
}
Evaluation Upper(const Args& args) { return Give(Json(Shifted(args.Text(0), 'a', 'z', 'A' - 'a'))); }
Evaluation Lower(const Args& args) { return Give(Json(Shifted(args.Text(0), 'A', 'Z', 'a' - 'A'))); }

Evaluation Replace(const Args& args) {
  const std::string& text = args.Text(0);
  const std::string& old = args.Text(1);
  if (old.empty()) return Give(args[0]);
  std::string out;
  size_t begin = 0;
  for (size_t at = text.find(old); at != std::string::npos; at = text.find(old, begin)) {
    out.append(text, begin, at - begin).append(args.Text(2));
    if (out.size() > kMaxTextBytes) return args.TooMuchText();
    begin = at + old.size();
  }
  out.append(text, begin);
  return out.size() > kMaxTextBytes ? args.TooMuchText() : Give(Json(std::move(out)));
}

Evaluation StartsWith(const Args& args) { return Give(Json(args.Text(0).starts_with(args.Text(1)))); }
Evaluation EndsWith(const Args& args) { return Give(Json(args.Text(0).ends_with(args.Text(1)))); }

Evaluation PadLeft(const Args& args) {
  const std::string& fill = args.Text(2);
  if (CodePoints(fill) != 1) return args.Fail(fmt::format("fills with one character, found {}", Brief(args[2])));
  const int64_t length = CodePoints(args.Text(0));
  if (args.Int(1) <= length) return Give(args[0]);
  const int64_t missing = args.Int(1) - length;
  if (missing > static_cast<int64_t>(kMaxTextBytes / fill.size())) return args.TooMuchText();
  std::string out(fill.size() == 1 ? static_cast<size_t>(missing) : 0, fill[0]);
  for (int64_t i = 0; fill.size() > 1 && i < missing; ++i) out += fill;
  return Give(Json(out + args.Text(0)));
}

// from_chars knows no locale.
template <typename Number>
Evaluation ToNumber(const Args& args) {
  const std::string& text = args.Text(0);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return Give(whole ? Json(value) : Json());
}

constexpr BuiltinEntry kStrings[] = {{"str", Str},
                                     {"join", Join},
                                     {"split", Split},
                                     {"trim", Trim},
                                     {"upper", Upper},
                                     {"lower", Lower},
                                     {"replace", Replace},
                                     {"starts_with", StartsWith},
                                     {"ends_with", EndsWith},
                                     {"pad_left", PadLeft},
                                     {"to_int", ToNumber<int64_t>},
                                     {"to_float", ToNumber<double>}};

}  // namespace

BuiltinFamily StringBuiltins() { return kStrings; }

}  // namespace hwf::state
