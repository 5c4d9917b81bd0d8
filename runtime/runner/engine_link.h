// Engines at an agent's Unix socket: greeting, superseding, requests in, the log sent on. One engine counts, the one
// with the highest epoch, which is kept in the lock file. One thread: the agent's.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "runtime/platform/unix_socket.h"
#include "runtime/runner/front.h"
#include "runtime/runner/record_log.h"

namespace hwf::runner {

class EngineLink final : public Front {
 public:
  // Listens at `directory`/sock. `lock_fd`: the lock file, locked, to keep the highest epoch in; not owned. `log`
  // outlives it.
  static ErrorOr<std::unique_ptr<EngineLink>> Open(const std::string& directory, int lock_fd, RecordLog& log,
                                                   FrontCallbacks callbacks);
  ~EngineLink() override;

  bool OnReadable(int fd, uint32_t events) override;
  void OnAppended(uint64_t begin, uint64_t end, std::string_view payload) override;
  void Say(const Report& report) override;
  void Repeat(uint64_t record) override;
  void Hold(const std::string& why) override;
  // Its log is the claim.
  ErrorOr<bool> Claim(const Start&) override { return true; }
  void Look() override {}
  void Flush(int64_t now_ms) override;
  int64_t due_ms() const override;
  bool listening() const override { return engine_ != nullptr; }
  int64_t alone_since_ms() const override { return alone_since_ms_; }

 private:
  struct Peer {
    explicit Peer(platform::FileDescriptor socket) : channel(std::move(socket)) {}
    platform::Channel channel;
    uint64_t offset = 0;  // of the log: sent up to here
    bool caught_up = false;
    bool closing = false;
    bool wants_write = false;
  };
  EngineLink(std::string directory, int lock_fd, RecordLog& log, FrontCallbacks callbacks);

  void Accept();
  void Receive(Peer& peer);
  void OnHello(Peer& peer, const Hello& hello);
  bool Pump(Peer& peer);
  static void Tell(Peer& peer, const Report& report);

  std::string directory_;
  int lock_fd_;
  RecordLog& log_;
  FrontCallbacks callbacks_;
  platform::FileDescriptor listener_;
  std::map<int, std::unique_ptr<Peer>> peers_;
  Peer* engine_ = nullptr;
  int64_t epoch_ = 0;
  int64_t alone_since_ms_ = 0;
  std::string held_;
};

}  // namespace hwf::runner
