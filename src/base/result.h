// A value or the ErrorInfo that says why there is none; for outcomes that the caller looks at (parse, validate, find).
#pragma once

#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace sluice {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}          // NOLINT: implicit by design
  Result(ErrorInfo error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT
  Result(const Error& error) : state_(std::in_place_index<1>, error.info()) {}   // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    Check(ok(), "value of a failed Result");
    return std::get<0>(state_);
  }
  const T& value() const& {
    Check(ok(), "value of a failed Result");
    return std::get<0>(state_);
  }
  T&& value() && {
    Check(ok(), "value of a failed Result");
    return std::get<0>(std::move(state_));
  }
  const ErrorInfo& error() const {
    Check(!ok(), "error of a good Result");
    return std::get<1>(state_);
  }

  // The value, or the error thrown.
  T ValueOrThrow() && {
    if (!ok()) throw Error(std::get<1>(std::move(state_)));
    return std::get<0>(std::move(state_));
  }

 private:
  std::variant<T, ErrorInfo> state_;
};

}  // namespace sluice
