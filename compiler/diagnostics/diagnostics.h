// Diagnostics: what the compiler has to say to the user about the user's program. Every code is declared once, in
// `codes.def`; phases report through an Emitter, which fills the text and hands the finished Diagnostic to a Consumer.
// One thread.
//
// Reporting reads:
//   emitter.Report(range, kUnknownName, name).Suggest("did you mean `rate`?", range, "rate").Note(other, "declared
//   here");
#pragma once

#include <fmt/core.h>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "compiler/source/source.h"

namespace hwf::diagnostics {

enum class Severity { kError, kWarning };

// One row of the table: `E0203`, `unknown-name`. The text's placeholders are checked against Args at compile time.
struct CodeInfo {
  const char* code;  // "E0203"; E errors, W lints; the first two digits are the phase
  const char* name;  // "unknown-name": for lint comments and tests
  Severity severity;
};
template <typename... Args>
struct Code {
  CodeInfo info;
  fmt::format_string<Args...> text;
};

// A mechanical edit: replace `range` by `text`.
struct FixIt {
  source::Range range;
  std::string text;
};
struct Note {
  source::Range range;
  std::string text;
};
struct Diagnostic {
  CodeInfo info;
  source::Range range;
  std::string message;
  std::string help;  // one line: what to do; empty if there is none
  std::vector<Note> notes;
  std::vector<FixIt> fixes;
  std::optional<std::string> silenced = std::nullopt;  // by a comment in the source: its reason, which may be empty
};

class Consumer {
 public:
  virtual ~Consumer() = default;
  virtual void Take(Diagnostic diagnostic) = 0;
};

// Hands the diagnostic over when the full expression ends.
class Report {
 public:
  Report(Consumer& consumer, Diagnostic diagnostic) : consumer_(&consumer), diagnostic_(std::move(diagnostic)) {}
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;
  ~Report() { consumer_->Take(std::move(diagnostic_)); }

  Report& Help(std::string text) {
    diagnostic_.help = std::move(text);
    return *this;
  }
  Report& Suggest(std::string help, source::Range range, std::string replacement) {
    diagnostic_.help = std::move(help);
    diagnostic_.fixes.push_back({range, std::move(replacement)});
    return *this;
  }
  // Of what stands in no source, as what is built in, nothing is noted.
  Report& Note(source::Range range, std::string text) {
    if (range.end == 0) return *this;
    diagnostic_.notes.push_back({range, std::move(text)});
    return *this;
  }

 private:
  Consumer* consumer_;
  Diagnostic diagnostic_;
};

class Emitter {
 public:
  explicit Emitter(Consumer& consumer) : consumer_(&consumer) {}
  Consumer& consumer() { return *consumer_; }

  template <typename... Args>
  diagnostics::Report Report(source::Range range, const Code<Args...>& code,
                             const std::type_identity_t<Args>&... args) {
    std::string message = fmt::vformat(fmt::string_view(code.text), fmt::make_format_args(args...));
    return diagnostics::Report(*consumer_, {code.info, range, std::move(message), {}, {}, {}});
  }

 private:
  Consumer* consumer_;
};

// Keeps what it is given, in order of report; counts errors.
class Collector final : public Consumer {
 public:
  void Take(Diagnostic diagnostic) override {
    if (diagnostic.info.severity == Severity::kError) ++errors_;
    diagnostics_.push_back(std::move(diagnostic));
  }
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }
  bool has_errors() const { return errors_ > 0; }
  size_t errors() const { return errors_; }

 private:
  std::vector<Diagnostic> diagnostics_;
  size_t errors_ = 0;
};

}  // namespace hwf::diagnostics
