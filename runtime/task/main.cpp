// hwf-task: what a task calls to show a checkpoint and to take messages.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/task/task_files.h"

namespace {

using namespace hwf;  // NOLINT

constexpr char kHelp[] = R"(hwf-task: called by a running task, to show where it is and to take what it is told.

usage: hwf-task checkpoint NAME [KEY=VALUE…] [--file KEY=PATH…] [--copy]
       hwf-task messages [--wait [SECONDS]]

checkpoint   emits a checkpoint that the task declares (`checkpoint epoch(n: Int, loss: Float, weights: File)`). A
             VALUE is read as JSON if it is JSON, else it is a string. `--file` moves the file into the emission;
             with `--copy` it is copied. If one cannot be, nothing is emitted or moved. Nothing is waited for.
messages     prints the messages that have come (`accept retune(rate: Float)`), in order, one JSON a line, and takes
             them: {"number":1,"message":"retune","fields":{"rate":0.05}}. With `--wait` it waits for the first; with
             SECONDS no longer than that (then exit 1 without output).

exit: 0 done, 1 it failed (or no message came in time), 2 wrong usage, or not within a task of hwf.

examples:
  hwf-task checkpoint epoch n=3 loss=0.41 --file weights=w.pkl
  hwf-task checkpoint note text="all is well" tags='["a","b"]'
  hwf-task messages --wait 60 | while read -r message; do echo "$message"; done
)";

int Usage(std::string_view why) {
  fmt::print(stderr, "hwf-task: {}\nTry: hwf-task --help\n", why);
  return 2;
}

int Failed(const Error& error) {
  fmt::print(stderr, "hwf-task: {}\n", error.message());
  return 1;
}

std::optional<std::string> TaskDirectory() {
  const char* directory = std::getenv("HWF_TASK_DIR");
  if (directory == nullptr || directory[0] != '/') return std::nullopt;
  return std::string(directory);
}

int NotInATask() {
  fmt::print(stderr, "hwf-task: this is not a task of hwf (HWF_TASK_DIR is not set): nothing was done\n");
  return 2;
}

std::optional<std::pair<std::string, std::string>> KeyValue(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return std::nullopt;
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

int Checkpoint(const std::vector<std::string>& args) {
  task::CheckpointRequest request;
  request.values = Json::Object();
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "--copy") {
      request.copy = true;
    } else if (arg == "--file" || arg.starts_with("--file=")) {
      if (arg == "--file" && i + 1 == args.size()) return Usage("--file needs KEY=PATH");
      auto pair = KeyValue(arg == "--file" ? args[++i] : arg.substr(7));
      if (!pair || pair->second.empty()) return Usage("--file needs KEY=PATH");
      request.files.push_back(*std::move(pair));
    } else if (arg.starts_with("--")) {
      return Usage(fmt::format("the option {} is not known", arg));
    } else if (request.stream.empty()) {
      if (arg.empty() || arg.find('=') != std::string::npos) return Usage("the checkpoint's NAME comes first");
      request.stream = arg;
    } else {
      auto pair = KeyValue(arg);
      if (!pair) return Usage(fmt::format("`{}` is not KEY=VALUE", arg));
      if (request.values.Find(pair->first) != nullptr) return Usage(fmt::format("`{}` is given twice", pair->first));
      request.values.Set(pair->first, task::ValueOf(pair->second));
    }
  }
  if (request.stream.empty()) return Usage("the checkpoint's NAME is missing");
  for (const auto& [key, path] : request.files) {
    if (request.values.Find(key) != nullptr) return Usage(fmt::format("`{}` is given twice", key));
  }
  const auto directory = TaskDirectory();
  if (!directory) return NotInATask();
  auto emitted = task::EmitCheckpoint(*directory, request);
  return emitted.ok() ? 0 : Failed(emitted.error());
}

int Messages(const std::vector<std::string>& args) {
  bool wait = false;
  std::optional<int64_t> timeout_ms;
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--wait" && !wait) {
      wait = true;
      if (i + 1 == args.size()) continue;
      char* end = nullptr;
      const double seconds = std::strtod(args[++i].c_str(), &end);
      if (*end != '\0' || args[i].empty() || !(seconds >= 0) || seconds > 1e9) {
        return Usage(fmt::format("`{}` is not a number of seconds", args[i]));
      }
      timeout_ms = static_cast<int64_t>(std::ceil(seconds * 1000));
    } else {
      return Usage(fmt::format("`{}` is not expected", args[i]));
    }
  }
  const auto directory = TaskDirectory();
  if (!directory) return NotInATask();
  auto messages = wait ? task::WaitForMessages(*directory, timeout_ms) : task::TakeMessages(*directory);
  if (!messages.ok()) return Failed(messages.error());
  for (const Json& message : *messages) fmt::print("{}\n", message.Dump());
  if (std::fflush(stdout) != 0) return Failed(ErrnoError(errno, "writing the messages"));
  return wait && messages->empty() ? 1 : 0;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.empty()) return Usage("a command is missing");
  if (args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    fmt::print("{}", kHelp);
    return 0;
  }
  if (args[0] == "--version") {
    fmt::print("hwf-task {}\n", HWF_VERSION);
    return 0;
  }
  const std::vector<std::string> rest(args.begin() + 1, args.end());
  if (args[0] == "checkpoint") return Checkpoint(rest);
  if (args[0] == "messages") return Messages(rest);
  return Usage(fmt::format("`{}` is not a command", args[0]));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {  // no memory
    std::fprintf(stderr, "hwf-task: %s\n", error.what());
    return 3;
  }
}
