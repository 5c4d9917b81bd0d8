// Empty attempt directories for the next tasks. Removing a directory and making another takes longer than starting a
// small task (on disks with discard each removal waits for the device), renaming one does not: where a task that
// succeeded left nothing, its place's directory becomes that of the next. Only what is as it was made is kept: empty,
// same mode, owner and attributes, nothing beside it. One thread.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <string>
#include <vector>

namespace hwf::runner {

class SpareDirectories {
 public:
  // `directory` is tasks/<place>/<attempt>, of which nothing lives. False: it is not as new, and stays where it is.
  bool Keep(const std::string& directory, mode_t mode);
  // One that was kept becomes `directory`, which is not there yet. False: none can.
  bool Use(const std::string& directory);
  // Removes those that nobody needs.
  void Remove();

 private:
  struct Spare {
    std::string directory;
    timespec changed{};  // when it was kept
  };
  std::vector<Spare> spares_;
};

}  // namespace hwf::runner
