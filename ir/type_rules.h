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

// What `try` of a call gives: `ok(value)` with its outputs, or without a field if they are (); or
// `failed(reason: Reason, exit: Int?, log: File)`.
TypeRef FailureType(TypeTable& types, std::string name, TypeRef outputs, TypeRef reason);
bool IsFailureType(TypeRef type);

// The type with Approved[…] taken off.
inline TypeRef WithoutApproval(TypeRef type) { return type->kind == TypeKind::kApproved ? type->element : type; }

}  // namespace hwf::ir
