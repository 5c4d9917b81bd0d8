#include "runtime/runner/ledger.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bitset>
#include <cerrno>
#include <cmath>

namespace hwf::runner {
namespace {

constexpr int kMaxRunners = 64;
constexpr int64_t kPurgeMs = 500;
constexpr int kMaxCpuIds = 1024;
constexpr int kMaxGpus = 64;
constexpr uint64_t kMagic = 0x32676c2d667768;  // "hwf-lg2"
constexpr const char* kFileName = "ledger.2";  // another format, another name: versions may run side by side

int64_t Milli(double cpus) { return static_cast<int64_t>(std::llround(cpus * 1000)); }

class Locked {
 public:
  explicit Locked(int fd) : fd_(fd) {
    while (flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~Locked() { flock(fd_, LOCK_UN); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  int fd_;
};

// One place for each user, whatever the environment: what a login, cron and `su` start shares one
// machine. Not below /run/user, which goes with the last login.
std::string UsersDirectory() { return fmt::format("/tmp/hwf-{}", getuid()); }

ErrorOr<platform::FileDescriptor> OpenDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(errno, "making " + path);
  platform::FileDescriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!directory.valid() || fstat(directory.get(), &info) != 0 || info.st_uid != getuid() ||
      (info.st_mode & 077) != 0) {
    return MakeError("{} is not a directory of mode 0700 that belongs to you; remove it, or ask who made it to", path);
  }
  // While it is held, what removes old files from /tmp (systemd-tmpfiles) leaves it alone.
  (void)flock(directory.get(), LOCK_SH | LOCK_NB);
  return directory;
}

}  // namespace

// In the mapped file; a runner's record. Used while `pid` is not 0; written under the lock. Its runner lives as long as
// the record's first byte is locked (a lock of the open file: the kernel lets it go, and sees it from every container).
struct Ledger::Record {
  int32_t pid;        // in the runner's own namespace: for people
  int32_t waiting;    // stands in line
  int64_t millicpus;  // held
  int64_t memory;
  uint64_t gpus;                  // bits
  uint64_t ids[kMaxCpuIds / 64];  // CPUs that tasks are bound to
  uint64_t ticket;                // place in line
  int64_t since;                  // CLOCK_BOOTTIME ms
  int64_t want_millicpus;
  int64_t want_memory;
  int64_t want_gpus;
};

struct Ledger::File {
  uint64_t magic;
  uint64_t next_ticket;
  Record records[kMaxRunners];
};

ErrorOr<std::unique_ptr<Ledger>> Ledger::Open(const Machine& machine, const std::string& directory) {
  std::unique_ptr<Ledger> ledger(new Ledger);
  const std::string where = directory.empty() ? UsersDirectory() : directory, path = where + "/" + kFileName;
  HWF_ASSIGN(ledger->directory_, OpenDirectory(where));
  ledger->machine_ = machine;
  ledger->fd_ = openat(ledger->directory_.get(), kFileName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (ledger->fd_ < 0) return ErrnoError(errno, "opening the ledger " + path);
  struct stat info {};
  if (fstat(ledger->fd_, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != getuid()) {
    return MakeError("the ledger {} is not a file of yours; remove it", path);
  }
  Locked lock(ledger->fd_);
  if (posix_fallocate(ledger->fd_, 0, sizeof(File)) != 0) return MakeError("no room for the ledger {}", path);
  void* map = mmap(nullptr, sizeof(File), PROT_READ | PROT_WRITE, MAP_SHARED, ledger->fd_, 0);
  if (map == MAP_FAILED) return ErrnoError(errno, "mapping the ledger " + path);
  ledger->file_ = static_cast<File*>(map);
  if (ledger->file_->magic != kMagic) {
    std::fill_n(static_cast<char*>(map), sizeof(File), '\0');
    ledger->file_->magic = kMagic;
  }
  if (!ledger->Enter()) return MakeError("the ledger {} is full: {} runners live on this machine", path, kMaxRunners);
  ledger->watch_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (ledger->watch_ >= 0) inotify_add_watch(ledger->watch_, path.c_str(), IN_MODIFY);
  return ledger;
}

Ledger::~Ledger() {
  if (mine_ != nullptr) {
    Locked lock(fd_);
    *mine_ = Record{};
    Nudge();
  }
  if (file_ != nullptr) munmap(file_, sizeof(File));
  if (fd_ >= 0) close(fd_);
  if (watch_ >= 0) close(watch_);
}

// Takes the record's lock (F_OFD_SETLK), or asks whether nobody has it (F_OFD_GETLK).
bool Ledger::LockRecord(const Record& record, int how) const {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = reinterpret_cast<const char*>(&record) - reinterpret_cast<const char*>(file_);
  lock.l_len = 1;
  return fcntl(fd_, how, &lock) == 0 && (how == F_OFD_SETLK || lock.l_type == F_UNLCK);
}

bool Ledger::Enter() {
  Purge();
  for (Record& record : file_->records) {
    if (record.pid != 0) continue;
    if (!LockRecord(record, F_OFD_SETLK)) continue;  // its runner is just ending
    record = Record{};
    record.pid = getpid();
    mine_ = &record;
    return true;
  }
  return false;
}

void Ledger::Purge() {
  for (Record& record : file_->records) {
    if (record.pid == 0 || &record == mine_) continue;
    if (LockRecord(record, F_OFD_GETLK)) record = Record{};
  }
}

ErrorOr<Success> Ledger::Admit(const Demand& demand) const {
  if (Milli(demand.cpus) > Milli(machine_.cpus)) {
    return MakeError("it needs {} CPUs, this machine gives {}", demand.cpus, machine_.cpus);
  }
  if (demand.gpus > static_cast<int>(machine_.gpu_ids.size())) {
    return MakeError("it needs {} GPUs, this machine gives {}", demand.gpus, machine_.gpu_ids.size());
  }
  if (demand.memory > machine_.memory) {
    return MakeError("it needs {} MiB of memory, this machine gives {} MiB", demand.memory >> 20,
                     machine_.memory >> 20);
  }
  return Success{};
}

bool Ledger::Fits(const Demand& demand) const {
  int64_t millicpus = 0, memory = 0, gpus = 0;
  for (const Record& record : file_->records) {
    millicpus += record.millicpus;
    memory += record.memory;
    gpus += static_cast<int64_t>(std::bitset<64>(record.gpus).count());
  }
  return millicpus + Milli(demand.cpus) <= Milli(machine_.cpus) && memory + demand.memory <= machine_.memory &&
         gpus + demand.gpus <= static_cast<int64_t>(machine_.gpu_ids.size());
}

// Behind someone in line: only if that one does not fit anyway and has not been passed for too long.
bool Ledger::MayPass(const Demand& demand, bool head, int64_t now_ms) const {
  for (const Record& record : file_->records) {
    if (record.pid == 0 || record.waiting == 0) continue;
    if (&record == mine_ && head) continue;
    if (&record != mine_ && mine_->waiting != 0 && mine_->ticket < record.ticket) continue;
    const Demand theirs{static_cast<double>(record.want_millicpus) / 1000, static_cast<int>(record.want_gpus),
                        record.want_memory};
    const Demand both{theirs.cpus + demand.cpus, theirs.gpus + demand.gpus, theirs.memory + demand.memory};
    if (Fits(theirs) && !Fits(both)) return false;
    if (!Fits(theirs) && now_ms - record.since > kMaxPassedMs) return false;
  }
  return true;
}

bool Ledger::Take(const Demand& demand, bool head, int64_t now_ms, Share& share) {
  // Standing in line for the same, with no room: nothing to be changed in the file. What a dead runner holds is looked
  // for now and then.
  if (head && mine_->waiting != 0 && mine_->want_millicpus == Milli(demand.cpus) && mine_->want_gpus == demand.gpus &&
      mine_->want_memory == demand.memory && now_ms - purged_ms_ < kPurgeMs && !Fits(demand)) {
    return false;
  }
  Locked lock(fd_);
  bool can = Fits(demand) && MayPass(demand, head, now_ms);
  if (!can && now_ms - purged_ms_ >= kPurgeMs) {
    purged_ms_ = now_ms;
    Purge();
    can = Fits(demand) && MayPass(demand, head, now_ms);
  }
  if (can) {
    Choose(demand, share);
    if (head) mine_->waiting = 0;
    return true;
  }
  if (!head) return false;
  if (mine_->waiting == 0) {
    mine_->ticket = ++file_->next_ticket;
    mine_->since = now_ms;
  }
  mine_->want_millicpus = Milli(demand.cpus);
  mine_->want_gpus = demand.gpus;
  mine_->want_memory = demand.memory;
  mine_->waiting = 1;
  return false;
}

// Whole CPUs are bound where the machine has as many as it counts; a part of one is only counted.
void Ledger::Choose(const Demand& demand, Share& share) {
  share.millicpus = Milli(demand.cpus);
  share.memory = demand.memory;
  uint64_t ids[kMaxCpuIds / 64] = {};
  uint64_t gpus = 0;
  for (const Record& record : file_->records) {
    for (int word = 0; word < kMaxCpuIds / 64; ++word) ids[word] |= record.ids[word];
    gpus |= record.gpus;
  }
  const auto wanted = static_cast<size_t>(std::ceil(demand.cpus));
  if (demand.cpus >= 1 && machine_.cpus <= static_cast<double>(machine_.cpu_ids.size())) {
    for (int id : machine_.cpu_ids) {
      if (share.cpu_ids.size() == wanted) break;
      if (id < kMaxCpuIds && (ids[id / 64] >> (id % 64) & 1) == 0) share.cpu_ids.push_back(id);
    }
    if (share.cpu_ids.size() < wanted) share.cpu_ids.clear();
  }
  for (size_t i = 0; i < machine_.gpu_ids.size() && i < kMaxGpus; ++i) {
    if (static_cast<int>(share.gpu_ids.size()) == demand.gpus) break;
    if ((gpus >> i & 1) != 0) continue;
    share.gpu_ids.push_back(machine_.gpu_ids[i]);
    share.gpu_indices.push_back(static_cast<int>(i));
  }
  mine_->millicpus += share.millicpus;
  mine_->memory += share.memory;
  for (int id : share.cpu_ids) mine_->ids[id / 64] |= uint64_t{1} << (id % 64);
  for (int index : share.gpu_indices) mine_->gpus |= uint64_t{1} << index;
}

void Ledger::Give(const Share& share) {
  Locked lock(fd_);
  mine_->millicpus -= share.millicpus;
  mine_->memory -= share.memory;
  for (int id : share.cpu_ids) mine_->ids[id / 64] &= ~(uint64_t{1} << (id % 64));
  for (int index : share.gpu_indices) mine_->gpus &= ~(uint64_t{1} << index);
  Nudge();
}

void Ledger::LeaveLine() {
  if (mine_->waiting == 0) return;
  Locked lock(fd_);
  mine_->waiting = 0;
  Nudge();
}

// A write that changes nothing, but that inotify shows to those who wait.
void Ledger::Nudge() {
  for (const Record& record : file_->records) {
    if (&record == mine_ || record.pid == 0 || record.waiting == 0) continue;
    const uint64_t magic = kMagic;
    (void)!pwrite(fd_, &magic, sizeof magic, 0);
    return;
  }
}

void Ledger::DrainWatch() {
  char buffer[4096];
  while (read(watch_, buffer, sizeof buffer) > 0) {
  }
}

}  // namespace hwf::runner
