// Any bytes: the parser ends, gives a tree, and its diagnostics can be rendered in every format.

#include <cstddef>
#include <cstdint>
#include <string>

#include "compiler/diagnostics/render.h"
#include "compiler/syntax/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hwf;
  source::SourceManager sources;
  auto file = sources.Add("fuzz.hwf", std::string(reinterpret_cast<const char*>(data), size));
  if (!file.ok()) return 0;
  diagnostics::Collector collector;
  diagnostics::Emitter emitter(collector);
  auto module = syntax::Parse(sources, *file, emitter);
  HWF_CHECK(module != nullptr);
  auto sorted = diagnostics::Sorted(sources, collector.diagnostics());
  diagnostics::RenderText(sources, sorted, true);
  diagnostics::RenderJson(sources, sorted, {});
  diagnostics::RenderSarif(sources, sorted, {}, "0");
  return 0;
}
