#include "runtime/engine/bundles.h"

#include <algorithm>
#include <set>

#include "runtime/platform/paths.h"
#include "runtime/runner/protocol.h"

namespace hwf::engine {
namespace {

ir::TypeRef Unwrapped(ir::TypeRef type) {
  while (type->kind == ir::TypeKind::kOptional || type->kind == ir::TypeKind::kApproved) type = type->element;
  return type;
}

void CollectOfRecord(Json& value, ir::TypeRef written, std::vector<Json*>& files) {
  const ir::TypeRef type = Unwrapped(written);
  if (!value.is_object()) return;  // none
  if (type->kind == ir::TypeKind::kFile || type->kind == ir::TypeKind::kDir) return files.push_back(&value);
  if (type->kind != ir::TypeKind::kRecord) return;
  for (JsonMember& member : value.AsObject()) {
    const ir::FieldDef* field = type->record->Find(member.key);
    if (field != nullptr) CollectOfRecord(member.value, field->type, files);
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> BundleFiles(const ir::Task& task, const std::string& directory,
                                                             std::vector<Json>& arguments) {
  std::vector<std::pair<std::string, std::string>> bundled;
  for (size_t i = 0; i < arguments.size() && i < task.params.size(); ++i) {
    if (Unwrapped(task.params[i].type)->kind != ir::TypeKind::kRecord) continue;
    std::vector<Json*> files;
    CollectOfRecord(arguments[i], task.params[i].type, files);
    std::set<std::string> names;
    for (const Json* file : files) names.insert(platform::BaseName(file->StringOr("path", "")));
    if (files.size() < 2 || names.size() < files.size() || names.contains("")) continue;
    for (Json* file : files) {
      const std::string path = file->StringOr("path", "");
      bundled.emplace_back(task.params[i].name, path);
      file->Set("path", runner::BundledPath(directory, task.params[i].name, path));
    }
  }
  return bundled;
}

}  // namespace hwf::engine
