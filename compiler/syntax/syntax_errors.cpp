#include "compiler/syntax/syntax_errors.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/StringExtras.h>
#include <llvm/ADT/StringSwitch.h>

#include "compiler/diagnostics/codes.h"
#include "compiler/diagnostics/did_you_mean.h"
#include "compiler/syntax/unit_parser.h"
#include "compiler/syntax/words.h"

namespace hwf::syntax {

namespace {

bool Opens(uint16_t kind) {
  return kind == P::LPAREN || kind == P::LBRACKET || kind == P::LBRACE || kind == P::INTERPOLATION;
}
bool Closes(uint16_t kind) { return kind == P::RPAREN || kind == P::RBRACKET || kind == P::RBRACE; }
bool IsWord(uint16_t kind) { return (kind >= P::LET && kind <= P::WORKFLOW) || kind == P::ID; }

// `task` in backticks; empty for kinds that have many texts.
std::string Shown(uint16_t kind) {
  std::string literal = P(nullptr).getVocabulary().getLiteralName(kind);
  if (literal.size() < 3) return {};
  return fmt::format("`{}`", literal.substr(1, literal.size() - 2));
}

// Whether the line that ends here was meant to go on: nothing ends in an operator.
bool GoesOn(llvm::ArrayRef<Token> unit, size_t newline) {
  const uint16_t before = newline > 0 ? unit[newline - 1].kind : kEndOfTokens;
  const uint16_t after = newline + 1 < unit.size() ? unit[newline + 1].kind : kEndOfTokens;
  const bool unfinished = (before >= P::PLUS && before <= P::NOT_EQUAL) || before == P::ASSIGN ||
                          before == P::FAT_ARROW || before == P::COALESCE || before == P::AND || before == P::OR ||
                          before == P::NOT;
  return unfinished && after != P::LET && after != P::RBRACE;
}

// Words of other languages, whose meaning shows only at what follows them.
struct Foreign {
  llvm::StringRef word, expected, help;
  const char* instead = nullptr;  // what may take its place as it is
  bool shows_itself = false;      // nothing can be called so where an error is found
};
constexpr const char* kValueAlone = "a block's value is its last expression, without a word before it";
constexpr Foreign kForeign[] = {
    {"return", "the value alone", kValueAlone},
    {"var", "`let`", "names are bound by `let`", "let"},
    {"val", "`let`", "names are bound by `let`", "let"},
    {"const", "`let`", "names are bound by `let`", "let"},
    {"mut", "a name", "a name is bound once, and never changed"},
    {"while", "`for` or `loop`",
     "`for x in xs { … }` goes over a list, `loop s = first max 10 { … }` from round to round"},
    {"review", "`await review`", "a review is written `await review \"question\" { … }`", "await review"},
    {"throw", "`fail`", "`fail \"why\"` fails the run", "fail"},
    {"raise", "`fail`", "`fail \"why\"` fails the run", "fail"},
    {"switch", "`match`", "`match x { variant => value … }`", "match"},
    {"elif", "`else if`", "a choice goes on with `else if c { … }`", "else if", true},
    {"unless", "`if not`", "`if not c { … }`", "if not"},
};

class Reporter {
 public:
  Reporter(llvm::ArrayRef<Token> unit, UnitPart part, const UnitError& error, std::string_view text,
           source::FileId file, diagnostics::Emitter& emitter)
      : unit_(unit), part_(part), error_(error), text_(text), file_(file), emitter_(emitter) {}

  void Run() {
    if (MeantForeignWord() || MeantAnotherWord() || MeantToChange()) return;
    size_t at = error_.token;
    auto report = emitter_.Report(Place(at), diagnostics::kSyntax, Found(at), Expected());
    report.Help(Hint());
    if (KindAt(at) == P::ASSIGN && (ExpectsOperator() || InCondition())) report.Suggest("`==` compares", At(at), "==");
  }

