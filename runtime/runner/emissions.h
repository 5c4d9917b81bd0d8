// A running task's emissions: JSON files that it renames into its `checkpoints/`. What a task writes is never trusted:
// links, torn, oversized and mistyped files and floods end as refusals or are coalesced, and cost the runner little.
//
// A file here goes: seen → read and checked → waiting (the newest of a burst; at most 5 a second of a stream) → ready.
// What is wrong never displaces what is right. Its JSON file is removed only after the log has it (Done), and its name
// is its identity, so that a crash in between repeats nothing. One thread; hashing the files that it names is the
// caller's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace hwf::runner {

inline constexpr size_t kMaxEmissionBytes = 64 * 1024;
inline constexpr int64_t kEmissionGapMs = 200;

// An emission's text, checked: {"checkpoint": stream, "values": {…}, "taken": n}.
struct Emission {
  std::string stream;
  Json content;                    // normalised: the three members
  std::vector<std::string> files;  // names below checkpoints/ that its values refer to
};
ErrorOr<Emission> ParseEmission(std::string_view text);
// A relative path that stays below its directory by its spelling alone.
bool IsPlainRelativePath(std::string_view path);
// Puts the value for each {"file": name} of `content`; `value_of` gives a File value or an error.
template <typename ValueOf>
ErrorOr<Success> ReplaceFiles(Json& json, const ValueOf& value_of);
// Opens such a name below the directory `directory_fd` without following any link; -1 and errno.
int OpenBelow(int directory_fd, std::string_view path, int flags);

struct ReadyEmission {
  std::string file;  // its name in checkpoints/
  Emission emission;
  int64_t dropped = 0;
  std::string bad;  // not empty: refused, and why
};

class Emissions {
 public:
  // Whether its values are what its stream declares.
  using Check = std::function<ErrorOr<Success>(const Emission&)>;
  // `streams` empty: any name is taken (what a dead runner left). `known`: names that the log has already.
  Emissions(std::string directory, std::vector<std::string> streams, std::vector<std::string> every_all,
            std::set<std::string> known, Check check = nullptr);
  ~Emissions();
  Emissions(const Emissions&) = delete;
  Emissions& operator=(const Emissions&) = delete;

  // Looks at what lies there, the oldest first, and appends what is ready; `last`: the task has ended, nothing waits.
  // Returns after how many milliseconds it wants to look again; 0: it has not seen all; -1: when something new comes.
  int Scan(int64_t now_ms, bool last, std::vector<ReadyEmission>& ready);
  // It is in the log.
  void Done(const std::string& file);
  const std::string& directory() const { return directory_; }

 private:
  struct StreamState {
    int64_t last_ms = INT64_MIN / 2;
    bool waiting = false;
    ReadyEmission newest;
    int64_t dropped = 0;
  };
  struct Seen;
  std::vector<Seen> List(bool& more);
  std::vector<Seen> ListOnce(bool& more);
  void Take(const Seen& seen, int64_t now_ms, bool last, std::vector<ReadyEmission>& ready, bool& torn);
  bool MayBecomeWhole(const Seen& seen, int64_t now_ms);
  void Refuse(const std::string& file, std::string why, int64_t now_ms, std::vector<ReadyEmission>& ready);
  void Offer(ReadyEmission item, int64_t now_ms, std::vector<ReadyEmission>& ready);
  ErrorOr<Success> Valid(const Emission& emission) const;
  void HandOn(ReadyEmission item, std::vector<ReadyEmission>& ready);
  void Discard(ReadyEmission item);
  void RemoveUnused();
  bool Declared(const std::string& stream) const;

  std::string directory_;
  int fd_ = -1;
  std::vector<std::string> streams_;
  std::vector<std::string> every_all_;
  Check check_;
  std::unordered_set<size_t> used_;  // hashes of the files' names that emissions handed on refer to
  std::vector<std::string> unused_;  // files of what was coalesced away, perhaps used by others
  std::set<std::string> known_;      // in the log, waiting, or not to be removed
  std::map<std::string, StreamState> states_;
  struct Torn {
    int64_t size = 0;
    timespec changed{};
    int64_t since_ms = 0;
  };
  std::map<std::string, Torn> torn_;  // how they were, and since when by our own clock
  static constexpr int64_t kRefusalBurst = 16;
  int64_t last_refusal_ms_ = 0;
  int64_t refusal_room_ms_ = kRefusalBurst * kEmissionGapMs;  // each refusal that is told takes one gap
  int64_t refusals_hidden_ = 0;
};

template <typename ValueOf>
ErrorOr<Success> ReplaceFiles(Json& json, const ValueOf& value_of) {
  if (json.is_array()) {
    for (Json& item : json.AsArray()) HWF_TRY(ReplaceFiles(item, value_of));
  } else if (json.is_object()) {
    if (json.AsObject().size() == 1 && json["file"].is_string()) {
      const std::string name = json["file"].AsString();
      HWF_ASSIGN(json, value_of(name));
      return Success{};
    }
    for (JsonMember& member : json.AsObject()) HWF_TRY(ReplaceFiles(member.value, value_of));
  }
  return Success{};
}

}  // namespace hwf::runner
