#include "runtime/engine/server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hwf::engine {
namespace {

constexpr size_t kMostConnections = 64;
constexpr int64_t kConnectionMs = 5000;
constexpr const char* kName = "engine.sock";

std::string Framed(const std::string& text) {
  const auto size = static_cast<uint32_t>(text.size());
  std::string frame;
  for (int shift = 0; shift < 32; shift += 8) frame += static_cast<char>((size >> shift) & 0xff);
  return frame + text;
}

uint32_t LengthOf(std::string_view frame) {
  uint32_t size = 0;
  for (int i = 3; i >= 0; --i) size = (size << 8) | static_cast<unsigned char>(frame[static_cast<size_t>(i)]);
  return size;
}

// A socket's path may have 107 bytes only; a run's directory may be deeper. It is named through the open directory.
ErrorOr<sockaddr_un> AddressIn(const platform::FileDescriptor& directory) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/{}", directory.get(), kName);
  if (path.size() >= sizeof address.sun_path) return MakeError("{}: too long for a socket", path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

ErrorOr<platform::FileDescriptor> OpenDirectory(const std::string& path) {
  platform::FileDescriptor directory(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return ErrnoError(errno, "opening " + path);
  return directory;
}

}  // namespace

ErrorOr<Server> Server::Listen(const std::string& directory, const std::string& path, bool shared) {
  Server server;
  HWF_ASSIGN(const platform::FileDescriptor folder, OpenDirectory(directory));
  HWF_ASSIGN(const sockaddr_un address, AddressIn(folder));
  server.listener_ = platform::FileDescriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!server.listener_.valid()) return ErrnoError(errno, "socket");
  unlink(path.c_str());
  if (bind(server.listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return ErrnoError(errno, "making the socket " + path);
  }
  if (chmod(path.c_str(), shared ? 0660 : 0600) != 0) return ErrnoError(errno, "setting the mode of " + path);
  if (listen(server.listener_.get(), 64) != 0) return ErrnoError(errno, "listening at " + path);
  return server;
}

void Server::AddDescriptors(std::vector<int>& fds) const {
  if (listener_.valid() && connections_.size() < kMostConnections) fds.push_back(listener_.get());
  for (const Connection& connection : connections_) fds.push_back(connection.fd.get());
}

void Server::Poll(const Handler& handler, int64_t monotonic_ms) {
  if (!listener_.valid()) return;
  Accept(monotonic_ms);
  for (Connection& connection : connections_) {
    Read(connection, handler);
    connection.done = connection.done || monotonic_ms - connection.since_ms > kConnectionMs;
  }
  connections_.erase(
      std::remove_if(connections_.begin(), connections_.end(), [](const Connection& c) { return c.done; }),
      connections_.end());
}

void Server::Accept(int64_t monotonic_ms) {
  while (connections_.size() < kMostConnections) {
    platform::FileDescriptor fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) return;
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) continue;
    Connection connection;
    connection.fd = std::move(fd);
    connection.peer = {credentials.uid, credentials.gid};
    connection.since_ms = monotonic_ms;
    connections_.push_back(std::move(connection));
  }
}

void Server::Read(Connection& connection, const Handler& handler) {
  char buffer[16 << 10];
  while (true) {
    const ssize_t count = read(connection.fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count <= 0) {
      connection.done = true;
      return;
    }
    connection.in.append(buffer, static_cast<size_t>(count));
    if (connection.in.size() > kMaxRequestBytes + 4) break;
  }
  if (connection.in.size() < 4) return;
  const uint32_t size = LengthOf(connection.in);
  if (size <= kMaxRequestBytes && connection.in.size() < size + 4) return;
  if (size > kMaxRequestBytes) {
    connection.done = true;
    return;
  }
  const std::string reply = handler(std::string_view(connection.in).substr(4, size), connection.peer);
  connection.done = true;
  if (reply.empty()) return;
  const std::string frame = Framed(reply);
  // A reply is far smaller than the socket's buffer; a peer that does not read loses it and finds it in replies/.
  [[maybe_unused]] const ssize_t sent = send(connection.fd.get(), frame.data(), frame.size(), MSG_NOSIGNAL);
}

}  // namespace hwf::engine
