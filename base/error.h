// Error and ErrorOr<T>: the road for a world that failed (a file, a process, a peer). An Error says what was tried, on
// what and what happened; callers add context on the way up. Plain values, usable from any thread.
#pragma once

#include <fmt/core.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace hwf {

class Error {
 public:
  explicit Error(std::string message) : message_(std::move(message)) {}

  // `code` is an errno value, kept so that callers can tell ENOSPC or ENOENT apart; 0 if there is none.
  Error(std::string message, int code) : message_(std::move(message)), code_(code) {}

  const std::string& message() const { return message_; }
  int code() const { return code_; }

  // "context: message".
  Error WithContext(const std::string& context) const { return Error(context + ": " + message_, code_); }

 private:
  std::string message_;
  int code_ = 0;
};

template <typename... Args>
Error MakeError(fmt::format_string<Args...> format, Args&&... args) {
  return Error(fmt::format(format, std::forward<Args>(args)...));
}

// "<what>: <strerror(code)>", keeping the code. Thread-safe.
Error ErrnoError(int code, const std::string& what);

struct Success {};

// Either a T or an Error. `ErrorOr<Success>` is the result of an action without a value.
template <typename T>
class [[nodiscard]] ErrorOr {
 public:
  ErrorOr(Error error) : value_(std::move(error)) {}  // NOLINT: implicit, so that `return Error(...)` reads well
  ErrorOr(T value) : value_(std::move(value)) {}      // NOLINT

  bool ok() const { return std::holds_alternative<T>(value_); }
  const Error& error() const {
    HWF_CHECK(!ok());
    return std::get<Error>(value_);
  }
  T& value() & {
    HWF_CHECK(ok());
    return std::get<T>(value_);
  }
  const T& value() const& {
    HWF_CHECK(ok());
    return std::get<T>(value_);
  }
  T&& value() && {
    HWF_CHECK(ok());
    return std::get<T>(std::move(value_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<Error, T> value_;
};

}  // namespace hwf

// HWF_TRY(expression): returns the error from the enclosing function, else goes on.
#define HWF_TRY(expression)                                  \
  do {                                                       \
    auto hwf_try_result = (expression);                      \
    if (!hwf_try_result.ok()) return hwf_try_result.error(); \
  } while (false)

#define HWF_CONCAT_INNER(a, b) a##b
#define HWF_CONCAT(a, b) HWF_CONCAT_INNER(a, b)
#define HWF_ASSIGN_INNER(temporary, declaration, expression) \
  auto temporary = (expression);                             \
  if (!temporary.ok()) return temporary.error();             \
  declaration = std::move(temporary).value()

// HWF_ASSIGN(auto x, Expression()): declares x from an ErrorOr, or returns its error.
#define HWF_ASSIGN(declaration, expression) HWF_ASSIGN_INNER(HWF_CONCAT(hwf_assign_, __LINE__), declaration, expression)
