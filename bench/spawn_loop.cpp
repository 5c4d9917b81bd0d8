// The floor that bench/dispatch compares with: runs COUNT times `true ARG` with SLOTS outstanding, by posix_spawn and
// waitpid alone. With a directory as last argument each task's stdout and stderr go to two files of its own there.
// usage: spawn_loop COUNT SLOTS [DIRECTORY]     prints seconds
#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

struct Options {
  int count = 0;
  int slots = 1;
  std::string directory;  // empty: no output files
};

bool Spawn(const Options& options, int number) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  // The names live until posix_spawn has returned.
  const std::string out = fmt::format("{}/{}.out", options.directory, number);
  const std::string err = fmt::format("{}/{}.err", options.directory, number);
  if (!options.directory.empty()) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), kFlags, 0644);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), kFlags, 0644);
  }
  std::string program = "/bin/true";
  std::string argument = std::to_string(number);
  char* argv[] = {program.data(), argument.data(), nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    fmt::print(stderr, "usage: spawn_loop COUNT SLOTS [DIRECTORY]\n");
    return 2;
  }
  const Options options{std::atoi(argv[1]), std::atoi(argv[2]), argc == 4 ? argv[3] : ""};
  const auto begin = std::chrono::steady_clock::now();
  int running = 0;
  for (int started = 0; started < options.count || running > 0;) {
    if (started < options.count && running < options.slots) {
      if (!Spawn(options, started++)) return 3;
      ++running;
      continue;
    }
    int status = 0;
    if (waitpid(-1, &status, 0) < 0 || status != 0) return 3;
    --running;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  fmt::print("{:.4f}\n", seconds.count());
  return 0;
}
