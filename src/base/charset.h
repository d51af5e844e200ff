// Text of other character sets, to UTF-8.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

bool IsAscii(std::string_view text);

// One thread.
class Utf8Converter {
 public:
  // `charset` as the C library calls it (iconv). Nothing: it does not know it.
  static std::optional<Utf8Converter> Make(const char* charset);
  // Nothing: there are bytes in it that are no characters.
  std::optional<std::string> Convert(std::string_view text);

 private:
  explicit Utf8Converter(void* handle);
  std::unique_ptr<void, void (*)(void*)> handle_;
};

}  // namespace sluice
