// Drives a real hwf-runner over its socket in a run directory of its own, as an engine would. For tests; one thread;
// every wait is bounded.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/platform/unix_socket.h"
#include "runtime/runner/protocol.h"

namespace hwf::runner::testing {

class RunnerHarness {
 public:
  // `program`: the path of hwf-runner.
  explicit RunnerHarness(std::string program);
  ~RunnerHarness();
  RunnerHarness(const RunnerHarness&) = delete;
  RunnerHarness& operator=(const RunnerHarness&) = delete;

  // Starts the runner in the foreground; further options behind the usual ones.
  void Launch(const std::vector<std::string>& options = {});
  // SIGKILL, and reaped.
  void KillRunner();
  // Waits for its end by itself; the exit code, or nothing if it does not end.
  std::optional<int> WaitForExit(int64_t timeout_ms = 10'000);

  // Connects and greets. Waits until the socket is there.
  void Connect(int64_t epoch = 1, uint64_t offset = 0);
  void Disconnect() { channel_.reset(); }
  void Send(const Request& request);
  void SendText(const std::string& text);

  // A start with usual members: `script` by bash, PATH from here.
  Start Script(const std::string& place, const std::string& script) const;
  Start Command(const std::string& place, std::vector<std::string> argv) const;
  // Sends it and waits for its end.
  Ended Run(const Start& start);

  // The next report that `is`, from those received and to come; fails the test after `timeout_ms`.
  Ended WaitEnded(const std::string& place, int attempt = 1, int64_t timeout_ms = 20'000);
  template <typename T>
  T Wait(int64_t timeout_ms = 20'000) {
    return std::get<T>(WaitIndex(Report(T{}).index(), "", 0, timeout_ms).report);
  }
  template <typename T>
  T WaitOf(const std::string& place, int attempt = 1, int64_t timeout_ms = 20'000) {
    return std::get<T>(WaitIndex(Report(T{}).index(), place, attempt, timeout_ms).report);
  }
  template <typename T>
  std::vector<T> All() const {
    std::vector<T> found;
    for (const Envelope& envelope : received_) {
      if (const T* report = std::get_if<T>(&envelope.report)) found.push_back(*report);
    }
    return found;
  }
  const std::vector<Envelope>& received() const { return received_; }
  void ForgetReceived() {
    received_.clear();
    taken_.clear();
  }
  // Reads what comes until `timeout_ms` have passed or the peer closed; false: closed.
  bool ReceiveFor(int64_t timeout_ms);

  const std::string& directory() const { return directory_; }
  std::string TaskDirectory(const std::string& place, int attempt = 1) const;
  std::string ReadFile(const std::string& path) const;
  pid_t pid() const { return pid_; }
  uint64_t offset() const { return offset_; }

 private:
  Envelope WaitIndex(size_t index, const std::string& place, int attempt, int64_t timeout_ms);

  std::string program_;
  std::string root_;
  std::string directory_;
  pid_t pid_ = -1;
  std::unique_ptr<platform::Channel> channel_;
  std::vector<Envelope> received_;
  std::vector<bool> taken_;
  uint64_t offset_ = 0;
};

// Waits until `condition` holds; false if it does not within the time.
template <typename Condition>
bool Eventually(const Condition& condition, int64_t timeout_ms = 10'000);
// Processes whose command line contains `text`, this one excepted.
std::vector<pid_t> ProcessesWith(const std::string& text);

// A number of seconds to sleep that is this test process's own: it finds its sleepers by it and none of its
// neighbours'.
const std::string& Mark();
int64_t NowMs();
void PauseMs(int64_t ms);

template <typename Condition>
bool Eventually(const Condition& condition, int64_t timeout_ms) {
  const int64_t deadline = NowMs() + timeout_ms;
  while (!condition()) {
    if (NowMs() > deadline) return false;
    PauseMs(2);
  }
  return true;
}

}  // namespace hwf::runner::testing
