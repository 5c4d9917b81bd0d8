// Text for people: durations, sizes, times of day, values as a reader expects them, colours. Pure functions; any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "ir/type.h"
#include "runtime/state/events.h"

namespace hwf::report {

// Colours and weights, or nothing of the kind. Text from outside is always passed through Printable first.
class Style {
 public:
  explicit Style(bool color) : color_(color) {}
  std::string Bold(std::string_view text) const { return Wrap("1", text); }
  std::string Dim(std::string_view text) const { return Wrap("2", text); }
  std::string Red(std::string_view text) const { return Wrap("31", text); }
  std::string Green(std::string_view text) const { return Wrap("32", text); }
  std::string Yellow(std::string_view text) const { return Wrap("33", text); }
  std::string Blue(std::string_view text) const { return Wrap("36", text); }
  bool color() const { return color_; }

 private:
  std::string Wrap(std::string_view code, std::string_view text) const;
  bool color_;
};

// Control characters (a terminal's escapes among them) replaced, so that a task cannot draw on a person's screen.
// Newlines become `⏎` unless kept.
std::string Printable(std::string_view text, bool keep_newlines = false);

std::string FormatDuration(int64_t milliseconds);  // "850 ms", "42 s", "3 min 5 s", "2 h 4 min", "3 d 4 h"
std::string FormatBytes(int64_t bytes);            // "1.5 MiB"
std::string OnSite(const std::string& site);       // "on edge"; nothing of `here`, where what says nothing else runs
std::string FormatClock(state::TimeMs time);       // local "14:03:22"
std::string FormatTime(state::TimeMs time);        // local "2026-05-04 14:03"
// "14:03" on the local day of `now`, else with its date.
std::string FormatNear(state::TimeMs time, state::TimeMs now);
std::string FormatUtc(state::TimeMs time);  // "2026-05-04T12:03:22.123Z"

// One line. With a type, Durations and Bytes have units and an enum is `retune(rate: 0.05)`; files are their base
// names.
std::string FormatValue(const Json& value, ir::TypeRef type);
std::string FormatNumber(double value);  // up to 6 significant digits

// Text that a program composed, for a person's eye: Printable, and numbers with more than 7 decimals shortened to 6
// significant digits (`0.13571226833766714` to `0.135712`). Records and --json keep what the program said.
std::string FormatProse(std::string_view text);
// The last part of a path; of a name that `hwf-task` made unique, the part that the task gave.
std::string FileName(std::string_view path);
// As one word of a POSIX shell.
std::string ShellWord(std::string_view text);

// Columns that a terminal uses for it: code points, without escape sequences; wide ones count as two.
size_t Width(std::string_view text);
// Cut to `columns` with `…`, keeping escape sequences whole.
std::string Fit(std::string_view text, size_t columns);
std::string Pad(std::string_view text, size_t columns);

}  // namespace hwf::report
