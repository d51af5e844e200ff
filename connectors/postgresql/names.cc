#include "connectors/postgresql/names.h"

namespace sluice::postgresql {

std::string SourceObjectName(const std::string& task) {
  constexpr size_t kMost = 63;
  std::string name = "sluice_";
  for (const char c : task) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    name += upper ? static_cast<char>(c + ('a' - 'A')) : plain ? c : '_';
  }
  // What tells identifiers apart stands at their end.
  if (name.size() > kMost) name = "sluice_" + name.substr(name.size() - (kMost - 7));
  return name;
}

}  // namespace sluice::postgresql
