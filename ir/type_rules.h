// Rules about types that the compiler and the IR share. Pure functions; what makes a type makes it in the given table.
#pragma once

#include "ir/type.h"

namespace hwf::ir {

// The type that both convert to; null if there is none.
TypeRef Join(TypeTable& types, TypeRef a, TypeRef b);

// `<` works on it: numbers, Durations, Bytes, and Strings by their bytes.
bool HasOrder(TypeRef type);

// `~{}` shows it in plain text: no list, no record, no file.
bool IsSimpleText(TypeRef type);

// The enum of the reasons of failure, `Reason`: one variant each, by its name.
TypeRef ReasonType(TypeTable& types);

// What `try` of a call gives: `ok(value)` with its outputs, or without a field if they are (); or, of a task,
// `failed(reason: Reason, exit: Int?, log: File)`, and of a workflow `failed(reason: Reason, message: String)`.
enum class Tried { kTask, kWorkflow };
TypeRef FailureType(TypeTable& types, std::string name, Tried what, TypeRef outputs, TypeRef reason);
bool IsFailureTypeOf(Tried what, TypeRef type);
inline bool IsFailureType(TypeRef type) {
  return IsFailureTypeOf(Tried::kTask, type) || IsFailureTypeOf(Tried::kWorkflow, type);
}

// The type with Approved[…] taken off.
inline TypeRef WithoutApproval(TypeRef type) { return type->kind == TypeKind::kApproved ? type->element : type; }

}  // namespace hwf::ir
