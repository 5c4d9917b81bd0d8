// What is asked of many files and directories at a distant site (`hwf-runner store`): whether they are still what their
// digests say, how large and old they are, to be gone. A link that is down is waited for. Nothing blocks. One thread:
// the engine's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/platform/command.h"
#include "runtime/staging/pause.h"
#include "runtime/staging/store_call.h"

namespace hwf::staging {

class Inquiry {
 public:
  // `verb`: "same", "times" or "drop" of `directory` (see runner/store.h). The contents, with absolute paths, lie at
  // the site whose store `at` is.
  Inquiry(std::string verb, std::string directory, std::vector<Content> contents, Store at);

  // Once it has ended: a word for each content, in their order; all empty if it could not be asked.
  std::optional<std::vector<std::string>> Poll();
  // As of a Transfer.
  int fd() const { return command_ ? command_->fd() : -1; }
  int Wait() const;
  const std::string& trouble() const { return trouble_; }

 private:
  void Begin();
  void OnEnded(const platform::CommandResult& result);

  std::string verb_, directory_;
  Store at_;
  std::string marker_;
  std::vector<Content> contents_;
  std::unique_ptr<platform::Command> command_;  // none: it pauses, or has ended
  Pause pause_;
  std::string trouble_;
  std::optional<std::vector<std::string>> result_;
};

}  // namespace hwf::staging
