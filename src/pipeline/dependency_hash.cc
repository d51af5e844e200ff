#include "pipeline/dependency_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cmath>

namespace sluice::pipeline {
namespace {

using model::Cell;
using model::CellKind;

void AppendNumber(char tag, uint64_t bits, std::string& out) {
  char bytes[9];
  bytes[0] = tag;
  for (int i = 0; i < 8; ++i) bytes[i + 1] = static_cast<char>(bits >> (8 * i));
  out.append(bytes, sizeof bytes);
}

void AppendSized(std::string_view text, std::string& out) {
  AppendNumber('t', text.size(), out);
  out.append(text);
}

// -0 equals 0; a FLOAT equals the DOUBLE of the same value.
void AppendReal(double value, std::string& out) {
  if (value == 0) value = 0;
  uint64_t bits = 0;
  static_assert(sizeof bits == sizeof value);
  std::memcpy(&bits, &value, sizeof bits);
  AppendNumber('f', bits, out);
}

// "-0.00" and "-00:00:00" equal their positive twins.
std::string_view WithoutZeroSign(std::string_view text) {
  const bool is_zero = std::none_of(text.begin(), text.end(), [](char c) { return c >= '1' && c <= '9'; });
  if (is_zero && text.starts_with('-')) text.remove_prefix(1);
  return text;
}

// "1.50" equals "1.5" where a column's scale is not fixed.
std::string_view WithoutEndZeros(std::string_view text) {
  if (text.find('.') == std::string_view::npos) return text;
  while (text.ends_with('0')) text.remove_suffix(1);
  if (text.ends_with('.')) text.remove_suffix(1);
  return text;
}

std::string_view TrimEnd(std::string_view text, char padding) {
  const size_t last = text.find_last_not_of(padding);
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// Lower case, and one letter for those that some languages take for one (i j y, u v w): coarser is always safe.
char FoldLetter(char c) {
  if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  if (c == 'j' || c == 'y') return 'i';
  if (c == 'v' || c == 'w') return 'u';
  return c;
}

bool AppendAsciiFolded(std::string_view text, std::string& out) {
  const bool is_printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
  if (!is_printable) return false;
  text = TrimEnd(text, ' ');
  AppendNumber('t', text.size(), out);
  for (const char c : text) out += FoldLetter(c);
  return true;
}

bool AppendText(std::string_view text, FoldMode mode, uint32_t prefix_length, std::string& out) {
  if (mode == FoldMode::kOpaque) return false;
  // The first n bytes hold at most n characters; they are exactly those when all of them are ASCII.
  if (prefix_length != 0 && text.size() > prefix_length) {
    const std::string_view head = text.substr(0, prefix_length);
    const bool is_ascii = std::all_of(head.begin(), head.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
    if (!is_ascii) return false;
    text = head;
  }
  if (mode == FoldMode::kAscii) return AppendAsciiFolded(text, out);
  AppendSized(TrimEnd(text, ' '), out);
  return true;
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.ends_with(end);
}

// Collations whose printable ASCII characters are equal only to their other case (and to accented letters, which are
// not ASCII and therefore never fold). Left out on purpose: collations of a language, which may know contractions.
bool KeepsAsciiApart(std::string_view collation) {
  for (const std::string_view end : {"_general_ci", "_general_cs", "_general_mysql500_ci", "_general_nopad_ci",
                                     "_unicode_ci", "_unicode_nopad_ci", "_unicode_520_ci", "_unicode_520_nopad_ci"}) {
    if (EndsWith(collation, end)) return true;
  }
  for (const std::string_view exact :
       {"utf8mb4_0900_ai_ci", "utf8mb4_0900_as_ci", "utf8mb4_0900_as_cs", "latin1_swedish_ci", "gbk_chinese_ci",
        "gb2312_chinese_ci", "gb18030_chinese_ci", "big5_chinese_ci", "sjis_japanese_ci", "cp932_japanese_ci",
        "ujis_japanese_ci", "eucjpms_japanese_ci", "euckr_korean_ci"}) {
    if (collation == exact) return true;
  }
  // MariaDB: utf8mb4_uca1400_ai_ci, uca1400_as_cs ..., without the name of a language in between.
  for (const std::string_view end :
       {"uca1400_ai_ci", "uca1400_ai_cs", "uca1400_as_ci", "uca1400_as_cs", "uca1400_nopad_ai_ci",
        "uca1400_nopad_ai_cs", "uca1400_nopad_as_ci", "uca1400_nopad_as_cs"}) {
    if (EndsWith(collation, end)) return true;
  }
  return false;
}

}  // namespace

uint64_t HashBytes(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

FoldMode FoldModeOf(const model::ColumnType& type) {
  using model::TypeKind;
  if (type.by_bytes) return FoldMode::kExact;
  switch (type.kind) {
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText: {
      if (type.charset == "binary" || EndsWith(type.collation, "_bin")) return FoldMode::kExact;
      return KeepsAsciiApart(type.collation) ? FoldMode::kAscii : FoldMode::kOpaque;
    }
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
    case TypeKind::kBlob:
      return FoldMode::kExact;
    case TypeKind::kGeometry:
    case TypeKind::kJson:
    case TypeKind::kUuid:
    case TypeKind::kInet:
    case TypeKind::kVector:
    case TypeKind::kInterval:  // 1 day equals 24 hours
    case TypeKind::kOther:
      return FoldMode::kOpaque;
    default:
      return FoldMode::kValue;
  }
}

bool AppendFolded(const Cell& cell, FoldMode mode, uint32_t prefix_length, std::string& out) {
  switch (cell.kind) {
    case CellKind::kAbsent:
    case CellKind::kNull:
      return false;
    case CellKind::kInt:
      AppendNumber('i', cell.u, out);
      return true;
    case CellKind::kUint:  // equal to the signed number of the same value
      AppendNumber(cell.u >> 63 ? 'u' : 'i', cell.u, out);
      return true;
    case CellKind::kFloat32:
      AppendReal(cell.f32, out);
      return true;
    case CellKind::kFloat64:
      AppendReal(cell.f64, out);
      return true;
    case CellKind::kDecimal:
      AppendSized(WithoutZeroSign(WithoutEndZeros(cell.text())), out);
      return true;
    case CellKind::kTime:
      AppendSized(WithoutZeroSign(cell.text()), out);
      return true;
    case CellKind::kDate:
    case CellKind::kDateTime:
      AppendSized(cell.text(), out);
      return true;
    case CellKind::kText:
      return AppendText(cell.text(), mode, prefix_length, out);
    case CellKind::kBytes: {
      if (mode == FoldMode::kOpaque) return false;
      std::string_view bytes = cell.text();
      if (prefix_length != 0) bytes = bytes.substr(0, prefix_length);
      AppendSized(TrimEnd(bytes, '\0'), out);
      return true;
    }
    case CellKind::kJson:
      return false;
  }
  return false;
}

}  // namespace sluice::pipeline
