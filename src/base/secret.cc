#include "base/secret.h"

namespace sluice {

std::string Redact(std::string text, const Secret& secret) {
  const std::string& hidden = secret.Reveal();
  if (hidden.size() < 3) return text;
  for (size_t at = text.find(hidden); at != std::string::npos; at = text.find(hidden, at + 3)) {
    text.replace(at, hidden.size(), "***");
  }
  return text;
}

}  // namespace sluice
