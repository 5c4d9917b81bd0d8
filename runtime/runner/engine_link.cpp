#include "runtime/runner/engine_link.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "runtime/runner/attempt.h"
#include "runtime/runner/process_tree.h"

namespace hwf::runner {
namespace {

constexpr size_t kMaxPeers = 16;
constexpr size_t kMaxUnsent = 1 << 20;  // read from the log ahead of a slow engine
constexpr size_t kMostUnsent = 8 << 20;

}  // namespace

EngineLink::EngineLink(std::string directory, int lock_fd, RecordLog& log, FrontCallbacks callbacks)
    : directory_(std::move(directory)), lock_fd_(lock_fd), log_(log), callbacks_(std::move(callbacks)) {}

EngineLink::~EngineLink() { (void)unlink((directory_ + "/sock").c_str()); }

ErrorOr<std::unique_ptr<EngineLink>> EngineLink::Open(const std::string& directory, int lock_fd, RecordLog& log,
                                                      FrontCallbacks callbacks) {
  std::unique_ptr<EngineLink> link(new EngineLink(directory, lock_fd, log, std::move(callbacks)));
  char stored[32] = {};
  if (pread(lock_fd, stored, sizeof stored - 1, 0) > 0) link->epoch_ = std::max<int64_t>(0, std::atoll(stored));
  HWF_ASSIGN(link->listener_, platform::ListenUnix(directory + "/sock", 0600));
  link->callbacks_.watch(link->listener_.get(), EPOLLIN);
  link->alone_since_ms_ = BootMs();
  return link;
}

bool EngineLink::OnReadable(int fd, uint32_t events) {
  if (fd == listener_.get()) {
    Accept();
    return true;
  }
  const auto it = peers_.find(fd);
  if (it == peers_.end()) return false;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) Receive(*it->second);
  return true;
}

void EngineLink::Accept() {
  while (std::optional<platform::FileDescriptor> socket = platform::AcceptUnix(listener_)) {
    auto peer = platform::PeerOf(*socket);
    if (!peer.ok() || peer->uid != geteuid() || peers_.size() >= kMaxPeers) continue;
    const int fd = socket->get();
    peers_[fd] = std::make_unique<Peer>(*std::move(socket));
    callbacks_.watch(fd, EPOLLIN);
  }
}

void EngineLink::Receive(Peer& peer) {
  auto open = peer.channel.Receive([&](std::string_view text) {
    if (peer.closing) return;
    Json::Limits limits;
    limits.allow_nan = true;
    auto json = Json::Parse(text, limits);
    auto request = json.ok() ? RequestFromJson(*json) : ErrorOr<Request>(json.error());
    if (!request.ok()) {
      // Ours is the same version, so this is no engine: it is told why and left.
      Tell(peer, Held{request.error().message()});
      peer.closing = true;
    } else if (const Hello* hello = std::get_if<Hello>(&*request)) {
      OnHello(peer, *hello);
    } else if (&peer != engine_) {
      peer.closing = true;
    } else {
      callbacks_.request(*std::move(request));
    }
  });
  if (!open.ok() || !*open) peer.closing = true;
}

void EngineLink::OnHello(Peer& peer, const Hello& hello) {
  if (hello.epoch < epoch_) {
    Tell(peer, Superseded{epoch_});
    peer.closing = true;
    return;
  }
  if (engine_ != nullptr && engine_ != &peer) {
    Tell(*engine_, Superseded{hello.epoch});
    engine_->closing = true;
  }
  engine_ = &peer;
  epoch_ = hello.epoch;
  const std::string text = fmt::format("{}\n", epoch_);
  (void)!pwrite(lock_fd_, text.data(), text.size(), 0);
  peer.caught_up = false;
  peer.offset = std::min<uint64_t>(hello.log_offset, log_.size());
  callbacks_.request(hello);
}

void EngineLink::OnAppended(uint64_t begin, uint64_t end, std::string_view payload) {
  if (engine_ == nullptr || !engine_->caught_up || engine_->offset != begin) return;
  if (engine_->channel.unsent() >= kMostUnsent) return;
  (void)engine_->channel.Queue(EnvelopeText(end, payload));
  engine_->offset = end;
}

// Queues what the log holds behind `peer.offset`, as far as the engine keeps up; whether that was anything.
bool EngineLink::Pump(Peer& peer) {
  if (&peer != engine_ || peer.closing) return false;
  const uint64_t before = peer.offset;
  if (peer.offset < log_.size() && peer.channel.unsent() < kMaxUnsent) {
    journal::LogReader reader(platform::RealFileSystem(), log_.path());
    reader.Seek(peer.offset);
    auto read = reader.Read([&](std::string_view payload, uint64_t end) -> ErrorOr<Success> {
      (void)peer.channel.Queue(EnvelopeText(end, payload));
      peer.offset = end;
      if (peer.channel.unsent() >= kMaxUnsent) return Error("enough for now");
      return Success{};
    });
    if (read.ok()) peer.offset = log_.size();
  }
  if (peer.caught_up || peer.offset < log_.size()) return peer.offset > before;
  peer.caught_up = true;
  Tell(peer, CaughtUp{});
  if (!held_.empty()) Tell(peer, Held{held_});
  return true;
}

void EngineLink::Tell(Peer& peer, const Report& report) {
  (void)peer.channel.Queue(EnvelopeText(0, ToJson(report).Dump()));
}

void EngineLink::Say(const Report& report) {
  if (engine_ != nullptr && engine_->caught_up) Tell(*engine_, report);
}

void EngineLink::Hold(const std::string& why) {
  held_ = why;
  Say(Held{why});
}

void EngineLink::Repeat(uint64_t record) {
  if (engine_ == nullptr) return;
  journal::LogReader reader(platform::RealFileSystem(), log_.path());
  reader.Seek(record);
  (void)reader.Read([&](std::string_view payload, uint64_t) -> ErrorOr<Success> {
    (void)engine_->channel.Queue(EnvelopeText(0, payload));
    return Error("one is enough");
  });
}

void EngineLink::Flush(int64_t now_ms) {
  for (auto it = peers_.begin(); it != peers_.end();) {
    Peer& peer = *it->second;
    bool alive = peer.channel.Flush().ok();
    // As long as the engine takes it at once: with nothing unsent nobody would wake us for the rest.
    while (alive && Pump(peer)) alive = peer.channel.Flush().ok();
    const bool unsent = peer.channel.unsent() > 0;
    if (!alive || peer.closing) {
      if (&peer == engine_) {
        engine_ = nullptr;
        alone_since_ms_ = now_ms;
      }
      it = peers_.erase(it);  // closing takes it out of the epoll set
      continue;
    }
    if (unsent != peer.wants_write) {
      peer.wants_write = unsent;
      callbacks_.watch(it->first, EPOLLIN | (unsent ? uint32_t{EPOLLOUT} : 0));
    }
    ++it;
  }
}

int64_t EngineLink::due_ms() const { return kNever; }

}  // namespace hwf::runner
