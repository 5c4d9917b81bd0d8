#include "runtime/review/people.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "runtime/platform/hash.h"
#include "runtime/platform/users.h"

namespace hwf::review {
namespace {

constexpr uint64_t kMaxPeopleBytes = 4 << 20;

// Names become patterns in ssh's file of signers, where these alone mean nothing but themselves.
bool IsPlainName(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@+-";
  return !text.empty() && text.size() <= 256 && text.find_first_not_of(kAllowed) == std::string_view::npos &&
         text.front() != '-';
}

// "ssh-ed25519 AAAA... comment"; only type and key are kept.
ErrorOr<std::string> ParseKey(std::string_view text) {
  size_t space = text.find(' ');
  if (space == std::string_view::npos) return MakeError("`{}` is no SSH public key", text);
  std::string_view type = text.substr(0, space), rest = text.substr(space + 1);
  std::string_view key = rest.substr(0, rest.find(' '));
  constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  bool fine = IsPlainName(type) && key.size() > 20 && key.find_first_not_of(kBase64) == std::string_view::npos;
  if (!fine) return MakeError("`{}` is no SSH public key", text);
  return fmt::format("{} {}", type, key);
}

ErrorOr<std::vector<std::string>> Strings(const Json& entry, std::string_view member) {
  std::vector<std::string> out;
  const Json& list = entry[member];
  if (list.is_null()) return out;
  if (!list.is_array()) return MakeError("`{}` is not a list", member);
  for (const Json& item : list.AsArray()) {
    if (!item.is_string()) return MakeError("`{}` holds something else than strings", member);
    out.push_back(item.AsString());
  }
  return out;
}

ErrorOr<PeopleEntry> ParseEntry(const Json& json) {
  if (!json.is_object()) return Error("an entry is not an object");
  for (const JsonMember& member : json.AsObject()) {
    constexpr std::string_view kMembers[] = {"name", "login", "uid", "groups", "keys"};
    if (std::find(std::begin(kMembers), std::end(kMembers), member.key) == std::end(kMembers)) {
      return MakeError("an entry has no member `{}`", member.key);
    }
  }
  PeopleEntry entry;
  entry.name = json.StringOr("name", "");
  if (!IsPlainName(entry.name)) return MakeError("`{}` is no name (letters, digits, . _ @ + -)", entry.name);
  int64_t uid = json.IntOr("uid", -1);
  if (!json["uid"].is_null() && (uid < 0 || uid >= std::numeric_limits<uid_t>::max())) {
    return MakeError("{}: `uid` is no user id", entry.name);
  }
  if (uid >= 0) entry.uid = static_cast<uid_t>(uid);
  std::string login = json.StringOr("login", "");
  if (!login.empty() && !entry.uid) {
    std::optional<platform::User> user = platform::UserNamed(login);
    if (user) entry.uid = user->uid;  // an account of another machine is no error
  }
  HWF_ASSIGN(entry.groups, Strings(json, "groups"));
  HWF_ASSIGN(std::vector<std::string> keys, Strings(json, "keys"));
  for (const std::string& key : keys) {
    HWF_ASSIGN(std::string parsed, ParseKey(key));
    entry.keys.push_back(std::move(parsed));
  }
  return entry;
}

bool Contains(const std::vector<std::string>& list, std::string_view what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

bool InUnixGroup(const state::Person& person, const std::string& group) {
  if (person.uid < 0) return false;
  std::optional<gid_t> gid = platform::GroupNamed(group);
  if (!gid) return false;
  std::optional<platform::User> user = platform::UserOf(static_cast<uid_t>(person.uid));
  if (!user) return false;
  std::vector<gid_t> groups = platform::GroupsOfUser(*user);
  return std::find(groups.begin(), groups.end(), *gid) != groups.end();
}

// The person's own entry: not that of another who is called like their login.
const PeopleEntry* EntryOf(const state::Person& person, const People& people) {
  return person.uid < 0 ? people.Named(person.name) : people.WithUid(static_cast<uid_t>(person.uid));
}

// The names under which a declared group may list the person: their own, and their login where it is nobody else's.
bool Lists(const std::vector<std::string>& members, const state::Person& person, const People& people) {
  if (Contains(members, person.name)) return true;
  if (person.uid < 0) return false;
  std::optional<platform::User> user = platform::UserOf(static_cast<uid_t>(person.uid));
  return user && people.Named(user->name) == nullptr && Contains(members, user->name);
}

const ir::Group* Declared(const std::vector<ir::Group>& groups, const std::string& name) {
  for (const ir::Group& group : groups) {
    if (group.name == name) return &group;
  }
  return nullptr;
}

bool IsIn(const state::Person& person, const std::string& group, const People& people,
          const std::vector<ir::Group>& declared) {
  if (const ir::Group* definition = Declared(declared, group)) return Lists(definition->members, person, people);
  const PeopleEntry* entry = EntryOf(person, people);
  if (entry != nullptr && Contains(entry->groups, group)) return true;
  if (people.Named(group) != nullptr) return false;  // one person, not the Unix group that goes with a login
  return InUnixGroup(person, group);
}

}  // namespace

ErrorOr<People> People::Parse(std::string_view text) {
  HWF_ASSIGN(Json json, Json::Parse(text));
  if (json.IntOr("v", 0) != 1) return MakeError("`v` is {}, but this hwf reads 1", json["v"].Dump());
  if (!json["people"].is_array()) return Error("`people` is not a list");
  People people;
  for (const Json& item : json["people"].AsArray()) {
    HWF_ASSIGN(PeopleEntry entry, ParseEntry(item));
    if (people.Named(entry.name) != nullptr) return MakeError("`{}` stands twice", entry.name);
    if (entry.uid && people.WithUid(*entry.uid) != nullptr) {
      return MakeError("`{}` and `{}` have the same account", people.WithUid(*entry.uid)->name, entry.name);
    }
    people.entries_.push_back(std::move(entry));
  }
  return people;
}

ErrorOr<People> People::Load(platform::FileSystem& files, const std::string& path, uid_t run_uid) {
  ErrorOr<platform::FileInfo> info = files.Stat(path);
  if (!info.ok() && info.error().code() == ENOENT) return People();
  if (!info.ok()) return info.error();
  if (info->kind != platform::FileInfo::Kind::kRegular) return MakeError("{} is not a regular file", path);
  if ((info->uid != run_uid && info->uid != 0) || (info->mode & 022) != 0) {
    return MakeError(
        "{} says who may answer, but others may change it (owner uid {}, mode {:04o}): it must belong to the run's "
        "account or root, and be writable by nobody else (chmod go-w)",
        path, info->uid, info->mode);
  }
  HWF_ASSIGN(std::string text, files.Read(path, kMaxPeopleBytes));
  ErrorOr<People> people = Parse(text);
  if (!people.ok()) return people.error().WithContext(path);
  return people;
}

ErrorOr<People> People::LoadCopy(platform::FileSystem& files, const std::string& path, const std::string& digest) {
  HWF_ASSIGN(const std::string text, files.Read(path, kMaxPeopleBytes));
  if (platform::Digest(text) != digest) {
    return MakeError("{} says who may answer, and is not what it was when the run began (digest {}): put that back",
                     path, digest);
  }
  ErrorOr<People> people = Parse(text);
  if (!people.ok()) return people.error().WithContext(path);
  return people;
}

ErrorOr<People> People::Find(platform::FileSystem& files, const std::string& runs_dir, uid_t run_uid) {
  std::vector<std::string> paths = {runs_dir + "/../people"};
  if (const char* home = getenv("HOME")) paths.push_back(std::string(home) + "/.config/hwf/people");
  for (const std::string& path : paths) {
    if (files.Stat(path).ok()) return Load(files, path, run_uid);
  }
  return People();
}

const PeopleEntry* People::WithUid(uid_t uid) const {
  for (const PeopleEntry& entry : entries_) {
    if (entry.uid == uid) return &entry;
  }
  return nullptr;
}

const PeopleEntry* People::Named(std::string_view name) const {
  for (const PeopleEntry& entry : entries_) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

std::string People::AllowedSigners() const {
  std::string out;
  for (const PeopleEntry& entry : entries_) {
    for (const std::string& key : entry.keys) out += fmt::format("{} namespaces=\"hwf-answer\" {}\n", entry.name, key);
  }
  return out;
}

std::vector<std::string> GroupsOf(const state::Person& person, const std::vector<std::string>& names,
                                  const People& people, const std::vector<ir::Group>& declared) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (IsIn(person, name, people, declared)) out.push_back(name);
  }
  return out;
}

bool IsKnown(const std::string& name, const People& people, const std::vector<ir::Group>& declared) {
  if (const ir::Group* group = Declared(declared, name)) return !group->members.empty();
  for (const PeopleEntry& entry : people.entries()) {
    if (entry.name == name || Contains(entry.groups, name)) return true;
  }
  return platform::GroupNamed(name).has_value() || platform::UserNamed(name).has_value();
}

}  // namespace hwf::review
