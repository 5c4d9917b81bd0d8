#include "runtime/review/mailbox.h"

#include <fmt/format.h>

#include <cerrno>
#include <vector>

#include "base/utf8.h"

namespace hwf::review {
namespace {

constexpr size_t kBatch = 256;
constexpr size_t kMostOfAWord = 200;  // bytes
constexpr std::string_view kSuffix = ".json";

bool IsOfTheWorld(int code) {
  return code == EIO || code == ESTALE || code == EMFILE || code == ENFILE || code == ENOMEM;
}

// A stranger's word, which is kept.
std::string Brief(const std::string& text) { return ToUtf8(text.substr(0, kMostOfAWord)); }

Reply Refusal(std::string why) {
  Reply reply;
  reply.why = std::move(why);
  return reply;
}

}  // namespace

std::optional<std::string> RequestIdOf(const std::string& name) {
  if (name.size() <= kSuffix.size() || name.compare(name.size() - kSuffix.size(), kSuffix.size(), kSuffix) != 0) {
    return std::nullopt;
  }
  std::string id = name.substr(0, name.size() - kSuffix.size());
  return IsRequestId(id) ? std::optional(id) : std::nullopt;
}

Mailbox::Mailbox(platform::FileSystem& files, std::string run_dir, std::string run_id, uid_t run_uid,
                 const People& people)
    : files_(&files),
      run_dir_(std::move(run_dir)),
      inbox_(run_dir_ + "/inbox"),
      run_id_(std::move(run_id)),
      run_uid_(run_uid),
      people_(&people) {
  read_file_ = [this](const std::string& directory, const std::string& name) {
    return PersonFromFile(directory, name, run_uid_, *people_);
  };
}

std::optional<Reply> Mailbox::WrittenReply(const std::string& id) {
  ErrorOr<std::string> text = files_->Read(run_dir_ + "/replies/" + id + ".json", kMaxRequestBytes);
  if (!text.ok()) return std::nullopt;
  ErrorOr<Reply> reply = ParseReply(*text);
  return reply.ok() ? std::optional(*reply) : std::nullopt;
}

ErrorOr<Reply> Mailbox::Decide(const Request& request, ErrorOr<state::Person> person, const MailboxActions& actions,
                               bool& must_sync) {
  if (request.run != run_id_) return Refusal(fmt::format("the request is for the run {}", request.run));
  if (!request.signature.empty()) {
    const std::optional<Reply> refused = actions.hopeless ? actions.hopeless(request) : std::nullopt;
    if (refused) return *refused;
    person = PersonFromSignature(*people_, request.signer, SignedText(request), request.signature);
  }
  if (!person.ok()) return Refusal(person.error().message());
  Incoming incoming{request, *person};
  if (std::optional<Reply> applied = actions.applied(incoming)) return *applied;
  HWF_ASSIGN(Reply reply, actions.apply(incoming));
  must_sync = must_sync || reply.accepted;
  return reply;
}

// Nothing if the file is gone again, or stays where it is.
ErrorOr<std::optional<Mailbox::Work>> Mailbox::Take(const std::string& name, const MailboxActions& actions,
                                                    bool& must_sync) {
  Work work;
  work.id = *RequestIdOf(name);
  if (std::optional<Reply> written = WrittenReply(work.id)) {
    work.reply = *written;
    work.reply_written = true;
    return std::optional(work);
  }
  ErrorOr<AnswerFile> file = read_file_(inbox_, name);
  if (!file.ok() && file.error().code() == ENOENT) return std::optional<Work>();
  // A server that does not answer says nothing about the file.
  if (!file.ok() && IsOfTheWorld(file.error().code())) {
    return file.error();
  }
  if (!file.ok()) {
    work.reply = Refusal(file.error().message());
    return std::optional(work);
  }
  ErrorOr<Request> request = ParseRequest(file->bytes, work.id);
  if (!request.ok()) {
    work.reply = Refusal(request.error().message());
    return std::optional(work);
  }
  ErrorOr<Reply> reply = Decide(*request, file->person, actions, must_sync);
  if (!reply.ok() && reply.error().code() == EINPROGRESS) return std::optional<Work>();
  if (!reply.ok()) return reply.error();
  work.reply = std::move(reply).value();
  if (!work.reply.accepted && request->kind == Request::Kind::kAnswer) {
    const std::string by = request->signature.empty() ? file->person.name : request->signer;
    work.reply.about = {Brief(request->review), Brief(request->variant), Brief(by)};
  }
  return std::optional(work);
}

ErrorOr<size_t> Mailbox::Drain(const MailboxActions& actions) {
  HWF_ASSIGN(std::vector<std::string> names, files_->List(inbox_));
  std::vector<Work> works;
  bool must_sync = false;
  std::optional<Error> failed;
  for (const std::string& name : names) {
    if (works.size() == kBatch) break;
    if (!RequestIdOf(name) || stuck_.count(name) > 0) continue;
    ErrorOr<std::optional<Work>> work = Take(name, actions, must_sync);
    if (!work.ok()) failed = work.error();
    if (failed) break;  // those before it are finished first
    if (*work) works.push_back(**work);
  }
  if (must_sync) HWF_TRY(actions.sync());
  for (const Work& work : works) HWF_TRY(Settle(work));
  if (failed) return *failed;
  return works.size();
}

ErrorOr<Success> Mailbox::Settle(const Work& work) {
  if (!work.reply_written) {
    std::string text = ToJson(work.reply).Dump() + "\n";
    HWF_TRY(files_->WriteAtomically(run_dir_ + "/replies/" + work.id + ".json", text, 0640, true));
  }
  if (!work.reply.accepted) return Refuse(work);
  ErrorOr<Success> removed = files_->Unlink(inbox_ + "/" + work.id + ".json");
  if (!removed.ok() && removed.error().code() != ENOENT) return removed;
  return Success();
}

ErrorOr<Success> Mailbox::Refuse(const Work& work) {
  std::string name = work.id + ".json", refused = run_dir_ + "/refused/";
  HWF_TRY(files_->WriteAtomically(refused + work.id + ".reason", work.reply.why + "\n", 0600, false));
  [[maybe_unused]] ErrorOr<Success> moved = files_->Rename(inbox_ + "/" + name, refused + name);
  // After a power loss in the middle of an earlier move the file can be in both places, and moving a file over another
  // name of its own does nothing.
  ErrorOr<Success> removed = files_->Unlink(inbox_ + "/" + name);
  if (removed.ok() || removed.error().code() == ENOENT) return Success();
  // Somebody's directory can be neither moved without the right to write in it, nor unlinked.
  if (!files_->RemoveDirectory(inbox_ + "/" + name).ok()) stuck_.insert(name);
  return Success();
}

ErrorOr<Reply> Mailbox::Handle(std::string_view message, uid_t peer_uid, const MailboxActions& actions) {
  ErrorOr<Request> request = ParseSocketRequest(message);
  if (!request.ok()) return Refusal(request.error().message());
  if (std::optional<Reply> written = WrittenReply(request->id)) return *written;
  bool must_sync = false;
  HWF_ASSIGN(Reply reply, Decide(*request, PersonFromPeer(peer_uid, run_uid_, *people_), actions, must_sync));
  if (must_sync) HWF_TRY(actions.sync());
  return reply;
}

}  // namespace hwf::review
