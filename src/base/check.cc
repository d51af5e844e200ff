#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sluice {

void CheckFailed(std::string_view what, const char* file, int line) {
  std::fprintf(stderr, "sluice: broken invariant at %s:%d: %.*s\n", file, line, static_cast<int>(what.size()),
               what.data());
  std::abort();
}

}  // namespace sluice
