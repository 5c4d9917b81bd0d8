// What a task emits, as bytes: parsed, checked, its files replaced; nothing may crash, and what is accepted is bounded.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "runtime/runner/emissions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hwf;  // NOLINT
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto emission = runner::ParseEmission(text);
  if (!emission.ok()) return 0;
  HWF_CHECK(!emission->stream.empty() && emission->files.size() <= 64);
  for (const std::string& file : emission->files) HWF_CHECK(runner::IsPlainRelativePath(file));
  Json content = emission->content;
  size_t replaced = 0;
  auto done = runner::ReplaceFiles(content, [&](const std::string& name) -> ErrorOr<Json> {
    ++replaced;
    return Json::Object().Set("path", "/x/" + name).Set("digest", "b2:").Set("size", 0);
  });
  HWF_CHECK(done.ok() && replaced == emission->files.size());
  return 0;
}
