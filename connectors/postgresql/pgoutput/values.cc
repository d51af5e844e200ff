#include "connectors/postgresql/pgoutput/values.h"

#include <charconv>
#include <cstring>

#include "connectors/postgresql/pgoutput/bytes.h"

namespace sluice::postgresql::pgoutput {
namespace {

using model::Cell;
using model::CellKind;
using model::TypeKind;

template <typename T>
T Number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) ThrowBadMessage("a number in it is none");
  return value;
}

Cell Boolean(std::string_view text) {
  if (text != "t" && text != "f") ThrowBadMessage("a boolean in it is neither t nor f");
  return Cell::Int(text == "t" ? 1 : 0);
}

Cell Bits(std::string_view text) {
  constexpr size_t kMost = 64;
  if (text.size() > kMost) ThrowBadMessage("a bit string in it is longer than its column");
  uint64_t value = 0;
  for (const char c : text) {
    if (c != '0' && c != '1') ThrowBadMessage("a bit string in it has other digits");
    value = value << 1 | static_cast<uint64_t>(c - '0');
  }
  return Cell::Uint(value);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

Cell Binary(std::string_view text, Arena& arena) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) ThrowBadMessage("a bytea in it is not in hex form");
  const size_t size = text.size() / 2 - 1;
  char* bytes = arena.Allocate(size);
  for (size_t i = 0; i < size; ++i) {
    const int high = HexDigit(text[2 * i + 2]);
    const int low = HexDigit(text[2 * i + 3]);
    if (high < 0 || low < 0) ThrowBadMessage("a bytea in it is not in hex form");
    bytes[i] = static_cast<char>(high << 4 | low);
  }
  return Cell::Bytes(CellKind::kBytes, {bytes, size});
}

// "2024-02-29 12:00:00.5+00", "0044-03-15 00:00:00+00 BC", "infinity": the session's zone is UTC.
Cell Instant(std::string_view text, Arena& arena) {
  constexpr std::string_view kZone = "+00";
  const size_t zone = text.rfind(kZone);
  if (zone == std::string_view::npos) {
    if (!text.ends_with("infinity")) ThrowBadMessage("a timestamp in it is not in UTC");
    return Cell::Bytes(CellKind::kDateTime, arena.Copy(text));
  }
  const std::string_view era = text.substr(zone + kZone.size());
  if (!era.empty() && era != " BC") ThrowBadMessage("a timestamp in it is not in UTC");
  char* copy = arena.Allocate(text.size() - kZone.size());
  std::memcpy(copy, text.data(), zone);
  if (!era.empty()) std::memcpy(copy + zone, era.data(), era.size());
  return Cell::Bytes(CellKind::kDateTime, {copy, text.size() - kZone.size()});
}

}  // namespace

Cell CellOfText(TypeKind kind, bool is_unsigned, std::string_view text, Arena& arena) {
  switch (kind) {
    case TypeKind::kBoolean:
      return Boolean(text);
    case TypeKind::kInteger:
      return is_unsigned ? Cell::Uint(Number<uint64_t>(text)) : Cell::Int(Number<int64_t>(text));
    case TypeKind::kFloat32:
      return Cell::Float32(Number<float>(text));  // "NaN" and "Infinity" too
    case TypeKind::kFloat64:
      return Cell::Float64(Number<double>(text));
    case TypeKind::kBit:
      return Bits(text);
    case TypeKind::kBlob:
      return Binary(text, arena);
    case TypeKind::kTimestamp:
      return Instant(text, arena);
    case TypeKind::kDecimal:
      return Cell::Bytes(CellKind::kDecimal, arena.Copy(text));
    case TypeKind::kDate:
      return Cell::Bytes(CellKind::kDate, arena.Copy(text));
    case TypeKind::kTime:
      return Cell::Bytes(CellKind::kTime, arena.Copy(text));
    case TypeKind::kDateTime:
      return Cell::Bytes(CellKind::kDateTime, arena.Copy(text));
    case TypeKind::kJson:
      return Cell::Bytes(CellKind::kJson, arena.Copy(text));
    default:
      return Cell::Bytes(CellKind::kText, arena.Copy(text));
  }
}

}  // namespace sluice::postgresql::pgoutput
