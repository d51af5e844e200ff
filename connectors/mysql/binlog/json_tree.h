// Reads binary JSON once for both of its users: the text writer, and the tree that differences are applied to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::mysql::binlog {

enum class JsonType : uint8_t {
  kSmallObject = 0x00,
  kLargeObject = 0x01,
  kSmallArray = 0x02,
  kLargeArray = 0x03,
  kLiteral = 0x04,
  kInt16 = 0x05,
  kUint16 = 0x06,
  kInt32 = 0x07,
  kUint32 = 0x08,
  kInt64 = 0x09,
  kUint64 = 0x0a,
  kDouble = 0x0b,
  kString = 0x0c,
  kOpaque = 0x0f,
};

// MySQL refuses documents nested deeper than 100.
inline constexpr int kJsonDepthMax = 128;

// A value inside a document. Views into its bytes.
struct JsonValue {
  JsonType type = JsonType::kLiteral;
  std::string_view data;  // from the value's first byte to the end of what encloses it

  bool IsObject() const { return type == JsonType::kSmallObject || type == JsonType::kLargeObject; }
  bool IsArray() const { return type == JsonType::kSmallArray || type == JsonType::kLargeArray; }
};

// The members of an object or array.
class JsonMembers {
 public:
  explicit JsonMembers(const JsonValue& container);
  uint32_t count() const { return count_; }
  std::string_view Key(uint32_t index) const;  // of an object
  JsonValue Value(uint32_t index) const;

 private:
  uint32_t Number(size_t offset) const;  // 2 or 4 bytes
  std::string_view data_;
  bool object_;
  size_t width_;  // of offsets and sizes
  uint32_t count_;
};

JsonValue ParseJson(std::string_view binary);
// Of what is neither object nor array.
void AppendJsonScalar(std::string& out, const JsonValue& value);

}  // namespace sluice::mysql::binlog
