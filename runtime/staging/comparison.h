// Whether contents at a distant site are still what their digests say: they are read there (`hwf-runner store same`). A
// link that is down is waited for. Nothing blocks. One thread: the engine's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/platform/command.h"
#include "runtime/staging/pause.h"
#include "runtime/staging/store_call.h"

namespace hwf::staging {

class Comparison {
 public:
  // `items` lie at the site whose store `at` is.
  Comparison(const std::vector<Item>& items, Store at);

  // Once it has ended: of each item whether it is there and the same.
  std::optional<std::vector<bool>> Poll();
  // As of a Transfer.
  int fd() const { return command_ ? command_->fd() : -1; }
  int Wait() const;
  const std::string& trouble() const { return trouble_; }

 private:
  void Begin();
  void OnEnded(const platform::CommandResult& result);

  Store at_;
  std::string marker_;
  std::vector<Content> contents_;
  std::unique_ptr<platform::Command> command_;  // none: it pauses, or has ended
  Pause pause_;
  std::string trouble_;
  std::optional<std::vector<bool>> result_;
};

}  // namespace hwf::staging
