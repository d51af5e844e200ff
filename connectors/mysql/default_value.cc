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
#include <vector>

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

// Whether it is one, and its text the same in UTF-8: _utf8mb4'text'.
bool IsIntroducer(const Token& token) {
  return token.kind == sql::TokenKind::kWord && sql::ToLower(token.text).starts_with("_utf8");
}

std::optional<DefaultLiteral> ReadLiteral(sql::Tokens tokens) {
  while (tokens.size() > 2 && tokens.front().IsSymbol("(") && tokens.back().IsSymbol(")")) {
    tokens = sql::Slice(tokens, 1, tokens.size() - 1);
  }
  if (tokens.size() == 2 && IsIntroducer(tokens[0]) && tokens[1].IsString()) tokens = sql::Slice(tokens, 1, 2);
  if (tokens.empty()) return std::nullopt;
  if (tokens.size() == 1 && (tokens[0].Is("TRUE") || tokens[0].Is("FALSE"))) {
    return DefaultLiteral{.text = tokens[0].Is("TRUE") ? "1" : "0"};
  }
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

// Whole numbers of this type, without what says nothing.
Value Whole(const std::string& text) {
  const bool has_sign = text.starts_with('-') || text.starts_with('+');
  const std::string digits = text.substr(has_sign ? 1 : 0);
  if (!IsDigits(digits)) return std::nullopt;
  const std::string number = WithoutZeros(digits);
  return (text[0] == '-' && number != "0" ? "-" : "") + number;
}

Value Integer(const DefaultLiteral& literal) {
  if (!literal.has_bits) return Whole(literal.text);
  constexpr size_t kBits = 64;
  const std::string bits = WithoutZeros(literal.bits);
  if (!literal.is_number || bits.size() > kBits) return std::nullopt;
  return std::to_string(std::strtoull(bits.c_str(), nullptr, 2));
}

// Digits with a point, of which at most `scale` stand behind it: the server rounds what has more.
Value Decimal(const std::string& text, size_t scale) {
  const size_t point = text.find('.');
  const std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
  const auto whole = Whole(text.substr(0, point));
  if (!whole || fraction.size() > scale || (point != std::string::npos && !IsDigits(fraction))) return std::nullopt;
  const bool lost_sign = text[0] == '-' && !whole->starts_with('-');
  return (lost_sign && fraction.find_first_not_of('0') != std::string::npos ? "-" : "") + *whole +
         (fraction.empty() ? "" : "." + fraction);
}

Value Real(const ColumnType& type, const std::string& text) {
  constexpr size_t kAnyScale = 400;
  if (type.precision != 0) return Decimal(text, type.scale);
  const size_t e = sql::ToLower(text).find('e');
  const auto number = Decimal(text.substr(0, e), kAnyScale);
  const auto exponent = e == std::string::npos ? Value("") : Whole(text.substr(e + 1));
  if (!number || !exponent) return std::nullopt;
  return *number + (e == std::string::npos ? "" : "e" + *exponent);
}

// Two digits are a year between 1970 and 2069; the number 0 is the year 0000.
Value Year(const DefaultLiteral& literal) {
  constexpr uint64_t kCentury = 100;
  constexpr uint64_t kFirst = 70;
  if (!IsDigits(literal.text)) return std::nullopt;
  const uint64_t number = std::strtoull(literal.text.c_str(), nullptr, 10);
  if (literal.text.size() == 4) return std::to_string(number);
  if (literal.text.size() > 2) return std::nullopt;
  if (!literal.quoted && number == 0) return "0";
  return std::to_string(number + (number < kFirst ? 20 * kCentury : 19 * kCentury));
}

// Whether `text` has these characters at its begin, 9 standing for any digit; takes them off.
bool Take(std::string_view& text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '9' ? !IsDigits(text.substr(i, 1)) : text[i] != pattern[i]) return false;
  }
  text.remove_prefix(pattern.size());
  return true;
}

// "", ".5": no more digits than the column has, or the server rounds.
bool IsFraction(std::string_view text, uint8_t most) {
  return text.empty() || (text[0] == '.' && IsDigits(text.substr(1)) && text.size() <= most + 1u);
}

Value Moment(const ColumnType& type, const DefaultLiteral& literal) {
  if (!literal.quoted) return literal.text == "0" ? Value("-infinity") : std::nullopt;
  if (IsZeroDate(literal.text)) return "-infinity";
  std::string_view rest = literal.text;
  if (!Take(rest, "9999-99-99")) return std::nullopt;
  if (type.kind == TypeKind::kDate) return rest.empty() ? Value(literal.text) : std::nullopt;
  if (rest.empty()) return literal.text + " 00:00:00";
  return Take(rest, " 99:99:99") && IsFraction(rest, type.fraction) ? Value(literal.text) : std::nullopt;
}

