// Threads for what takes long (hashing large files, waiting for the disk): jobs begun in order, their results handed
// back to the loop, which is woken by a descriptor; one thread keeps the results in order too. The runner's loop owns
// it; a job touches nothing but what it carries.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hwf::runner {

class Worker {
 public:
  // What is left to do in the loop's thread.
  using Completion = std::function<void()>;
  using Job = std::function<Completion()>;

  explicit Worker(size_t threads);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Add(Job job);
  // Readable when completions wait.
  int fd() const { return event_; }
  // Runs those completions, in the order of their jobs.
  void RunCompletions();

 private:
  void Run();
  int event_ = -1;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::deque<Completion> done_;
  bool stop_ = false;
  const size_t most_;
  std::vector<std::thread> threads_;  // made with the first jobs: most runs need none
};

}  // namespace hwf::runner