 private:
  uint16_t KindAt(size_t i) const { return i < unit_.size() ? unit_[i].kind : kEndOfTokens; }
  std::string_view TextAt(size_t i) const {
    return i < unit_.size() ? text_.substr(unit_[i].begin, unit_[i].end - unit_[i].begin) : std::string_view();
  }
  Range At(size_t i) const { return {file_, unit_[i].begin, unit_[i].end}; }
  // The end of a line is shown right behind its last token.
  Range Place(size_t i) const {
    if (i < unit_.size() && unit_[i].kind != P::NEWLINE) return At(i);
    uint32_t end = i > 0 && i <= unit_.size() ? unit_[i - 1].end : unit_.empty() ? 0 : unit_[0].begin;
    return {file_, end, end};
  }
  bool Awaited(uint16_t kind) const { return llvm::is_contained(error_.expected, kind); }
  bool ExpectsOperator() const { return Awaited(P::EQUAL); }
  // Between an `if` or `where` and its block.
  bool InCondition() const {
    if (error_.token < part_.begin || error_.token > unit_.size()) return false;
    const llvm::ArrayRef<Token> read = unit_.slice(part_.begin, error_.token - part_.begin);
    const bool begun =
        llvm::any_of(read, [](const Token& each) { return each.kind == P::IF || each.kind == P::WHERE; });
    return begun && Awaited(P::LBRACE);
  }

  std::string Found(size_t i) const {
    switch (KindAt(i)) {
      case kEndOfTokens:
      case P::NEWLINE:
        return "the end of the line";
      case P::STRING:
      case P::STRING_OPEN:
        return "a string";
      case P::STRING_TEXT:
        return "text";
      default:
        break;
    }
    const char* what = KindAt(i) <= P::NONE && KindAt(i) >= P::LET ? "the reserved word " : "";
    return fmt::format("{}`{}`", what, TextAt(i));
  }

  std::string Expected() const {
    if (error_.decision < error_.token) {
      if (const char* form = FormOf(KindAt(error_.decision))) return form;
    }
    if (Awaited(P::INT) && Awaited(P::AWAIT)) {
      return error_.rule == P::RuleBlock || error_.rule == P::RuleStatement ? "a statement or `}`" : "an expression";
    }
    if (error_.rule == P::RuleTypeExpr && Awaited(P::ID)) return "a type";
    if (error_.rule == P::RuleDeclaration) return "a declaration (`task`, `workflow`, `record`, `import`, …)";
    if (error_.rule == P::RuleTaskDecl && Awaited(P::RUN))
      return "a clause of a task (`needs`, `uses`, `run`, …) or `}`";
    if (error_.rule == P::RuleTaskClause) return "a clause of a task (`needs`, `uses`, `run`, …)";
    if (error_.rule == P::RuleReviewExpression && Awaited(P::SHOW)) return "`show`, `choose`, `by`, `within` or `}`";
    if (error_.rule == P::RuleReviewClause) return "`show`, `choose`, `by` or `within`";
    return Listed();
  }

  // The few things that can stand here; every word that is a name counts as one.
  std::string Listed() const {
    llvm::SmallVector<std::string, 8> things;
    bool name = Awaited(P::ID);
    bool end_of_line = Awaited(P::NEWLINE) || Awaited(kEndOfTokens);
    if (name) things.push_back("a name");
    for (uint16_t kind : error_.expected) {
      if (kind == kEndOfTokens || kind == P::NEWLINE || kind == P::ERROR || kind == P::ID) continue;
      if (name && kind > P::NONE && kind <= P::WORKFLOW) continue;
      if (kind == P::STRING_OPEN) continue;
      if (kind == P::STRING) {
        things.push_back("a string");
      } else if (kind == P::INT) {
        things.push_back("a number");
      } else {
        std::string shown = Shown(kind);
        if (!shown.empty()) things.push_back(shown);
      }
    }
    if (end_of_line) things.push_back("the end of the line");
    if (things.size() > 5) return end_of_line ? "an operator or the end of the line" : "something else";
    std::string out;
    for (size_t i = 0; i < things.size(); ++i) {
      out += (i == 0 ? "" : i + 1 == things.size() ? " or " : ", ") + things[i];
    }
    return out.empty() ? "the end of the line" : out;
  }

