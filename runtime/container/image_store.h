// A user's images, shared by all runs: while one makes an image ready, others that want it wait for that and find it.
// Made in one place under a lock; what is half made when a machine dies has another name. Any thread; waits.
#pragma once

#include <string>

#include "base/error.h"
#include "runtime/container/engine.h"

namespace hwf::container {

class ImageStore {
 public:
  // `directory`: empty for the user's ($HWF_IMAGES, or hwf/images below $XDG_CACHE_HOME or ~/.cache).
  explicit ImageStore(std::string directory);
  ErrorOr<Image> Prepare(Engine& engine, const std::string& image) const;
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
};

}  // namespace hwf::container
