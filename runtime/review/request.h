// Requests from outside the engine, as they lie in `inbox/` and go over `engine.sock`, and the replies to them.
// docs/architecture.md has the format. Parsing trusts nothing: bounded, strict, no unknown members. Plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace hwf::review {

struct Request {
  enum class Kind { kAnswer, kOpen, kCancel, kDoubt, kRewind, kWithdraw };
  Kind kind = Kind::kAnswer;
  std::string id;  // its file's name, or the member "id" over the socket
  std::string run;
  std::string review, form, variant;  // of an answer; `review` also of an open and a withdraw
  Json fields = Json::Object();
  std::string place;  // of a cancel ("": the whole run), a doubt and a rewind ("": to the beginning)
  int attempt = 0;
  bool happened = false;
  Json set = Json::Object();      // of a rewind: parameters that are another value now
  bool fresh = false;             // of a rewind: nothing is reused
  bool effects = false;           // of a rewind: effects that have happened may happen again
  std::string why;                // of a withdraw: a line for people, or nothing
  std::string signature, signer;  // of an answer; both or neither
};

struct Reply {
  bool accepted = false;
  std::string why;   // of a refusal: for people
  std::string next;  // what happens now: "1 of 2 votes of safety-board"
  // The request or one like it was decided before; nothing new was recorded.
  bool repeated = false;
  // Of a refusal that waits in `replies/`: what was asked for and by whom, for people who look later.
  struct About {
    std::string review, variant, by;
  };
  std::optional<About> about = std::nullopt;
};

// The most that `Request::why` may have, in bytes.
inline constexpr size_t kMaxWhy = 500;
// An error if it is too long, or more than a line of text.
ErrorOr<Success> CheckWhy(std::string_view why);

// 26 letters and digits.
bool IsRequestId(std::string_view id);

// From a file (the id is its name) or a socket message (with the member "id").
ErrorOr<Request> ParseRequest(std::string_view bytes, std::string_view file_id);
ErrorOr<Request> ParseSocketRequest(std::string_view bytes);
Json ToJson(const Request& request);        // without the id
Json ToSocketJson(const Request& request);  // with it

// What a signature is made over: the compact JSON of an answer with its request id behind and without signature and
// signer. It names run, review, form and request: what was signed once counts once, and nowhere else.
std::string SignedText(const Request& request);

Json ToJson(const Reply& reply);
ErrorOr<Reply> ParseReply(std::string_view bytes);

}  // namespace hwf::review
