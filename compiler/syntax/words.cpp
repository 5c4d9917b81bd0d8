#include "compiler/syntax/words.h"

#include <llvm/ADT/StringSwitch.h>

#include "grammar/HwfParser.h"

namespace hwf::syntax {

using Kind = grammar::HwfParser;

uint16_t WordKind(std::string_view word) {
  if (word.size() < 2 || word.size() > 10) return Kind::ID;
  return llvm::StringSwitch<uint16_t>(word)
      .Case("let", Kind::LET)
      .Case("if", Kind::IF)
      .Case("else", Kind::ELSE)
      .Case("match", Kind::MATCH)
      .Case("for", Kind::FOR)
      .Case("in", Kind::IN)
      .Case("loop", Kind::LOOP)
      .Case("await", Kind::AWAIT)
      .Case("try", Kind::TRY)
      .Case("fail", Kind::FAIL)
      .Case("fn", Kind::FN)
      .Case("and", Kind::AND)
      .Case("or", Kind::OR)
      .Case("not", Kind::NOT)
      .Case("true", Kind::TRUE)
      .Case("false", Kind::FALSE)
      .Case("none", Kind::NONE)
      .Case("accept", Kind::ACCEPT)
      .Case("after", Kind::AFTER)
      .Case("answer", Kind::ANSWER)
      .Case("as", Kind::AS)
      .Case("assume", Kind::ASSUME)
      .Case("at", Kind::AT)
      .Case("by", Kind::BY)
      .Case("cache", Kind::CACHE)
      .Case("calendar", Kind::CALENDAR)
      .Case("cancel", Kind::CANCEL)
      .Case("checkpoint", Kind::CHECKPOINT)
      .Case("choose", Kind::CHOOSE)
      .Case("effect", Kind::EFFECT)
      .Case("enum", Kind::ENUM)
      .Case("env", Kind::ENV)
      .Case("escalate", Kind::ESCALATE)
      .Case("every", Kind::EVERY)
      .Case("exec", Kind::EXEC)
      .Case("expect", Kind::EXPECT)
      .Case("given", Kind::GIVEN)
      .Case("grants", Kind::GRANTS)
      .Case("group", Kind::GROUP)
      .Case("hwf", Kind::HWF)
      .Case("image", Kind::IMAGE)
      .Case("import", Kind::IMPORT)
      .Case("keep", Kind::KEEP)
      .Case("latest", Kind::LATEST)
      .Case("launch", Kind::LAUNCH)
      .Case("max", Kind::MAX)
      .Case("needs", Kind::NEEDS)
      .Case("next", Kind::NEXT)
      .Case("on", Kind::ON)
      .Case("pack", Kind::PACK)
      .Case("port", Kind::PORT)
      .Case("quorum", Kind::QUORUM)
      .Case("ready", Kind::READY)
      .Case("record", Kind::RECORD)
      .Case("remind", Kind::REMIND)
      .Case("replicas", Kind::REPLICAS)
      .Case("restart", Kind::RESTART)
      .Case("retry", Kind::RETRY)
      .Case("review", Kind::REVIEW)
      .Case("run", Kind::RUN)
      .Case("secret", Kind::SECRET)
      .Case("send", Kind::SEND)
      .Case("service", Kind::SERVICE)
      .Case("show", Kind::SHOW)
      .Case("site", Kind::SITE)
      .Case("stop", Kind::STOP)
      .Case("task", Kind::TASK)
      .Case("test", Kind::TEST)
      .Case("to", Kind::TO)
      .Case("up", Kind::UP)
      .Case("uses", Kind::USES)
      .Case("watch", Kind::WATCH)
      .Case("where", Kind::WHERE)
      .Case("with", Kind::WITH)
      .Case("within", Kind::WITHIN)
      .Case("workflow", Kind::WORKFLOW)
      .Default(Kind::ID);
}

bool IsReserved(std::string_view word) {
  uint16_t kind = WordKind(word);
  return kind >= Kind::LET && kind <= Kind::NONE;
}

llvm::ArrayRef<llvm::StringRef> DeclarationWords() {
  static constexpr llvm::StringRef kWords[] = {"import",  "record", "enum",  "fn",       "task", "workflow",
                                               "service", "site",   "group", "calendar", "test"};
  return kWords;
}

llvm::ArrayRef<llvm::StringRef> TaskClauseWords() {
  static constexpr llvm::StringRef kWords[] = {"uses",   "on",         "image",  "needs", "env",
                                               "secret", "retry",      "effect", "cache", "launch",
                                               "pack",   "checkpoint", "accept", "run",   "exec"};
  return kWords;
}

llvm::ArrayRef<llvm::StringRef> StatementWords() {
  static constexpr llvm::StringRef kWords[] = {"let", "watch", "send", "cancel", "checkpoint", "stop", "next", "if",
                                               "for", "match", "loop", "await",  "try",        "fail", "with"};
  return kWords;
}

llvm::ArrayRef<llvm::StringRef> ReviewClauseWords() {
  static constexpr llvm::StringRef kWords[] = {"show", "choose", "by", "within", "assume"};
  return kWords;
}

}  // namespace hwf::syntax
