// The engine's socket (`engine.sock`): requests from people of this machine, who are known by their peer credentials.
// A message, either way, is a 4-byte little-endian length and a JSON text of at most 64 KiB; one request a connection.
// Bounded: so many connections, so long each. The engine's thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "runtime/platform/file_descriptor.h"

namespace hwf::engine {

inline constexpr size_t kMaxRequestBytes = 64 << 10;

struct Peer {
  uid_t uid = 0;
  gid_t gid = 0;
};

class Server {
 public:
  // Called for each whole request; what it returns is sent back. Empty: the connection is closed without a word.
  using Handler = std::function<std::string(std::string_view request, const Peer& peer)>;

  // Replaces a socket that an earlier engine left. `shared`: the directory's group may connect too.
  static ErrorOr<Server> Listen(const std::string& directory, const std::string& path, bool shared);

  // Descriptors to wait for, readable.
  void AddDescriptors(std::vector<int>& fds) const;
  // Reads, answers, forgets connections older than a few seconds; never blocks.
  void Poll(const Handler& handler, int64_t monotonic_ms);
  // After how many milliseconds Poll wants to be called at the latest; -1: no connection is open.
  int Timeout() const { return connections_.empty() ? -1 : 1000; }

 private:
  struct Connection {
    platform::FileDescriptor fd;
    Peer peer;
    std::string in;
    int64_t since_ms = 0;
    bool done = false;
  };
  void Accept(int64_t monotonic_ms);
  static void Read(Connection& connection, const Handler& handler);

  platform::FileDescriptor listener_;
  std::vector<Connection> connections_;
};

}  // namespace hwf::engine
