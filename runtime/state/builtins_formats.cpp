// JSON and CSV as texts. The reader of CSV follows RFC 4180: fields are parted by commas, rows by line ends; a field in
// quotes may hold both, and a quote that is doubled.
#include <unordered_set>

#include "runtime/state/builtins_family.h"

namespace hwf::state {
namespace {

using Args = BuiltinArgs;

Evaluation ToJson(const Args& args) {
  std::string text = args[0].Dump();
  return text.size() > kMaxTextBytes ? args.TooMuchText() : Give(Json(std::move(text)));
}

class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  bool AtEnd() const { return at_ == text_.size(); }
  // The fields of the next row; false if a quote is not closed or something follows one that is.
  bool Row(std::vector<std::string>& fields) {
    fields.clear();
    do {
      if (!Field(fields.emplace_back())) return false;
    } while (Take(','));
    Take('\r');
    return Take('\n') || AtEnd();
  }

 private:
  bool Take(char c) {
    if (AtEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool Field(std::string& out) {
    if (Take('"')) return Quoted(out);
    const size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    out = text_.substr(at_, end - at_);
    at_ = end;
    return true;
  }

  bool Quoted(std::string& out) {
    for (;;) {
      const size_t quote = text_.find('"', at_);
      if (quote == std::string_view::npos) return false;
      out += text_.substr(at_, quote - at_);
      at_ = quote + 1;
      if (!Take('"')) return true;
      out += '"';
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

Evaluation ParseCsv(const Args& args) {
  CsvReader reader(args.Text(0));
  JsonArray rows;
  std::vector<std::string> names, fields;
  if (reader.AtEnd()) return Give(Json(std::move(rows)));
  if (!reader.Row(names)) return args.Fail("cannot read row 1: a quote is not closed or stands within a field");
  std::unordered_set<std::string_view> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) return args.Fail(fmt::format("finds the name {} twice", Brief(Json(name))));
  }
  while (!reader.AtEnd()) {
    const size_t row = rows.size() + 2;
    if (!reader.Row(fields)) {
      return args.Fail(fmt::format("cannot read row {}: a quote is not closed or stands within a field", row));
    }
    if (fields.size() != names.size()) {
      return args.Fail(fmt::format("finds {} fields in row {}, and {} names", fields.size(), row, names.size()));
    }
    if (static_cast<int64_t>((rows.size() + 1) * names.size()) > kMaxItems) return args.TooLong();
    JsonObject made;
    for (size_t i = 0; i < names.size(); ++i) made.push_back({names[i], Json(std::move(fields[i]))});
    rows.push_back(Json(std::move(made)));
  }
  return Give(Json(std::move(rows)));
}

constexpr BuiltinEntry kFormats[] = {{"to_json", ToJson}, {"parse_csv", ParseCsv}};

}  // namespace

BuiltinFamily FormatBuiltins() { return kFormats; }

}  // namespace hwf::state
