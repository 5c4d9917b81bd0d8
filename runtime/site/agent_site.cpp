#include "runtime/site/agent_site.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "runtime/platform/clock.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/unix_socket.h"

namespace hwf::site {
namespace {

using platform::FileDescriptor;
using AttemptKey = std::pair<state::Place, int>;

constexpr int64_t kFirstRetryMs = 20;
constexpr int64_t kLastRetryMs = 5000;
constexpr int kBrokenTries = 6;
constexpr int kQuickTries = 3;          // connections that end before all is told, without a pause between them
constexpr size_t kMaxUnsent = 4 << 20;  // handed to a busy agent ahead of time

// What has been asked of the runner and is not in its log yet.
struct Pending {
  std::map<AttemptKey, runner::Start> starts;
  std::deque<AttemptKey> unsent;  // of them, in the order of submission
  std::map<std::tuple<state::Place, int, int64_t>, runner::Message> messages;
  std::set<AttemptKey> cancels;
  std::set<std::string> images;
};

class AgentSite final : public Site {
 public:
  AgentSite(AgentOptions options, std::unique_ptr<Connector> connector, Listener& listener)
      : options_(std::move(options)),
        listener_(listener),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        connector_(std::move(connector)) {
    Watch(connector_->fd(), EPOLLIN);
  }

  const std::string& name() const override { return options_.name; }
  const std::string& root() const override {
    const std::string& there = connector_->place().root;
    return there.empty() ? options_.root : there;
  }
  const Setting& setting() const override { return connector_->place().setting; }
  bool shares_files() const override { return options_.shares_files; }
  bool patient() const override { return options_.patient; }
  size_t most_waiting() const override { return options_.most_waiting; }
  int fd() const override { return epoll_.get(); }

  ErrorOr<Success> Admit(const runner::Start& start) override {
    return options_.admit ? options_.admit(start) : ErrorOr<Success>(Success{});
  }

  void Adopt(int64_t epoch, uint64_t log_offset) override {
    epoch_ = epoch;
    offset_ = log_offset;
    wanted_ = true;
    Connect();
  }

  void Submit(std::vector<runner::Start> starts) override {
    for (runner::Start& start : starts) {
      AttemptKey key(start.place, start.attempt);
      if (!pending_.starts.emplace(key, std::move(start)).second) continue;
      pending_.unsent.push_back(std::move(key));
    }
    drained_ = false;
    if (caught_up_) SendStarts();
  }

  void Deliver(runner::Message message) override {
    if (caught_up_) Send(message);
    pending_.messages.insert_or_assign({message.place, message.attempt, message.number}, std::move(message));
  }

  void WantImage(const std::string& image) override {
    if (pending_.images.insert(image).second && caught_up_) Send(runner::WantImage{image});
  }

  void Cancel(const state::Place& place, int attempt) override {
    pending_.cancels.insert({place, attempt});
    if (!caught_up_) return;
    // What has not been sent yet is sent first, so that it ends as cancelled instead of being forgotten.
    SendStarts(/*all=*/true);
    Send(runner::Cancel{place, attempt});
  }

  void Drain() override {
    drained_ = true;
    if (!caught_up_) return;
    SendStarts(/*all=*/true);
    Send(runner::Drain{});
  }

  void Finish() override {
    finished_ = true;
    if (caught_up_) Send(runner::Finish{});
  }

  int Poll() override {
    now_ms_ = platform::RealClock().MonotonicMs();
    if (connecting_) Reach();
    if (channel_) Receive();
    if (channel_ && caught_up_) SendStarts();
    if (channel_ && channel_->wants_write() && !channel_->Flush().ok()) Disconnect();
    if (!channel_ && !connecting_ && wanted_ && now_ms_ >= retry_at_ms_) Connect();
    UpdateInterest();
    if (channel_ || !wanted_) return -1;
    if (connecting_) return connector_->Wait();
    return static_cast<int>(std::max<int64_t>(0, retry_at_ms_ - now_ms_));
  }

 private:
  void Connect() {
    now_ms_ = platform::RealClock().MonotonicMs();
    connecting_ = true;
    connector_->Begin();
    Reach();
  }

