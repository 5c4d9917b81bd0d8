#include "runtime/slurm/signs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/platform/file_system.h"

namespace hwf::slurm {

Signs::Signs(const std::string& spool, const std::string& name, const std::string& directory)
    : name_(spool + "/" + name),
      directory_(directory),
      beat_(open((directory + "/beat").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {}

bool Signs::Tell() {
  if (!news_) return true;
  const int fd = open(name_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return false;
  close(fd);
  news_ = false;
  return true;
}

// A number that grows shows that we live, also where clocks differ and times of files come late.
void Signs::Beat() {
  const std::string text = fmt::format("{}\n", ++beats_);
  if (beat_.valid()) (void)!pwrite(beat_.get(), text.data(), text.size(), 0);
}

bool Signs::IsGivenUp() const { return IsGone(directory_); }

void Signs::Leave() {
  (void)platform::RealFileSystem().WriteAtomically(directory_ + "/left", "", 0600, false);
  OnAppended();
  (void)Tell();
}

bool IsGone(const std::string& path) {
  const auto there = platform::RealFileSystem().Stat(path);
  return !there.ok() && there.error().code() == ENOENT;
}

bool HasLeft(const std::string& directory) { return platform::RealFileSystem().Stat(directory + "/left").ok(); }

}  // namespace hwf::slurm
