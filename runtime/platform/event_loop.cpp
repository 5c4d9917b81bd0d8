#include "runtime/platform/event_loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/platform/clock.h"

#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET (1 << 1)
#endif

namespace hwf::platform {
namespace {

uint32_t ToEpoll(uint32_t interest) {
  uint32_t events = 0;
  if ((interest & EventLoop::kRead) != 0) events |= EPOLLIN;
  if ((interest & EventLoop::kWrite) != 0) events |= EPOLLOUT;
  return events;
}

void DrainCounter(int fd) {
  uint64_t count = 0;
  while (read(fd, &count, sizeof(count)) == static_cast<ssize_t>(sizeof(count))) {
  }
}

}  // namespace

ErrorOr<std::unique_ptr<EventLoop>> EventLoop::Make() {
  std::unique_ptr<EventLoop> loop(new EventLoop());
  loop->epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!loop->epoll_.valid()) return ErrnoError(errno, "make an event loop");
  loop->wake_ = FileDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!loop->wake_.valid()) return ErrnoError(errno, "make an event loop");
  EventLoop* self = loop.get();
  HWF_TRY(loop->Watch(loop->wake_.get(), kRead, [self](uint32_t) { DrainCounter(self->wake_.get()); }));
  return loop;
}

EventLoop::~EventLoop() = default;

ErrorOr<Success> EventLoop::Watch(int fd, uint32_t interest, FileCallback callback) {
  uint64_t serial = next_serial_++;
  epoll_event event{};
  event.events = ToEpoll(interest);
  event.data.fd = fd;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return ErrnoError(errno, "watch a descriptor");
  files_[fd] = {std::move(callback), interest, serial};
  return Success();
}

void EventLoop::SetInterest(int fd, uint32_t interest) {
  auto found = files_.find(fd);
  if (found == files_.end() || found->second.interest == interest) return;
  epoll_event event{};
  event.events = ToEpoll(interest);
  event.data.fd = fd;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  found->second.interest = interest;
}

