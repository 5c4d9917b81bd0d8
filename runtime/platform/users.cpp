#include "runtime/platform/users.h"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <cstdlib>

#include "runtime/platform/file_system.h"

namespace hwf::platform {
namespace {

constexpr size_t kMaxBuffer = 16 << 20;  // a group of a large site can be long

// Calls one of the get…_r functions with a buffer that grows until the answer fits.
template <typename Entry, typename Call>
bool Look(Entry& entry, std::vector<char>& buffer, Call call) {
  for (buffer.resize(4096); buffer.size() <= kMaxBuffer; buffer.resize(buffer.size() * 4)) {
    Entry* found = nullptr;
    int code = call(&entry, buffer.data(), buffer.size(), &found);
    if (code == EINTR || code == ERANGE) continue;
    return code == 0 && found != nullptr;
  }
  return false;
}

User ToUser(const passwd& entry) { return {entry.pw_uid, entry.pw_gid, entry.pw_name, entry.pw_dir}; }

}  // namespace

std::optional<User> UserOf(uid_t uid) {
  passwd entry{};
  std::vector<char> buffer;
  auto call = [&](passwd* e, char* b, size_t n, passwd** f) { return getpwuid_r(uid, e, b, n, f); };
  if (!Look(entry, buffer, call)) return std::nullopt;
  return ToUser(entry);
}

std::optional<User> UserNamed(const std::string& name) {
  passwd entry{};
  std::vector<char> buffer;
  auto call = [&](passwd* e, char* b, size_t n, passwd** f) { return getpwnam_r(name.c_str(), e, b, n, f); };
  if (!Look(entry, buffer, call)) return std::nullopt;
  return ToUser(entry);
}

std::vector<gid_t> GroupsOfUser(const User& user) {
  std::vector<gid_t> groups(64);
  for (int round = 0; round < 8; ++round) {
    int count = static_cast<int>(groups.size());
    int done = getgrouplist(user.name.c_str(), user.gid, groups.data(), &count);
    groups.resize(static_cast<size_t>(count > 0 ? count : 0));
    if (done >= 0) return groups;
    groups.resize(groups.size() * 2);
  }
  return {user.gid};
}

std::optional<gid_t> GroupNamed(const std::string& name) {
  group entry{};
  std::vector<char> buffer;
  auto call = [&](group* e, char* b, size_t n, group** f) { return getgrnam_r(name.c_str(), e, b, n, f); };
  if (!Look(entry, buffer, call)) return std::nullopt;
  return entry.gr_gid;
}

std::optional<std::string> NameOfGroup(gid_t gid) {
  group entry{};
  std::vector<char> buffer;
  auto call = [&](group* e, char* b, size_t n, group** f) { return getgrgid_r(gid, e, b, n, f); };
  if (!Look(entry, buffer, call)) return std::nullopt;
  return std::string(entry.gr_name);
}

uid_t OverflowUid() {
  ErrorOr<std::string> text = RealFileSystem().Read("/proc/sys/fs/overflowuid", 64);
  return text.ok() ? static_cast<uid_t>(std::strtoul(text->c_str(), nullptr, 10)) : 65534;
}

}  // namespace hwf::platform
