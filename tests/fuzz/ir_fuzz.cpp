// Whatever the bytes: reading the IR gives a module or an error, verifying it gives faults or none, and what is sound
// can be walked, drawn and written, and reads back the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "ir/drawing.h"
#include "ir/json.h"
#include "ir/verify.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto module = hwf::ir::ModuleFromText({reinterpret_cast<const char*>(data), size});
  if (!module.ok()) return 0;
  const std::string text = hwf::ir::ToJson(*module).Dump();
  auto again = hwf::ir::ModuleFromText(text);
  HWF_CHECK(again.ok());
  HWF_CHECK(hwf::ir::ToJson(*again).Dump() == text);
  if (!hwf::ir::Verify(*module).empty()) return 0;
  for (const hwf::ir::Workflow& workflow : module->workflows) {
    const hwf::ir::Scene scene = hwf::ir::SceneOf(*module, workflow);
    hwf::ir::DrawSvg(scene, workflow.name);
    hwf::ir::DrawDot(scene, workflow.name);
    hwf::ir::DrawMermaid(scene);
  }
  return 0;
}
