// Broken invariants: a programming error aborts with where and what, in release builds too.
#pragma once

#include <string_view>

namespace sluice {

[[noreturn]] void CheckFailed(std::string_view what, const char* file, int line);

inline void Check(bool holds, std::string_view what, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (!holds) [[unlikely]]
    CheckFailed(what, file, line);
}

}  // namespace sluice