  static const char* FormOf(uint16_t kind) {
    switch (kind) {
      case P::SEND:
        return "`send job.message(…)`";
      case P::CANCEL:
        return "`cancel job`";
      case P::WATCH:
        return "`watch [latest] job.stream as e { … }`";
      case P::LATEST:
        return "`job.stream as e { … }`";
      case P::CHECKPOINT:
        return "`checkpoint name { field: value, … }`";
      case P::STOP:
        return "`stop with value`";
      case P::NEXT:
        return "`next name = value`";
      case P::WITH:
        return "`with service(…) as s { … }`";
      default:
        return nullptr;
    }
  }

  // A slip in the first word of a declaration, statement or clause shows only at what follows it.
  bool MeantAnotherWord() {
    size_t first = part_.begin;
    if (KindAt(first) != P::ID || error_.token > first + 1) return false;
    bool at_first = error_.token == first;
    // `wacth latest`: two words never stand side by side in an expression.
    if (!at_first && !IsWord(KindAt(first + 1)) && KindAt(first + 1) != P::STRING &&
        KindAt(first + 1) != P::STRING_OPEN && KindAt(first + 1) != P::INT) {
      return false;
    }
    llvm::ArrayRef<llvm::StringRef> words = first == 0                     ? DeclarationWords()
                                            : Awaited(P::RUN) && at_first  ? TaskClauseWords()
                                            : Awaited(P::SHOW) && at_first ? ReviewClauseWords()
                                                                           : StatementWords();
    llvm::StringRef near = diagnostics::Nearest(TextAt(first), words);
    if (near.empty()) return false;
    std::string expected = at_first ? Expected() : std::string("a statement");
    emitter_.Report(At(first), diagnostics::kSyntax, Found(first), expected)
        .Suggest(fmt::format("did you mean `{}`?", near.str()), At(first), near.str());
    return true;
  }

  bool MeantForeignWord() {
    const size_t at = error_.token;
    for (const Foreign& slip : kForeign) {
      const bool here = at < unit_.size() && slip.shows_itself && slip.word == llvm::StringRef(TextAt(at));
      const bool before = at > part_.begin && at <= unit_.size() && IsWord(KindAt(at - 1)) &&
                          slip.word == llvm::StringRef(TextAt(at - 1));
      const bool awaited = before && at > 1 && KindAt(at - 2) == P::AWAIT;
      // Behind the word that begins a line it is a name.
      const bool statement = slip.instead != llvm::StringRef("let") || at == part_.begin + 1;
      if (here || (before && statement && !awaited)) return ReportForeign(slip, here ? at : at - 1);
    }
    return false;
  }

  bool ReportForeign(const Foreign& slip, size_t at) {
    auto report = emitter_.Report(At(at), diagnostics::kSyntax, Found(at), slip.expected);
    if (slip.instead == nullptr) {
      report.Help(slip.help.str());
    } else {
      report.Suggest(slip.help.str(), At(at), slip.instead);
    }
    return true;
  }

  // `total = total + 1`: a statement that nothing else can be.
  bool MeantToChange() {
    const size_t at = error_.token;
    const bool statement =
        KindAt(0) == P::WORKFLOW && part_.begin > 0 && !Awaited(P::COLON) && !Awaited(P::ID) && !Awaited(P::FAT_ARROW);
    if (KindAt(at) != P::ASSIGN || at != part_.begin + 1 || !IsWord(KindAt(at - 1)) || !statement) return false;
    const Range both{file_, unit_[at - 1].begin, unit_[at].end};
    emitter_
        .Report(both, diagnostics::kSyntax, fmt::format("`{} =`", TextAt(at - 1)),
                fmt::format("`let {} =`", TextAt(at - 1)))
        .Help("a name is bound once, by `let`, and never changed: the next value gets another name");
    return true;
  }

