#include "runtime/runner/worker.h"

#include <sys/eventfd.h>
#include <unistd.h>

namespace hwf::runner {

Worker::Worker(size_t threads) : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), most_(threads) {}

Worker::~Worker() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  close(event_);
}

void Worker::Add(Job job) {
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  if (threads_.size() < most_) threads_.emplace_back([this] { Run(); });
  wake_.notify_one();
}

void Worker::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
    if (stop_) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    Completion completion = job();
    lock.lock();
    done_.push_back(std::move(completion));
    const uint64_t one = 1;
    (void)!write(event_, &one, sizeof one);
  }
}

void Worker::RunCompletions() {
  uint64_t count = 0;
  (void)!read(event_, &count, sizeof count);
  std::deque<Completion> ready;
  {
    std::lock_guard lock(mutex_);
    ready.swap(done_);
  }
  for (const Completion& completion : ready) completion();
}

}  // namespace hwf::runner
