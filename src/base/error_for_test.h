// What a call throws, for tests.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"

namespace sluice {

// The code of the error, "" when there is none; `block` is what a user would read.
inline std::string CodeOf(const std::function<void()>& call, std::string* block = nullptr) {
  try {
    call();
  } catch (const Error& error) {
    if (block != nullptr) *block = error.info().Block();
    return error.info().code;
  }
  return "";
}

}  // namespace sluice
