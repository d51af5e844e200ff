// The database's encoding, in which test_decoding writes its text. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/charset.h"

namespace sluice::postgresql::test_decoding {

class Encoding {
 public:
  // `name` as the server calls it. Nothing: it is not known here, or not to the C library.
  static std::optional<Encoding> Make(const std::string& name);
  // To UTF-8; valid until the next call. Throws kBadMessage for bytes that are no characters.
  std::string_view Convert(std::string_view text);

 private:
  Encoding(std::string name, std::optional<Utf8Converter> converter);

  std::string name_;
  std::optional<Utf8Converter> converter_;  // nothing: it is UTF-8
  std::string text_;
};

}  // namespace sluice::postgresql::test_decoding
