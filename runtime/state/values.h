// Values at run time: conversion of JSON from outside to a type of the language, with messages that name the member and
// what was expected; text forms; digests. The forms of values are in ir/module.h. Pure functions, any thread.
//
// From outside, JSON is taken as it is in the run-time form, and also: an Int where a Float is wanted; a Duration as a
// text with its unit ("90s"); an enum's variant without required fields as its bare name. Converting twice changes
// nothing.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "ir/module.h"

namespace hwf::state {

// `value` as a value of `type`. `what` names it in messages: "output `metrics`". Missing optional members become null,
// unknown members are refused.
ErrorOr<Json> Convert(const Json& value, ir::TypeRef type, std::string_view what);

// A run parameter from a command line: Bool, Int, Float, String, Duration ("30min"), Bytes ("16GiB"), `none`, a
// variant's name; lists, maps and records as JSON. A File or Dir becomes {"path": text}: the caller resolves and hashes
// it.
ErrorOr<Json> ParseParameter(std::string_view text, ir::TypeRef type);

// The outputs of a task's attempt (object by output name). The error names the output, what was expected and found.
ErrorOr<Json> CheckOutputs(const ir::Task& task, const Json& outputs);
// The values of an emission of `stream`.
ErrorOr<Json> CheckEmission(const ir::Stream& stream, const Json& values);

// Int to Float inside what is already a value of a type that converts to `type`.
Json Widen(Json value, ir::TypeRef type);

// A value as `~{}` shows it: Durations as seconds, Bytes as a count, File and Dir as the path.
std::string ToText(const Json& value, ir::TypeRef type);
// A short form for messages: at most 60 bytes of JSON.
std::string Brief(const Json& value);

// Equality of the language: 1 equals 1.0; NaN equals nothing.
bool Equal(const Json& a, const Json& b);

// "b2:<64 hex>": BLAKE2b-256 of the compact JSON with sorted keys.
std::string DigestOf(const Json& value);

// "30min", "2d": a Duration for people. "16GiB": Bytes for people.
std::string DurationText(int64_t milliseconds);
std::string BytesText(int64_t bytes);

}  // namespace hwf::state
