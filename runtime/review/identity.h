// Who answers: taken from the channel, never from the form. Level 1 is the run's own account (unproven: its tasks have
// it too), level 2 another account, by a socket's peer or as the owner of a file that only they could have written, or
// an SSH signature. Any thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/error.h"
#include "runtime/review/people.h"
#include "runtime/state/events.h"

namespace hwf::review {

// The largest answer file.
inline constexpr uint64_t kMaxRequestBytes = 64 << 10;

// The person whose process has this uid. An error for the uid that stands for all unknown ones.
ErrorOr<state::Person> PersonFromPeer(uid_t uid, uid_t run_uid, const People& people);

struct AnswerFile {
  state::Person person;
  std::string bytes;
};
// Reads `name` in `directory`, opened without following links, and says whose it is. Refused unless it is a regular
// file with one name, at most 64 KiB, and writable by nobody but its owner. ENOENT if it is not there (any more).
ErrorOr<AnswerFile> PersonFromFile(const std::string& directory, const std::string& name, uid_t run_uid,
                                   const People& people);

// Somebody of the people file, as a signature by one of their keys shows them.
state::Person SignerOf(const PeopleEntry& entry);

struct SignatureCheck {
  std::string ssh_keygen = "ssh-keygen";
  int64_t timeout_ms = 10'000;
};
// Checks an OpenSSH signature (`ssh-keygen -Y sign -n hwf-answer`) over `text` against the signer's keys in the people
// file. Runs the real ssh-keygen, so that all kinds of keys work (security keys, certificates' plain keys).
ErrorOr<state::Person> PersonFromSignature(const People& people, const std::string& signer, std::string_view text,
                                           std::string_view signature, const SignatureCheck& check = {});

}  // namespace hwf::review
