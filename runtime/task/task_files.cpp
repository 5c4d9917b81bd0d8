#include "runtime/task/task_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "runtime/platform/rename.h"

namespace hwf::task {
namespace {

constexpr size_t kMaxEmissionBytes = 64 * 1024;  // as the runner refuses more
constexpr off_t kMaxMessageBytes = 1 << 20;
constexpr int kPollMs = 1000;  // behind inotify, and where there is none

int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

int64_t MonotonicMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// Sorts by time, differs between hosts, ranks and processes.
std::string UniqueStem() {
  char host[65] = "host";
  (void)gethostname(host, sizeof host - 1);
  for (char* c = host; *c != '\0'; ++c) {
    if (!isalnum(static_cast<unsigned char>(*c)) && *c != '-') *c = '-';
  }
  std::string rank = "0";
  for (const char* name : {"SLURM_PROCID", "PMI_RANK", "OMPI_COMM_WORLD_RANK"}) {
    const char* value = std::getenv(name);
    if (value == nullptr) continue;
    rank = std::to_string(std::atoi(value));
    break;
  }
  return fmt::format("{:019}-{}-r{}-{}-0", NowNs(), host, rank, getpid());
}

std::string BaseName(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

// 1 to 6 digits and .json; -1: no message.
int64_t NumberOf(const std::string& name) {
  if (name.size() < 6 || name.size() > 11 || !name.ends_with(".json")) return -1;
  const std::string digits = name.substr(0, name.size() - 5);
  if (digits.find_first_not_of("0123456789") != std::string::npos) return -1;
  return std::atoll(digits.c_str());
}

std::vector<std::string> MessageNames(const std::string& directory) {
  std::vector<std::string> names;
  DIR* dir = opendir(directory.c_str());
  if (dir == nullptr) return names;
  while (const dirent* entry = readdir(dir)) {
    if (NumberOf(entry->d_name) > 0) names.emplace_back(entry->d_name);
  }
  closedir(dir);
  std::sort(names.begin(), names.end(),
            [](const std::string& a, const std::string& b) { return NumberOf(a) < NumberOf(b); });
  return names;
}

int64_t LastTaken(const std::string& task_directory) {
  const std::vector<std::string> taken = MessageNames(task_directory + "/messages/taken");
  return taken.empty() ? 0 : NumberOf(taken.back());
}

// A link is not moved: what it leads to would stay where others may change it.
ErrorOr<Success> CheckSource(const std::string& path, bool copy) {
  struct stat info {};
  if ((copy ? stat(path.c_str(), &info) : lstat(path.c_str(), &info)) != 0) return ErrnoError(errno, "opening " + path);
  if (S_ISLNK(info.st_mode)) return MakeError("{} is a link; name the file itself, or copy it", path);
  if (!S_ISREG(info.st_mode)) return MakeError("{} is not a regular file", path);
  return Success{};
}

ErrorOr<Success> CopyFile(const std::string& from, const std::string& to) {
  const int in = open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) return ErrnoError(errno, "opening " + from);
  struct stat info {};
  if (fstat(in, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(in);
    return MakeError("{} is not a regular file", from);
  }
  const int out = open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int error = out < 0 ? errno : 0;
  while (error == 0) {
    const ssize_t count = sendfile(out, in, nullptr, size_t{1} << 30);
    if (count < 0 && errno != EINTR) error = errno;
    if (count == 0) break;
  }
  close(in);
  if (out >= 0 && close(out) != 0 && error == 0) error = errno;
  if (error == 0) return Success{};
  if (out >= 0) (void)unlink(to.c_str());
  return ErrnoError(error, fmt::format("copying {} to {}", from, to));
}

ErrorOr<Success> PutFile(const std::string& from, const std::string& to, bool copy) {
  if (!copy) {
    const int error = platform::RenameAndLook(from, to);
    if (error == 0) return Success{};
    if (error != EXDEV) return ErrnoError(error, fmt::format("moving {} to {}", from, to));
  }
  HWF_TRY(CopyFile(from, to));
  if (!copy) (void)unlink(from.c_str());
  return Success{};
}

using Moves = std::vector<std::pair<std::string, std::string>>;  // from, to

// Takes back the first `count`.
void TakeBack(const Moves& moves, size_t count, bool copy) {
  while (count-- > 0) {
    const auto& [from, to] = moves[count];
    if (copy) {
      (void)unlink(to.c_str());
    } else {
      (void)PutFile(to, from, false);
    }
  }
}

// All of them or none.
ErrorOr<Success> PutFiles(const Moves& moves, bool copy) {
  for (const auto& [from, to] : moves) HWF_TRY(CheckSource(from, copy));
  for (size_t i = 0; i < moves.size(); ++i) {
    auto put = PutFile(moves[i].first, moves[i].second, copy);
    if (put.ok()) continue;
    TakeBack(moves, i, copy);
    return put;
  }
  return Success{};
}

// 0 or an errno.
int WriteNew(const std::string& path, std::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int error = fd < 0 ? errno : 0;
  while (error == 0 && !bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) error = errno;
    if (count > 0) bytes.remove_prefix(static_cast<size_t>(count));
  }
  if (fd >= 0 && close(fd) != 0 && error == 0) error = errno;
  return error;
}

ErrorOr<Success> WriteAndRename(const std::string& beside, const std::string& target, std::string_view bytes) {
  int error = WriteNew(beside, bytes);
  // Lost, as a network file system may say at the very end: the next one may be luckier.
  for (int more = 2; error == EIO && more > 0 && unlink(beside.c_str()) == 0; --more) error = WriteNew(beside, bytes);
  if (error == 0) error = platform::RenameAndLook(beside, target);
  if (error == 0) return Success{};
  (void)unlink(beside.c_str());
  return ErrnoError(error, "writing " + target);
}

ErrorOr<Json> ReadMessage(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return ErrnoError(errno, "opening " + path);
  struct stat info {};
  std::string text;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= kMaxMessageBytes) {
    text.resize(static_cast<size_t>(info.st_size));
    const ssize_t count = read(fd, text.data(), text.size());
    text.resize(count < 0 ? 0 : static_cast<size_t>(count));
  }
  close(fd);
  Json::Limits limits;
  limits.allow_nan = true;
  auto json = Json::Parse(text, limits);
  if (!json.ok()) return json.error().WithContext(path);
  return json;
}

}  // namespace

