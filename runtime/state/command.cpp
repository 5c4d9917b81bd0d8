// How a value stands in a command, by the kind of text:
//   shell     one word in single quotes; several for a list; none for `none`. Assignments are `NAME='…'` at the top.
//   others    a literal of their language (languages/)
//   exec      the bytes themselves, as words of the argument vector
#include "runtime/state/command.h"

#include <cmath>

#include "base/check.h"
#include "ir/attempt_names.h"
#include "languages/language.h"
#include "runtime/state/evaluate.h"
#include "runtime/state/literal.h"
#include "runtime/state/values.h"

namespace hwf::state {
namespace {

using ir::Expr;
using ir::TypeKind;
using ir::TypeRef;

SmallEnvironment EnvironmentOf(const ir::Task& task, const TaskValues& values) {
  SmallEnvironment env;
  for (size_t i = 0; i < task.params.size() && i < values.arguments.size(); ++i) {
    env.Set(task.params[i].id, values.arguments[i]);
  }
  env.Set(task.out, values.out);
  Json previous = values.previous;
  for (const ir::Stream& stream : task.streams) {
    if (previous.Find(stream.name) == nullptr) previous.Set(stream.name, Json());
  }
  if (previous.is_null()) previous = Json::Object();
  env.Set(task.previous, std::move(previous));
  env.Set(task.attempt, Json(static_cast<int64_t>(values.attempt)));
  return env;
}

class Renderer {
 public:
  Renderer(const ir::Module& module, const ir::Task& task, const TaskValues& values)
      : module_(module), task_(task), env_(EnvironmentOf(task, values)) {}

  ErrorOr<Json> Value(const Expr& expr, std::string_view what) const {
    Evaluation result = Evaluate(module_, expr, env_);
    if (result.ok()) return std::move(result.value);
    std::string at = SpanText(module_, result.failure->span);
    return MakeError("task `{}`, {}: {}{}{}", task_.name, what, at, at.empty() ? "" : ": ", result.failure->message);
  }

  // A value's words. A list makes one a piece, `none` makes none, flag() none to many.
  ErrorOr<std::vector<std::string>> Words(const Expr& expr) const {
    if (const Expr* flag = AsBuiltin(expr, "flag")) return FlagWords(*flag);
    if (const Expr* raw = AsBuiltin(expr, "raw")) {
      HWF_ASSIGN(Json value, Value(raw->args[0], "in the command"));
      return std::vector<std::string>{ToText(value, raw->args[0].type)};
    }
    HWF_ASSIGN(Json value, Value(expr, "in the command"));
    std::vector<std::string> words;
    AddWords(value, expr.type, words);
    HWF_TRY(NoNul(words));
    return words;
  }

  ErrorOr<std::string> RawText(const Expr& expr) const {
    const Expr* raw = AsBuiltin(expr, "raw");
    const Expr& inner = raw != nullptr ? raw->args[0] : expr;
    HWF_ASSIGN(Json value, Value(inner, "in the command"));
    std::string text = ToText(value, inner.type);
    HWF_TRY(NoNul({text}));
    return text;
  }

  ErrorOr<Success> NoNul(const std::vector<std::string>& words) const {
    for (const std::string& word : words) {
      if (word.find('\0') == std::string::npos) continue;
      return MakeError("task `{}`: the value {} holds a NUL character, which no command can be given", task_.name,
                       Brief(Json(word)));
    }
    return Success();
  }

 private:
  static const Expr* AsBuiltin(const Expr& expr, std::string_view name) {
    const Expr* at = &expr;
    while (at->op == ir::Op::kWiden && !at->args.empty()) at = &at->args[0];
    return at->op == ir::Op::kBuiltin && at->name == name && !at->args.empty() ? at : nullptr;
  }

  ErrorOr<std::vector<std::string>> FlagWords(const Expr& flag) const {
    if (flag.args.size() != 2) return MakeError("task `{}`: flag() takes a name and a value", task_.name);
    HWF_ASSIGN(Json name, Value(flag.args[0], "in flag()"));
    HWF_ASSIGN(Json value, Value(flag.args[1], "in flag()"));
    std::vector<std::string> words;
    if (value.is_null() || (value.is_bool() && !value.AsBool())) return words;
    words.push_back(ToText(name, flag.args[0].type));
    if (!value.is_bool()) AddWords(value, flag.args[1].type, words);
    HWF_TRY(NoNul(words));
    return words;
  }

