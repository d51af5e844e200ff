#include "connectors/mysql/binlog/json_tree.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "connectors/mysql/binlog/bytes.h"
#include "connectors/mysql/binlog/json.h"
#include "connectors/mysql/binlog/table_map.h"
#include "connectors/mysql/binlog/values.h"

namespace sluice::mysql::binlog {
namespace {

std::string_view From(std::string_view data, size_t offset) {
  if (offset > data.size()) ThrowBadEvent("A JSON value in it points outside.");
  return data.substr(offset);
}

// A length of 1 to 5 bytes, seven bits each, the lowest first.
uint64_t ReadLength(Bytes& bytes) {
  uint64_t length = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    const uint8_t byte = bytes.U8();
    length |= uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) == 0) return length;
  }
  ThrowBadEvent("A JSON length in it does not end.");
}

std::string_view ReadCounted(Bytes& bytes) {
  const uint64_t size = ReadLength(bytes);
  if (size > bytes.left()) ThrowBadEvent("A JSON text in it is longer than the document.");
  return bytes.Take(static_cast<size_t>(size));
}

// The shortest digits that read as the same double, written as the server does: with an exponent from 1e15 on (unless
// there are digits behind the point) and below 1e-15, and always such that it reads as a double again.
void AppendDouble(std::string& out, double value) {
  if (!std::isfinite(value)) ThrowBadEvent("A JSON number in it is not finite.");
  char text[40];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific);
  if (error != std::errc()) ThrowBadEvent("A JSON number in it cannot be written.");
  std::string_view rest(text, static_cast<size_t>(end - text));
  if (rest.front() == '-') {
    out += '-';
    rest.remove_prefix(1);
  }
  const size_t mark = rest.find('e');
  std::string digits(1, rest[0]);
  if (mark > 2) digits += rest.substr(2, mark - 2);
  int exponent = 0;
  const bool plus = rest[mark + 1] == '+';
  std::from_chars(rest.data() + mark + (plus ? 2 : 1), rest.data() + rest.size(), exponent);
  if (value == 0) exponent = 0;
  const int point = exponent + 1;  // where the decimal point stands among the digits
  const int count = static_cast<int>(digits.size());
  const bool fixed = (point >= -14 && point <= 15) || (point > 15 && count > point);
  if (!fixed) {
    out += digits[0];
    if (count > 1) out += '.' + digits.substr(1);
    out += fmt::format("e{}", exponent);
  } else if (point <= 0) {
    out += "0.";
    out.append(static_cast<size_t>(-point), '0');
    out += digits;
  } else if (count <= point) {
    out += digits;
    out.append(static_cast<size_t>(point - count), '0');
    out += ".0";
  } else {
    out += digits.substr(0, static_cast<size_t>(point)) + "." + digits.substr(static_cast<size_t>(point));
  }
}

void AppendBase64(std::string& out, std::string_view bytes) {
  constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t have = bytes.size() - i < 3 ? bytes.size() - i : 3;
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < have ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) out += k <= have ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
}

// Eight bytes: a signed number with 24 bits of microseconds; above them day and time of day, or hours.
void AppendPackedTime(std::string& out, LogType type, std::string_view data) {
  Bytes bytes(data);
  auto packed = static_cast<int64_t>(bytes.U64());
  Clockface t;
  t.negative = packed < 0;
  if (packed < 0) packed = packed == INT64_MIN ? 0 : -packed;
  t.micros = static_cast<uint32_t>(packed & 0xffffff) % 1000000;
  const auto whole = static_cast<uint64_t>(packed) >> 24;
  t.second = whole & 63;
  t.minute = whole >> 6 & 63;
  Arena arena;
  out += '"';
  if (type == LogType::kTime) {
    t.hour = (whole >> 12 & 1023) % 1000;
    out += WriteTime(t, 6, arena);
  } else {
    t.hour = whole >> 12 & 31;
    t.day = whole >> 17 & 31;
    const uint64_t months = whole >> 22 & 0x1ffff;
    t.month = months % 13;
    t.year = months / 13 % 10000;
    out += type == LogType::kDate ? WriteDate(t, arena) : WriteDateTime(t, 6, arena);
  }
  out += '"';
}