  void Reach() {
    Reached reached = connector_->Poll();
    if (reached.state == Reached::State::kWorking) return;
    connecting_ = false;
    if (!wanted_) return;
    if (reached.state == Reached::State::kFailed) return Trouble(reached.why);
    platform::Channel::Limits limits;
    limits.message = runner::kMaxMessageBytes + (1u << 16);
    limits.unsent = size_t{1} << 30;
    channel_ = std::make_unique<platform::Channel>(std::move(reached.socket), limits);
    Watch(channel_->fd(), EPOLLIN);
    writing_ = false;
    caught_up_ = false;
    Send(runner::Hello{epoch_, offset_});
  }

  void Receive() {
    auto open = channel_->Receive([this](std::string_view text) {
      if (!broken_.empty()) return;  // what is behind it cannot be taken without it
      auto envelope = runner::EnvelopeFromText(text);
      if (!envelope.ok()) {
        broken_ = envelope.error().message();
        return;
      }
      Handle(*std::move(envelope));
    });
    if (!open.ok() && open.error().code() == EMSGSIZE) broken_ = open.error().message();
    if (!open.ok() && broken_.empty()) {
      Disconnect();
      return Trouble("the connection to the runner: " + open.error().message());
    }
    if (!broken_.empty()) {
      Disconnect();
      return NotUnderstood(std::exchange(broken_, ""));
    }
    if (!*open) Disconnect();
  }

  void Handle(runner::Envelope envelope) {
    if (const auto* superseded = std::get_if<runner::Superseded>(&envelope.report)) {
      wanted_ = false;
      listener_.OnSuperseded(name(), superseded->epoch);
      return;
    }
    if (std::holds_alternative<runner::CaughtUp>(envelope.report)) return OnCaughtUp();
    if (const auto* held = std::get_if<runner::Held>(&envelope.report)) {
      trouble_ = !held->why.empty();
      return listener_.OnTrouble(name(), held->why);
    }
    if (envelope.end > 0) offset_ = envelope.end;
    Settle(envelope.report);
    listener_.OnReport(name(), std::move(envelope.report), envelope.end);
  }

  // The log shows it: it need not be sent again.
  void Settle(const runner::Report& report) {
    if (const auto* claimed = std::get_if<runner::Claimed>(&report)) {
      pending_.starts.erase({claimed->place, claimed->attempt});
    } else if (const auto* unstarted = std::get_if<runner::Unstarted>(&report)) {
      pending_.starts.erase({unstarted->place, unstarted->attempt});
    } else if (const auto* placed = std::get_if<runner::MessagePlaced>(&report)) {
      pending_.messages.erase({placed->place, placed->attempt, placed->number});
    } else if (const auto* ready = std::get_if<runner::ImageReady>(&report)) {
      pending_.images.erase(ready->image);
    } else if (const auto* ended = std::get_if<runner::Ended>(&report)) {
      const AttemptKey key(ended->place, ended->attempt);
      pending_.starts.erase(key);
      pending_.cancels.erase(key);
      auto first = pending_.messages.lower_bound({ended->place, ended->attempt, 0});
      while (first != pending_.messages.end() && std::get<0>(first->first) == ended->place &&
             std::get<1>(first->first) == ended->attempt) {
        first = pending_.messages.erase(first);
      }
    }
  }

  void OnCaughtUp() {
    caught_up_ = true;
    broken_tries_ = 0;
    lost_early_ = 0;
    retry_ms_ = kFirstRetryMs;
    if (std::exchange(trouble_, false)) listener_.OnTrouble(name(), "");
    listener_.OnCaughtUp(name());
    std::set<AttemptKey> waiting(pending_.unsent.begin(), pending_.unsent.end());
    for (const auto& [key, start] : pending_.starts) {
      if (!waiting.contains(key)) pending_.unsent.push_front(key);  // sent before, and lost
    }
    SendStarts();
    for (const std::string& image : pending_.images) Send(runner::WantImage{image});
    for (const auto& [key, message] : pending_.messages) Send(message);
    for (const AttemptKey& key : pending_.cancels) Send(runner::Cancel{key.first, key.second});
    if (drained_) Send(runner::Drain{});
    if (finished_) Send(runner::Finish{});
  }

