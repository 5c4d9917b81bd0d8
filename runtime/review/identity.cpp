#include "runtime/review/identity.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/process.h"
#include "runtime/platform/users.h"

namespace hwf::review {
namespace {

using platform::FileDescriptor;
using state::Person;

constexpr std::string_view kSignatureBegin = "-----BEGIN SSH SIGNATURE-----";

// A login that is called like somebody else in the people file is told apart from them.
std::string NameOfUid(uid_t uid, const People& people) {
  if (const PeopleEntry* entry = people.WithUid(uid)) return entry->name;
  const std::optional<platform::User> user = platform::UserOf(uid);
  if (!user) return fmt::format("uid {}", uid);
  return people.Named(user->name) == nullptr ? user->name : fmt::format("{} (uid {})", user->name, uid);
}

ErrorOr<Person> PersonOf(uid_t uid, uid_t run_uid, const People& people, const std::string& proof) {
  if (uid == platform::OverflowUid()) {
    return MakeError("the answer comes from uid {}, which stands for every account that this machine cannot name", uid);
  }
  Person person;
  person.name = NameOfUid(uid, people);
  person.uid = uid;
  person.level = uid == run_uid ? 1 : 2;
  person.proof = proof;
  return person;
}

// What is wrong with the file as a proof of who wrote it, or nothing.
std::optional<std::string> WhyNoProof(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return "it is not a regular file";
  if (status.st_nlink != 1)
    return fmt::format("it has {} names, so it may have been written for another purpose", status.st_nlink);
  if ((status.st_mode & 022) != 0) {
    return fmt::format("its mode is {:04o}: others may have written it (it must not be writable by group or others)",
                       status.st_mode & 07777);
  }
  if (status.st_size > static_cast<off_t>(kMaxRequestBytes)) {
    return fmt::format("it has {} bytes, more than {}", status.st_size, kMaxRequestBytes);
  }
  return std::nullopt;
}

ErrorOr<std::string> ReadBounded(int fd, const std::string& what) {
  std::string bytes;
  char buffer[16 << 10];
  while (bytes.size() <= kMaxRequestBytes) {
    ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(errno, what);
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(got));
  }
  return MakeError("{}: more than {} bytes", what, kMaxRequestBytes);
}

// A private directory for ssh-keygen's two files, gone with this object.
class Scratch {
 public:
  Scratch() {
    const char* base = getenv("TMPDIR");
    path_ = std::string(base != nullptr && *base == '/' ? base : "/tmp") + "/hwf-verify-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~Scratch() {
    if (path_.empty()) return;
    unlink((path_ + "/signers").c_str());
    unlink((path_ + "/signature").c_str());
    rmdir(path_.c_str());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

ErrorOr<Person> PersonFromPeer(uid_t uid, uid_t run_uid, const People& people) {
  return PersonOf(uid, run_uid, people, "socket");
}

ErrorOr<AnswerFile> PersonFromFile(const std::string& directory, const std::string& name, uid_t run_uid,
                                   const People& people) {
  std::string what = "answer file " + name;
  FileDescriptor parent(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!parent.valid()) return ErrnoError(errno, "open " + directory);
  // O_NONBLOCK: a pipe or device put there must not hold us up.
  FileDescriptor fd(openat(parent.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, what);
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return ErrnoError(errno, what);
  if (std::optional<std::string> why = WhyNoProof(status)) return MakeError("{} does not count: {}", what, *why);
  HWF_ASSIGN(Person person, PersonOf(status.st_uid, run_uid, people, "file"));
  HWF_ASSIGN(std::string bytes, ReadBounded(fd.get(), what));
  return AnswerFile{std::move(person), std::move(bytes)};
}

Person SignerOf(const PeopleEntry& entry) {
  Person person;
  person.name = entry.name;
  person.uid = entry.uid ? static_cast<int64_t>(*entry.uid) : -1;
  person.level = 2;
  person.proof = "ssh-signature";
  return person;
}

ErrorOr<Person> PersonFromSignature(const People& people, const std::string& signer, std::string_view text,
                                    std::string_view signature, const SignatureCheck& check) {
  const PeopleEntry* entry = people.Named(signer);
  if (entry == nullptr || entry->keys.empty()) {
    return MakeError("the people file has no key of `{}`, who is said to have signed the answer", signer);
  }
  if (signature.substr(0, kSignatureBegin.size()) != kSignatureBegin) {
    return MakeError("what is said to be `{}`'s signature is no SSH signature", signer);
  }
  Scratch scratch;
  if (scratch.path().empty()) return ErrnoError(errno, "make a directory to check a signature in");
  std::string signers = scratch.path() + "/signers", signature_file = scratch.path() + "/signature";
  HWF_TRY(platform::RealFileSystem().WriteAtomically(signers, people.AllowedSigners(), 0600, false));
  HWF_TRY(platform::RealFileSystem().WriteAtomically(signature_file, signature, 0600, false));
  platform::SpawnOptions options;
  options.argv = {check.ssh_keygen, "-Y", "verify",     "-f", signers,       "-I",
                  signer,           "-n", "hwf-answer", "-s", signature_file};
  options.inherit_env = true;
  platform::RunLimits limits;
  limits.timeout_ms = check.timeout_ms;
  HWF_ASSIGN(platform::Finished finished, platform::RunToEnd(options, std::string(text), limits));
  if (finished.timed_out) return MakeError("ssh-keygen did not check the signature within {} ms", check.timeout_ms);
  if (finished.exit_code != 0) {
    std::string said = finished.output.substr(0, finished.output.find_first_of("\r\n"));
    return MakeError("the signature is not `{}`'s over this answer (ssh-keygen: {})", signer, said);
  }
  return SignerOf(*entry);
}

}  // namespace hwf::review
