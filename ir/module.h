// The IR: the only contract between the compiler and the runtime. Plain structs, complete in themselves: a run never
// needs the `.hwf` source. A module is a set of definitions and the entry workflow; a workflow is a region, a region is
// a DAG of nodes; each node makes one value. Built by compiler/lower, read from JSON by the runtime (ir/json.h),
// checked by ir/verify.h. Immutable once verified; any thread may read.
//
// Values. Every node, region parameter and task parameter has a ValueId, unique within its workflow, function or task.
// An expression refers to values of its own region or of an enclosing one. The order of nodes means nothing: a node
// waits for the values that its own expressions read (not those that its inner regions read: their nodes wait for them
// themselves).
//
// At run time values are Json (base/json.h):
//   Bool, Int, Float, String    as they are                  Duration  milliseconds (int)      Bytes  a count (int)
//   none                        null; T? otherwise as T      ()        null
//   list                        array                        map       object; keys of Int as their decimal text
//   record                      object                       enum      {"variant": "retune", "fields": {"rate": 0.1}}
//   File, Dir  {"path": absolute path, "digest": "b2:<64 hex>", "size": n}; of a Dir the digest is that of its manifest
//   Approved[T]                 as T; the approval itself is a fact of the run's state, keyed by review and digest
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "ir/type.h"

