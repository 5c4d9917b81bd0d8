// The `people` file: who may answer, beside what the machine's accounts and groups say. JSON:
//
//   {"v": 1, "people": [
//     {"name": "ana", "login": "ana", "groups": ["ml-team"], "keys": ["ssh-ed25519 AAAA... ana@laptop"]},
//     {"name": "ben", "uid": 1002, "groups": ["safety-board"]}]}
//
// `name` is what rules and the record call the person; `login` or `uid` the account here, if any: an account that is
// only called like the person is somebody else. `keys` are SSH public keys whose signatures count as theirs. It lies
// beside the runs (`.hwf/people`) or in ~/.config/hwf/people, must belong to the run's account or to root, and must not
// be writable by anyone else. Plain values.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/platform/file_system.h"
#include "runtime/state/events.h"

namespace hwf::review {

struct PeopleEntry {
  std::string name;
  std::optional<uid_t> uid;  // given, or of the login
  std::vector<std::string> groups;
  std::vector<std::string> keys;
};

class People {
 public:
  static ErrorOr<People> Parse(std::string_view text);
  // A missing file is an empty one. `run_uid` is the run's account.
  static ErrorOr<People> Load(platform::FileSystem& files, const std::string& path, uid_t run_uid);
  // A run's own copy, which must still be there and have this digest: the run's tasks can write to it.
  static ErrorOr<People> LoadCopy(platform::FileSystem& files, const std::string& path, const std::string& digest);
  // The first that exists of `<runs_dir>/../people` and ~/.config/hwf/people.
  static ErrorOr<People> Find(platform::FileSystem& files, const std::string& runs_dir, uid_t run_uid);

  const PeopleEntry* WithUid(uid_t uid) const;
  const PeopleEntry* Named(std::string_view name) const;
  const std::vector<PeopleEntry>& entries() const { return entries_; }
  // For `ssh-keygen -Y verify -f`.
  std::string AllowedSigners() const;

 private:
  std::vector<PeopleEntry> entries_;
};

// Those of `names` that are groups in which the person is, now. A group that the program declares is what it declares;
// of others, the people file and the Unix groups both count.
std::vector<std::string> GroupsOf(const state::Person& person, const std::vector<std::string>& names,
                                  const People& people, const std::vector<ir::Group>& declared);

// Whether a name that a rule uses can be anyone at all: a person or a group that is known here.
bool IsKnown(const std::string& name, const People& people, const std::vector<ir::Group>& declared);

}  // namespace hwf::review