void AppendOpaque(std::string& out, std::string_view value) {
  Bytes bytes(value);
  const auto type = static_cast<LogType>(bytes.U8());
  const std::string_view data = ReadCounted(bytes);
  switch (type) {
    case LogType::kNewDecimal: {
      Bytes decimal(data);
      const unsigned precision = decimal.U8();
      const unsigned scale = decimal.U8();
      Arena arena;
      out += ReadDecimal(decimal, precision, scale, arena);
      return;
    }
    case LogType::kDate:
    case LogType::kTime:
    case LogType::kDateTime:
    case LogType::kTimestamp:
      AppendPackedTime(out, type, data);
      return;
    default:
      out += fmt::format("\"base64:type{}:", static_cast<unsigned>(type));
      AppendBase64(out, data);
      out += '"';
  }
}

void AppendLiteral(std::string& out, uint8_t literal) {
  switch (literal) {
    case 0:
      out += "null";
      return;
    case 1:
      out += "true";
      return;
    case 2:
      out += "false";
      return;
    default:
      ThrowBadEvent("A JSON literal in it is not known.");
  }
}

bool Inlined(JsonType type, size_t width) {
  return type == JsonType::kLiteral || type == JsonType::kInt16 || type == JsonType::kUint16 ||
         (width == 4 && (type == JsonType::kInt32 || type == JsonType::kUint32));
}

}  // namespace

JsonMembers::JsonMembers(const JsonValue& container)
    : object_(container.IsObject()),
      width_(container.type == JsonType::kLargeObject || container.type == JsonType::kLargeArray ? 4 : 2),
      count_(0) {
  Bytes bytes(container.data);
  const uint64_t count = bytes.Uint(width_);
  const uint64_t size = bytes.Uint(width_);
  if (size > container.data.size()) ThrowBadEvent("A JSON container in it is longer than the document.");
  data_ = container.data.substr(0, static_cast<size_t>(size));
  const uint64_t entries = count * ((object_ ? width_ + 2 : 0) + 1 + width_);
  if (2 * width_ + entries > data_.size()) ThrowBadEvent("A JSON container in it has more members than bytes.");
  count_ = static_cast<uint32_t>(count);
}

uint32_t JsonMembers::Number(size_t offset) const {
  Bytes bytes(From(data_, offset));
  return static_cast<uint32_t>(bytes.Uint(width_));
}

std::string_view JsonMembers::Key(uint32_t index) const {
  const size_t entry = 2 * width_ + index * (width_ + 2);
  Bytes length(From(data_, entry + width_));
  Bytes key(From(data_, Number(entry)));
  return key.Take(length.U16());
}

JsonValue JsonMembers::Value(uint32_t index) const {
  const size_t entry = 2 * width_ + (object_ ? count_ * (width_ + 2) : 0) + index * (1 + width_);
  Bytes bytes(From(data_, entry));
  JsonValue value;
  value.type = static_cast<JsonType>(bytes.U8());
  value.data = Inlined(value.type, width_) ? bytes.Take(width_) : From(data_, Number(entry + 1));
  return value;
}

JsonValue ParseJson(std::string_view binary) {
  JsonValue value;
  if (binary.empty()) {
    value.data = std::string_view("\0", 1);
    return value;
  }
  value.type = static_cast<JsonType>(binary[0]);
  value.data = binary.substr(1);
  return value;
}

void AppendJsonScalar(std::string& out, const JsonValue& value) {
  Bytes bytes(value.data);
  switch (value.type) {
    case JsonType::kLiteral:
      AppendLiteral(out, bytes.U8());
      return;
    case JsonType::kInt16:
      out += std::to_string(static_cast<int16_t>(bytes.U16()));
      return;
    case JsonType::kUint16:
      out += std::to_string(bytes.U16());
      return;
    case JsonType::kInt32:
      out += std::to_string(static_cast<int32_t>(bytes.U32()));
      return;
    case JsonType::kUint32:
      out += std::to_string(bytes.U32());
      return;
    case JsonType::kInt64:
      out += std::to_string(static_cast<int64_t>(bytes.U64()));
      return;
    case JsonType::kUint64:
      out += std::to_string(bytes.U64());
      return;
    case JsonType::kDouble: {
      const uint64_t bits = bytes.U64();
      double number;
      std::memcpy(&number, &bits, sizeof(number));
      AppendDouble(out, number);
      return;
    }
    case JsonType::kString:
      AppendJsonString(out, ReadCounted(bytes));
      return;
    case JsonType::kOpaque:
      AppendOpaque(out, value.data);
      return;
    default:
      ThrowBadEvent("A JSON value in it is of an unknown type.");
  }
}

}  // namespace sluice::mysql::binlog
