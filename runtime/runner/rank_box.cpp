#include "runtime/runner/rank_box.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "base/json.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/process.h"
#include "runtime/platform/read_to_end.h"
#include "runtime/runner/attempt_files.h"
#include "runtime/runner/boxes.h"
#include "runtime/runner/launch.h"
#include "runtime/runner/protocol_text.h"

namespace hwf::runner {
namespace {

constexpr int kNoContainer = 125;
constexpr size_t kMostBytes = size_t{64} << 20;
constexpr int64_t kMostTrouble = 64 << 10;
constexpr const char* kTrouble = "/trouble";

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// In place of the job's: which of the ranks this is, and its GPUs.
std::vector<std::string> EnvironmentHere(const Start& start) {
  std::vector<std::string> env;
  for (const auto& [name, value] : start.env) {
    const bool of_slurm = name.starts_with("SLURM") || name == "CUDA_VISIBLE_DEVICES";
    if (!of_slurm || std::getenv(name.c_str()) == nullptr) env.push_back(name + "=" + value);
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.starts_with("SLURM") || text.starts_with("CUDA_VISIBLE_DEVICES=")) env.emplace_back(text);
  }
  return env;
}

std::vector<std::string> GpusHere(const Start& start) {
  std::vector<std::string> ids;
  const std::string text = start.gpus > 0 ? Variable("CUDA_VISIBLE_DEVICES") : "";
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    ids.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return ids;
}

// A stream of the task: a FIFO that the container writes to. Where nobody takes what is carried on, the FIFO fills and
// the task waits, as it would for a pipe; we do not.
class RankStream {
 public:
  ErrorOr<Success> Open(const std::string& path, int to) {
    to_ = to;
    if (mkfifo(path.c_str(), 0600) != 0) return ErrnoError(errno, "making " + path);
    fd_ = platform::FileDescriptor(open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd_.valid()) return ErrnoError(errno, "opening " + path);
    return Success{};
  }
  // What is to happen before there is something to carry.
  pollfd Awaited() const { return full_ ? pollfd{to_, POLLOUT, 0} : pollfd{fd_.get(), POLLIN, 0}; }
  bool Left() const {
    int bytes = 0;
    return ioctl(fd_.get(), FIONREAD, &bytes) == 0 && bytes > 0;
  }
  void Carry() {
    char piece[PIPE_BUF];  // a pipe that can be written to takes so much at once
    while (true) {
      pollfd to{to_, POLLOUT, 0};
      full_ = poll(&to, 1, 0) == 0;
      if (full_) return;
      const ssize_t count = read(fd_.get(), piece, sizeof piece);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return;
      for (ssize_t done = 0; done < count;) {
        const ssize_t written = write(to_, piece + done, static_cast<size_t>(count - done));
        if (written < 0 && errno != EINTR) return;  // srun is gone: nobody listens
        done += std::max<ssize_t>(written, 0);
      }
    }
  }

 private:
  int to_ = -1;
  bool full_ = false;  // to_
  platform::FileDescriptor fd_;
};

class RankBox {
 public:
  explicit RankBox(RankBoxes boxes) : boxes_(std::move(boxes)) {}

  // The exit code.
  ErrorOr<int> Run() {
    HWF_TRY(Open());
    HWF_TRY(Begin());
    while (!dead_) Turn();
    // Its last words; told to end, we do not wait for who does not take them.
    while ((out_.Left() || err_.Left()) && (kill_at_ms_ < 0 || Now() < kill_at_ms_)) Wait();
    return End();
  }

 private:
  ErrorOr<Success> Open() {
    const std::string rank = Variable("SLURM_PROCID");
    if (rank.empty() || rank.find_first_not_of("0123456789") != std::string::npos) {
      return MakeError("it is not in a step of Slurm: SLURM_PROCID is `{}`", rank);
    }
    directory_ = boxes_.directory + "/" + rank;
    if (const int error = MakeDirectory(directory_, 0700); error != 0) return ErrnoError(error, "making " + directory_);
    HWF_TRY(out_.Open(directory_ + "/out", 1));
    HWF_TRY(err_.Open(directory_ + "/err", 2));
    sigset_t mask;
    sigemptyset(&mask);
    for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&mask, number);
    (void)sigprocmask(SIG_BLOCK, &mask, nullptr);
    (void)signal(SIGPIPE, SIG_IGN);
    signals_ = platform::FileDescriptor(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!signals_.valid()) return ErrnoError(errno, "signalfd");
    return Success{};
  }

  ErrorOr<Success> Begin() {
    engine_ = container::MakeEngine(boxes_.engine);
    BoxTask task;
    task.start = &boxes_.start;
    task.argv = boxes_.start.argv;
    task.env = EnvironmentHere(boxes_.start);
    task.gpu_ids = GpusHere(boxes_.start);
    task.out = directory_ + "/out";
    task.err = directory_ + "/err";
    task.stray_grace_ms = boxes_.stray_grace_ms;
    task.kill_grace_ms = boxes_.kill_grace_ms;
    task.signals_reach_all = true;
    LaunchSpec launch;
    HWF_ASSIGN(box_, FurnishBox(*engine_, boxes_.image, {"", directory_, directory_ + "/box"}, task, launch));
    const LaunchResult launched = Launch(launch);
    if (launched.pid < 0) return ErrnoError(launched.error, fmt::format("starting a process: {}", launched.step));
    pid_ = launched.pid;
    if (launched.error != 0) missing_ = ErrnoError(launched.error, launch.argv.front()).message();
    return Success{};
  }