  // As much as the runner takes: what waits here can still be cancelled for nothing.
  void SendStarts(bool all = false) {
    if (!channel_) return;
    while (!pending_.unsent.empty() && (all || channel_->unsent() < kMaxUnsent)) {
      auto it = pending_.starts.find(pending_.unsent.front());
      pending_.unsent.pop_front();
      if (it != pending_.starts.end() && !Queue(it->second)) return;
    }
    if (!channel_->Flush().ok()) return;  // the next Poll finds the connection closed
    UpdateInterest();
  }

  void Send(const runner::Request& request) {
    if (!channel_ || !Queue(request)) return;
    (void)channel_->Flush();
    UpdateInterest();
  }
  bool Queue(const runner::Request& request) {
    auto queued = channel_->Queue(ToJson(request).Dump());
    if (queued.ok()) return true;
    const auto* start = std::get_if<runner::Start>(&request);
    if (start == nullptr || queued.error().code() != EMSGSIZE) return true;
    // Too long for any runner: it ends here, as the runner would end it.
    runner::Ended ended;
    ended.place = start->place;
    ended.attempt = start->attempt;
    ended.failure = ir::Reason::kSite;
    ended.message = "its command and values are too long: " + queued.error().message();
    ended.outputs = Json::Object();
    pending_.starts.erase({ended.place, ended.attempt});
    listener_.OnReport(name(), ended, 0);
    return true;
  }

  void Disconnect() {
    channel_.reset();
    if (!caught_up_) ++lost_early_;
    caught_up_ = false;
    if (!wanted_ || finished_) {
      wanted_ = wanted_ && !finished_;
      return;
    }
    retry_at_ms_ = now_ms_;  // at once: it is most likely an agent that died
    if (lost_early_ >= kQuickTries && broken_.empty())
      Trouble("the connection to the runner ends as soon as it begins");
  }

  void Trouble(const std::string& why) {
    retry_at_ms_ = now_ms_ + retry_ms_;
    retry_ms_ = std::min(kLastRetryMs, retry_ms_ * 2);
    trouble_ = true;
    listener_.OnTrouble(name(), why);
  }

  // Asking again helps where the connection was at fault. A record that is wrong in the runner's log stays wrong.
  void NotUnderstood(const std::string& why) {
    const std::string text = fmt::format("the runner's words are not understood (what is behind byte {} of {}): {}",
                                         offset_, connector_->Log(), why);
    if (++broken_tries_ < kBrokenTries) return Trouble(text);
    wanted_ = false;
    listener_.OnFailed(name(), text);
  }

  void Watch(int fd, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      (void)epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
    }
  }
  void UpdateInterest() {
    if (!channel_ || channel_->wants_write() == writing_) return;
    writing_ = channel_->wants_write();
    Watch(channel_->fd(), EPOLLIN | (writing_ ? uint32_t{EPOLLOUT} : 0));
  }

  AgentOptions options_;
  Listener& listener_;
  FileDescriptor epoll_;
  std::unique_ptr<Connector> connector_;
  bool connecting_ = false;
  std::unique_ptr<platform::Channel> channel_;
  bool writing_ = false;
  bool caught_up_ = false;
  int64_t epoch_ = 0;
  uint64_t offset_ = 0;
  Pending pending_;
  bool wanted_ = false;  // between Adopt and being superseded or finished
  bool drained_ = false;
  bool finished_ = false;
  bool trouble_ = false;
  std::string broken_;    // why a word of the agent was not understood
  int broken_tries_ = 0;  // since it last caught up
  int lost_early_ = 0;    // connections since then
  int64_t now_ms_ = 0;
  int64_t retry_at_ms_ = 0;
  int64_t retry_ms_ = kFirstRetryMs;
};

}  // namespace

std::unique_ptr<Site> MakeAgentSite(AgentOptions options, std::unique_ptr<Connector> connector, Listener& listener) {
  return std::make_unique<AgentSite>(std::move(options), std::move(connector), listener);
}

}  // namespace hwf::site
