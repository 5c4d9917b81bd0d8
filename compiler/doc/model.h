// What the documentation of a program says, before any format: modules with their declarations. Texts are as they stand
// in the source, not escaped. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hwf::doc {

// A piece of source text; `link` is a page and an anchor ("lib.html#record.Metrics"), or empty.
struct Piece {
  std::string text;
  std::string link;
};
using Text = std::vector<Piece>;

inline void Append(Text& to, const Text& more) { to.insert(to.end(), more.begin(), more.end()); }

// `rate: Float = 0.1`, `model: File at "model.pt"`
struct Field {
  std::string name;
  Text type;
  std::string note;  // "= 0.1", "at stdout", "in 0.0..1.0 = rate", or empty
  std::string doc;
};
// A variant, an accepted message, a stream, an answer: `retune(rate: Float)`
struct Shape {
  std::string name;
  std::vector<Field> fields;
  std::string note;  // "keep 5", "grants model"
  std::string doc;
};
// `needs cpus: 1, time: 4h`: the word, and what stands behind it
struct Clause {
  std::string word;
  Text text;
};
struct Review {
  std::string name;      // of its `let`, or empty
  std::string question;  // as in the source, without its quotes
  uint32_t line = 0;
  std::vector<Shape> answers;
  Text chosen;                  // `choose Verdict`: the enum; else empty
  std::vector<Clause> clauses;  // show, by, within, remind, escalate, assume, else
};

struct Item {
  enum class Kind { kWorkflow, kTask, kFn, kRecord, kEnum, kGroup, kSite, kCalendar };
  Kind kind = Kind::kTask;
  std::string name;
  std::string anchor;  // unique in its page
  std::string doc;
  uint32_t line = 0;
  std::vector<Field> takes;       // parameters; a record's fields
  std::vector<Field> gives;       // outputs
  Text result;                    // of a fn; a site's or calendar's base
  std::vector<Shape> variants;    // of an enum
  std::vector<Shape> shows;       // streams of a task
  std::vector<Shape> accepts;     // messages that a task takes
  std::vector<Clause> clauses;    // of a task; a site's or calendar's fields; a group's members
  std::string language, command;  // of a task: "bash", "python", "exec"; its text
  std::vector<Review> reviews;    // of a workflow
  std::string drawing;            // of a workflow: SVG
};

struct Module {
  std::string name;  // as people know it: "lib/tasks.hwf", "std.review"
  std::string page;  // "tasks.html"
  std::string doc;   // the comment at its top
  struct Import {
    std::string text;  // as in the source
    std::string page;
  };
  std::vector<Import> imports;
  std::vector<Item> items;  // in the order of the source
};

// "workflow", "task", …
const char* WordFor(Item::Kind kind);

}  // namespace hwf::doc
