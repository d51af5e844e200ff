#include "connectors/mysql/literal.h"

#include <fmt/format.h>

#include <charconv>

#include "connectors/mysql/connection.h"

namespace sluice::mysql {
namespace {

using model::Cell;
using model::CellKind;
using model::ColumnType;
using model::TypeKind;

template <typename Number>
void AppendInteger(std::string& out, Number number) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, end);
}

// With an exponent the server reads a DOUBLE, and 17 digits name each one; of a FLOAT its exact value as a DOUBLE.
void AppendReal(std::string& out, double value) {
  fmt::format_to(std::back_inserter(out), "{:.16e}", value);
}

void AppendQuoted(std::string& out, std::string_view bytes) {
  out += '\'';
  AppendEscaped(out, bytes);
  out += '\'';
}

void AppendHex(std::string& out, std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += "x'";
  for (const unsigned char c : bytes) {
    out += kDigits[c >> 4];
    out += kDigits[c & 15];
  }
  out += '\'';
}

void AppendJson(std::string& out, std::string_view text, LiteralUse use, bool is_mariadb) {
  const bool cast = use == LiteralUse::kCompare && !is_mariadb;
  if (cast) out += "CAST(";
  out += "CONVERT(";
  AppendQuoted(out, text);
  out += " USING utf8mb4)";
  if (cast) out += " AS JSON)";
}

void AppendTyped(std::string& out, std::string_view text, std::string_view type) {
  out += "CAST(";
  AppendQuoted(out, text);
  out += " AS ";
  out += type;
  out += ')';
}

// An ENUM or SET value as the text that it stands for, in the column's collation.
std::string ElementText(const Cell& cell, const ColumnType& type) {
  if (type.kind == TypeKind::kEnum) {
    return cell.u >= 1 && cell.u <= type.elements.size() ? type.elements[cell.u - 1] : std::string();
  }
  std::string text;
  for (size_t i = 0; i < type.elements.size() && i < 64; ++i) {
    if ((cell.u >> i & 1) == 0) continue;
    if (!text.empty()) text += ',';
    text += type.elements[i];
  }
  return text;
}

void AppendCollated(std::string& out, std::string_view bytes, std::string_view charset, std::string_view collation) {
  out += '_';
  out += charset;
  out += ' ';
  AppendHex(out, bytes);
  if (!collation.empty()) {
    out += " COLLATE ";
    out += collation;
  }
}

// Typed by itself, for use in any expression.
void AppendComparable(std::string& out, const Cell& cell, const ColumnType& type, bool is_mariadb) {
  switch (type.kind) {
    case TypeKind::kInteger:
    case TypeKind::kBit:
    case TypeKind::kYear: {
      const bool is_unsigned = cell.kind == CellKind::kUint || type.is_unsigned || type.kind != TypeKind::kInteger;
      out += "CAST(";
      AppendLiteral(out, cell, type, LiteralUse::kStore, is_mariadb);
      out += is_unsigned ? " AS UNSIGNED)" : " AS SIGNED)";
      return;
    }
    case TypeKind::kDecimal:
      out += "CAST(";
      AppendLiteral(out, cell, type, LiteralUse::kStore, is_mariadb);
      fmt::format_to(std::back_inserter(out), " AS DECIMAL({},{}))", type.precision == 0 ? 65 : type.precision,
                     type.scale);
      return;
    case TypeKind::kDate:
      return AppendTyped(out, StoredText(cell), "DATE");
    case TypeKind::kTime:
      return AppendTyped(out, cell.text(), fmt::format("TIME({})", type.fraction));
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      return AppendTyped(out, StoredText(cell), fmt::format("DATETIME({})", type.fraction));
    case TypeKind::kEnum:
    case TypeKind::kSet:
      if (!cell.HasBytes()) {
        // The elements are UTF-8, whatever the column's character set.
        out += "CONVERT(_utf8mb4 ";
        AppendHex(out, ElementText(cell, type));
        out += " USING " + (type.charset.empty() ? std::string("utf8mb4") : type.charset) + ")";
        if (!type.collation.empty()) out += " COLLATE " + type.collation;
        return;
      }
      [[fallthrough]];
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
      if (!type.charset.empty() && type.charset != "binary" && cell.HasBytes()) {
        return AppendCollated(out, cell.text(), type.charset, type.collation);
      }
      break;
    default:
      break;
  }
  if (cell.kind == CellKind::kBytes) return AppendHex(out, cell.text());
  AppendLiteral(out, cell, type, LiteralUse::kStore, is_mariadb);
}

}  // namespace