  static void AddWords(const Json& value, TypeRef type, std::vector<std::string>& words) {
    if (value.is_null()) return;
    if (type->kind == TypeKind::kOptional || type->kind == TypeKind::kApproved) {
      return AddWords(value, type->element, words);
    }
    if (type->kind == TypeKind::kList && value.is_array()) {
      for (const Json& item : value.AsArray()) AddWords(item, type->element, words);
      return;
    }
    words.push_back(ToText(value, type));
  }

  const ir::Module& module_;
  const ir::Task& task_;
  SmallEnvironment env_;
};

std::string Joined(const std::vector<std::string>& words, bool quote) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += ' ';
    out += quote ? ShellQuote(words[i]) : words[i];
  }
  return out;
}

ErrorOr<std::string> ShellScript(const Renderer& renderer, const ir::Command& command) {
  std::string out = command.interpreter.empty() ? "set -euo pipefail\n" : "set -eu\n";
  for (const ir::Command::Assignment& assignment : command.assignments) {
    HWF_ASSIGN(std::vector<std::string> words, renderer.Words(assignment.value));
    out += assignment.variable + "=" + ShellQuote(Joined(words, false)) + "\n";
  }
  for (const ir::Command::Piece& piece : command.text) {
    out += piece.text;
    if (!piece.value) continue;
    if (piece.raw) {
      HWF_ASSIGN(std::string raw, renderer.RawText(*piece.value));
      out += raw;
      continue;
    }
    HWF_ASSIGN(std::vector<std::string> words, renderer.Words(*piece.value));
    out += Joined(words, true);
  }
  return out;
}

ErrorOr<std::string> LiteralOf(const Renderer& renderer, const languages::Language& language, const ir::Task& task,
                               const Expr& expr) {
  HWF_ASSIGN(const Json value, renderer.Value(expr, "in the command"));
  ErrorOr<std::string> literal = language.literal(ToLiteral(value, expr.type));
  if (!literal.ok())
    return MakeError("task `{}`: a value in the command holds {}", task.name, literal.error().message());
  return literal;
}

ErrorOr<std::string> InterpreterScript(const Renderer& renderer, const languages::Language& language,
                                       const ir::Task& task) {
  std::string out;
  for (const ir::Command::Assignment& assignment : task.command.assignments) {
    HWF_ASSIGN(const std::string literal, LiteralOf(renderer, language, task, assignment.value));
    out += languages::Assignment(language, assignment.variable, literal);
  }
  for (const ir::Command::Piece& piece : task.command.text) {
    out += piece.text;
    if (!piece.value) continue;
    HWF_ASSIGN(const std::string text,
               piece.raw ? renderer.RawText(*piece.value) : LiteralOf(renderer, language, task, *piece.value));
    out += text;
  }
  return out;
}

ErrorOr<std::vector<std::string>> ArgumentWords(const Renderer& renderer, const ir::Command& command) {
  std::vector<std::string> argv;
  for (const ir::Command::Word& word : command.words) {
    if (word.pieces.size() == 1 && word.pieces[0].value && word.pieces[0].text.empty()) {
      HWF_ASSIGN(std::vector<std::string> words, renderer.Words(*word.pieces[0].value));
      argv.insert(argv.end(), words.begin(), words.end());
      continue;
    }
    std::string joined;
    for (const ir::Command::Piece& piece : word.pieces) {
      joined += piece.text;
      if (!piece.value) continue;
      HWF_ASSIGN(std::vector<std::string> words, renderer.Words(*piece.value));
      joined += Joined(words, false);
    }
    argv.push_back(std::move(joined));
  }
  HWF_TRY(renderer.NoNul(argv));
  return argv;
}

ErrorOr<int64_t> Count(const ir::NamedExpr& need, const Json& value, int64_t least) {
  if (!value.is_int() || value.AsInt() < least) {
    return MakeError("`needs {}` must be at least {}, and is {}", need.name, least, Brief(value));
  }
  return value.AsInt();
}

ErrorOr<Success> AddNeed(const ir::NamedExpr& need, const Json& value, Needs& needs) {
  if (value.is_null()) return Success();
  if (need.name == "cpus") {
    if (!value.is_number() || !(value.AsDouble() > 0) || !std::isfinite(value.AsDouble())) {
      return MakeError("`needs cpus` must be more than 0, and is {}", Brief(value));
    }
    needs.cpus = value.AsDouble();
    return Success();
  }
  if (need.name == "gpu") {
    if (!value.is_string()) return MakeError("`needs gpu` must be the name of a model, and is {}", Brief(value));
    needs.gpu = value.AsString();
    return Success();
  }
  struct Slot {
    std::string_view name;
    int64_t* target;
    int64_t least;
  };
  const Slot slots[] = {{"gpus", &needs.gpus, 0},
                        {"memory", &needs.memory, 1},
                        {"time", &needs.time_ms, 1},
                        {"disk", &needs.disk, 1},
                        {"nodes", &needs.nodes, 1},
                        {"ranks", &needs.ranks, 1},
                        {"ranks_per_node", &needs.ranks_per_node, 1}};
  for (const Slot& slot : slots) {
    if (slot.name != need.name) continue;
    HWF_ASSIGN(*slot.target, Count(need, value, slot.least));
    return Success();
  }
  return MakeError("`needs {}` is not known to this version", need.name);
}

}  // namespace

