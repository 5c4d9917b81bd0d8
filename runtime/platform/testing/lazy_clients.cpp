#include "runtime/platform/testing/lazy_clients.h"

namespace hwf::platform::testing {

std::optional<std::vector<std::string>> LazyClients::Listing(pid_t client, ino_t directory, Time now) {
  const std::lock_guard lock(mutex_);
  const auto seen = seen_.find({client, directory});
  if (seen == seen_.end() || !seen->second.names || now - seen->second.listed >= trust_) return std::nullopt;
  return seen->second.names;
}

void LazyClients::SawListing(pid_t client, ino_t directory, std::vector<std::string> names, Time now) {
  const std::lock_guard lock(mutex_);
  Seen& seen = seen_[{client, directory}];
  seen.listed = now;
  seen.names = std::move(names);
}

bool LazyClients::BelievesAbsent(pid_t client, ino_t directory, const std::string& name, Time now) {
  const std::lock_guard lock(mutex_);
  const auto seen = seen_.find({client, directory});
  if (seen == seen_.end()) return false;
  const auto absent = seen->second.absent.find(name);
  return absent != seen->second.absent.end() && now - absent->second < trust_;
}

void LazyClients::SawAbsent(pid_t client, ino_t directory, const std::string& name, Time now) {
  const std::lock_guard lock(mutex_);
  seen_[{client, directory}].absent[name] = now;
}

void LazyClients::Changed(pid_t client, ino_t directory) {
  const std::lock_guard lock(mutex_);
  seen_.erase({client, directory});
}

}  // namespace hwf::platform::testing
