// Many small files on their way from here to a distant store, or from there to the store here, with one look, one rsync
// and one check for all of them, where one after the other each of these would cost a round trip and more. The side
// that they lie on lays links to them under the names that they are to come to; rsync brings what these lead to; each
// is checked against its digest and put in place (`hwf-runner store`). What is out of the ordinary about one of them is
// left to a Transfer of its own, which says what it is. Nothing blocks. One thread: the engine's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/staging/pause.h"
#include "runtime/staging/transfer.h"

namespace hwf::staging {

class Batch {
 public:
  // All from one side: `from` of one site, to the store `to`; one of the two is distant.
  Batch(std::vector<Item> items, Store from, Store to);
  ~Batch();

  // Once it has ended: of each item the path in the store, or "": it needs a Transfer of its own.
  std::optional<std::vector<std::string>> Poll();
  // As of a Transfer.
  int fd() const { return command_ ? command_->fd() : -1; }
  int Wait() const;
  const std::string& trouble() const { return trouble_; }

 private:
  enum class Step { kLook, kLay, kCopy, kClear, kKeep, kPause };

  void Begin(Step step);
  std::vector<std::string> CommandOf(Step step) const;
  std::vector<std::string> At(const Store& side, const std::string& verb, const std::string& directory) const;
  std::vector<std::string> Copy() const;
  void OnEnded(const platform::CommandResult& result);
  void OnCopied(const platform::CommandResult& result);
  std::string Laid() const;
  void Settle(size_t index, bool there);
  void Next(Step step);
  void Again(const std::string& why);
  void End();

  std::vector<Item> items_;
  Store from_, to_;
  std::vector<size_t> left_;        // of items_: not settled
  std::vector<std::string> paths_;  // of items_
  std::string marker_;
  Step step_ = Step::kLook;
  std::unique_ptr<platform::Command> command_;
  bool ended_ = false;
  std::string trouble_;
  Pause pause_;
};

}  // namespace hwf::staging