std::string ShellQuote(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

ErrorOr<RenderedCommand> RenderCommand(const ir::Module& module, const ir::Task& task, const TaskValues& values) {
  Renderer renderer(module, task, values);
  const ir::Command& command = task.command;
  RenderedCommand out;
  for (const ir::NamedExpr& variable : task.env) {
    HWF_ASSIGN(Json value, renderer.Value(variable.value, "env " + variable.name));
    std::string text = value.is_null() ? "" : ToText(value, variable.value.type);
    HWF_TRY(renderer.NoNul({text}));
    out.env.emplace_back(variable.name, std::move(text));
  }
  bool direct = command.kind == ir::Command::Kind::kExec || command.direct;
  if (direct) {
    HWF_ASSIGN(out.argv, ArgumentWords(renderer, command));
    if (out.argv.empty() || out.argv[0].empty()) return MakeError("task `{}`: the command is empty", task.name);
    return out;
  }
  switch (command.kind) {
    case ir::Command::Kind::kShell: {
      out.argv = {command.interpreter.empty() ? "bash" : command.interpreter};
      HWF_ASSIGN(out.script, ShellScript(renderer, command));
      return out;
    }
    case ir::Command::Kind::kInterpreter: {
      const languages::Language* language = languages::Find(command.interpreter);
      if (language == nullptr) return MakeError("task `{}`: `{}` is no interpreter", task.name, command.interpreter);
      out.argv = {language->program};
      HWF_ASSIGN(out.script, InterpreterScript(renderer, *language, task));
      return out;
    }
    case ir::Command::Kind::kExec:
      break;
  }
  HWF_UNREACHABLE();
}

ErrorOr<std::vector<OutputPath>> OutputPaths(const ir::Module& module, const ir::Task& task, const TaskValues& values) {
  Renderer renderer(module, task, values);
  std::vector<OutputPath> out;
  for (const ir::Output& output : task.outputs) {
    std::string path = output.kind == ir::Output::Kind::kStdout ? "stdout" : output.name;
    if (output.path) {
      HWF_ASSIGN(Json value, renderer.Value(*output.path, "the path of output `" + output.name + "`"));
      path = ToText(value, output.path->type);
    }
    bool leaves = path.empty() || path[0] == '/' || path == ".." || path.rfind("../", 0) == 0 ||
                  path.find("/../") != std::string::npos || path.find('\0') != std::string::npos ||
                  (path.size() > 2 && path.substr(path.size() - 3) == "/..");
    if (leaves) {
      return MakeError("task `{}`: the path {} of output `{}` must lie inside the task's directory", task.name,
                       Brief(Json(path)), output.name);
    }
    const std::string_view runners = ir::RunnersName(path);
    if (output.kind != ir::Output::Kind::kStdout && !runners.empty()) {
      return MakeError("task `{}`: output `{}` cannot lie at {}: `{}` in a task's directory is the runner's", task.name,
                       output.name, Brief(Json(path)), runners);
    }
    out.push_back({&output, std::move(path)});
  }
  return out;
}

ErrorOr<Needs> EvaluateNeeds(const ir::Module& module, const ir::Task& task, const TaskValues& values) {
  Renderer renderer(module, task, values);
  Needs needs;
  for (const ir::NamedExpr& need : task.needs) {
    HWF_ASSIGN(Json value, renderer.Value(need.value, "needs " + need.name));
    ErrorOr<Success> added = AddNeed(need, value, needs);
    if (!added.ok()) return MakeError("task `{}`: {}", task.name, added.error().message());
  }
  return needs;
}

ErrorOr<std::string> EvaluateImage(const ir::Module& module, const ir::Task& task, const TaskValues& values) {
  if (!task.image) return std::string();
  Renderer renderer(module, task, values);
  HWF_ASSIGN(const Json value, renderer.Value(*task.image, "image"));
  if (!value.is_string() || value.AsString().empty()) {
    return MakeError("task `{}`: its `image` is {}, which names none", task.name, value.Dump());
  }
  return value.AsString();
}

}  // namespace hwf::state
