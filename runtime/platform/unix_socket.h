// Unix stream sockets with messages: a 4-byte little-endian length and so many bytes of text. Paths may be longer than
// the kernel's 108 bytes (they are reached through their directory's descriptor); the socket file has its exact mode
// before anybody can connect; the peer is known by its credentials. Nothing here raises SIGPIPE.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "runtime/platform/event_loop.h"
#include "runtime/platform/file_descriptor.h"

namespace hwf::platform {

// A listening, non-blocking socket; replaces a socket file that a dead process left.
ErrorOr<FileDescriptor> ListenUnix(const std::string& path, mode_t mode);
// ENOENT: no socket file; ECONNREFUSED: nobody listens. The connection is non-blocking.
ErrorOr<FileDescriptor> ConnectUnix(const std::string& path);
// The next waiting connection, non-blocking, or nothing.
std::optional<FileDescriptor> AcceptUnix(const FileDescriptor& listener);

struct Peer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
};
ErrorOr<Peer> PeerOf(const FileDescriptor& socket);

// One end of a connection: whole messages in and out, through bounded buffers. One thread.
class Channel {
 public:
  struct Limits {
    uint32_t message = 16u << 20;      // bytes of one message, either way
    size_t unsent = size_t{64} << 20;  // of messages waiting for a slow reader
  };
  using OnMessage = std::function<void(std::string_view text)>;

  Channel(FileDescriptor socket, Limits limits) : socket_(std::move(socket)), limits_(limits) {}
  explicit Channel(FileDescriptor socket) : Channel(std::move(socket), Limits()) {}
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int fd() const { return socket_.get(); }
  const FileDescriptor& socket() const { return socket_; }

  // Queues a message and sends what the kernel takes. ENOBUFS if too much is unsent, EMSGSIZE if it is too long.
  ErrorOr<Success> Send(std::string_view text);
  // Queues it alone: many messages leave with one Flush.
  ErrorOr<Success> Queue(std::string_view text);
  bool wants_write() const { return sent_ < out_.size(); }
  size_t unsent() const { return out_.size() - sent_; }
  ErrorOr<Success> Flush();
  // Takes what has arrived, a megabyte or so at a time, and hands out the whole messages. False: the peer has closed.
  // An error for a message that is too long. The callback may not destroy the channel.
  ErrorOr<bool> Receive(const OnMessage& on_message);

  // Lets `loop` drive the channel. `on_closed` is called once: with null when the peer closed, else with the error; it
  // may destroy the channel. Send then also keeps the loop's interest in writing right.
  ErrorOr<Success> Attach(EventLoop& loop, OnMessage on_message, std::function<void(const Error*)> on_closed);

  // For clients without a loop: sends all, or waits for one message. ETIMEDOUT; ECONNRESET if the peer closed.
  ErrorOr<Success> SendAll(std::string_view text, int64_t timeout_ms);
  ErrorOr<std::string> ReceiveOne(int64_t timeout_ms);

 private:
  void Ready(uint32_t ready);
  void Detach();
  bool TakeMessages(const OnMessage& on_message, std::optional<Error>& error);

  FileDescriptor socket_;
  Limits limits_;
  std::string in_, out_;
  size_t sent_ = 0;  // of out_
  EventLoop* loop_ = nullptr;
  OnMessage on_message_;
  std::function<void(const Error*)> on_closed_;
};

}  // namespace hwf::platform