  // What belongs behind the word before.
  std::string HintAfterWord(std::string_view before) const {
    const uint16_t kind = KindAt(error_.token);
    const bool in_task = KindAt(0) == P::TASK && part_.begin > 0;
    if (in_task && before == "run" && kind == P::LBRACKET) return "`exec [\"ls\", \"-l\"]` takes a list, `run` a text";
    if (in_task && before == "run" && Awaited(P::STRING)) return "the command stands in quotes: `run \"…\"`";
    if (in_task && before == "exec") return "`exec` takes a list: `exec [\"ls\", \"-l\"]`; `run` takes a text";
    if (in_task && before == "uses") return "paths stand in quotes: `uses \"fit.py\", \"lib/\"`";
    if (in_task && before == "image") return "an image stands in quotes: `image \"docker://debian:12\"`";
    if (before == "stop" && KindAt(0) == P::WORKFLOW && KindAt(part_.begin) != P::CHOOSE)
      return "a loop's value stands behind `stop with`";
    if (before == "->" && Awaited(P::LPAREN)) return "outputs are named, in parentheses: `-> (x: Int)`";
    if (before == "fail" && Awaited(P::STRING)) return "what is said stands in quotes: `fail \"~{reason}\"`";
    return {};
  }

  // What the statement or clause that begins there wants.
  std::string HintInPart() const {
    const uint16_t kind = KindAt(error_.token), first = KindAt(part_.begin);
    const std::string_view word = TextAt(part_.begin);
    if (kind == P::ASSIGN && Awaited(P::COLON)) return "fields are written `name: value`";
    if (kind == P::COLON && first == P::LET && error_.token == part_.begin + 2)
      return "`let` finds the type itself: `let name = value`";
    if (kind == P::COMMA && word == "by") return "people are joined by `or`: `by \"ana\" or \"ben\"`";
    if (kind == P::COMMA && first == P::CHOOSE) return "answers are joined by `|`";
    if (kind == P::COMMA && first == P::ON) return "sites are joined by `|`";
    if (kind == P::PIPE && first == P::ACCEPT) return "messages are joined by commas";
    if (kind == P::LBRACKET && word == "by") return "several people are a `group`: `group team = [\"ana\", \"ben\"]`";
    if (Awaited(P::SHOW) && (first == P::REMIND || first == P::ESCALATE))
      return fmt::format("`{}` stands behind `within`, on its line", word);
    const bool clause = error_.rule == P::RuleTaskDecl || error_.rule == P::RuleTaskClause;
    if (clause && Awaited(P::RUN) && KindAt(error_.token + 1) == P::STRING)
      return "what a task does stands behind `run`: `run \"…\"`";
    if (kind == P::ASSIGN && first == P::SECRET)
      return "its site says where a secret comes from: `secrets: [TOKEN: env(\"TOKEN\")]`";
    if (kind == P::LBRACE && Awaited(P::LPAREN) && !Awaited(P::INT) &&
        (KindAt(0) == P::TASK || KindAt(0) == P::WORKFLOW))
      return "parameters stand in parentheses, which stay where there are none: `()`";
    const bool statement = KindAt(0) == P::WORKFLOW && part_.begin > 0 && error_.token > part_.begin;
    if (statement && llvm::is_contained(TaskClauseWords(), llvm::StringRef(word)) && first != P::CHECKPOINT)
      return fmt::format("`{}` is a clause of a `task`; a workflow calls tasks", word);
    return {};
  }

