// The engine's side of the mailbox: takes requests out of `inbox/`, each exactly once, whatever dies in between.
// Order for each: identify and validate, append its event, sync, write the reply, unlink. A request whose reply exists,
// or whose event is in the journal, is only answered again. What fails goes to `refused/` with its reason. One thread.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "runtime/platform/file_system.h"
#include "runtime/review/identity.h"
#include "runtime/review/people.h"
#include "runtime/review/request.h"
#include "runtime/state/events.h"

namespace hwf::review {

struct Incoming {
  Request request;
  state::Person person;
};

// What the engine does with requests.
struct MailboxActions {
  // The reply to give again if the journal holds an event of this request id by this person. (By another: it is theirs
  // who took it, and `apply` should refuse.)
  std::function<std::optional<Reply>(const Incoming&)> applied;
  // The reply to a signed request that is refused whoever has signed it. Asked first: to check a signature takes a
  // process.
  std::function<std::optional<Reply>(const Request&)> hopeless;
  // Validates; appends the event of a request that is accepted. An Error is the world's (disk full): the request stays,
  // and so do those behind it. With the code EINPROGRESS it is not decided yet: the request alone stays.
  std::function<ErrorOr<Reply>(const Incoming&)> apply;
  // All that `apply` appended is durable when it returns.
  std::function<ErrorOr<Success>()> sync;
};

// The request id of a file's name, or nothing: a name beside its target, or none of ours.
std::optional<std::string> RequestIdOf(const std::string& name);

class Mailbox {
 public:
  // How an answer file is read and its owner told; a test may put another in its place.
  using ReadFile = std::function<ErrorOr<AnswerFile>(const std::string& directory, const std::string& name)>;

  // `people` outlives the mailbox.
  Mailbox(platform::FileSystem& files, std::string run_dir, std::string run_id, uid_t run_uid, const People& people);
  void set_read_file(ReadFile read) { read_file_ = std::move(read); }

  // Handles what lies in the inbox, at most 256 at a time; how many that were. Call again while it is not 0.
  ErrorOr<size_t> Drain(const MailboxActions& actions);

  // A request that came over the socket from a peer with this uid: the same order, with the reply as the result.
  ErrorOr<Reply> Handle(std::string_view message, uid_t peer_uid, const MailboxActions& actions);

  const std::string& inbox() const { return inbox_; }

 private:
  struct Work {
    std::string id;
    Reply reply;
    bool reply_written = false;
  };

  ErrorOr<std::optional<Work>> Take(const std::string& name, const MailboxActions& actions, bool& must_sync);
  ErrorOr<Reply> Decide(const Request& request, ErrorOr<state::Person> person, const MailboxActions& actions,
                        bool& must_sync);
  std::optional<Reply> WrittenReply(const std::string& id);
  ErrorOr<Success> Settle(const Work& work);
  ErrorOr<Success> Refuse(const Work& work);

  platform::FileSystem* files_;
  std::string run_dir_, inbox_, run_id_;
  uid_t run_uid_;
  const People* people_;
  ReadFile read_file_;
  std::set<std::string> stuck_;  // names that cannot be removed: not looked at again
};

}  // namespace hwf::review
