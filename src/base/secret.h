// A password. It cannot be printed, logged or compared by accident; only Reveal() hands it out, to a client library.
#pragma once

#include <string>
#include <utility>

namespace sluice {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  const std::string& Reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

// `text` with every occurrence of the secret (if at least 3 bytes long) replaced by "***".
std::string Redact(std::string text, const Secret& secret);

}  // namespace sluice
