// What a runner in a Slurm job shows of itself: a name in the agent's spool when its log has grown, and a number in a
// file that grows while it lives. One thread: the runner's.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/platform/file_descriptor.h"

namespace hwf::slurm {

class Signs {
 public:
  // `name`: of its log, in the spool. `directory`: of its state.
  Signs(const std::string& spool, const std::string& name, const std::string& directory);
  void OnAppended() { news_ = true; }
  // False: there are news, and no room to tell them.
  bool Tell();
  // Whether its directory is gone: nobody reads what it tells any more.
  bool IsGivenUp() const;
  void Beat();
  // Nothing more comes from us.
  void Leave();

 private:
  std::string name_;
  std::string directory_;
  platform::FileDescriptor beat_;
  int64_t beats_ = 0;
  bool news_ = false;
};

// Nothing is there any more; of what cannot be seen for another reason that is not said.
bool IsGone(const std::string& path);
bool HasLeft(const std::string& directory);

}  // namespace hwf::slurm
