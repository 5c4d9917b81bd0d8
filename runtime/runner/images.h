// Images that an agent's tasks run in: each made ready once, beside the loop, which is told of it. One thread: the
// agent's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/error.h"
#include "runtime/container/engine.h"
#include "runtime/container/image_store.h"
#include "runtime/runner/protocol.h"
#include "runtime/runner/worker.h"

namespace hwf::runner {

class Images {
 public:
  // Also after a failure, which is forgotten then: whoever wants it again asks again.
  using OnReady = std::function<void(const std::string& image, const ErrorOr<container::Image>& ready)>;

  // `directory`: empty for the user's.
  Images(container::EngineKind kind, const std::string& directory, OnReady on_ready);

  // It is ready, or `on_ready` will be called: at once if it is known.
  void Want(const std::string& image);
  const container::Image* Find(const std::string& image) const;
  // It may be gone: to be looked for again.
  void Drop(const std::string& image) { ready_.erase(image); }
  container::Engine& engine() const { return *engine_; }
  const std::string& directory() const { return store_.directory(); }

  // Readable when RunCompletions has something to do.
  int fd() const { return worker_.fd(); }
  void RunCompletions() { worker_.RunCompletions(); }
  // Its threads wait for images, for hours perhaps.
  bool busy() const { return !wanted_.empty(); }

 private:
  std::unique_ptr<container::Engine> engine_;
  container::ImageStore store_;
  OnReady on_ready_;
  std::map<std::string, container::Image> ready_;
  std::set<std::string> wanted_;
  Worker worker_{2};
};

// What an engine is told.
ImageReady Answer(const std::string& image, const ErrorOr<container::Image>& ready);

}  // namespace hwf::runner
