// Comments that silence lints: `# hwf: allow W0901 why`, or several codes, with commas or spaces between. Behind code
// such a comment speaks of its own line; alone on its line, of the next one that is no comment. What is silenced stays
// in the list, marked with the reason, for programs that want to know. Errors cannot be silenced. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/source/source.h"

namespace hwf::diagnostics {

class Silencer {
 public:
  explicit Silencer(const source::SourceManager& sources) : sources_(sources) {}

  // Takes note of a comment, which goes from its `#` to the end of its line; any other comment is none of its business.
  // `judged`: Apply says if it silences nothing, or names what cannot be silenced.
  void Read(source::Range comment, bool judged);

  // Marks what the comments silence, and adds what is wrong with the comments themselves.
  std::vector<Diagnostic> Apply(std::vector<Diagnostic> diagnostics) const;

 private:
  struct Allowed {
    source::Range range;  // of the code in the comment
    std::string code;     // as it is written
    std::string why;
    uint32_t line;  // that it speaks of
    bool judged;
  };
  // The line of which a comment speaks.
  uint32_t LineOf(source::Range comment) const;
  void Judge(const Allowed& allowed, bool used, Emitter& emitter) const;

  const source::SourceManager& sources_;
  std::vector<Allowed> allowed_;
};

}  // namespace hwf::diagnostics
