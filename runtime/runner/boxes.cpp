#include "runtime/runner/boxes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "runtime/container/client.h"
#include "runtime/container/inside_processes.h"
#include "runtime/platform/hash.h"
#include "runtime/runner/attempt_files.h"
#include "runtime/runner/box_binds.h"
#include "runtime/runner/process_tree.h"
#include "runtime/runner/rank_box.h"

namespace hwf::runner {
namespace {

using container::Bind;
using platform::FileDescriptor;

constexpr size_t kMostWords = 8192;
constexpr const char* kBoxName = "box-";

std::string ShortDigest(const std::string& text) {
  const std::string digest = platform::Digest(text);
  return digest.substr(digest.find(':') + 1, 20);
}

bool HasVariable(const std::vector<std::string>& env, const std::string& name) {
  return std::any_of(env.begin(), env.end(), [&](const std::string& one) { return one.starts_with(name + "="); });
}

// Inside, the ids of the GPUs that it got begin at 0; UUIDs stay.
void RenumberGpus(std::vector<std::string>& env, const std::vector<std::string>& ids) {
  std::string inside;
  for (size_t i = 0; i < ids.size(); ++i) {
    const bool number = ids[i].find_first_not_of("0123456789") == std::string::npos;
    inside += (i == 0 ? "" : ",") + (number ? std::to_string(i) : ids[i]);
  }
  for (std::string& entry : env) {
    if (entry.starts_with("CUDA_VISIBLE_DEVICES=")) entry = "CUDA_VISIBLE_DEVICES=" + inside;
  }
}

container::InsideSpec Describe(const BoxTask& task, const container::Image& image, const container::Engine& engine) {
  container::InsideSpec spec;
  spec.argv = task.argv;
  spec.base = image.env;
  spec.drop = engine.AddedVariables(!task.gpu_ids.empty());
  spec.env = task.env;
  if (!HasVariable(spec.env, "HOME")) spec.env.push_back("HOME=" + task.start->directory);
  if (engine.renumbers_gpus() && !task.gpu_ids.empty()) RenumberGpus(spec.env, task.gpu_ids);
  spec.directory = task.start->directory;
  spec.cpu_ids = task.cpu_ids;
  spec.outside = container::OwnPidNamespace();
  spec.counts_oom = task.start->memory > 0 && engine.limits_memory();
  spec.signals_reach_all = task.signals_reach_all;
  spec.stray_grace_ms = task.stray_grace_ms;
  spec.kill_grace_ms = task.kill_grace_ms;
  return spec;
}

std::string CommandName(pid_t pid) {
  std::string name = ReadSmall(fmt::format("/proc/{}/comm", pid).c_str(), 64);
  while (name.ends_with('\n')) name.pop_back();
  return name;
}

ErrorOr<std::vector<Bind>> BindsOf(const BoxTask& task, const Box& box) {
  std::vector<std::string> shown = task.start->links;
  shown.insert(shown.end(), task.start->inputs.begin(), task.start->inputs.end());
  HWF_ASSIGN(std::vector<Bind> binds, TaskBinds(task.start->directory, shown));
  for (Bind& tool : ToolBinds()) binds.push_back(std::move(tool));
  binds.push_back({box.io(), container::kInsideBox, true});
  binds.push_back({task.out, container::kInsideOut, true});
  binds.push_back({task.err, container::kInsideErr, true});
  return binds;
}

}  // namespace

ErrorOr<FileDescriptor> InMemory(const std::string& text) {
  FileDescriptor file(memfd_create("hwf-task", MFD_CLOEXEC));
  if (!file.valid()) return ErrnoError(errno, "describing the task to its container");
  for (size_t done = 0; done < text.size();) {
    const ssize_t count = write(file.get(), text.data() + done, text.size() - done);
    if (count < 0 && errno != EINTR) return ErrnoError(errno, "describing the task to its container");
    done += static_cast<size_t>(std::max<ssize_t>(count, 0));
  }
  if (lseek(file.get(), 0, SEEK_SET) != 0) return ErrnoError(errno, "describing the task to its container");
  return file;
}

void Box::Tell(char word) const { (void)!write(control.get(), &word, 1); }

std::string Box::LastWords() const {
  struct stat info {};
  if (fstat(words.get(), &info) != 0) return "";
  const off_t size = info.st_size, begin = std::max<off_t>(0, size - static_cast<off_t>(kMostWords));
  std::string text(static_cast<size_t>(size - begin), '\0');
  const ssize_t count = pread(words.get(), text.data(), text.size(), begin);
  text.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
  return container::LastWords(text);
}

void RemoveBoxDirectory(const std::string& directory) {
  std::error_code ignored;
  (void)std::filesystem::remove_all(directory, ignored);
}

Boxes::Boxes(Images& images, std::string state_directory)
    : images_(images),
      engine_(images.engine()),
      state_directory_(std::move(state_directory)),
      label_(ShortDigest(state_directory_)) {}

ErrorOr<std::unique_ptr<Box>> FurnishBox(const container::Engine& engine, const container::Image& image,
                                         const BoxPlace& place, const BoxTask& task, LaunchSpec& launch) {
  const Start& start = *task.start;
  auto box = std::make_unique<Box>();
  box->name = place.name;
  box->directory = place.directory;
  box->program = task.argv.front();
  const std::string scratch = box->directory + "/scratch";
  for (const std::string& path : {box->directory, box->io(), scratch, scratch + "/tmp", scratch + "/var"}) {
    if (const int error = MakeDirectory(path, 0700); error != 0) return ErrnoError(error, "making " + path);
  }
  const std::string control = box->io() + "/control", words = box->directory + "/words";
  if (mkfifo(control.c_str(), 0600) != 0) return ErrnoError(errno, "making " + control);
  box->control = FileDescriptor(open(control.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  box->words = FileDescriptor(open(words.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!box->control.valid() || !box->words.valid()) return ErrnoError(errno, "opening the box " + box->directory);
  HWF_ASSIGN(box->description, InMemory(container::Encode(Describe(task, image, engine))));
  container::BoxSpec spec;
  spec.name = box->name;
  spec.label = place.label;
  spec.directory = start.directory;
  spec.scratch = scratch;
  HWF_ASSIGN(spec.binds, BindsOf(task, *box));
  HWF_TRY(MakeScratchPoints(scratch, spec.binds));
  spec.gpu_ids = task.gpu_ids;
  spec.memory = start.memory;
  HWF_ASSIGN(container::HostCommand command, engine.Command(image, spec));
  launch.argv = std::move(command.argv);
  launch.env = std::move(command.env);
  launch.env.push_back("HWF_TASK_DIR=" + start.directory);  // by which its processes are known
  launch.directory = start.directory;
  launch.in = box->description.get();
  launch.out = launch.err = box->words.get();
  return box;
}

ErrorOr<std::unique_ptr<Box>> Boxes::Furnish(const BoxTask& task, LaunchSpec& launch) {
  const Start& start = *task.start;
  const container::Image* image = images_.Find(start.image);
  if (image == nullptr) return MakeError("the image `{}` is not ready", start.image);
  const std::string name =
      fmt::format("hwf-{}-{}", label_, ShortDigest(fmt::format("{}/{}", start.place, start.attempt)));
  return FurnishBox(engine_, *image, {name, label_, fmt::format("{}/{}{}", state_directory_, kBoxName, ++made_)}, task,
                    launch);
}

ErrorOr<std::unique_ptr<FurnishedRanks>> Boxes::FurnishRanks(const BoxTask& task, LaunchSpec& launch) {
  const container::Image* image = images_.Find(task.start->image);
  if (image == nullptr) return MakeError("the image `{}` is not ready", task.start->image);
  if (!engine_.owns_processes()) {
    return MakeError("{} cannot start containers on several machines: say `containers: apptainer` or `charliecloud`",
                     container::ToString(engine_.kind()));
  }
  auto ranks = std::make_unique<FurnishedRanks>();
  ranks->directory = fmt::format("{}/{}{}", state_directory_, kBoxName, ++made_);
  if (const int error = MakeDirectory(ranks->directory, 0700); error != 0) {
    return ErrnoError(error, "making " + ranks->directory);
  }
  RankBoxes boxes{engine_.kind(), *image, ranks->directory, *task.start, task.stray_grace_ms, task.kill_grace_ms};
  boxes.start.argv = task.argv;
  boxes.start.script.clear();
  boxes.start.secrets.clear();
  boxes.start.env.clear();
  for (const std::string& entry : task.env) {
    const size_t equals = entry.find('=');
    boxes.start.env.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
    if (entry.starts_with("SLURM")) launch.env.push_back(entry);
  }
  HWF_ASSIGN(ranks->description, InMemory(Encode(boxes)));
  for (const auto& [name, value] : container::ClientEnvironment()) {
    if (!name.starts_with("SLURM")) launch.env.push_back(name + "=" + value);
  }
  launch.env.push_back("HWF_TASK_DIR=" + task.start->directory);
  launch.in = ranks->description.get();
  return ranks;
}

ErrorOr<Success> Boxes::EndLeft() const {
  HWF_ASSIGN(const std::vector<std::string> names, engine_.Left(label_));
  for (const std::string& name : names) HWF_TRY(engine_.End(name));
  RemoveDirectories();
  return Success{};
}

void Boxes::RemoveDirectories() const {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(state_directory_, error)) {
    std::error_code ignored;
    if (entry.path().filename().string().starts_with(kBoxName)) std::filesystem::remove_all(entry.path(), ignored);
  }
}

bool Boxes::IsEngines(pid_t pid) const {
  if (engine_.kind() != container::EngineKind::kPodman) return false;
  const std::string name = CommandName(pid);
  return name == "conmon" || name == "catatonit" || name == "podman" || name == "fuse-overlayfs" ||
         name == "slirp4netns";
}

std::vector<pid_t> Boxes::ProcessesIn(Box& box, pid_t command, const std::vector<pid_t>& children) const {
  if (box.inside <= 0 || CommandName(box.inside) != "inside") {
    box.inside = -1;
    std::vector<pid_t> roots{command};
    for (const pid_t child : children) {
      // podman's monitor has the container's name among its arguments.
      if (IsEngines(child) &&
          ReadSmall(fmt::format("/proc/{}/cmdline", child).c_str()).find(box.name) != std::string::npos) {
        roots.push_back(child);
      }
    }
    for (const pid_t pid : TreeOf(roots)) {
      if (CommandName(pid) == "inside") box.inside = pid;
    }
  }
  if (box.inside <= 0) return {};
  std::vector<pid_t> processes = TreeOf({box.inside});
  std::erase(processes, box.inside);
  return processes;
}

}  // namespace hwf::runner
