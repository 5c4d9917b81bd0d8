// Types are read in two passes: first every type by itself (a list may only name an earlier type, so its element
// exists), then the fields of records and enums, which may name any. A type that contains itself, or that is huge when
// written out (records shared many times), would hang later walks and is refused here.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "ir/json_reader.h"
#include "ir/names.h"

namespace hwf::ir::internal {

void Reader::MakeType(const Json& item, const Path& path) {
  TypeTable& table = *module_.types;
  TypeRef made = table.Simple(TypeKind::kUnit);
  if (item.is_string()) {
    std::optional<TypeKind> kind = SimpleKindFromString(item.AsString());
    if (!kind.has_value()) {
      Fail(path, fmt::format("unknown type `{}`", item.AsString().substr(0, 40)));
    } else {
      made = table.Simple(*kind);
    }
  } else if (item.Find("record") != nullptr) {
    made = table.NewRecord(Text(item, path, "record"));
  } else if (item.Find("enum") != nullptr) {
    made = table.NewEnum(Text(item, path, "enum"));
  } else if (item.Find("list") != nullptr) {
    made = table.List(Type(item, path, "list"));
  } else if (item.Find("optional") != nullptr) {
    made = table.Optional(Type(item, path, "optional"));
  } else if (item.Find("approved") != nullptr) {
    made = table.Approved(Type(item, path, "approved"));
  } else if (item.Find("map") != nullptr) {
    TypeRef key = Type(item, path, "key");
    made = table.Map(key, Type(item, path, "map"));
  } else {
    Fail(path, "expected a type");
  }
  types_.push_back(made);
}

std::vector<FieldDef> Reader::Fields(const Json& object, const Path& path, std::string_view key, bool required) {
  return List<FieldDef>(object, path, key, required, [&](const Json& item, const Path& at) {
    FieldDef field;
    field.name = Text(item, at, "name");
    field.type = Type(item, at, "type");
    field.has_default = Flag(item, at, "default", false);
    return field;
  });
}

void Reader::FillType(size_t index, const Json& item, const Path& path) {
  TypeRef type = types_[index];
  if (type->kind == TypeKind::kRecord) {
    module_.types->MutableRecord(type).fields = Fields(item, path, "fields", true);
  } else if (type->kind == TypeKind::kEnum) {
    module_.types->MutableEnum(type).variants =
        List<VariantDef>(item, path, "variants", true, [&](const Json& entry, const Path& at) {
          VariantDef variant;
          variant.name = Text(entry, at, "name");
          variant.fields = Fields(entry, at, "fields", false);
          return variant;
        });
  }
}

namespace {

// What a type is made of.
std::vector<TypeRef> PartsOf(TypeRef type) {
  std::vector<TypeRef> parts;
  if (type->element != nullptr) parts.push_back(type->element);
  if (type->key != nullptr) parts.push_back(type->key);
  if (type->record != nullptr) {
    for (const FieldDef& field : type->record->fields) parts.push_back(field.type);
  }
  if (type->enumeration != nullptr) {
    for (const VariantDef& variant : type->enumeration->variants) {
      for (const FieldDef& field : variant.fields) parts.push_back(field.type);
    }
  }
  return parts;
}

struct Extent {
  int64_t size = 1;
  int depth = 1;
  bool open = true;  // its parts are still being measured: meeting it again is a cycle
};
struct Frame {
  TypeRef type;
  std::vector<TypeRef> parts;
  size_t next = 0;
};

}  // namespace

// Depth first with a stack of its own.
void Reader::CheckTypes(const Path& path) {
  std::unordered_map<TypeRef, Extent> extents;
  for (size_t i = 0; i < types_.size() && !failed(); ++i) {
    if (extents.contains(types_[i])) continue;
    Path at{&path, {}, i};
    std::vector<Frame> stack;
    stack.push_back({types_[i], PartsOf(types_[i])});
    extents[types_[i]] = {};
    while (!stack.empty() && !failed()) {
      Frame& frame = stack.back();
      if (frame.next < frame.parts.size()) {
        TypeRef part = frame.parts[frame.next++];
        auto known = extents.find(part);
        if (known == extents.end()) {
          extents[part] = {};
          std::vector<TypeRef> parts = PartsOf(part);
          stack.push_back({part, std::move(parts)});
        } else if (known->second.open) {
          Fail(at, "a type that contains itself");
        }
        continue;
      }
      Extent extent{.open = false};
      for (TypeRef part : frame.parts) {
        extent.size = std::min(extent.size + extents[part].size, kMaxTypeSize + 1);
        extent.depth = std::max(extent.depth, extents[part].depth + 1);
      }
      if (extent.size > kMaxTypeSize || extent.depth > kMaxTypeDepth) Fail(at, "a type that is too large");
      extents[frame.type] = extent;
      stack.pop_back();
    }
  }
}

void Reader::ReadTypes(const Json& module, const Path& path) {
  const Json* list = Member(module, path, "types", true);
  if (list == nullptr) return;
  Path here{&path, "types"};
  if (!list->is_array()) return Fail(here, "expected a list");
  const JsonArray& items = list->AsArray();
  types_.reserve(items.size());
  for (size_t i = 0; i < items.size() && !failed(); ++i) MakeType(items[i], Path{&here, {}, i});
  for (size_t i = 0; i < items.size() && !failed(); ++i) FillType(i, items[i], Path{&here, {}, i});
  if (!failed()) CheckTypes(here);
}

}  // namespace hwf::ir::internal
