// The rendered text is given to real shells and interpreters, with values made to break out of their quotes.
#include "runtime/state/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "ir/sample.h"

namespace hwf::state {
namespace {

using ir::Command;
using ir::Expr;
using ir::TypeKind;
using ir::TypeRef;
using ir::sample::Id;
using ir::sample::Make;
using ir::sample::Ref;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const std::vector<std::string> kNasty = {"",
                                         " ",
                                         "a b",
                                         "'",
                                         "''",
                                         "\"",
                                         "\\",
                                         "\\'",
                                         "$(touch pwned)",
                                         "`touch p`",
                                         "$HOME",
                                         "${x}",
                                         "a\nb",
                                         "\n",
                                         "trailing\n",
                                         "*",
                                         "~",
                                         "-n",
                                         "--",
                                         "&& false",
                                         "; exit 3",
                                         "| cat",
                                         "#x",
                                         "!!",
                                         "é ü 漢字 🙂",
                                         "\t",
                                         "\r",
                                         "%s",
                                         "EOF",
                                         "'\"'\"'",
                                         "$'\\n'",
                                         "{a,b}",
                                         "<(ls)",
                                         "\x01\x7f",
                                         "a=b",
                                         "\\\n",
                                         "'$(id)'",
                                         "\"$(id)\"",
                                         "))",
                                         "\xc2\xa0"};

class CommandTest : public testing::Test {
 protected:
  CommandTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hwf_command_XXXXXX").string();
    directory = mkdtemp(pattern.data());
    string = module.types->Simple(TypeKind::kString);
    task.name = "t";
    AddParam(0, "x", string);
    AddParam(1, "y", module.types->Optional(string));
    AddParam(2, "xs", module.types->List(string));
    task.out = Id(10);
    task.previous = Id(11);
    task.attempt = Id(12);
    values.arguments = {Json("v"), Json(), Json::Array()};
    values.out = Json::Object().Set("model", Json("/run/m.pt"));
  }
  ~CommandTest() override { std::filesystem::remove_all(directory); }

  void AddParam(uint32_t id, std::string name, TypeRef type) {
    ir::Param param;
    param.id = Id(id);
    param.name = std::move(name);
    param.type = type;
    task.params.push_back(std::move(param));
  }
  static Command::Piece Text(std::string text) { return {std::move(text), std::nullopt, false}; }
  static Command::Piece Value(Expr value) { return {"", std::move(value), false}; }
  Expr X() { return Ref(Id(0), string); }
  Expr Y() { return Ref(Id(1), module.types->Optional(string)); }
  Expr Xs() { return Ref(Id(2), module.types->List(string)); }

