#include "runtime/review/delivery.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/journal/lease.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/inotify_watch.h"
#include "runtime/platform/unix_socket.h"
#include "runtime/review/identity.h"
#include "runtime/review/reachable.h"

namespace hwf::review {
namespace {

using platform::RealClock;

constexpr size_t kMostReplies = 10'000;  // that are looked through

Receipt FromReply(const std::string& id, const Reply& reply) {
  Receipt receipt;
  receipt.outcome = reply.accepted ? Receipt::Outcome::kAccepted : Receipt::Outcome::kRefused;
  receipt.id = id;
  receipt.why = reply.why;
  receipt.next = reply.next;
  return receipt;
}

// The engine's answer over its socket, or nothing if it cannot be had that way.
std::optional<Reply> AskSocket(const std::string& run_dir, const Request& request, int64_t wait_ms) {
  ErrorOr<platform::FileDescriptor> socket = platform::ConnectUnix(run_dir + "/engine.sock");
  if (!socket.ok()) return std::nullopt;
  platform::Channel channel(std::move(*socket));
  if (!channel.SendAll(ToSocketJson(request).Dump(), wait_ms).ok()) return std::nullopt;
  ErrorOr<std::string> text = channel.ReceiveOne(wait_ms);
  if (!text.ok()) return std::nullopt;
  ErrorOr<Reply> reply = ParseReply(*text);
  return reply.ok() ? std::optional(*reply) : std::nullopt;
}

std::string ReplyPath(const std::string& run_dir, const std::string& id) {
  return run_dir + "/replies/" + id + ".json";
}

std::optional<Reply> ReadReply(platform::FileSystem& files, const std::string& run_dir, const std::string& id) {
  ErrorOr<std::string> text = files.Read(ReplyPath(run_dir, id), kMaxRequestBytes);
  if (!text.ok()) return std::nullopt;
  ErrorOr<Reply> reply = ParseReply(*text);
  return reply.ok() ? std::optional(*reply) : std::nullopt;
}

// Waits for the reply's file: inotify wakes us at once where it works, and a look every so often does elsewhere.
std::optional<Reply> AwaitReply(platform::FileSystem& files, const std::string& run_dir, const std::string& id,
                                int64_t wait_ms) {
  int64_t deadline = RealClock().MonotonicMs() + wait_ms, pause_ms = 20;
  ErrorOr<platform::DirectoryWatch> watch = platform::DirectoryWatch::Make();
  bool watching = watch.ok() && watch->Add(run_dir + "/replies").ok();
  while (true) {
    if (std::optional<Reply> reply = ReadReply(files, run_dir, id)) return reply;
    int64_t left = deadline - RealClock().MonotonicMs();
    if (left <= 0) return std::nullopt;
    pollfd event{watching ? watch->fd() : -1, POLLIN, 0};
    poll(&event, 1, static_cast<int>(std::min(left, pause_ms)));
    if (watching) watch->Drain();
    pause_ms = std::min<int64_t>(pause_ms * 2, 1000);
  }
}

// Why nobody answers, or nothing if an engine may be alive.
std::optional<std::string> NoEngine(platform::FileSystem& files, const std::string& run_dir) {
  ErrorOr<std::optional<journal::LeaseView>> lease = journal::ReadLease(files, run_dir);
  if (!lease.ok()) return std::nullopt;
  if (!*lease) return std::string("no engine has run here yet");
  if ((*lease)->held()) return std::nullopt;
  return journal::Describe(**lease, RealClock().NowMs());
}

Receipt Queued(const std::string& id, std::string why) {
  Receipt receipt;
  receipt.id = id;
  receipt.why = std::move(why);
  return receipt;
}

ErrorOr<Success> PutIntoInbox(platform::FileSystem& files, const std::string& run_dir, const Request& request) {
  // Readable by the engine's account, which need not be in the writer's groups; the inbox itself keeps strangers out.
  ErrorOr<Success> put =
      files.WriteAtomically(run_dir + "/inbox/" + request.id + ".json", ToJson(request).Dump() + "\n", 0644, true);
  if (put.ok()) return put;
  Error error = put.error().WithContext("the answer was not delivered");
  if (error.code() != EACCES && error.code() != EPERM) return error;
  std::optional<std::string> obstacle = WhyUnreachable(run_dir, OwnAccount());
  return obstacle ? Error("the answer was not delivered: " + *obstacle, error.code()) : error;
}

}  // namespace

ErrorOr<Receipt> Deliver(platform::FileSystem& files, const std::string& run_dir, Request request,
                         const DeliveryOptions& options) {
  if (request.id.empty()) request.id = platform::NewId();
  if (ToJson(request).Dump().size() >= kMaxRequestBytes) {
    return MakeError("the answer has more than {} bytes", kMaxRequestBytes);
  }
  if (options.use_socket) {
    if (std::optional<Reply> reply = AskSocket(run_dir, request, options.wait_ms)) return FromReply(request.id, *reply);
  }
  HWF_TRY(PutIntoInbox(files, run_dir, request));
  if (std::optional<std::string> none = NoEngine(files, run_dir)) return Queued(request.id, *none);
  std::optional<Reply> reply = AwaitReply(files, run_dir, request.id, options.wait_ms);
  if (reply) return FromReply(request.id, *reply);
  std::optional<std::string> none = NoEngine(files, run_dir);
  return Queued(request.id,
                none ? *none : fmt::format("the engine has not answered within {} s", (options.wait_ms + 999) / 1000));
}

ErrorOr<Receipt> CheckReceipt(platform::FileSystem& files, const std::string& run_dir, const std::string& request_id) {
  if (!IsRequestId(request_id)) return MakeError("`{}` is no receipt", request_id);
  if (std::optional<Reply> reply = ReadReply(files, run_dir, request_id)) return FromReply(request_id, *reply);
  ErrorOr<platform::FileInfo> waiting = files.Stat(run_dir + "/inbox/" + request_id + ".json");
  if (!waiting.ok()) return waiting.error().WithContext("no request with this receipt is known here");
  return Queued(request_id, NoEngine(files, run_dir).value_or("the engine has not come to it yet"));
}

std::vector<Reply> RefusedAnswers(platform::FileSystem& files, const std::string& run_dir, const std::string& review,
                                  size_t most) {
  std::vector<Reply> refused;
  const ErrorOr<std::vector<std::string>> names = files.List(run_dir + "/replies");
  if (!names.ok()) return refused;
  const size_t looked_at = std::min(names->size(), kMostReplies);
  for (size_t i = 0; i < looked_at && refused.size() < most; ++i) {
    const std::string id = (*names)[i].substr(0, (*names)[i].find('.'));
    std::optional<Reply> reply = IsRequestId(id) ? ReadReply(files, run_dir, id) : std::nullopt;
    if (reply && !reply->accepted && reply->about && reply->about->review == review) refused.push_back(*reply);
  }
  return refused;
}

}  // namespace hwf::review
