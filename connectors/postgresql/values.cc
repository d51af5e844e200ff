#include "connectors/postgresql/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

namespace sluice::postgresql {
namespace {

using model::Cell;
using model::CellKind;
using model::TypeKind;

constexpr int32_t kHeader = 4;  // that modifiers of numeric, varchar and bpchar count too

struct WireFacts {
  std::string_view array;
  uint32_t element;
};

const WireFacts& FactsOf(Wire wire) {
  static constexpr WireFacts facts[] = {{"bool[]", type_id::kBool},     {"int2[]", type_id::kInt2},
                                        {"int4[]", type_id::kInt4},     {"int8[]", type_id::kInt8},
                                        {"float4[]", type_id::kFloat4}, {"float8[]", type_id::kFloat8},
                                        {"bytea[]", type_id::kBytea},   {"text[]", type_id::kText}};
  return facts[static_cast<size_t>(wire)];
}

void PutBigEndian(std::string& out, uint64_t value, size_t size) {
  for (size_t i = size; i-- > 0;) out += static_cast<char>(value >> (i * 8) & 0xff);
}

template <typename Integer>
bool InRange(const Cell& cell) {
  if (cell.kind == CellKind::kInt) {
    return cell.i >= std::numeric_limits<Integer>::min() && cell.i <= std::numeric_limits<Integer>::max();
  }
  return cell.kind == CellKind::kUint && cell.u <= static_cast<uint64_t>(std::numeric_limits<Integer>::max());
}

bool IsWhole(const Cell& cell) {
  return cell.kind == CellKind::kInt || cell.kind == CellKind::kUint;
}

// The server's words for what is no number; else the shortest text that gives the same value.
template <typename Float>
void AppendFloat(std::string& out, Float value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

void AppendHex(std::string& out, std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += "\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

// MySQL's date for none is before all others, as -infinity is here (connector/neutral.h).
std::string_view TextOf(const Cell& cell) {
  const std::string_view text = cell.text();
  const bool is_date = cell.kind == CellKind::kDate || cell.kind == CellKind::kDateTime;
  const bool is_zero =
      is_date && text.starts_with("0000-00-00") && text.find_first_not_of("0-: .") == std::string_view::npos;
  return is_zero ? "-infinity" : text;
}

void AppendUnsigned(std::string& out, uint64_t value, const model::ColumnType& type) {
  if (type.kind == TypeKind::kBit) {
    for (uint64_t bit = type.length; bit-- > 0;) out += (value >> bit & 1) != 0 ? '1' : '0';
  } else if (type.kind == TypeKind::kEnum && !type.elements.empty()) {
    if (value >= 1 && value <= type.elements.size()) out += type.elements[value - 1];
  } else if (type.kind == TypeKind::kSet && !type.elements.empty()) {
    const size_t start = out.size();
    for (size_t i = 0; i < type.elements.size(); ++i) {
      if ((value >> i & 1) == 0) continue;
      if (out.size() != start) out += ',';
      out += type.elements[i];
    }
  } else if (type.kind == TypeKind::kBoolean) {
    out += value != 0 ? 't' : 'f';
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

// Digits after the point that are not zero, of a decimal or of the seconds; blanks and words end it.
size_t FractionDigits(std::string_view text) {
  const size_t point = text.find('.');
  if (point == std::string_view::npos) return 0;
  size_t digits = 0;
  for (size_t i = point + 1; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    if (text[i] != '0') digits = i - point;
  }
  return digits;
}

size_t Characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string WhyTextChanged(const Cell& cell, const model::ColumnType& type, const StoredColumn& stored) {
  if (!cell.HasBytes() || cell.text().empty() || cell.text().back() != ' ') return "";
  if (stored.type == type_id::kBpchar && type.kind != TypeKind::kChar) return "blanks at the end would be lost";
  const auto most = static_cast<size_t>(stored.modifier - kHeader);
  if (stored.modifier >= kHeader && cell.size > most && Characters(cell.text()) > most &&
      type.kind != TypeKind::kChar) {
    return "blanks at the end would be cut off";
  }
  return "";
}

// Digits after the point that a number in this text needs, negative for zeros before it: 2 of "1.250", -3 of "5000",
// 7 of "1e-07". Words such as NaN need none.
int64_t NeededScale(std::string_view text) {
  int64_t exponent = 0;
  if (const size_t at = text.find('e'); at != std::string_view::npos) {
    const bool is_plus = at + 1 < text.size() && text[at + 1] == '+';
    std::from_chars(text.data() + at + 1 + (is_plus ? 1 : 0), text.data() + text.size(), exponent);
    text = text.substr(0, at);
  }
  const size_t point = text.find('.');
  int64_t scale = static_cast<int64_t>(FractionDigits(text));
  if (scale == 0) {
    const std::string_view whole = text.substr(0, point);
    const size_t last = whole.find_last_of("123456789");
    if (last == std::string_view::npos) return std::numeric_limits<int32_t>::min();
    scale = -static_cast<int64_t>(whole.size() - 1 - last);
  }
  return scale - exponent;
}

std::string WhyNumberChanged(const Cell& cell, const model::ColumnType& type, const StoredColumn& stored) {
  if (stored.modifier < kHeader) return "";
  constexpr int32_t kScaleMask = 0x7ff;  // eleven bits with a sign (src/backend/utils/adt/numeric.c)
  constexpr int32_t kScaleSign = 1024;
  const int32_t scale = (((stored.modifier - kHeader) & kScaleMask) ^ kScaleSign) - kScaleSign;
  std::string text;
  AppendText(text, cell, type);
  if (NeededScale(text) <= scale) return "";
  return fmt::format("{} has more digits than the column keeps", text);
}

}  // namespace

std::string_view ArrayType(Wire wire) {
  return FactsOf(wire).array;
}

Wire WireOf(const StoredColumn& stored) {
  switch (stored.type) {
    case type_id::kBool:
      return Wire::kBool;
    case type_id::kInt2:
      return Wire::kInt2;
    case type_id::kInt4:
      return Wire::kInt4;
    case type_id::kInt8:
      return Wire::kInt8;
    case type_id::kFloat4:
      return Wire::kFloat4;
    case type_id::kFloat8:
      return Wire::kFloat8;
    case type_id::kBytea:
      return Wire::kBytea;
    default:
      return Wire::kText;
  }
}

bool Fits(const Cell& cell, Wire wire) {
  if (cell.IsNull()) return true;
  switch (wire) {
    case Wire::kBool:
      return IsWhole(cell) && cell.u <= 1;
    case Wire::kInt2:
      return InRange<int16_t>(cell);
    case Wire::kInt4:
      return InRange<int32_t>(cell);
    case Wire::kInt8:
      return InRange<int64_t>(cell);
    case Wire::kFloat4:
      return cell.kind == CellKind::kFloat32;
    case Wire::kFloat8:
      return cell.kind == CellKind::kFloat64 || cell.kind == CellKind::kFloat32;
    case Wire::kBytea:
      return cell.kind == CellKind::kBytes;
    case Wire::kText:
      return true;
  }
  return false;
}

void AppendText(std::string& out, const Cell& cell, const model::ColumnType& type) {
  switch (cell.kind) {
    case CellKind::kInt:
      if (type.kind == TypeKind::kBoolean) {
        out += cell.i != 0 ? 't' : 'f';
      } else {
        fmt::format_to(std::back_inserter(out), "{}", cell.i);
      }
      break;
    case CellKind::kUint:
      AppendUnsigned(out, cell.u, type);
      break;
    case CellKind::kFloat32:
      AppendFloat(out, cell.f32);
      break;
    case CellKind::kFloat64:
      AppendFloat(out, cell.f64);
      break;
    case CellKind::kBytes:
      AppendHex(out, cell.text());
      break;
    default:
      out += TextOf(cell);
      break;
  }
}

std::string WhyChanged(const Cell& cell, const model::ColumnType& type, const StoredColumn& stored) {
  if (cell.IsNull() || cell.IsAbsent() || type.native == stored.definition) return "";
  switch (stored.type) {
    case type_id::kVarchar:
    case type_id::kBpchar:
      return WhyTextChanged(cell, type, stored);
    case type_id::kNumeric:
      return WhyNumberChanged(cell, type, stored);
    case type_id::kTime:
    case type_id::kTimeTz:
    case type_id::kTimestamp:
    case type_id::kTimestampTz: {
      constexpr int32_t kMicroseconds = 6;
      const int32_t most = stored.modifier < 0 ? kMicroseconds : stored.modifier;
      if (!cell.HasBytes() || FractionDigits(cell.text()) <= static_cast<size_t>(most)) return "";
      return fmt::format("{} has more digits of a second than the column keeps", cell.text());
    }
    case type_id::kFloat4:
      if (cell.kind == CellKind::kFloat64 && !std::isnan(cell.f64) &&
          static_cast<double>(static_cast<float>(cell.f64)) != cell.f64) {
        return fmt::format("{} has more digits than the column keeps", cell.f64);
      }
      return "";
    default:
      return "";
  }
}

void ArrayBuilder::Clear() {
  // Dimensions, whether there are nulls, type, length, lower bound: filled in at the end.
  constexpr size_t kHead = 20;
  bytes_.assign(kHead, '\0');
  rows_ = 0;
  has_null_ = false;
}

void ArrayBuilder::AddNumber(uint64_t value, size_t size) {
  PutBigEndian(bytes_, size, 4);
  PutBigEndian(bytes_, value, size);
}

void ArrayBuilder::AddBytes(std::string_view bytes) {
  PutBigEndian(bytes_, bytes.size(), 4);
  bytes_ += bytes;
}

void ArrayBuilder::Add(const Cell& cell) {
  ++rows_;
  if (cell.IsNull()) {
    has_null_ = true;
    PutBigEndian(bytes_, UINT32_MAX, 4);
    return;
  }
  switch (wire_) {
    case Wire::kBool:
      AddNumber(cell.u, 1);
      break;
    case Wire::kInt2:
      AddNumber(cell.u, 2);
      break;
    case Wire::kInt4:
      AddNumber(cell.u, 4);
      break;
    case Wire::kInt8:
      AddNumber(cell.u, 8);
      break;
    case Wire::kFloat4:
      AddNumber(std::bit_cast<uint32_t>(cell.f32), 4);
      break;
    case Wire::kFloat8:
      AddNumber(std::bit_cast<uint64_t>(cell.kind == CellKind::kFloat32 ? double{cell.f32} : cell.f64), 8);
      break;
    case Wire::kBytea:
      AddBytes(cell.text());
      break;
    case Wire::kText:
      if (cell.HasBytes() && cell.kind != CellKind::kBytes) {
        AddBytes(TextOf(cell));
        break;
      }
      text_.clear();
      AppendText(text_, cell, *type_);
      AddBytes(text_);
      break;
  }
}

std::string_view ArrayBuilder::Finish() {
  std::string head;
  PutBigEndian(head, 1, 4);
  PutBigEndian(head, has_null_ ? 1 : 0, 4);
  PutBigEndian(head, FactsOf(wire_).element, 4);
  PutBigEndian(head, rows_, 4);
  PutBigEndian(head, 1, 4);
  bytes_.replace(0, head.size(), head);
  return bytes_;
}

}  // namespace sluice::postgresql