  RenderedCommand Render() {
    ErrorOr<RenderedCommand> out = RenderCommand(module, task, values);
    EXPECT_TRUE(out.ok()) << (out.ok() ? "" : out.error().message());
    return out.ok() ? *out : RenderedCommand();
  }
  // Runs argv with the script's file, as the runner does; the bytes of its standard output.
  std::string Execute(const RenderedCommand& command) {
    std::ofstream(directory + "/command", std::ios::binary) << command.script;
    std::vector<std::string> argv = command.argv;
    if (!command.script.empty()) argv.push_back("command");
    int out[2];
    if (pipe(out) != 0) return "no pipe";
    pid_t pid = fork();
    if (pid == 0) {
      std::vector<char*> words;
      for (std::string& word : argv) words.push_back(word.data());
      words.push_back(nullptr);
      bool ready = chdir(directory.c_str()) == 0 && dup2(out[1], 1) >= 0;
      close(out[0]);
      close(out[1]);
      if (ready) execvp(words[0], words.data());
      _exit(127);
    }
    close(out[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = read(out[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
    close(out[0]);
    waitpid(pid, &status, 0);
    return text;
  }

  ir::Module module;
  ir::Task task;
  TaskValues values;
  TypeRef string;
  std::string directory;
  int status = 0;
};

TEST_F(CommandTest, EveryValueReachesTheCommandUnchanged) {
  // A word, a word glued to text, a variable in double quotes, one in a heredoc.
  task.command.assignments.push_back({"__hwf_1", X()});
  task.command.text = {Text("\nprintf '[%s]' "), Value(X()), Text(" pre"), Value(X()),
                       Text("post \"<$__hwf_1>\"\ncat <<EOT\n{$__hwf_1}\nEOT\n")};
  for (const std::string& nasty : kNasty) {
    values.arguments[0] = Json(nasty);
    std::string out = Execute(Render());
    EXPECT_EQ(status, 0) << nasty;
    EXPECT_EQ(out, "[" + nasty + "][pre" + nasty + "post][<" + nasty + ">]{" + nasty + "}\n") << nasty;
  }
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) ++files;
  EXPECT_EQ(files, 1u);  // the command's own file: nothing was executed
}

TEST_F(CommandTest, ListsAreWordsAndNoneIsNoWord) {
  task.command.text = {Text("printf '[%s]' a "), Value(Y()), Text(" "), Value(Xs())};
  values.arguments[2] = Json::Array();
  for (const std::string& nasty : kNasty) values.arguments[2].Add(Json(nasty));
  std::string expected = "[a]";
  for (const std::string& nasty : kNasty) expected += "[" + nasty + "]";
  EXPECT_EQ(Execute(Render()), expected);
}

TEST_F(CommandTest, DirectWordsAreTheSameWithoutAShell) {
  task.command.direct = true;
  task.command.words = {
      {{Text("printf")}}, {{Text("[%s]")}}, {{Text("a="), Value(X())}}, {{Value(Y())}}, {{Value(Xs())}}};
  values.arguments[2].Add(Json("p q")).Add(Json(""));
  for (const std::string& nasty : kNasty) {
    values.arguments[0] = Json(nasty);
    RenderedCommand command = Render();
    EXPECT_EQ(command.script, "");
    EXPECT_EQ(Execute(command), "[a=" + nasty + "][p q][]");
  }
}

TEST_F(CommandTest, FailuresOfTheScriptAreNotLost) {
  task.command.text = {Text("\nfalse | cat\necho unreachable\n")};
  EXPECT_EQ(Execute(Render()), "");
  EXPECT_NE(status, 0);
  task.command.text = {Text("\necho \"$undefined\"\n")};
  Execute(Render());
  EXPECT_NE(status, 0);
}

TEST_F(CommandTest, FlagsAreNothingForNoneAndFalse) {
  auto flag = [&](Expr value) {
    return Make(ir::Op::kBuiltin, module.types->List(string), {ir::sample::String(module, "--rate"), std::move(value)},
                "flag");
  };
  auto words = [&](Expr value) {
    task.command.kind = Command::Kind::kExec;
    task.command.words = {{{Text("p")}}, {{Value(flag(std::move(value)))}}};
    return Render().argv;
  };
  EXPECT_THAT(words(Y()), ElementsAre("p"));
  EXPECT_THAT(words(ir::sample::Literal(module, TypeKind::kBool, Json(false))), ElementsAre("p"));
  EXPECT_THAT(words(ir::sample::Literal(module, TypeKind::kBool, Json(true))), ElementsAre("p", "--rate"));
  EXPECT_THAT(words(ir::sample::Float(module, 2)), ElementsAre("p", "--rate", "2.0"));
  EXPECT_THAT(words(ir::sample::Duration(module, 90000)), ElementsAre("p", "--rate", "90"));
}

TEST_F(CommandTest, PythonLiterals) {
  task.command.kind = Command::Kind::kInterpreter;
  task.command.interpreter = "python";
  Expr nan = ir::sample::Float(module, std::numeric_limits<double>::quiet_NaN());
  task.command.text = {Text("import json, sys\nsys.stdout.reconfigure(newline='\\n')\nprint(json.dumps(["),
                       Value(Y()),
                       Text(", "),
                       Value(nan),
                       Text(", "),
                       Value(ir::sample::Literal(module, TypeKind::kBool, Json(true))),
                       Text(", "),
                       Value(Xs()),
                       Text("]))\n")};
  Json nasty = Json::Array();
  for (const std::string& text : kNasty) nasty.Add(Json(text));
  values.arguments[2] = nasty;
  ErrorOr<Json> out = Json::Parse(Execute(Render()), Json::Limits{.allow_nan = true});
  ASSERT_TRUE(out.ok()) << out.error().message();
  EXPECT_EQ(out->AsArray()[0], Json());
  EXPECT_EQ(out->AsArray()[1].Dump(), "NaN");
  EXPECT_EQ(out->AsArray()[2], Json(true));
  EXPECT_EQ(out->AsArray()[3], nasty);
}

TEST_F(CommandTest, PythonVariablesAndNegativeNumbers) {
  task.command.kind = Command::Kind::kInterpreter;
  task.command.interpreter = "python";
  task.command.assignments.push_back({"hwf_value_1", X()});
  Expr negative = ir::sample::Literal(module, TypeKind::kInt, Json(-5));
  task.command.text = {Text("print(f'{hwf_value_1}', "), Value(negative), Text("**2)\n")};
  values.arguments[0] = Json("'\"{");
  EXPECT_EQ(Execute(Render()), "'\"{ 25\n");
}

TEST_F(CommandTest, ANulCharacterIsRefused) {
  task.command.text = {Value(X())};
  values.arguments[0] = Json(std::string("a\0b", 3));
  ErrorOr<RenderedCommand> out = RenderCommand(module, task, values);
  ASSERT_FALSE(out.ok());
  EXPECT_THAT(out.error().message(), HasSubstr("NUL"));
}

TEST_F(CommandTest, EnvironmentOutputsAndNeeds) {
  task.env.push_back({"MODE", X()});
  task.needs.push_back({"memory", Make(ir::Op::kMul, module.types->Simple(TypeKind::kBytes),
                                       {ir::sample::Literal(module, TypeKind::kBytes, Json(int64_t{1} << 30)),
                                        Ref(Id(12), module.types->Simple(TypeKind::kInt))})});
  task.needs.push_back({"time", ir::sample::Duration(module, 60000)});
  task.outputs.resize(3);
  task.outputs[0].name = "model";
  task.outputs[1].name = "log";
  task.outputs[1].kind = ir::Output::Kind::kStdout;
  task.outputs[2].name = "named";
  task.outputs[2].path = X();
  for (ir::Output& output : task.outputs) output.type = string;
  TypeRef paths = module.types->NewRecord("");
  module.types->MutableRecord(paths).fields = {{"model", string, false}};
  task.command.text = {Value(ir::sample::Field(Ref(Id(10), paths), "model"))};
  values.attempt = 3;

  RenderedCommand command = Render();
  EXPECT_THAT(command.argv, ElementsAre("bash"));
  EXPECT_THAT(command.script, HasSubstr("'/run/m.pt'"));
  EXPECT_THAT(command.env, ElementsAre(Pair("MODE", "v")));
  ErrorOr<Needs> needs = EvaluateNeeds(module, task, values);
  ASSERT_TRUE(needs.ok());
  EXPECT_EQ(needs->memory, int64_t{3} << 30);
  EXPECT_EQ(needs->time_ms, 60000);
  ErrorOr<std::vector<OutputPath>> outputs = OutputPaths(module, task, values);
  ASSERT_TRUE(outputs.ok());
  EXPECT_EQ((*outputs)[0].path, "model");
  EXPECT_EQ((*outputs)[1].path, "stdout");
  EXPECT_EQ((*outputs)[2].path, "v");
  for (std::string path : {"/etc/x", "../x", "a/../../x", "a/..", "", "stdout", "./command", "messages/1"}) {
    values.arguments[0] = Json(path);
    EXPECT_FALSE(OutputPaths(module, task, values).ok()) << path;
  }
  task.needs.push_back({"cpus", ir::sample::Float(module, -1)});
  EXPECT_THAT(EvaluateNeeds(module, task, values).error().message(), HasSubstr("`needs cpus` must be more than 0"));
}

}  // namespace
}  // namespace hwf::state