  std::string Hint() const {
    if (std::string hint = HintAfterWord(error_.token > 0 ? TextAt(error_.token - 1) : ""); !hint.empty()) return hint;
    if (std::string hint = HintInPart(); !hint.empty()) return hint;
    uint16_t kind = KindAt(error_.token);
    std::string_view word = TextAt(error_.token);
    bool wants_expression = Awaited(P::INT) && Awaited(P::AWAIT);
    if (kind == P::LBRACE && wants_expression) {
      return "maps are written `[key: value]`, records are made by call: `Metrics(loss: 1.0)`";
    }
    const bool begun = error_.token > part_.begin + 1;
    if (kind == P::NEWLINE && wants_expression && begun) return "an expression goes on over lines inside `(` or `[`";
    if (kind == P::DOT_DOT) return "a range `lo..hi` stands only after `in` and `replicas`";
    if (kind >= P::LET && kind <= P::NONE && Awaited(P::ID)) return "reserved words cannot be names";
    if (word == "return") return kValueAlone;
    if (error_.token > 0 && TextAt(error_.token - 1) == "review")
      return "a review is written `await review \"question\" { … }`";
    const std::string_view before = error_.token > 0 ? TextAt(error_.token - 1) : std::string_view();
    const bool of_type = error_.token > 0 && KindAt(error_.token - 1) == P::ID && before[0] >= 'A' && before[0] <= 'Z';
    if (kind == P::LBRACE && Awaited(P::ASSIGN) && KindAt(0) == P::FN)
      return "a `fn` is an expression: `fn name(x: Int) -> Int = x + 1`";
    if (kind == P::LBRACE && of_type) return fmt::format("a record is made by calling its name: `{}(…)`", before);
    const uint16_t left = error_.token > 0 ? KindAt(error_.token - 1) : kEndOfTokens;
    if (kind == P::STAR && left == P::STAR) return "a power is `pow(a, b)`";
    if (kind == P::ASSIGN && left == P::EQUAL) return "`==` compares";
    if (kind == P::PLUS && left == P::PLUS) return "a name is never changed; `n + 1` is another value";
    const bool number =
        error_.token > 0 && (KindAt(error_.token - 1) == P::INT || KindAt(error_.token - 1) == P::FLOAT);
    if (number && kind == P::ID) return "a unit stands right behind its number: `5min`, `2GiB`";
    if (word == "?" || word == "then") return "a choice is written `if c { a } else { b }`";
    if (kind == P::IF && part_.begin != error_.token) return "a choice is written `if c { a } else { b }`";
    if (kind == P::FOR && part_.begin != error_.token) return "a list of many is written `for x in xs { … }`";
    if (error_.rule == P::RuleDeclarationUnit && error_.token == 1 && KindAt(0) == P::ID) {
      return "statements stand inside a `workflow`";
    }
    if (kind == P::LET && error_.rule == P::RuleDeclaration) return "statements stand inside a `workflow`";
    return {};
  }

  llvm::ArrayRef<Token> unit_;
  UnitPart part_;
  const UnitError& error_;
  std::string_view text_;
  source::FileId file_;
  diagnostics::Emitter& emitter_;
};

}  // namespace

UnitPart PartAround(llvm::ArrayRef<Token> unit, size_t at) {
  // What ends a line belongs to that line.
  if (at >= unit.size()) at = unit.size() - 1;
  bool ends = unit[at].kind == P::NEWLINE || unit[at].kind == P::RBRACE;
  if (ends && at > 0 && unit[at - 1].kind != P::NEWLINE && unit[at - 1].kind != P::LBRACE) --at;

  size_t begin = at;
  int depth = 0;
  bool in_braces = false;
  // Leftwards to the `{` that holds it, noting the last newline at its level.
  size_t line_begin = SIZE_MAX;
  if (Closes(unit[at].kind)) depth = 1, begin = at;
  for (size_t i = at; i-- > 0;) {
    uint16_t kind = unit[i].kind;
    if (Closes(kind)) {
      ++depth;
    } else if (Opens(kind)) {
      if (depth > 0) {
        --depth;
      } else {
        if (kind == P::LBRACE) {
          in_braces = true;
          begin = line_begin == SIZE_MAX ? i + 1 : line_begin;
          break;
        }
        line_begin = SIZE_MAX;  // newlines do not stand in the other brackets; go on outside
      }
    } else if (kind == P::NEWLINE && depth == 0 && line_begin == SIZE_MAX) {
      line_begin = i + 1;
    }
  }
  if (!in_braces) return {0, unit.size()};
  depth = 0;
  size_t end = begin;
  for (; end < unit.size(); ++end) {
    uint16_t kind = unit[end].kind;
    if (depth == 0 && (kind == P::RBRACE || (kind == P::NEWLINE && !GoesOn(unit, end)))) break;
    if (Opens(kind)) ++depth;
    if (Closes(kind)) --depth;
  }
  return {begin, end};
}

void ReportSyntaxError(llvm::ArrayRef<Token> unit, UnitPart part, const UnitError& error, std::string_view text,
                       source::FileId file, diagnostics::Emitter& emitter) {
  Reporter(unit, part, error, text, file, emitter).Run();
}

}  // namespace hwf::syntax
