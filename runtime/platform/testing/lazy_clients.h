// What each client of a network file system believes: listings and absences of names that it has seen are trusted for a
// while, though another client has changed the directory meanwhile. A client's own change of a directory makes it look
// again there. For tests; thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace hwf::platform::testing {

class LazyClients {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit LazyClients(std::chrono::milliseconds trust) : trust_(trust) {}

  // The listing that this client goes by; none: it has to look.
  std::optional<std::vector<std::string>> Listing(pid_t client, ino_t directory, Time now);
  void SawListing(pid_t client, ino_t directory, std::vector<std::string> names, Time now);
  // Whether this client still takes the name for absent.
  bool BelievesAbsent(pid_t client, ino_t directory, const std::string& name, Time now);
  void SawAbsent(pid_t client, ino_t directory, const std::string& name, Time now);
  // The client has made, renamed or removed something there.
  void Changed(pid_t client, ino_t directory);

 private:
  struct Seen {
    Time listed;
    std::optional<std::vector<std::string>> names;
    std::map<std::string, Time> absent;
  };
  const std::chrono::milliseconds trust_;
  std::mutex mutex_;
  std::map<std::pair<pid_t, ino_t>, Seen> seen_;
};

}  // namespace hwf::platform::testing
