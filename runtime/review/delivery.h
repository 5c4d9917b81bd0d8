// The asking side of the mailbox: brings a request to a run and says which of three things became of it. Over the
// engine's socket if it answers there, else as a file in `inbox/`, with the same request id, so that doing both is
// harmless. Blocks its thread.
#pragma once

#include <string>

#include "base/error.h"
#include "runtime/platform/file_system.h"
#include "runtime/review/request.h"

namespace hwf::review {

struct Receipt {
  enum class Outcome { kAccepted, kRefused, kQueued };
  Outcome outcome = Outcome::kQueued;
  std::string id;    // of the request
  std::string why;   // refused: why; queued: why nobody has answered yet
  std::string next;  // accepted: what happens now
};

struct DeliveryOptions {
  int64_t wait_ms = 10'000;  // for the engine's reply
  bool use_socket = true;
};

// `request.id` is made here if it is empty. An error if the request can be put nowhere; it then names what is in the
// way.
ErrorOr<Receipt> Deliver(platform::FileSystem& files, const std::string& run_dir, Request request,
                         const DeliveryOptions& options = {});
// What became of a request that was queued.
ErrorOr<Receipt> CheckReceipt(platform::FileSystem& files, const std::string& run_dir, const std::string& request_id);

// The answers to a review that waited in the inbox and were then refused, as far as this account may see them; at most
// `most`, of as many replies as a run keeps in good order.
std::vector<Reply> RefusedAnswers(platform::FileSystem& files, const std::string& run_dir, const std::string& review,
                                  size_t most);

}  // namespace hwf::review
