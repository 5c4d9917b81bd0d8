#include "runtime/platform/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "runtime/platform/clock.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/rename.h"

namespace hwf::platform {
namespace {

constexpr size_t kReadPiece = 64 << 10;
constexpr size_t kReadAtOnce = 1 << 20;
constexpr size_t kHead = 4;

// A socket's directory, held open, and its short name through it.
struct ShortPath {
  FileDescriptor directory;
  std::string base;  // "/proc/self/fd/7/"
  std::string name;
};

ErrorOr<ShortPath> Shorten(const std::string& path) {
  size_t slash = path.find_last_of('/');
  std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  ShortPath out;
  out.name = slash == std::string::npos ? path : path.substr(slash + 1);
  out.directory = FileDescriptor(open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!out.directory.valid()) return ErrnoError(errno, "open directory " + parent);
  out.base = fmt::format("/proc/self/fd/{}/", out.directory.get());
  return out;
}

ErrorOr<sockaddr_un> Address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return ErrnoError(ENAMETOOLONG, "socket " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

uint32_t ReadLength(std::string_view bytes) {
  uint32_t length = 0;
  for (size_t i = kHead; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return length;
}

// Waits until the socket is ready for `events` or the deadline has passed.
ErrorOr<Success> WaitFor(int fd, short events, int64_t deadline) {
  while (true) {
    int64_t left = std::max<int64_t>(0, deadline - RealClock().MonotonicMs());
    pollfd watched{fd, events, 0};
    int ready = poll(&watched, 1, static_cast<int>(std::min<int64_t>(left, 1 << 30)));
    if (ready > 0) return Success();
    if (ready < 0 && errno != EINTR) return ErrnoError(errno, "wait for a socket");
    if (ready == 0 && left == 0) return ErrnoError(ETIMEDOUT, "wait for an answer");
  }
}

}  // namespace

// The file is made under another name, gets its mode, listens, and then takes the name: at no moment can one connect
// to a socket with a wrong mode, or find a name where nobody will listen.
ErrorOr<FileDescriptor> ListenUnix(const std::string& path, mode_t mode) {
  std::string what = "listen on " + path;
  HWF_ASSIGN(ShortPath place, Shorten(path));
  std::string temporary = place.base + ".s" + NewId().substr(10);
  HWF_ASSIGN(sockaddr_un address, Address(temporary));
  FileDescriptor socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_fd.valid()) return ErrnoError(errno, what);
  if (bind(socket_fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    return ErrnoError(errno, what);
  bool done = chmod(temporary.c_str(), mode) == 0 && listen(socket_fd.get(), 128) == 0 &&
              RenameAndLook(temporary, place.base + place.name) == 0;
  if (!done) {
    int code = errno;
    unlink(temporary.c_str());
    return ErrnoError(code, what);
  }
  return socket_fd;
}

ErrorOr<FileDescriptor> ConnectUnix(const std::string& path) {
  std::string what = "connect to " + path;
  HWF_ASSIGN(ShortPath place, Shorten(path));
  HWF_ASSIGN(sockaddr_un address, Address(place.base + place.name));
  FileDescriptor socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket_fd.valid()) return ErrnoError(errno, what);
  timeval patience{5, 0};  // for a listener whose queue is full
  setsockopt(socket_fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  while (connect(socket_fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno != EINTR) return ErrnoError(errno, what);
  }
  fcntl(socket_fd.get(), F_SETFL, fcntl(socket_fd.get(), F_GETFL) | O_NONBLOCK);
  return socket_fd;
}

std::optional<FileDescriptor> AcceptUnix(const FileDescriptor& listener) {
  while (true) {
    int fd = accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) return FileDescriptor(fd);
    if (errno != EINTR && errno != ECONNABORTED) return std::nullopt;
  }
}

ErrorOr<Peer> PeerOf(const FileDescriptor& socket) {
  ucred credentials{};
  socklen_t length = sizeof(credentials);
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return ErrnoError(errno, "ask who is at the other end of a socket");
  }
  return Peer{credentials.uid, credentials.gid, credentials.pid};
}

Channel::~Channel() { Detach(); }

ErrorOr<Success> Channel::Queue(std::string_view text) {
  if (text.size() > limits_.message) {
    return Error(fmt::format("send a message: {} bytes, more than {}", text.size(), limits_.message), EMSGSIZE);
  }
  if (out_.size() - sent_ + text.size() + kHead > limits_.unsent) {
    return Error(fmt::format("send a message: the reader is {} bytes behind", out_.size() - sent_), ENOBUFS);
  }
  if (sent_ > kReadAtOnce && sent_ > out_.size() / 2) out_.erase(0, std::exchange(sent_, 0));
  for (size_t i = 0; i < kHead; ++i) out_ += static_cast<char>(text.size() >> (8 * i) & 0xff);
  out_ += text;
  return Success();
}

ErrorOr<Success> Channel::Send(std::string_view text) {
  HWF_TRY(Queue(text));
  return Flush();
}

ErrorOr<Success> Channel::Flush() {
  while (sent_ < out_.size()) {
    ssize_t wrote = send(socket_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (wrote < 0) return ErrnoError(errno, "send a message");
    sent_ += static_cast<size_t>(wrote);
  }
  if (sent_ == out_.size()) {
    out_.clear();
    sent_ = 0;
  }
  if (loop_ != nullptr) loop_->SetInterest(fd(), EventLoop::kRead | (wants_write() ? EventLoop::kWrite : 0u));
  return Success();
}

bool Channel::TakeMessages(const OnMessage& on_message, std::optional<Error>& error) {
  size_t at = 0;
  while (in_.size() - at >= kHead) {
    uint32_t length = ReadLength(std::string_view(in_).substr(at));
    if (length > limits_.message) {
      error = Error(fmt::format("receive a message: {} bytes, more than {}", length, limits_.message), EMSGSIZE);
      return false;
    }
    if (in_.size() - at - kHead < length) break;
    std::string_view text = std::string_view(in_).substr(at + kHead, length);
    at += kHead + length;
    on_message(text);
  }
  in_.erase(0, at);
  return true;
}

ErrorOr<bool> Channel::Receive(const OnMessage& on_message) {
  size_t taken = 0;
  while (taken < kReadAtOnce) {
    size_t before = in_.size();
    in_.resize(before + kReadPiece);
    ssize_t got = recv(socket_.get(), in_.data() + before, kReadPiece, 0);
    int code = errno;
    in_.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && code == EINTR) continue;
    if (got < 0 && (code == EAGAIN || code == EWOULDBLOCK)) return true;
    if (got < 0) return ErrnoError(code, "receive a message");
    if (got == 0 && !in_.empty()) return Error("receive a message: the other end closed in the middle", ECONNRESET);
    if (got == 0) return false;
    taken += static_cast<size_t>(got);
    std::optional<Error> error;
    if (!TakeMessages(on_message, error)) return *error;
    if (static_cast<size_t>(got) < kReadPiece) return true;
  }
  return true;
}

ErrorOr<Success> Channel::Attach(EventLoop& loop, OnMessage on_message, std::function<void(const Error*)> on_closed) {
  HWF_CHECK(loop_ == nullptr);
  on_message_ = std::move(on_message);
  on_closed_ = std::move(on_closed);
  uint32_t interest = EventLoop::kRead | (wants_write() ? EventLoop::kWrite : 0u);
  HWF_TRY(loop.Watch(fd(), interest, [this](uint32_t ready) { Ready(ready); }));
  loop_ = &loop;
  return Success();
}

void Channel::Detach() {
  if (loop_ != nullptr) loop_->Forget(fd());
  loop_ = nullptr;
}

void Channel::Ready(uint32_t ready) {
  std::optional<Error> error;
  bool open = true;
  if ((ready & EventLoop::kWrite) != 0 && wants_write()) {
    ErrorOr<Success> flushed = Flush();
    if (!flushed.ok()) error = flushed.error();
  }
  // Also after a failed write: what the peer sent before it closed is still there to be read.
  if ((ready & EventLoop::kRead) != 0) {
    ErrorOr<bool> received = Receive(on_message_);
    if (!received.ok()) error = received.error();
    open = received.ok() && *received;
  }
  if (open && !error) return;
  Detach();
  std::function<void(const Error*)> on_closed = std::move(on_closed_);
  if (on_closed) on_closed(error ? &*error : nullptr);  // this channel may be gone now
}

ErrorOr<Success> Channel::SendAll(std::string_view text, int64_t timeout_ms) {
  int64_t deadline = RealClock().MonotonicMs() + timeout_ms;
  HWF_TRY(Send(text));
  while (wants_write()) {
    HWF_TRY(WaitFor(fd(), POLLOUT, deadline));
    HWF_TRY(Flush());
  }
  return Success();
}

ErrorOr<std::string> Channel::ReceiveOne(int64_t timeout_ms) {
  int64_t deadline = RealClock().MonotonicMs() + timeout_ms;
  while (true) {
    if (in_.size() >= kHead) {
      uint32_t length = ReadLength(in_);
      if (length > limits_.message) return Error("receive a message: too long", EMSGSIZE);
      if (in_.size() - kHead >= length) {
        std::string text = in_.substr(kHead, length);
        in_.erase(0, kHead + length);
        return text;
      }
    }
    HWF_TRY(WaitFor(fd(), POLLIN, deadline));
    size_t before = in_.size();
    in_.resize(before + kReadPiece);
    ssize_t got = recv(socket_.get(), in_.data() + before, kReadPiece, 0);
    int code = errno;
    in_.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return ErrnoError(ECONNRESET, "receive a message");
    if (got < 0 && code != EINTR && code != EAGAIN) return ErrnoError(code, "receive a message");
  }
}

}  // namespace hwf::platform
