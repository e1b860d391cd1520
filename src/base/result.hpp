#pragma once
// SPDX-License-Identifier: Apache-2.0
// How this project reports failure: Result<T> is a value, or the Error that prevented it.
//
// A user's mistake in a dataflow is a Diagnostic (dataflow/diagnostic.hpp), absence that is normal
// is std::optional, a bug of ours is CHECK (base/check.hpp). docs/errors.md tells the whole story.

#include <expected>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dora {

/// Failures sorted by what the caller can do about them. docs/errors.md maps each kind to its C
/// status, Python exception and exit code.
enum class ErrorKind {
  InvalidInput,  ///< correct the input
  NotFound,      ///< name something that exists
  Disconnected,  ///< reconnect, or stop
  TimedOut,      ///< wait longer
  Busy,          ///< retry later
  Unsupported,   ///< use another way or version
  Failed,        ///< tell a human
};

/// A failure: its kind for programs, its message for humans.
struct Error {
  ErrorKind kind = ErrorKind::Failed;
  std::string message;

  /// Prefixes the message with what was being attempted, e.g. "starting node 'camera'".
  Error while_doing(std::string_view attempt) && {
    return {kind, std::string(attempt) + ": " + std::move(message)};
  }

  bool operator==(const Error&) const = default;
};

/// A value, or the Error that prevented it. The compiler warns when one is ignored.
template <typename T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
  using Base = std::expected<T, Error>;

 public:
  using Base::Base;

  /// On failure, the same error with `attempt` put before its message.
  Result while_doing(std::string_view attempt) && {
    if (this->has_value()) return std::move(*this);
    return std::unexpected(std::move(this->error()).while_doing(attempt));
  }
};

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected(Error{kind, std::move(message)});
}

/// Moves the value out of a successful result; used by TRY.
template <typename T>
T take_value(Result<T>&& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace dora

/// Yields the value of `expression`, or returns its error from the enclosing function.
/// One TRY a line: a nested one shadows the other's variable.
#define TRY(...)                                                            \
  __extension__({                                                           \
    auto try_result = (__VA_ARGS__);                                        \
    if (!try_result) return std::unexpected(std::move(try_result).error()); \
    ::dora::take_value(std::move(try_result));                              \
  })
