#include "runtime/engine/worker.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace hwf::engine {

Worker::Worker() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { HWF_CHECK(wake_.valid()); }

Worker::~Worker() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    jobs_.clear();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Worker::Add(Job job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    jobs_.push_back(std::move(job));
    ++unfinished_;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
  changed_.notify_one();
}

bool Worker::idle() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return unfinished_ == 0;
}

void Worker::Work() {
  while (true) {
    Job job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
      if (stop_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    Completion completion = job();
    const std::lock_guard<std::mutex> lock(mutex_);
    done_.push_back(std::move(completion));
    const uint64_t one = 1;
    // It can only fail when the counter is full, and then the descriptor is readable anyway.
    [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
  }
}

void Worker::Collect() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(wake_.get(), &count, sizeof count);
  std::deque<Completion> done;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    done.swap(done_);
    unfinished_ -= done.size();
  }
  for (const Completion& completion : done) completion();
}

}  // namespace hwf::engine
