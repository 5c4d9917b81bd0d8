// The words between an engine and an hwf-runner, over the runner's Unix stream socket (`runner/sock` in the run
// directory; only the run's uid may connect), and the records of the runner's log (`runner/log`, framed as the
// journal). A message is a 4-byte little-endian length and a JSON text of at most 16 MiB. Encodings in protocol.cpp.
//
// The runner takes requests from one engine at a time, the one with the highest epoch: Hello with a lower epoch is
// refused (`superseded`), a higher one ends the older connection. Its log is the claim: an attempt whose `claim` record
// is in the log is never started again. After Hello the runner sends every log record from `log_offset` on, then new
// ones as they come; each arrives exactly once a connection, in order, and with its end offset, which the engine keeps:
// the message is {"end":N,"report":{…}}. What is not logged comes without "end". A Start whose attempt is already
// claimed is answered by that attempt's end once more (without "end" in the envelope), if it has ended.
// Bytes that are not UTF-8 (arguments, environment, output of tasks) travel as {"b64":"…"} instead of a string; in
// texts for people (messages, reasons) U+FFFD takes their place, for these get into events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "ir/module.h"
#include "runtime/state/events.h"

namespace hwf::runner {

// ---------------------------------------------------------------- engine to runner

struct Hello {
  int64_t epoch = 0;
  uint64_t log_offset = 0;
};

struct OutputSpec {
  std::string name;
  // "path", "glob": relative to the attempt directory, result a File or Dir value (a list for glob).
  // "text": the bytes of that file less one final newline. "json": the file's JSON. "stdout_*": the same of the
  // standard output.
  enum class Kind { kFile, kDir, kGlobFiles, kGlobDirs, kText, kJson, kStdoutText, kStdoutJson, kStdoutFile };
  Kind kind = Kind::kFile;
  std::string path;
  bool optional = false;
};

struct Start {
  state::Place place;
  int attempt = 1;
  bool effect = false;            // its claim is synced before it starts
  std::string directory;          // absolute attempt directory; made by the runner (local), exclusively
  std::vector<std::string> argv;  // argv[0] is looked up in PATH of `env`
  std::vector<std::pair<std::string, std::string>> env;  // the whole environment
  std::string script;              // not empty: written to the file `command` in the directory, whose name is
                                   // appended to argv: {"bash","-euo","pipefail"} runs `bash -euo pipefail command`
  std::vector<std::string> links;  // absolute paths to be seen in the directory under their base names (`uses`)
  // Files that are to be seen beside each other: a name of the program, and an absolute path. BundledPath says where.
  std::vector<std::pair<std::string, std::string>> bundled;
  std::vector<OutputSpec> outputs;
  std::vector<std::string> streams;    // declared streams; not empty: `checkpoints/` and `messages/` are made
  std::vector<std::string> every_all;  // those of them that are not coalesced
  std::string stream_types;            // the IR of a task that has these streams and nothing else; empty: not checked
  bool accepts_messages = false;
  std::vector<Json> messages;  // to be placed before it starts: {"number","message","fields"}
  double cpus = 1;
  int gpus = 0;
  int64_t memory = 0;         // bytes; 0: no limit
  int64_t time_limit_ms = 0;  // 0: none
  // What most tasks do not say; written only where it is not as here.
  std::string image;  // of a container, as the site takes it; empty: none
  // Absolute paths that its arguments name: with `links`, all that a container is to see beside its directory.
  std::vector<std::string> inputs;
  std::string gpu;         // its model; empty: any
  int64_t disk = 0;        // bytes of scratch space; 0: not said
  int nodes = 1;           // machines that the command is spread over
  int ranks = 1;           // processes of the command; more than one are started by `launch`
  int ranks_per_node = 0;  // 0: as they come
  std::string launch;      // "srun", "mpirun" or "torchrun"; empty: the site's way
  int pack = 0;            // attempts of its kind that share a job; 0: the site's way
  int64_t priority = 0;    // of those that wait for room the greater goes first
  // Variables of the command that are secret: they are in no log, no file that outlives the start, no argument list.
  std::vector<std::pair<std::string, std::string>> secrets;
};

// Where an attempt whose directory it is sees a bundled file: in a directory of the name's own, under its base name.
std::string BundledPath(const std::string& directory, const std::string& name, const std::string& path);
struct Message {
  state::Place place;
  int attempt = 1;
  int64_t number = 0;
  Json body;  // {"number","message","fields"}
};
struct Cancel {
  state::Place place;
  int attempt = 1;
};
// Start nothing new of what is queued (Ctrl-C); what runs goes on. Queued attempts are reported as Unstarted.
struct Drain {};
// End when nothing runs and no engine is connected: the run is over.
struct Finish {};
// Make the image ready (pull it, once for all that ask) and say its digest: answered by ImageReady.
struct WantImage {
  std::string image;
};
using Request = std::variant<Hello, Start, Message, Cancel, Drain, Finish, WantImage>;

// ---------------------------------------------------------------- runner's log, and runner to engine

// The attempt is this runner's; written before anything of it happens.
struct Claimed {
  state::Place place;
  int attempt = 1;
};
struct Started {
  state::Place place;
  int attempt = 1;
  int64_t pid = 0;
  int slot = -1;          // of short streams: `runner/slot-N.out|err` while it runs
  int64_t boot_ms = 0;    // just before it was started (CLOCK_BOOTTIME) …
  std::string boot;       // … in which boot and pid namespace: together they tell `pid` from a later process's
  std::string host = {};  // empty: the agent's
};
struct Emitted {
  state::Place place;
  int attempt = 1;
  std::string file;     // unique name below checkpoints/
  Json content;         // as the task wrote it: {"checkpoint","values","taken"}; file members replaced by File values
  int64_t dropped = 0;  // emissions of this stream coalesced into this one
};
struct EmissionBad {
  state::Place place;
  int attempt = 1;
  std::string file;
  std::string why;
};
struct MessagePlaced {
  state::Place place;
  int attempt = 1;
  int64_t number = 0;
};
struct Ended {
  state::Place place;
  int attempt = 1;
  std::optional<ir::Reason> failure;
  std::optional<int> exit_code;
  int signal = 0;
  std::string message;
  Json outputs;  // object by name; files as File values, text as strings, JSON as it is
  state::Usage usage;
  std::string out;  // short streams, folded in (at most 4 KiB each); longer ones are files in the attempt directory
  std::string err;
  std::string out_file;  // their names there; empty: folded in
  std::string err_file;
};
// Never claimed: drained before it began.
struct Unstarted {
  state::Place place;
  int attempt = 1;
};
// Not logged: the answer to Hello of an older epoch.
struct Superseded {
  int64_t epoch = 0;
};
// Not logged: the answer to Hello; everything up to here has been sent.
struct CaughtUp {};
// Not logged: nothing new is started for now, because of the world ("disk full: …"); what runs goes on and its ends are
// recorded. Empty: it goes on. Sent when it changes, and after CaughtUp while it holds.
struct Held {
  std::string why;
};
// Not logged: why an attempt that was submitted has not begun, for people ("job 812: Resources"). Sent when it changes.
struct Waiting {
  state::Place place;
  int attempt = 1;
  std::string why;
};
// Not logged: the answer to WantImage.
struct ImageReady {
  std::string image;
  std::string digest;  // "sha256:…" or "b2:…" of what it holds; empty: it cannot be used …
  std::string why;     // … because of this
};

using Report = std::variant<Claimed, Started, Emitted, EmissionBad, MessagePlaced, Ended, Unstarted, Superseded,
                            CaughtUp, Held, Waiting, ImageReady>;

// The largest message, either way, in bytes.
inline constexpr size_t kMaxMessageBytes = size_t{16} << 20;

// A report as it travels: `end` is the log's offset behind it, 0 if it is not logged (or repeated).
struct Envelope {
  uint64_t end = 0;
  Report report;
};
// The JSON text of an envelope around a report's JSON text.
std::string EnvelopeText(uint64_t end, std::string_view report_json);
ErrorOr<Envelope> EnvelopeFromText(std::string_view text);

Json ToJson(const Request& request);
Json ToJson(const Report& report);
ErrorOr<Request> RequestFromJson(const Json& json);
ErrorOr<Report> ReportFromJson(const Json& json);

}  // namespace hwf::runner
