// One content on its way from here to a distant store, or from there to the store here: looked for there, copied by
// rsync over the site's ssh connection, checked against its digest and put in place by `hwf-runner keep`. A copy that
// breaks off goes on where it was; a link that is down is waited for. Nothing blocks. One thread: the engine's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "runtime/platform/command.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/ssh/ssh_host.h"
#include "runtime/staging/pause.h"

namespace hwf::staging {

// A file or directory somewhere.
struct Item {
  std::string site;  // where it lies; empty: here
  std::string path;  // there, absolute
  std::string digest;
  int64_t size = 0;
};

// A place that contents are brought to.
struct Store {
  std::string site;                  // empty: here
  std::optional<ssh::SshHost> host;  // of a distant one
  std::string directory;             // absolute
  std::string runner;                // path of hwf-runner there
};

class Transfer {
 public:
  // `host`: of the distant end, whichever that is; `runner`: hwf-runner here, for what runs on this side.
  Transfer(Item item, Store to, ssh::SshHost host, std::string runner);

  // The path in the store, or why it cannot come there; nothing while it goes on.
  std::optional<ErrorOr<std::string>> Poll();
  // Readable when Poll has something to do; -1: there is nothing to watch now.
  int fd() const { return command_ ? command_->fd() : -1; }
  // After how many milliseconds Poll wants to be called, at the latest.
  int Wait() const;

  const Item& item() const { return item_; }
  // Bytes that have come, as far as rsync has said.
  int64_t moved() const { return moved_; }
  // Why it waits, or empty.
  const std::string& trouble() const { return trouble_; }

 private:
  enum class Step { kLook, kCopy, kKeep, kPause };

  void Begin(Step step);
  std::vector<std::string> CommandOf(Step step);
  void OnEnded(const platform::CommandResult& result);
  void OnLooked(const platform::CommandResult& result);
  void OnCopied(const platform::CommandResult& result);
  void OnKept(const platform::CommandResult& result);
  void Again(const std::string& why);
  void Fail(const std::string& why);
  void NoteProgress();
  std::string Incoming() const;
  std::string Target() const;
  std::vector<std::string> AtStore(const std::string& script) const;
  std::string WordBehindMarker(const std::string& text) const;

  Item item_;
  Store to_;
  ssh::SshHost host_;
  std::string runner_, marker_;
  Step step_ = Step::kLook;
  std::unique_ptr<platform::Command> command_;
  std::optional<ErrorOr<std::string>> result_;
  std::string trouble_;
  int64_t moved_ = 0;
  Pause pause_;
  int spoilt_ = 0;  // copies that were not what their digest says
};

}  // namespace hwf::staging
