#include "connectors/postgresql/foreign/conversion.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::postgresql {
namespace {

using model::ColumnType;
using model::TypeKind;
using Condition = std::optional<std::string>;

bool IsCharacters(TypeKind kind) {
  return kind == TypeKind::kChar || kind == TypeKind::kVarchar || kind == TypeKind::kText;
}
bool IsNumber(TypeKind kind) {
  return kind == TypeKind::kInteger || kind == TypeKind::kDecimal;
}
bool IsBytes(TypeKind kind) {
  return kind == TypeKind::kVarbinary || kind == TypeKind::kBlob;
}

template <typename List>
bool Holds(const List& list, std::string_view one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

// ---------------------------------------------------------------- numbers

struct Range {
  std::string least;
  std::string most;
};

Range RangeOf(const ColumnType& type) {
  const unsigned bits = type.bytes * 8u;
  const uint64_t all = bits >= 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
  if (type.is_unsigned) return {"0", std::to_string(all)};
  return {fmt::format("-{}", all / 2 + 1), std::to_string(all / 2)};
}

bool Covers(const ColumnType& was, const ColumnType& is) {
  if (was.kind != TypeKind::kInteger) return false;
  if (was.is_unsigned == is.is_unsigned) return is.bytes >= was.bytes;
  return was.is_unsigned && is.bytes > was.bytes;
}

Condition Numbers(const ColumnType& was, const ColumnType& is, const std::string& column) {
  if (is.kind == TypeKind::kInteger) {
    if (Covers(was, is)) return "";
    const Range range = RangeOf(is);
    return fmt::format("round({0}::numeric) NOT BETWEEN {1} AND {2}", column, range.least, range.most);
  }
  // What has too many digits, the server refuses here.
  return is.is_unsigned && !was.is_unsigned ? column + " < 0" : "";
}

// A limit of the digits rounds.
Condition Reals(const ColumnType& was, const ColumnType& is, const std::string& column) {
  if (is.precision != 0 && (is.precision != was.precision || is.scale != was.scale)) return std::nullopt;
  return is.is_unsigned && !was.is_unsigned ? column + " < 0" : "";
}

// ---------------------------------------------------------------- texts

// Character sets of MySQL 9.7 and MariaDB 11.8 that have every character of each other, and those without the ones
// behind U+FFFF.
constexpr std::array<std::string_view, 4> kUnicode = {"utf8mb4", "utf16", "utf16le", "utf32"};
constexpr std::array<std::string_view, 3> kBasicUnicode = {"utf8mb3", "utf8", "ucs2"};
constexpr std::array<std::string_view, 5> kWide = {"utf16", "utf16le", "utf32", "ucs2", "swe7"};  // or not as ASCII

bool CharsetCovers(const std::string& was, const std::string& is) {
  if (was == is || Holds(kUnicode, is)) return true;
  return Holds(kBasicUnicode, is) && !Holds(kUnicode, was) && was != "gb18030" && !was.empty();
}

bool IsAscii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Bytes that a text may have at most.
uint64_t BytesOf(const ColumnType& type) {
  constexpr uint64_t kCharacter = 4;
  return type.kind == TypeKind::kText ? type.length : type.length * kCharacter;
}

Condition Texts(const ColumnType& was, const ColumnType& is, const std::string& column) {
  std::string condition;
  if (!CharsetCovers(was.charset, is.charset)) {
    if (is.charset == "binary" || Holds(kWide, is.charset)) return std::nullopt;
    condition = fmt::format("octet_length({0}::text) <> char_length({0}::text)", column);
  }
  // How long a text may be in characters, the server knows here too.
  if (is.kind != TypeKind::kText || is.length >= BytesOf(was)) return condition;
  if (Holds(kWide, is.charset)) return std::nullopt;
  return condition + (condition.empty() ? "" : " OR ") + fmt::format("octet_length({}::text) > {}", column, is.length);
}

// Of the elements' list, which the statement says anew.
Condition Elements(const ColumnType& was, const ColumnType& is) {
  const bool plain = std::all_of(is.elements.begin(), is.elements.end(), IsAscii) && !Holds(kWide, is.charset);
  return CharsetCovers(was.charset, is.charset) || plain ? Condition("") : std::nullopt;
}

}  // namespace

Condition RowsThatChange(const ColumnType& was, const ColumnType& is, const std::string& column) {
  const bool is_text = IsCharacters(was.kind) || was.kind == TypeKind::kSet || was.kind == TypeKind::kEnum;
  if (is_text && IsCharacters(is.kind)) return Texts(was, is, column);
  if (IsNumber(was.kind) && IsNumber(is.kind)) return Numbers(was, is, column);
  // BINARY has zeros behind its values.
  if ((IsBytes(was.kind) || was.kind == TypeKind::kBinary) && IsBytes(is.kind)) {
    return is.length >= was.length ? "" : fmt::format("octet_length({}) > {}", column, is.length);
  }
  if (was.kind == TypeKind::kYear && is.kind == TypeKind::kInteger) return is.bytes > 1 ? Condition("") : std::nullopt;
  if (is.kind == TypeKind::kEnum || is.kind == TypeKind::kSet) return is_text ? Elements(was, is) : std::nullopt;
  if (was.kind != is.kind) return std::nullopt;
  switch (is.kind) {
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      return Reals(was, is, column);
    case TypeKind::kGeometry:
      return "";
    default:
      return was.length == is.length && was.bytes == is.bytes && was.fraction == is.fraction ? Condition("")
                                                                                             : std::nullopt;
  }
}

}  // namespace sluice::postgresql
