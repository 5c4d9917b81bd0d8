// Images of tasks: a site makes each ready once, before the first task that runs in it is handed out; what it holds is
// part of what the task's result depends on.
#include "runtime/engine/engine_impl.h"

namespace hwf::engine {

ErrorOr<std::string> EngineImpl::ImageOf(const scheduler::StartTask& start) const {
  const state::TaskValues values{start.arguments, Json::Object(), start.previous, start.attempt};
  return state::EvaluateImage(record_->module(), *start.task, values);
}

// Takes it, until its site says that the image is ready. What cannot be computed fails where the start is built.
bool EngineImpl::WaitsForImage(RunSite& site, Ready& ready) {
  const auto image = ImageOf(ready.start);
  if (!image.ok() || image->empty() || site.images.contains(*image)) return false;
  std::vector<Ready>& waiting = site.for_images[*image];
  waiting.push_back(std::move(ready));
  if (waiting.size() == 1) site.site->WantImage(*image);
  return true;
}

std::string EngineImpl::ImageDigest(const RunSite& site, const scheduler::StartTask& start) const {
  const auto image = ImageOf(start);
  const auto known = image.ok() ? site.images.find(*image) : site.images.end();
  return known == site.images.end() ? "" : known->second;
}

void EngineImpl::On(RunSite& site, const runner::ImageReady& report) {
  std::vector<Ready> waiting;
  if (auto node = site.for_images.extract(report.image)) waiting = std::move(node.mapped());
  if (!report.digest.empty()) site.images[report.image] = report.digest;
  for (Ready& ready : waiting) {
    const std::optional<scheduler::StartTask> current = record_->scheduler().FindStart(ready.start.place);
    if (!current || current->attempt != ready.start.attempt) continue;  // cancelled meanwhile
    if (report.digest.empty()) {
      FailAttempt(ready.start.place, ready.start.attempt, ir::Reason::kSite, report.why);
    } else {
      AddReady(std::move(ready));
    }
  }
}

}  // namespace hwf::engine