void EventLoop::Forget(int fd) {
  if (files_.erase(fd) > 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::TimerId EventLoop::After(int64_t delay_ms, Callback callback) {
  uint64_t id = next_serial_++;
  int64_t due = RealClock().MonotonicMs() + std::max<int64_t>(delay_ms, 0);
  monotonic_[{due, id}] = std::move(callback);
  timer_due_[id] = {false, due};
  return static_cast<TimerId>(id);
}

EventLoop::TimerId EventLoop::AtUtc(int64_t utc_ms, Callback callback) {
  uint64_t id = next_serial_++;
  utc_[{utc_ms, id}] = std::move(callback);
  timer_due_[id] = {true, utc_ms};
  ArmUtc();
  return static_cast<TimerId>(id);
}

void EventLoop::CancelTimer(TimerId id) {
  auto found = timer_due_.find(static_cast<uint64_t>(id));
  if (found == timer_due_.end()) return;
  auto [is_utc, due] = found->second;
  (is_utc ? utc_ : monotonic_).erase({due, found->first});
  timer_due_.erase(found);
}

// One kernel timer for the earliest wall-clock deadline. It is also readable when the clock was set, so that a deadline
// is looked at again then.
void EventLoop::ArmUtc() {
  if (utc_.empty()) return;  // an armed timer without a deadline wakes the loop once, for nothing
  if (!utc_timer_.valid()) {
    utc_timer_ = FileDescriptor(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK));
    HWF_CHECK(utc_timer_.valid());
    ErrorOr<Success> watched = Watch(utc_timer_.get(), kRead, [this](uint32_t) {
      DrainCounter(utc_timer_.get());
      armed_utc_ = 0;
    });
    HWF_CHECK(watched.ok());
  }
  int64_t due = std::max<int64_t>(utc_.begin()->first.first, 1);
  if (armed_utc_ == due) return;
  armed_utc_ = due;
  itimerspec when{};
  when.it_value.tv_sec = due / 1000;
  when.it_value.tv_nsec = due % 1000 * 1000000;
  timerfd_settime(utc_timer_.get(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, nullptr);
}

ErrorOr<Success> EventLoop::OnSignal(int signal, std::function<void(int)> callback) {
  on_signal_[signal] = std::move(callback);
  sigset_t set;
  sigemptyset(&set);
  for (const auto& [number, ignored] : on_signal_) sigaddset(&set, number);
  if (int code = pthread_sigmask(SIG_BLOCK, &set, nullptr)) return ErrnoError(code, "block signals");
  int fd = signalfd(signals_.valid() ? signals_.get() : -1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return ErrnoError(errno, "take signals");
  if (signals_.valid()) return Success();
  signals_ = FileDescriptor(fd);
  return Watch(fd, kRead, [this](uint32_t) { DrainSignals(); });
}

void EventLoop::DrainSignals() {
  signalfd_siginfo info{};
  while (read(signals_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    auto found = on_signal_.find(static_cast<int>(info.ssi_signo));
    if (found == on_signal_.end()) continue;
    std::function<void(int)> callback = found->second;  // it may replace itself
    callback(static_cast<int>(info.ssi_signo));
  }
}

void EventLoop::Post(Callback callback) {
  {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(callback));
  }
  uint64_t one = 1;
  [[maybe_unused]] ssize_t wrote = write(wake_.get(), &one, sizeof(one));
}

void EventLoop::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  uint64_t one = 1;
  [[maybe_unused]] ssize_t wrote = write(wake_.get(), &one, sizeof(one));
}

void EventLoop::DrainPosted() {
  std::vector<Callback> now;
  {
    std::lock_guard lock(mutex_);
    now.swap(posted_);
  }
  for (Callback& callback : now) callback();
}

int64_t EventLoop::Timeout(int64_t at_most) const {
  if (monotonic_.empty()) return at_most;
  int64_t left = std::max<int64_t>(0, monotonic_.begin()->first.first - RealClock().MonotonicMs());
  return at_most < 0 ? left : std::min(left, at_most);
}

// Only those due when it began, so that a timer that sets itself again cannot hold up the loop.
bool EventLoop::FireTimers(Timers& timers, int64_t now) {
  uint64_t newest = next_serial_;
  bool fired = false;
  while (true) {
    auto due = std::find_if(timers.begin(), timers.end(), [&](const auto& t) { return t.first.second < newest; });
    if (due == timers.end() || due->first.first > now) return fired;
    Callback callback = std::move(due->second);
    timer_due_.erase(due->first.second);
    timers.erase(due);
    callback();
    fired = true;
  }
}

ErrorOr<Success> EventLoop::RunOnce(int64_t timeout_ms) {
  epoll_event events[64];
  int64_t timeout = std::min<int64_t>(Timeout(timeout_ms), 1 << 30);
  int count = epoll_wait(epoll_.get(), events, 64, static_cast<int>(timeout));
  if (count < 0 && errno != EINTR) return ErrnoError(errno, "wait for events");
  uint64_t newest = next_serial_;
  for (int i = 0; i < count; ++i) {
    auto found = files_.find(events[i].data.fd);
    // Forgotten by an earlier callback of this turn, or its number reused since.
    if (found == files_.end() || found->second.serial >= newest) continue;
    uint32_t ready = 0;
    bool broken = (events[i].events & (EPOLLERR | EPOLLHUP)) != 0;
    if ((events[i].events & EPOLLIN) != 0 || broken) ready |= kRead;
    if ((events[i].events & EPOLLOUT) != 0 || broken) ready |= kWrite;
    FileCallback callback = found->second.callback;  // it may forget itself
    callback(ready & (found->second.interest != 0 ? found->second.interest : ready));
  }
  FireTimers(monotonic_, RealClock().MonotonicMs());
  FireTimers(utc_, RealClock().NowMs());
  ArmUtc();
  DrainPosted();
  return Success();
}

ErrorOr<Success> EventLoop::Run() {
  while (true) {
    {
      std::lock_guard lock(mutex_);
      if (std::exchange(stopped_, false)) return Success();
    }
    HWF_TRY(RunOnce(-1));
  }
}

}  // namespace hwf::platform
