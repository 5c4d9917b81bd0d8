// The `uses` of a task for a site that does not see this machine's files: copies in one directory, which goes there as
// one content. They stay beside each other, so that a script finds the modules it imports where Python looks for them:
// beside the file that its link leads to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace hwf::engine {

// One for a directory, which no other engine writes to meanwhile. Touches files only; any thread, one at a time.
class UsesBundles {
 public:
  explicit UsesBundles(std::string directory) : directory_(std::move(directory)) {}

  // The Dir value of DIRECTORY/<hex of its digest>/uses, made if it is not there yet. What the kernel says is untouched
  // since it was last asked for (inodes, sizes, times) is not read again. The error names what cannot be read.
  ErrorOr<Json> Of(const std::vector<std::string>& paths);

 private:
  struct Known {
    std::string stamp;
    Json value;
  };
  ErrorOr<Json> Make(const std::vector<std::string>& paths) const;

  std::string directory_;
  bool tidy_ = false;  // nothing is left there of an engine that died
  std::map<std::vector<std::string>, Known> known_;
};

// Where one of them is in the bundle that lies at `bundle`.
std::string InBundle(const std::string& bundle, const std::string& path);

}  // namespace hwf::engine