Json ValueOf(const std::string& text) {
  Json::Limits limits;
  limits.depth = 24;
  limits.allow_nan = true;
  auto json = Json::Parse(text, limits);
  return json.ok() ? *std::move(json) : Json(text);
}

ErrorOr<Success> EmitCheckpoint(const std::string& task_directory, const CheckpointRequest& request) {
  const std::string directory = task_directory + "/checkpoints";
  struct stat info {};
  if (stat(directory.c_str(), &info) != 0) return MakeError("this task declares no checkpoint (no {})", directory);
  const std::string stem = UniqueStem();
  Json values = request.values;
  Moves moves;
  for (const auto& [key, path] : request.files) {
    const std::string name = fmt::format("files/{}-{}-{}", stem, moves.size(), BaseName(path));
    moves.emplace_back(path, directory + "/" + name);
    values.Set(key, Json::Object().Set("file", name));
  }
  const std::string text = Json::Object()
                               .Set("checkpoint", request.stream)
                               .Set("values", std::move(values))
                               .Set("taken", LastTaken(task_directory))
                               .Dump();
  if (text.size() > kMaxEmissionBytes) {
    return MakeError("the values have {} bytes, more than the {} of an emission; put them into a file", text.size(),
                     kMaxEmissionBytes);
  }
  if (!moves.empty() && mkdir((directory + "/files").c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoError(errno, fmt::format("making {}/files", directory));
  }
  HWF_TRY(PutFiles(moves, request.copy));
  const std::string target = fmt::format("{}/{}.json", directory, stem);
  auto written = WriteAndRename(fmt::format("{}/.{}.new", directory, stem), target, text);
  if (!written.ok()) TakeBack(moves, moves.size(), request.copy);
  return written;
}

ErrorOr<std::vector<Json>> TakeMessages(const std::string& task_directory) {
  const std::string directory = task_directory + "/messages";
  struct stat info {};
  if (stat(directory.c_str(), &info) != 0) return MakeError("this task accepts no message (no {})", directory);
  (void)mkdir((directory + "/taken").c_str(), 0700);
  std::vector<Json> messages;
  for (const std::string& name : MessageNames(directory)) {
    const std::string taken = directory + "/taken/" + name;
    const int error = platform::RenameAndLook(directory + "/" + name, taken);
    if (error == ENOENT) continue;  // another process of this task was first
    if (error != 0) return ErrnoError(error, "taking the message " + name);
    HWF_ASSIGN(Json message, ReadMessage(taken));
    messages.push_back(std::move(message));
  }
  return messages;
}

ErrorOr<std::vector<Json>> WaitForMessages(const std::string& task_directory, std::optional<int64_t> timeout_ms) {
  const int64_t deadline = timeout_ms ? MonotonicMs() + *timeout_ms : INT64_MAX;
  const int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (notify >= 0) (void)inotify_add_watch(notify, (task_directory + "/messages").c_str(), IN_MOVED_TO);
  while (true) {
    auto messages = TakeMessages(task_directory);
    const int64_t left = deadline == INT64_MAX ? kPollMs : deadline - MonotonicMs();
    if (!messages.ok() || !messages->empty() || left <= 0) {
      if (notify >= 0) close(notify);
      return messages;
    }
    pollfd wait{notify, POLLIN, 0};
    (void)poll(&wait, notify >= 0 ? 1 : 0, static_cast<int>(std::min<int64_t>(left, kPollMs)));
    char buffer[4096];
    while (notify >= 0 && read(notify, buffer, sizeof buffer) > 0) {
    }
  }
}

}  // namespace hwf::task
