#include "compiler/syntax/words.h"

#include <llvm/ADT/StringMap.h>

#include "grammar/HwfParser.h"

namespace hwf::syntax {

using Kind = grammar::HwfParser;

uint16_t WordKind(std::string_view word) {
  if (word.size() < 2 || word.size() > 10) return Kind::ID;
  static const llvm::StringMap<uint16_t> kWords = {
      {"let", Kind::LET},
      {"if", Kind::IF},
      {"else", Kind::ELSE},
      {"match", Kind::MATCH},
      {"for", Kind::FOR},
      {"in", Kind::IN},
      {"loop", Kind::LOOP},
      {"await", Kind::AWAIT},
      {"try", Kind::TRY},
      {"fail", Kind::FAIL},
      {"fn", Kind::FN},
      {"and", Kind::AND},
      {"or", Kind::OR},
      {"not", Kind::NOT},
      {"true", Kind::TRUE},
      {"false", Kind::FALSE},
      {"none", Kind::NONE},
      {"accept", Kind::ACCEPT},
      {"after", Kind::AFTER},
      {"answer", Kind::ANSWER},
      {"as", Kind::AS},
      {"assume", Kind::ASSUME},
      {"at", Kind::AT},
      {"by", Kind::BY},
      {"cache", Kind::CACHE},
      {"calendar", Kind::CALENDAR},
      {"cancel", Kind::CANCEL},
      {"checkpoint", Kind::CHECKPOINT},
      {"choose", Kind::CHOOSE},
      {"effect", Kind::EFFECT},
      {"enum", Kind::ENUM},
      {"env", Kind::ENV},
      {"escalate", Kind::ESCALATE},
      {"every", Kind::EVERY},
      {"exec", Kind::EXEC},
      {"expect", Kind::EXPECT},
      {"given", Kind::GIVEN},
      {"grants", Kind::GRANTS},
      {"group", Kind::GROUP},
      {"hwf", Kind::HWF},
      {"image", Kind::IMAGE},
      {"import", Kind::IMPORT},
      {"keep", Kind::KEEP},
      {"latest", Kind::LATEST},
      {"launch", Kind::LAUNCH},
      {"max", Kind::MAX},
      {"needs", Kind::NEEDS},
      {"next", Kind::NEXT},
      {"on", Kind::ON},
      {"pack", Kind::PACK},
      {"port", Kind::PORT},
      {"quorum", Kind::QUORUM},
      {"ready", Kind::READY},
      {"record", Kind::RECORD},
      {"remind", Kind::REMIND},
      {"replicas", Kind::REPLICAS},
      {"restart", Kind::RESTART},
      {"retry", Kind::RETRY},
      {"review", Kind::REVIEW},
      {"run", Kind::RUN},
      {"secret", Kind::SECRET},
      {"send", Kind::SEND},
      {"service", Kind::SERVICE},
      {"show", Kind::SHOW},
      {"site", Kind::SITE},
      {"stop", Kind::STOP},
      {"task", Kind::TASK},
      {"test", Kind::TEST},
      {"to", Kind::TO},
      {"up", Kind::UP},
      {"uses", Kind::USES},
      {"watch", Kind::WATCH},
      {"where", Kind::WHERE},
      {"with", Kind::WITH},
      {"within", Kind::WITHIN},
      {"workflow", Kind::WORKFLOW},
  };
  const auto found = kWords.find(llvm::StringRef(word.data(), word.size()));
  return found == kWords.end() ? static_cast<uint16_t>(Kind::ID) : found->second;
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
