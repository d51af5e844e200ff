// A bounds-checked cursor over bytes of the log. Every read that would pass the end throws kBadEvent; nothing is ever
// read outside. Integers are little-endian unless said otherwise.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::mysql::binlog {

// Throws kBadEvent with this cause.
[[noreturn]] void ThrowBadEvent(std::string_view cause);

class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::string_view data) : at_(reinterpret_cast<const uint8_t*>(data.data())), end_(at_ + data.size()) {}

  size_t left() const { return static_cast<size_t>(end_ - at_); }
  bool empty() const { return at_ == end_; }

  const uint8_t* TakeRaw(size_t count) {
    if (count > left()) [[unlikely]]
      ThrowBadEvent("It is shorter than its fields say.");
    const uint8_t* taken = at_;
    at_ += count;
    return taken;
  }
  std::string_view Take(size_t count) { return {reinterpret_cast<const char*>(TakeRaw(count)), count}; }
  std::string_view Rest() { return Take(left()); }
  void Skip(size_t count) { TakeRaw(count); }
  void DropTail(size_t count) {
    if (count > left()) ThrowBadEvent("It is shorter than its checksum.");
    end_ -= count;
  }

  uint8_t U8() { return *TakeRaw(1); }
  uint16_t U16() { return Fixed<uint16_t>(); }
  uint32_t U32() { return Fixed<uint32_t>(); }
  uint64_t U64() { return Fixed<uint64_t>(); }
  uint32_t U24() { return static_cast<uint32_t>(Uint(3)); }
  uint64_t U48() { return Uint(6); }
  // 1 to 8 bytes.
  uint64_t Uint(size_t count) {
    const uint8_t* from = TakeRaw(count);
    uint64_t value = 0;
    for (size_t i = count; i-- > 0;) value = value << 8 | from[i];
    return value;
  }
  uint64_t BigUint(size_t count) {
    const uint8_t* from = TakeRaw(count);
    uint64_t value = 0;
    for (size_t i = 0; i < count; ++i) value = value << 8 | from[i];
    return value;
  }
  // MySQL manual, "Protocol::LengthEncodedInteger".
  uint64_t LengthEncoded() {
    const uint8_t first = U8();
    if (first < 251) return first;
    if (first == 252) return U16();
    if (first == 253) return U24();
    if (first == 254) return U64();
    ThrowBadEvent("A length in it is not one.");
  }
  std::string_view LengthEncodedText() {
    const uint64_t size = LengthEncoded();
    if (size > left()) ThrowBadEvent("A text in it is longer than the event.");
    return Take(static_cast<size_t>(size));
  }

 private:
  template <typename T>
  T Fixed() {
    T value;
    std::memcpy(&value, TakeRaw(sizeof(T)), sizeof(T));  // all platforms that we build for are little-endian
    return value;
  }

  const uint8_t* at_ = nullptr;
  const uint8_t* end_ = nullptr;
};

inline bool BitAt(std::string_view bits, size_t index) {
  return (static_cast<uint8_t>(bits[index / 8]) >> (index % 8) & 1) != 0;
}

}  // namespace sluice::mysql::binlog
