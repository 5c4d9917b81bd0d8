// Types of the language, shared by the compiler and the IR. A TypeTable interns them, so equal types are equal
// pointers (of one table). Records and enums are nominal: their definition hangs on the type. Immutable after the
// definition is set; one thread builds, any may read.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace hwf::ir {

struct Type;
using TypeRef = const Type*;

enum class TypeKind {
  kUnit,
  kBool,
  kInt,
  kFloat,
  kString,
  kDuration,
  kBytes,
  kFile,
  kDir,
  kList,
  kMap,
  kOptional,
  kRecord,
  kEnum,
  kApproved,
  kService,
  kNone,   // of the literal `none` alone: widens to any T?
  kEmpty,  // element of `[]` and `[:]`: widens to anything
  kNever,  // of `fail`: widens to anything
  kPoison  // compiler only: an error was reported; agrees with everything
};

struct FieldDef {
  std::string name;
  TypeRef type = nullptr;
  bool has_default = false;  // a call may leave it out (a T? always has the default none)
};
struct RecordDef {
  std::string name;  // "Metrics", "fit.epoch"; "" for a workflow's, task's or checkpoint's own record
  std::vector<FieldDef> fields;
  const FieldDef* Find(std::string_view field) const;
};
struct VariantDef {
  std::string name;
  std::vector<FieldDef> fields;
  const FieldDef* Find(std::string_view field) const;
};
struct EnumDef {
  std::string name;  // "Verdict"; for a review "digits.call"
  std::vector<VariantDef> variants;
  const VariantDef* Find(std::string_view variant) const;
};

struct Type {
  TypeKind kind;
  TypeRef element = nullptr;  // kList, kOptional, kApproved; the value of a kMap
  TypeRef key = nullptr;      // kMap
  const RecordDef* record = nullptr;
  const EnumDef* enumeration = nullptr;
};

class TypeTable {
 public:
  TypeTable();
  TypeTable(const TypeTable&) = delete;
  TypeTable& operator=(const TypeTable&) = delete;

  TypeRef Simple(TypeKind kind) const;  // kinds without parameters
  TypeRef List(TypeRef element);
  TypeRef Map(TypeRef key, TypeRef value);
  TypeRef Optional(TypeRef element);  // of an optional: itself
  TypeRef Approved(TypeRef element);  // of an approved: itself
  // A new nominal type; its definition may be filled in later through the pointer returned by the mutable accessors.
  TypeRef NewRecord(std::string name);
  TypeRef NewEnum(std::string name);
  RecordDef& MutableRecord(TypeRef type);
  EnumDef& MutableEnum(TypeRef type);

  // Every nominal type, in order of creation.
  const std::deque<RecordDef>& records() const { return records_; }
  const std::deque<EnumDef>& enums() const { return enums_; }
  TypeRef RecordType(size_t index) const { return record_types_[index]; }
  TypeRef EnumType(size_t index) const { return enum_types_[index]; }

 private:
  TypeRef Intern(TypeKind kind, TypeRef element, TypeRef key);

  std::deque<Type> types_;
  std::map<std::tuple<TypeKind, TypeRef, TypeRef>, TypeRef> interned_;
  std::deque<RecordDef> records_;
  std::deque<EnumDef> enums_;
  std::vector<TypeRef> record_types_;
  std::vector<TypeRef> enum_types_;
};

// As a user writes it: `[File]`, `Float?`, `Metrics`, `()`; an unnamed record as `(loss: Float)`.
std::string ToString(TypeRef type);

// Whether a value of `from` may stand where `to` is wanted: equality, Int to Float, T to T?, Approved[T] to T, lists
// and maps by their elements, and kNone, kEmpty, kNever, kPoison as said above.
bool Converts(TypeRef from, TypeRef to);

// Whether a File or Dir can be reached inside a value of this type.
bool HoldsFiles(TypeRef type);

}  // namespace hwf::ir