  void Wait() {
    pollfd watched[] = {{signals_.get(), POLLIN, 0}, out_.Awaited(), err_.Awaited()};
    const int64_t left = kill_at_ms_ < 0 ? -1 : std::max<int64_t>(0, kill_at_ms_ - Now());
    (void)poll(watched, 3, static_cast<int>(left));
    out_.Carry();
    err_.Carry();
    OnSignals();
  }

  void Turn() {
    Wait();
    if (kill_at_ms_ >= 0 && Now() >= kill_at_ms_) {
      box_->Tell(container::kKill);
      kill_at_ms_ = Now() + 100;  // until it is dead
    }
    dead_ = waitpid(pid_, &status_, WNOHANG) == pid_;
  }

  void OnSignals() {
    signalfd_siginfo infos[8];
    const ssize_t count = read(signals_.get(), infos, sizeof infos);
    for (ssize_t i = 0; i * static_cast<ssize_t>(sizeof infos[0]) < count; ++i) {
      if (infos[i].ssi_signo == SIGCHLD || kill_at_ms_ >= 0) continue;
      kill_at_ms_ = Now() + boxes_.kill_grace_ms;
    }
  }

  // Without an outcome the engine has failed, and not the task; but Slurm ends the engine too when it ends a step.
  ErrorOr<int> End() {
    const auto outcome = container::OutcomeIn(box_->io());
    const bool began = container::Began(box_->io());
    const std::string words = missing_.empty() ? box_->LastWords() : missing_;
    RemoveBoxDirectory(directory_);
    if (outcome && outcome->exec_error == ENOENT) {
      return Trouble({false, fmt::format("the image has no `{}`", boxes_.start.argv.front())});
    }
    if (outcome) return outcome->exit_code.value_or(128 + outcome->signal);
    if (kill_at_ms_ >= 0) return 128 + SIGTERM;
    return Trouble({began, fmt::format("{} on {}: {}", container::ToString(boxes_.engine), platform::HostName(),
                                       words.empty() ? fmt::format("wait status {}", status_) : words)});
  }

  // Of all, the first counts.
  ErrorOr<int> Trouble(const RankTrouble& trouble) const {
    const std::string text = Json().Set("began", trouble.began).Set("why", BytesToJson(trouble.why)).Dump();
    (void)WriteNew(boxes_.directory + kTrouble, text);
    return kNoContainer;
  }

  static int64_t Now() { return platform::RealClock().MonotonicMs(); }

  RankBoxes boxes_;
  std::string directory_;
  std::unique_ptr<container::Engine> engine_;
  std::unique_ptr<Box> box_;
  RankStream out_, err_;
  platform::FileDescriptor signals_;
  std::string missing_;
  pid_t pid_ = -1;
  bool dead_ = false;
  int status_ = 0;
  int64_t kill_at_ms_ = -1;
};

}  // namespace

std::string Encode(const RankBoxes& boxes) {
  Json env = Json::Array();
  for (const std::string& entry : boxes.image.env) env.Add(BytesToJson(entry));
  Json image;
  image.Set("digest", boxes.image.digest).Set("local", BytesToJson(boxes.image.local)).Set("env", std::move(env));
  Json json;
  json.Set("engine", container::ToString(boxes.engine)).Set("image", std::move(image));
  json.Set("directory", BytesToJson(boxes.directory)).Set("start", ToJson(Request(boxes.start)));
  json.Set("stray_grace_ms", boxes.stray_grace_ms).Set("kill_grace_ms", boxes.kill_grace_ms);
  return json.Dump();
}

ErrorOr<RankBoxes> DecodeRankBoxes(const std::string& text) {
  HWF_ASSIGN(const Json json, Json::Parse(text, {.allow_nan = true}));
  HWF_ASSIGN(Request request, RequestFromJson(json["start"]));
  const auto engine = container::EngineNamed(json.StringOr("engine", ""));
  const auto directory = BytesFromJson(json["directory"]), local = BytesFromJson(json["image"]["local"]);
  if (!std::holds_alternative<Start>(request) || !engine || !directory || !local) {
    return MakeError("the description of the containers is torn");
  }
  RankBoxes boxes;
  boxes.engine = *engine;
  boxes.directory = *directory;
  boxes.start = std::get<Start>(std::move(request));
  boxes.image.digest = json["image"].StringOr("digest", "");
  boxes.image.local = *local;
  for (const Json& entry : json["image"]["env"].AsArray()) boxes.image.env.push_back(BytesFromJson(entry).value_or(""));
  boxes.stray_grace_ms = json.IntOr("stray_grace_ms", 0);
  boxes.kill_grace_ms = json.IntOr("kill_grace_ms", 0);
  return boxes;
}

std::optional<RankTrouble> RankTroubleIn(const std::string& directory) {
  const auto text = platform::RealFileSystem().Read(directory + kTrouble, kMostTrouble);
  if (!text.ok()) return std::nullopt;
  const auto json = Json::Parse(*text);
  if (!json.ok() || !json->is_object()) return RankTrouble{false, "what went wrong with a container cannot be read"};
  const Json* began = json->Find("began");
  return RankTrouble{began != nullptr && began->is_bool() && began->AsBool(),
                     BytesFromJson((*json)["why"]).value_or("")};
}

int RunRankBox() {
  const auto text = platform::ReadToEnd(0, kMostBytes, "what is to be started");
  auto boxes = text.ok() ? DecodeRankBoxes(*text) : ErrorOr<RankBoxes>(text.error());
  const auto code = boxes.ok() ? RankBox(*std::move(boxes)).Run() : ErrorOr<int>(boxes.error());
  if (code.ok()) return *code;
  fmt::print(stderr, "hwf-runner box: {}\n", code.error().message());
  return kNoContainer;
}

}  // namespace hwf::runner
