// Users and groups of the machine, asked of the system (and so of LDAP and the like) each time. Thread-safe.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace hwf::platform {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
  std::string home;
};

std::optional<User> UserOf(uid_t uid);
std::optional<User> UserNamed(const std::string& name);
// All groups of the user, the primary one included.
std::vector<gid_t> GroupsOfUser(const User& user);
std::optional<gid_t> GroupNamed(const std::string& name);
std::optional<std::string> NameOfGroup(gid_t gid);
// The uid that stands for all that this system cannot name (NFS, user namespaces): it identifies nobody.
uid_t OverflowUid();

}  // namespace hwf::platform
