// A bounds-checked cursor over a message of the log. Every read that would pass the end throws kBadMessage; nothing is
// ever read outside. Integers are big-endian (PostgreSQL documentation, "Message Data Types").
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::postgresql::pgoutput {

// Throws kBadMessage with this cause.
[[noreturn]] void ThrowBadMessage(std::string_view cause);

class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::string_view data) : rest_(data) {}

  size_t left() const { return rest_.size(); }
  bool empty() const { return rest_.empty(); }

  std::string_view Take(size_t count) {
    if (count > rest_.size()) [[unlikely]]
      ThrowBadMessage("it is shorter than its fields say");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::string_view Rest() { return Take(rest_.size()); }

  uint8_t U8() { return static_cast<uint8_t>(Take(1)[0]); }
  char Char() { return Take(1)[0]; }
  uint16_t U16() { return static_cast<uint16_t>(Uint(2)); }
  uint32_t U32() { return static_cast<uint32_t>(Uint(4)); }
  uint64_t U64() { return Uint(8); }
  // Ended by a zero byte.
  std::string_view Text() {
    const size_t end = rest_.find('\0');
    if (end == std::string_view::npos) ThrowBadMessage("a text in it has no end");
    const std::string_view text = Take(end);
    Take(1);
    return text;
  }

 private:
  uint64_t Uint(size_t count) {
    uint64_t value = 0;
    for (const char c : Take(count)) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }

  std::string_view rest_;
};

}  // namespace sluice::postgresql::pgoutput
