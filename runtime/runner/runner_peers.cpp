// Engines at the socket: greeting, superseding, requests, and the log sent on.
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/runner/process_tree.h"
#include "runtime/runner/runner.h"

namespace hwf::runner {
namespace {

constexpr size_t kMaxPeers = 16;
constexpr size_t kMaxUnsent = 1 << 20;  // read from the log ahead of a slow engine

}  // namespace

void Runner::OnAccept() {
  while (std::optional<platform::FileDescriptor> socket = platform::AcceptUnix(listener_)) {
    auto peer = platform::PeerOf(*socket);
    if (!peer.ok() || peer->uid != geteuid() || peers_.size() >= kMaxPeers) continue;
    const int fd = socket->get();
    peers_[fd] = std::make_unique<Peer>(*std::move(socket));
    Watch(fd, EPOLLIN);
  }
}

void Runner::OnPeer(Peer& peer) {
  auto open = peer.channel.Receive([&](std::string_view text) {
    if (peer.closing) return;
    Json::Limits limits;
    limits.allow_nan = true;
    auto json = Json::Parse(text, limits);
    auto request = json.ok() ? RequestFromJson(*json) : ErrorOr<Request>(json.error());
    if (request.ok()) return OnRequest(peer, *std::move(request));
    // Ours is the same version, so this is no engine: it is told why and left.
    SendUnlogged(peer, Held{request.error().message()});
    peer.closing = true;
  });
  if (!open.ok() || !*open) peer.closing = true;
}

void Runner::OnRequest(Peer& peer, Request request) {
  if (const Hello* hello = std::get_if<Hello>(&request)) return OnHello(peer, *hello);
  if (&peer != engine_) {
    peer.closing = true;
    return;
  }
  if (Start* start = std::get_if<Start>(&request)) {
    const std::string key = KeyOf(start->place, start->attempt);
    auto known = history_.find(key);
    if (known != history_.end()) {
      if (known->second.ended) Repeat(peer, known->second);
      return;
    }
    if (!queued_.insert(key).second) return;
    queue_.push_back(std::move(*start));
    draining_ = false;
    queue_changed_ = true;
  } else if (const Message* message = std::get_if<Message>(&request)) {
    OnMessage(*message);
  } else if (const Cancel* cancel = std::get_if<Cancel>(&request)) {
    const auto queued = std::find_if(queue_.begin(), queue_.end(), [&](const Start& start_of) {
      return start_of.place == cancel->place && start_of.attempt == cancel->attempt;
    });
    if (queued != queue_.end()) {
      const Start start_of = std::move(*queued);
      queue_.erase(queued);
      queue_changed_ = true;
      return EndUnrun(start_of, ir::Reason::kCancelled, "cancelled before it began");
    }
    Attempt* attempt = FindRunning(KeyOf(cancel->place, cancel->attempt));
    if (attempt != nullptr) return KillAttempt(*attempt, Attempt::Kill::kCancelled);
    const auto known = history_.find(KeyOf(cancel->place, cancel->attempt));
    if (known != history_.end()) {
      if (known->second.ended) Repeat(peer, known->second);
      return;
    }
    // Submitted, and lost on its way: with its end in the log it never begins.
    Start never;
    never.place = cancel->place;
    never.attempt = cancel->attempt;
    EndUnrun(never, ir::Reason::kCancelled, "cancelled before it began");
  } else if (std::holds_alternative<Drain>(request)) {
    draining_ = true;
    for (const Start& start_of : queue_) Log(Unstarted{start_of.place, start_of.attempt});
    queue_.clear();
    queued_.clear();
    in_line_ = false;
    ledger_->LeaveLine();
  } else if (std::holds_alternative<Finish>(request)) {
    finishing_ = true;
  }
}

void Runner::OnHello(Peer& peer, const Hello& hello) {
  if (hello.epoch < epoch_) {
    SendUnlogged(peer, Superseded{epoch_});
    peer.closing = true;
    return;
  }
  if (engine_ != nullptr && engine_ != &peer) {
    SendUnlogged(*engine_, Superseded{hello.epoch});
    engine_->closing = true;
  }
  engine_ = &peer;
  epoch_ = hello.epoch;
  RememberEpoch();
  finishing_ = false;
  peer.greeted = true;
  peer.caught_up = false;
  peer.offset = std::min<uint64_t>(hello.log_offset, log_->size());
}

// Queues what the log holds behind `peer.offset`, as far as the engine keeps up; whether that was anything.
bool Runner::Pump(Peer& peer) {
  if (&peer != engine_ || peer.closing) return false;
  const uint64_t before = peer.offset;
  if (peer.offset < log_->size() && peer.channel.unsent() < kMaxUnsent) {
    journal::LogReader reader(platform::RealFileSystem(), options_.run_directory + "/runner/log");
    reader.Seek(peer.offset);
    auto read = reader.Read([&](std::string_view payload, uint64_t end) -> ErrorOr<Success> {
      (void)peer.channel.Queue(EnvelopeText(end, payload));
      peer.offset = end;
      if (peer.channel.unsent() >= kMaxUnsent) return Error("enough for now");
      return Success{};
    });
    if (read.ok()) peer.offset = log_->size();
  }
  if (peer.caught_up || peer.offset < log_->size()) return peer.offset > before;
  peer.caught_up = true;
  SendUnlogged(peer, CaughtUp{});
  if (!held_.empty()) SendUnlogged(peer, Held{held_});
  return true;
}

void Runner::SendUnlogged(Peer& peer, const Report& report) {
  (void)peer.channel.Queue(EnvelopeText(0, ToJson(report).Dump()));
}

// The end of an attempt that is asked for again.
void Runner::Repeat(Peer& peer, const History& history) {
  journal::LogReader reader(platform::RealFileSystem(), options_.run_directory + "/runner/log");
  reader.Seek(history.record);
  (void)reader.Read([&](std::string_view payload, uint64_t) -> ErrorOr<Success> {
    (void)peer.channel.Queue(EnvelopeText(0, payload));
    return Error("one is enough");
  });
}

void Runner::RememberEpoch() {
  const std::string text = fmt::format("{}\n", epoch_);
  (void)!pwrite(lock_fd_, text.data(), text.size(), 0);
}

void Runner::FlushPeers() {
  for (auto it = peers_.begin(); it != peers_.end();) {
    Peer& peer = *it->second;
    bool alive = peer.channel.Flush().ok();
    // As long as the engine takes it at once: with nothing unsent nobody would wake us for the rest.
    while (alive && Pump(peer)) alive = peer.channel.Flush().ok();
    const bool unsent = peer.channel.unsent() > 0;
    if (!alive || peer.closing) {
      if (&peer == engine_) {
        engine_ = nullptr;
        alone_since_ms_ = now_ms_;
      }
      it = peers_.erase(it);  // closing takes it out of the epoll set
      continue;
    }
    if (unsent != peer.wants_write) {
      peer.wants_write = unsent;
      Watch(it->first, EPOLLIN | (unsent ? uint32_t{EPOLLOUT} : 0));
    }
    ++it;
  }
}

}  // namespace hwf::runner
