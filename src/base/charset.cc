#include "base/charset.h"

#include <iconv.h>

#include <algorithm>

namespace sluice {

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Utf8Converter::Utf8Converter(void* handle) : handle_(handle, [](void* open) { iconv_close(open); }) {}

std::optional<Utf8Converter> Utf8Converter::Make(const char* charset) {
  const iconv_t handle = iconv_open("UTF-8", charset);
  if (handle == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
  return Utf8Converter(handle);
}

std::optional<std::string> Utf8Converter::Convert(std::string_view text) {
  iconv(handle_.get(), nullptr, nullptr, nullptr, nullptr);  // the state at the beginning of a text
  std::string out(text.size() * 4, '\0');
  char* from = const_cast<char*>(text.data());
  size_t from_left = text.size();
  char* to = out.data();
  size_t to_left = out.size();
  if (iconv(handle_.get(), &from, &from_left, &to, &to_left) == static_cast<size_t>(-1)) return std::nullopt;
  out.resize(out.size() - to_left);
  return out;
}

}  // namespace sluice