namespace hwf::ir {

inline constexpr int kVersion = 1;
inline constexpr int64_t kMaxRounds = 1'000'000;  // of a `loop`

enum class ValueId : uint32_t { kNone = 0xffffffff };

// Where a thing stands in the source, for messages; file is an index into Module::sources. Lines and columns from 1.
struct Span {
  uint32_t file = 0;
  uint32_t line = 0;
  uint32_t column = 0;
};

enum class Op {
  kLiteral,   // literal
  kRef,       // ref
  kField,     // args[0] . name       (of a record)
  kOptField,  // args[0] ?. name
  kIndex,     // args[0] [ args[1] ]  (a list by Int, a map by key)
  kList,      // args
  kMap,       // args: key, value, key, value, ...
  kRecord,    // args, named by labels; type is the record
  kEnum,      // variant `name`, args named by labels; type is the enum
  kConcat,    // args in turn, each as text, joined (string interpolation)
  kNegate,
  kNot,
  kMul,
  kDiv,
  kMod,
  kAdd,
  kSub,
  kLt,
  kLe,
  kGt,
  kGe,
  kEq,
  kNe,
  kAnd,
  kOr,
  kCoalesce,  // short-circuit
  kBuiltin,   // built-in `name` (stdlib/builtins.def) of args; min_by, max_by: of args[0], by function labels[0]
  kCall,      // function `name` of args, in parameter order
  kWiden      // args[0] converted to type (Int to Float inside lists and the like); representation may change
};

struct Expr {
  Op op = Op::kLiteral;
  TypeRef type = nullptr;
  Json literal;
  ValueId ref = ValueId::kNone;
  std::string name;
  std::vector<Expr> args;
  std::vector<std::string> labels;
  Span span;
};

struct NamedExpr {
  std::string name;
  Expr value;
};

struct Param {
  ValueId id = ValueId::kNone;
  std::string name;
  TypeRef type = nullptr;
  std::optional<Expr> default_value;  // may read earlier parameters
  std::string doc;
};

// ---------------------------------------------------------------- reviews

// Who may answer. A leaf names one person or group and how many of them must agree.
struct ByRule {
  enum class Kind { kWho, kOwner, kAnd, kOr };
  enum class Level { kAny, kUid, kService };
  Kind kind = Kind::kOwner;
  std::optional<Expr> who;  // kWho: a String
  int quorum = 1;
  bool not_starter = false;
  Level level = Level::kAny;
  std::vector<ByRule> parts;
};

struct FormField {
  std::string name;
  TypeRef type = nullptr;
  std::optional<Expr> low, high;  // both or neither: an inclusive range
  std::optional<Expr> one_of;     // a list that the value (or each element of it) must be in
  std::optional<Expr> default_value;
};
struct Choice {
  std::string name;
  std::vector<FormField> fields;
  std::string grants;           // the added field's name, or empty
  std::optional<Expr> granted;  // the shown value that it approves
};
struct Shown {
  std::string label;  // as in the source: "e.loss"
  Expr value;
};

// ---------------------------------------------------------------- nodes

struct Region;

// A pure value; also every plain `let`.
struct LetNode {
  Expr value;
};
// A call of a task: one instance a place. The value is the record of its outputs.
struct TaskNode {
  std::string task;
  std::vector<Expr> args;  // one per parameter, defaults filled in by lowering
  std::string site = {};   // of the task's `on`, where it runs; empty: `here`
  bool tried = false;  // `try`: its failure is a value (FailureType of ir/type_rules.h), not the end of what follows
  // What the passes found out (compiler/passes); a runtime that leaves it out runs the same.
  // A value that `args` read, whose files are made where `site` does not see them.
  struct Move {
    ValueId value = ValueId::kNone;
    std::string from;  // a site; empty: this machine
  };
  std::string why = {};  // it runs there, for people; empty: because the source says so
  std::vector<Move> moves = {};
  bool array = false;  // the calls from its `for` may be one array of jobs
  int64_t pack = 0;    // how many of them share a job; 0: as task and site say
  // Of what is ready, the greater goes first: how long the way behind it is, in milliseconds as far as it is known.
  int64_t priority = 0;
};
// A call of a workflow: its region is instantiated with these arguments.
struct WorkflowNode {
  std::string workflow;
  std::vector<Expr> args;
  bool tried = false;  // as of TaskNode
};
// `if`: the value of the branch taken. Without else_body the value is ().
struct IfNode {
  Expr condition;
  std::unique_ptr<Region> then_body;
  std::unique_ptr<Region> else_body;  // or null
};
// `match`: the arm's region has one parameter per bound field, in the order of `binds`.
struct MatchArm {
  std::string variant;             // "" takes everything else
  std::vector<std::string> binds;  // field names of the variant
  std::unique_ptr<Region> body;
};
struct MatchNode {
  Expr subject;
  std::vector<MatchArm> arms;
};
// `for`: the body has one parameter; the value is the list of the bodies' values in order of `list`.
struct ForNode {
  Expr list;
  std::unique_ptr<Region> where;  // one parameter, a Bool result; or null
  std::unique_ptr<Region> body;
};
// `loop`: the body has one parameter a carried value, and gives the enum of how the round ends: `stop(value)` or
// `next(…)` of its parameters; one of them may be missing. The loop's value is the enum `stopped(value)` or
// `exhausted(…)`.
struct LoopNode {
  std::vector<Expr> init;  // what the first round is given, in the order of the body's parameters
  Expr max;                // Int: how many rounds at most
  std::unique_ptr<Region> body;
};
// `await review`: the value is the enum of its answers.
struct ReviewNode {
  Expr question;
  std::vector<Shown> show;
  std::vector<Choice> choices;
  ByRule by;
  std::optional<Expr> within;  // Duration, as all delays here
  std::optional<Expr> remind;
  // Their days are working days of Module::calendar: `2workdays` is a Duration of two days, so marked.
  bool within_workdays = false;
  bool remind_workdays = false;
  struct Escalation {
    Expr delay;
    ByRule to;
    bool workdays = false;
  };
  std::vector<Escalation> escalations;
  std::optional<Expr> else_answer;  // an enum value; without it `within` ends in the variant `expired`
  // `assume`: what is behind the review goes on as if this were the answer, until it is given.
  struct Assume {
    Expr answer;  // an enum value
    // At most what their tasks ask for at once, by what is counted ("gpu_time", "cpu_time"): Durations.
    std::vector<NamedExpr> up_to;
    std::vector<std::string> unread;  // fields of the variant that nothing reads: an answer may differ in them
  };
  std::optional<Assume> assume;
  // The task node whose end withdraws this review, because its answers lead only to sends to it; or kNone.
  ValueId withdrawn_with = ValueId::kNone;
};
// `watch [latest] job.stream as e [where …] { … }`: done when the job has ended and every body is done.
struct WatchNode {
  bool latest = false;
  ValueId job = ValueId::kNone;  // a TaskNode
  std::string stream;
  std::unique_ptr<Region> where;  // one parameter (the emission), a Bool result; or null
  std::unique_ptr<Region> body;   // one parameter
};
struct SendNode {
  ValueId job = ValueId::kNone;
  std::string message;
  std::vector<Expr> args;  // in the order of the message's fields
};
struct CancelNode {
  ValueId job = ValueId::kNone;
};
// `checkpoint name { … }`: a record value with a name in the run's record.
struct CheckpointNode {
  Expr value;
};
struct FailNode {
  Expr message;
};
// `file("p")`, `dir("p")`: existing data, resolved and hashed by the engine when first needed. A relative path is
// relative to `base_dir`, the absolute directory of the source.
struct SourceNode {
  bool directory = false;
  Expr path;
  std::string base_dir;
  std::string on = {};  // a site: it stays there, known by a manifest of paths, sizes and times; empty: this machine
};

struct Node {
  ValueId id = ValueId::kNone;
  std::string name;  // unique within its region; the last part of the place: "job", "publish", "publish.2"
  TypeRef type = nullptr;
  std::vector<ValueId> after;  // awaited without data
  Span span;
  std::variant<LetNode, TaskNode, WorkflowNode, IfNode, MatchNode, ForNode, LoopNode, ReviewNode, WatchNode, SendNode,
               CancelNode, CheckpointNode, FailNode, SourceNode>
      body;
};

struct Region {
  std::vector<Param> params;
  std::vector<Node> nodes;     // in source order
  std::optional<Expr> result;  // absent: ()
};

// ---------------------------------------------------------------- definitions

struct Workflow {
  std::string name;
  std::string doc;
  Region region;  // params are the workflow's
  std::vector<FieldDef> outputs;
  Span span;
};

struct Function {
  std::string name;
  Region region;  // pure: LetNode, IfNode, MatchNode, ForNode only
  TypeRef result = nullptr;
};

struct Output {
  enum class Kind { kPath, kGlob, kStdout };
  std::string name;
  TypeRef type = nullptr;  // as declared; T? may be absent
  Kind kind = Kind::kPath;
  std::optional<Expr> path;  // relative to the attempt directory; absent: the engine's own name for it
};

struct Stream {
  std::string name;
  TypeRef record = nullptr;     // "fit.epoch"
  std::optional<int64_t> keep;  // newest emissions whose files are kept; absent: all
  bool every_all = false;
};
struct Message {
  std::string name;
  std::vector<FieldDef> fields;
};

// The command of a task. `~{…}` has been placed by the compiler, which lexed the text; the runtime only fills in.
struct Command {
  enum class Kind { kShell, kInterpreter, kExec };
  // An assignment at the top of the text: NAME=<value as one quoted word>, or as the interpreter's language sets a
  // variable of that name.
  struct Assignment {
    std::string variable;
    Expr value;
  };
  // A piece of the text: literal, or an expression that becomes quoted words (shell) or a literal (interpreter).
  // `raw` is put in as it is.
  struct Piece {
    std::string text;
    std::optional<Expr> value;
    bool raw = false;
  };
  // One word of an argument list: pieces joined to one word, except that a piece alone that is a list, an optional or
  // `flag(…)` makes as many words as it has.
  struct Word {
    std::vector<Piece> pieces;
  };
  Kind kind = Kind::kShell;
  std::string interpreter;  // kInterpreter: the name of one of languages/language.h; kShell: "sh", or empty for bash
  std::vector<Assignment> assignments;
  std::vector<Piece> text;  // kShell, kInterpreter
  std::vector<Word> words;  // kExec; also a kShell text that is one simple command of plain words
  bool direct = false;      // kShell: `words` may be executed without a shell, with the same effect
};

enum class Reason { kOom, kTimeLimit, kNodeFail, kPreempted, kCancelled, kExit, kSignal, kOutput, kSite };

// A site that could never grant a task what it needs, and why, for people.
struct Never {
  std::string site;
  std::string why;
};

// Expressions of a task read its parameters, and three values of its own: `out` (a record: each output's path as
// String), `previous` (a record: each stream's newest accepted emission, optional) and `attempt` (Int, from 1).
struct Task {
  std::string name;
  std::string doc;
  std::vector<Param> params;
  ValueId out = ValueId::kNone;
  ValueId previous = ValueId::kNone;
  ValueId attempt = ValueId::kNone;
  std::vector<Output> outputs;
  TypeRef output_record = nullptr;
  std::vector<std::string> uses;  // absolute paths
  std::vector<std::string> on;    // sites; empty: `here`
  std::vector<Never> never_on;    // sites that its `on` names too, but that could not run it
  std::optional<Expr> image;      // of the container that the command runs in; absent: on the site itself
  std::vector<NamedExpr> needs;   // cpus gpus gpu memory time disk nodes ranks ranks_per_node
  std::vector<NamedExpr> env;
  std::vector<std::string> secrets;  // of the site's secrets: variables of the command
  std::string launch;                // what starts its ranks: "srun", "mpirun", "torchrun"; empty: the site's way
  int64_t pack = 0;                  // how many share a job; 0: the site's way
  int64_t retries = 0;
  std::vector<Reason> retry_on;  // empty with retries > 0: any but cancelled
  bool effect = false;           // marked, or by the rule (an Approved parameter, or no outputs)
  bool cache = true;
  std::vector<Stream> streams;
  std::vector<Message> accepts;
  Command command;
  Span span;
};

struct Site {
  std::string name;
  std::string kind;  // "local", "slurm", "ssh"
  Json fields;       // constants, by name; secrets: {"TOKEN": {"env": "X"} or {"file": "p"} or {"command": "c"}}
};
struct Group {
  std::string name;
  std::vector<std::string> members;
};
// The days that people work, for deadlines in working days.
struct Calendar {
  std::string name;
  std::string zone;                   // of the tz database: "Europe/Madrid"
  std::vector<std::string> holidays;  // "2026-12-25"
  std::vector<int> days;              // of the week, 1 Monday to 7 Sunday; empty: Monday to Friday
};
struct SourceFile {
  std::string path;  // absolute
  std::string digest;
};

struct Module {
  int version = kVersion;
  std::string compiler;  // "hwfc 0.1.0"
  std::string edition;
  std::vector<SourceFile> sources;  // the first is the file that was compiled
  std::shared_ptr<TypeTable> types = std::make_shared<TypeTable>();
  std::vector<Function> functions;
  std::vector<Task> tasks;
  std::vector<Workflow> workflows;
  std::vector<Site> sites;
  std::vector<Group> groups;
  std::optional<Calendar> calendar;
  std::string entry;  // the workflow that `hwf run` runs; empty if the file has none

  const Task* FindTask(std::string_view name) const;
  const Workflow* FindWorkflow(std::string_view name) const;
  const Function* FindFunction(std::string_view name) const;
};

std::string_view ToString(Reason reason);
std::optional<Reason> ReasonFromString(std::string_view text);

}  // namespace hwf::ir
