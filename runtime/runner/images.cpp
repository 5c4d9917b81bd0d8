#include "runtime/runner/images.h"

namespace hwf::runner {

Images::Images(container::EngineKind kind, const std::string& directory, OnReady on_ready)
    : engine_(container::MakeEngine(kind)), store_(directory), on_ready_(std::move(on_ready)) {}

void Images::Want(const std::string& image) {
  if (const container::Image* known = Find(image)) return on_ready_(image, *known);
  if (!wanted_.insert(image).second) return;
  worker_.Add([this, image]() -> Worker::Completion {
    auto ready = std::make_shared<ErrorOr<container::Image>>(store_.Prepare(*engine_, image));
    return [this, image, ready] {
      wanted_.erase(image);
      if (ready->ok()) ready_[image] = ready->value();
      on_ready_(image, *ready);
    };
  });
}

const container::Image* Images::Find(const std::string& image) const {
  const auto found = ready_.find(image);
  return found == ready_.end() ? nullptr : &found->second;
}

ImageReady Answer(const std::string& image, const ErrorOr<container::Image>& ready) {
  if (!ready.ok()) return {image, "", ready.error().message()};
  return {image, ready->digest, ""};
}

}  // namespace hwf::runner
