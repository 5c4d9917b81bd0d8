// Worker: one background thread for what may take long and touches no state of the engine: hashing, freezing files.
// A job runs on the thread and returns what is to be done with its result; the engine runs that from Collect().
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "runtime/platform/file_descriptor.h"

namespace hwf::engine {

class Worker {
 public:
  using Completion = std::function<void()>;
  using Job = std::function<Completion()>;

  Worker();
  // Lets the running job end; drops the rest.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Add(Job job);
  // Readable when Collect() has something to do.
  int fd() const { return wake_.get(); }
  // Runs the completions of finished jobs on the caller's thread.
  void Collect();
  bool idle() const;

 private:
  void Work();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::deque<Completion> done_;
  size_t unfinished_ = 0;  // added and not yet collected
  bool stop_ = false;
  platform::FileDescriptor wake_;
  std::thread thread_;  // started by the first job
};

}  // namespace hwf::engine
