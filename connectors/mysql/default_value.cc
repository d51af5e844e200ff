// SHOW CREATE TABLE writes each default as its column holds it; a statement of the log has it as a user wrote it, and
// the server reads it by the rules of the type (MySQL 8.4 Reference Manual 11.1 "Literal Values", 13.2 "Date and Time
// Data Types"): TIME '080000' is 08:00:00. Only forms whose reading is plain are read here.
#include "connectors/mysql/default_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/mysql/neutral.h"

namespace sluice::mysql {
namespace {

using model::ColumnType;
using model::TypeKind;
using sql::Token;
using Value = std::optional<std::string>;

struct DefaultLiteral {
  std::string text;  // without quotes, or a number with its sign
  bool quoted = false;
  bool has_bits = false;
  std::string bits;        // of b'101' and 0x41, each byte whole
  bool is_number = false;  // every server reads the bits as one where a number is wanted; MariaDB reads x'41' as text
};

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string WithoutZeros(std::string_view digits) {
  const size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? "0" : std::string(digits.substr(first));
}

// ---------------------------------------------------------------- what is written

// x'41', 0x41, b'101', 0b101
std::optional<DefaultLiteral> ReadBits(const std::string& text) {
  const std::string lower = sql::ToLower(text);
  if (lower.size() < 2) return std::nullopt;
  const bool quoted = lower[1] == '\'';
  const char base = quoted ? lower[0] : lower[1];
  if ((!quoted && lower[0] != '0') || (base != 'x' && base != 'b')) return std::nullopt;
  const std::string digits = lower.substr(2, lower.size() - 2 - (quoted && lower.size() > 2 ? 1 : 0));
  DefaultLiteral literal{.has_bits = true, .is_number = !(quoted && base == 'x')};
  for (const char c : digits) {
    const std::string_view known = "0123456789abcdef";
    const size_t value = known.find(c);
    if (value == std::string_view::npos || (base == 'b' && value > 1)) return std::nullopt;
    literal.bits += base == 'b' ? std::string(1, c) : fmt::format("{:04b}", value);
  }
  constexpr size_t kByte = 8;
  literal.bits.insert(0, (kByte - literal.bits.size() % kByte) % kByte, '0');
  return literal;
}

std::optional<DefaultLiteral> ReadLiteral(const sql::Tokens& tokens) {
  if (tokens.empty()) return std::nullopt;
  if (tokens[0].IsString()) {
    DefaultLiteral literal{.quoted = true};
    for (const Token& token : tokens) {
      if (!token.IsString()) return std::nullopt;
      literal.text += token.value;  // 'a' 'b' is one
    }
    return literal;
  }
  const bool is_signed = tokens[0].IsSymbol("-") || tokens[0].IsSymbol("+");
  const size_t at = is_signed ? 1 : 0;
  if (tokens.size() != at + 1 || tokens[at].kind != sql::TokenKind::kNumber) return std::nullopt;
  if (auto bits = ReadBits(tokens[at].text)) return is_signed ? std::nullopt : bits;
  return DefaultLiteral{.text = (tokens[0].IsSymbol("-") ? "-" : "") + tokens[at].text};
}

// ---------------------------------------------------------------- what it is in a column of a type

// As many digits as the column has bits.
Value Bits(const ColumnType& type, const DefaultLiteral& literal) {
  std::string bits = literal.bits;
  if (!literal.has_bits) {
    constexpr size_t kDecimalMost = 18;  // digits that fit into 64 bits
    if (literal.quoted || !IsDigits(literal.text) || literal.text.size() > kDecimalMost) return std::nullopt;
    bits = fmt::format("{:b}", std::strtoull(literal.text.c_str(), nullptr, 10));
  }
  bits = WithoutZeros(bits);
  if (bits.size() > type.length) return std::nullopt;
  return std::string(type.length - bits.size(), '0') + bits;
}

Value ValueOf(const ColumnType& type, const DefaultLiteral& literal) {
  switch (type.kind) {
    case TypeKind::kBit:
      return Bits(type, literal);
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
    case TypeKind::kBlob:
      return std::nullopt;
    case TypeKind::kDate:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      if (literal.quoted && IsZeroDate(literal.text)) return "-infinity";
      break;
    default:
      break;
  }
  if (literal.has_bits) return std::nullopt;
  return literal.text;
}

}  // namespace

model::ColumnDefault DescribeDefault(const ColumnType& type, const sql::Tokens& tokens) {
  using Kind = model::ColumnDefault::Kind;
  if (tokens.empty() || tokens[0].Is("NULL")) return {};
  const std::string word = sql::ToLower(tokens[0].text);
  if (word == "current_timestamp" || word == "now" || word == "localtimestamp" || word == "localtime") {
    return {Kind::kNow, ""};
  }
  const auto literal = ReadLiteral(tokens);
  const Value value = literal ? ValueOf(type, *literal) : std::nullopt;
  if (value) return {Kind::kLiteral, *value};
  return {Kind::kExpression, sql::Render(tokens)};
}

}  // namespace sluice::mysql