void AppendLiteral(std::string& out, const Cell& cell, const ColumnType& type, LiteralUse use, bool is_mariadb) {
  if (cell.IsNull() || cell.IsAbsent()) {
    out += "NULL";
    return;
  }
  if (type.kind == TypeKind::kJson || cell.kind == CellKind::kJson) {
    return AppendJson(out, cell.text(), use, is_mariadb);
  }
  if (use == LiteralUse::kCompare) return AppendComparable(out, cell, type, is_mariadb);
  switch (cell.kind) {
    case CellKind::kInt:
      return AppendInteger(out, cell.i);
    case CellKind::kUint:
      return AppendInteger(out, cell.u);
    case CellKind::kFloat32:
      return AppendReal(out, cell.f32);
    case CellKind::kFloat64:
      return AppendReal(out, cell.f64);
    case CellKind::kDecimal:
      out += cell.text();
      return;
    case CellKind::kText:
      // A plain string would be binary: bytes to be taken as they are, which JSON, UUIDs and addresses are not.
      out += '_';
      out += type.charset.empty() ? "latin1" : type.charset;
      return AppendQuoted(out, cell.text());
    default:
      return AppendQuoted(out, StoredText(cell));
  }
}

std::string_view StoredText(const Cell& cell) {
  const bool is_date = cell.kind == CellKind::kDate || cell.kind == CellKind::kDateTime;
  return is_date && cell.text() == "-infinity" ? std::string_view("0000-00-00") : cell.text();
}

namespace {

// A SET whose elements have another order there reads back in that order: each element has to be in it, and no other.
void AppendSameElements(std::string& out, const std::string& name, const Cell& cell, const ColumnType& type) {
  size_t count = 0;
  for (size_t i = 0; i < type.elements.size() && i < 64; ++i) {
    if ((cell.u >> i & 1) == 0) continue;
    ++count;
    out += "FIND_IN_SET(_utf8mb4 ";
    AppendHex(out, type.elements[i]);
    out += ", " + name + ") > 0 AND ";
  }
  fmt::format_to(std::back_inserter(out), "BIT_COUNT({} + 0) = {}", name, count);
}

}  // namespace

void AppendStored(std::string& out, const Cell& cell, const ColumnType& type, const StoredAs& stored, bool is_mariadb) {
  if (!stored.by_name || cell.kind != CellKind::kUint) {
    return AppendLiteral(out, cell, type, LiteralUse::kStore, is_mariadb);
  }
  out += "_utf8mb4 ";
  AppendHex(out, ElementText(cell, type));
}

void AppendExactMatch(std::string& out, const std::string& name, const Cell& cell, const ColumnType& type,
                      const StoredAs& stored, bool is_mariadb) {
  if (cell.IsNull()) {
    out += name + " IS NULL";
    return;
  }
  const bool is_text = type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar || type.kind == TypeKind::kText;
  if (stored.is_json && cell.HasBytes()) {
    // MySQL keeps a document, not the text that it was made from.
    out += name + " = CAST(CONVERT(";
    AppendCollated(out, cell.text(), is_text && !type.charset.empty() ? type.charset : "utf8mb4", "");
    out += " USING utf8mb4) AS JSON)";
    return;
  }
  if (is_text || type.kind == TypeKind::kJson || type.kind == TypeKind::kGeometry) {
    const bool is_short = is_text && type.kind != TypeKind::kText;
    if (is_short) {  // lets an index help
      out += name + " = ";
      AppendLiteral(out, cell, type, LiteralUse::kStore, is_mariadb);
      out += " AND ";
    }
    const std::string sent = type.kind == TypeKind::kJson && type.charset.empty() ? "utf8mb4" : type.charset;
    const bool converts = !stored.charset.empty();
    out += "CAST(" + (converts ? "CONVERT(" + name + " USING " + sent + ")" : name) + " AS BINARY) = ";
    return AppendHex(out, cell.text());
  }
  if (type.kind == TypeKind::kSet && stored.by_name && cell.kind == CellKind::kUint) {
    return AppendSameElements(out, name, cell, type);
  }
  out += name + " = ";
  AppendStored(out, cell, type, stored, is_mariadb);
}

}  // namespace sluice::mysql