// "[-]H:MM[:SS[.f]]", and digits alone, which are HMMSS.
Value Time(const ColumnType& type, const DefaultLiteral& literal) {
  const bool negative = literal.text.starts_with('-');
  std::string text = literal.text.substr(negative ? 1 : 0);
  constexpr size_t kDigitsMost = 7;
  if (IsDigits(text) && text.size() <= kDigitsMost) {
    text = std::string(kDigitsMost - text.size(), '0') + text;
    text = text.substr(0, 3) + ":" + text.substr(3, 2) + ":" + text.substr(5);
  } else if (!literal.quoted) {
    return std::nullopt;
  }
  const size_t colon = text.find(':');
  if (colon == std::string::npos || colon > 3 || !IsDigits(text.substr(0, colon))) return std::nullopt;
  const std::string hours = WithoutZeros(text.substr(0, colon));
  std::string_view rest = std::string_view(text).substr(colon);
  if (!Take(rest, ":99")) return std::nullopt;
  std::string minutes(text.substr(colon, 3));
  std::string seconds = ":00";
  if (!rest.empty()) {
    seconds = rest;
    if (!Take(rest, ":99") || !IsFraction(rest, type.fraction)) return std::nullopt;
  }
  if (minutes[1] > '5' || seconds[1] > '5') return std::nullopt;
  return (negative ? "-" : "") + std::string(hours.size() < 2 ? "0" : "") + hours + minutes + seconds;
}

std::string Bytes(const std::string& bits) {
  constexpr size_t kByte = 8;
  std::string bytes;
  for (size_t i = 0; i + kByte <= bits.size(); i += kByte) {
    bytes += static_cast<char>(std::strtoul(bits.substr(i, kByte).c_str(), nullptr, 2));
  }
  return bytes;
}

// What a literal is as text: a number as the server would write it.
Value Plain(const DefaultLiteral& literal) {
  if (literal.quoted) return literal.text;
  constexpr size_t kAnyScale = 30;
  return Decimal(literal.text, kAnyScale);
}

Value Text(const ColumnType& type, const DefaultLiteral& literal) {
  Value text = Plain(literal);
  if (literal.has_bits) {
    text = Bytes(literal.bits);
    const bool is_ascii = std::all_of(text->begin(), text->end(), [](char c) { return c > 0; });
    const bool keeps_ascii = type.charset.starts_with("utf8") || type.charset == "latin1" || type.charset == "ascii";
    if (!is_ascii || !keeps_ascii) return std::nullopt;
  }
  if (text && type.kind == TypeKind::kChar) text->resize(text->find_last_not_of(' ') + 1);
  return text;
}

// One of the list, whose letters it may have in another size.
Value Element(const ColumnType& type, const std::string& text) {
  const auto& list = type.elements;
  if (std::find(list.begin(), list.end(), text) != list.end()) return text;
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const std::string& one) { return sql::EqualIgnoringCase(one, text); });
  return found == list.end() ? std::nullopt : Value(*found);
}

// In the order of the list, each once.
Value Elements(const ColumnType& type, const std::string& text) {
  std::vector<std::string> chosen;
  for (size_t begin = 0; !text.empty() && begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const auto element = Element(type, text.substr(begin, end - begin));
    if (!element) return std::nullopt;
    chosen.push_back(*element);
    begin = end + 1;
  }
  std::string out;
  for (const std::string& element : type.elements) {
    if (std::find(chosen.begin(), chosen.end(), element) != chosen.end()) out += (out.empty() ? "" : ",") + element;
  }
  return out;
}

Value Hex(const ColumnType& type, const DefaultLiteral& literal) {
  Value bytes = literal.has_bits ? Value(Bytes(literal.bits)) : Plain(literal);
  const bool padded = type.kind == TypeKind::kBinary;
  if (!bytes || (padded && bytes->size() > type.length)) return std::nullopt;
  if (padded) bytes->resize(type.length);
  std::string hex = "\\x";
  for (const char c : *bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

Value ValueOf(const ColumnType& type, const DefaultLiteral& literal) {
  switch (type.kind) {
    case TypeKind::kBit:
      return Bits(type, literal);
    case TypeKind::kBoolean:
    case TypeKind::kInteger:
      return Integer(literal);
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
    case TypeKind::kBlob:
      return Hex(type, literal);
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
      return Text(type, literal);
    default:
      break;
  }
  if (literal.has_bits) return std::nullopt;
  switch (type.kind) {
    case TypeKind::kDecimal:
      return Decimal(literal.text, type.scale);
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      return Real(type, literal.text);
    case TypeKind::kYear:
      return Year(literal);
    case TypeKind::kDate:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      return Moment(type, literal);
    case TypeKind::kTime:
      return Time(type, literal);
    case TypeKind::kEnum:
      return literal.quoted ? Element(type, literal.text) : std::nullopt;
    case TypeKind::kSet:
      return literal.quoted ? Elements(type, literal.text) : std::nullopt;
    case TypeKind::kJson:
    case TypeKind::kUuid:
    case TypeKind::kInet:
      return literal.quoted ? Value(literal.text) : std::nullopt;
    default:
      return std::nullopt;
  }
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
