#include "connectors/mysql/canonical.h"

#include <charconv>
#include <cstdlib>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/neutral.h"
#include "model/canonical_json.h"

namespace sluice::mysql {
namespace {

using model::ColumnType;
using model::TypeKind;

bool IsBinary(TypeKind kind) {
  return kind == TypeKind::kBinary || kind == TypeKind::kVarbinary || kind == TypeKind::kBlob ||
         kind == TypeKind::kGeometry || kind == TypeKind::kVector;
}

// A "binary" character set makes a text column hold bytes; the server then converts nothing.
bool HoldsBytes(const ColumnType& type) {
  return IsBinary(type.kind) ||
         (type.charset == "binary" && type.kind != TypeKind::kEnum && type.kind != TypeKind::kSet && type.IsText());
}

std::string_view TrimFraction(std::string_view text) {
  if (text.find('.') == std::string_view::npos) return text;
  while (text.back() == '0') text.remove_suffix(1);
  if (text.back() == '.') text.remove_suffix(1);
  return text;
}

std::string_view TrimDecimal(std::string_view text) {
  text = TrimFraction(text);
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  const std::string_view before = digits;
  while (digits.size() > 1 && digits[0] == '0' && digits[1] != '.') digits.remove_prefix(1);  // ZEROFILL
  if (digits == "0") return "0";
  return digits.size() == before.size() || negative ? text : digits;
}

std::string_view ShortestDouble(std::string_view text, bool negative_zero, Arena& arena) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return text;
  if (value == 0 && !negative_zero) return "0";
  char buffer[40];
  const auto written = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return arena.Copy({buffer, static_cast<size_t>(written.ptr - buffer)});
}

void AppendHex(std::string& out, std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  out.reserve(out.size() + bytes.size() * 2 + 3);
  out += "x'";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  out += '\'';
}

}  // namespace

Form FormOf(const ColumnType& type, bool negative_zero, bool foreign) {
  const bool is_date =
      type.kind == TypeKind::kDate || type.kind == TypeKind::kDateTime || type.kind == TypeKind::kTimestamp;
  if (foreign && is_date) return Form::kDateOrInfinity;
  // MariaDB's JSON is a text, which another engine keeps as JSON.
  if (foreign && type.native.find("json") != std::string::npos) return Form::kJson;
  switch (type.kind) {
    case TypeKind::kDecimal:
      return Form::kDecimal;
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      return negative_zero ? Form::kFloat : Form::kFloatUnsignedZero;
    case TypeKind::kTime:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      return Form::kFraction;
    case TypeKind::kJson:
      return Form::kJson;
    default:
      return Form::kAsItIs;
  }
}

std::string SelectExpression(const ColumnType& type, const std::string& quoted_name) {
  switch (type.kind) {
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      return quoted_name + "*1e0";  // the text of a FLOAT would be rounded
    case TypeKind::kBit:
    case TypeKind::kYear:  // 0 is shown as 0000
      return quoted_name + "+0";
    case TypeKind::kInteger:
      return type.native.find("zerofill") != std::string::npos ? quoted_name + "+0" : quoted_name;
    default:
      return quoted_name;
  }
}

std::string_view Canonical(Form form, std::string_view text, Arena& arena) {
  switch (form) {
    case Form::kAsItIs:
      return text;
    case Form::kDecimal:
      return TrimDecimal(text);
    case Form::kDateOrInfinity:
      return IsZeroDate(text) ? std::string_view("-infinity") : TrimFraction(text);
    case Form::kFraction:
      return TrimFraction(text);
    case Form::kFloat:
    case Form::kFloatUnsignedZero:
      return ShortestDouble(text, form == Form::kFloat, arena);
    case Form::kJson: {
      const std::optional<std::string> canonical = model::CanonicalJson(text);
      return canonical ? arena.Copy(*canonical) : text;
    }
  }
  return text;
}

bool OrdersAlike(const ColumnType& type) {
  switch (type.kind) {
    case TypeKind::kInteger:
    case TypeKind::kDecimal:
    case TypeKind::kBit:
    case TypeKind::kYear:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
      return true;
    default:
      return false;
  }
}

bool OrdersEverywhere(const ColumnType& type) {
  switch (type.kind) {
    case TypeKind::kInteger:
    case TypeKind::kDecimal:
    case TypeKind::kYear:
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
      return true;
    default:
      return false;
  }
}

bool CanBound(const ColumnType& type) {
  return OrdersAlike(type) || type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar;
}

void AppendLiteral(std::string& out, const ColumnType& type, std::string_view text) {
  switch (type.kind) {
    case TypeKind::kInteger:
    case TypeKind::kDecimal:
    case TypeKind::kYear:
    case TypeKind::kBit:
      out += text;
      return;
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      out += text;
      if (text.find('e') == std::string_view::npos) out += "e0";
      return;
    default:
      break;
  }
  if (text == "-infinity" &&
      (type.kind == TypeKind::kDate || type.kind == TypeKind::kDateTime || type.kind == TypeKind::kTimestamp)) {
    text = type.kind == TypeKind::kDate ? "0000-00-00" : "0000-00-00 00:00:00";
  }
  if (HoldsBytes(type)) {
    AppendHex(out, text);
    return;
  }
  out += '\'';
  AppendEscaped(out, text);
  out += '\'';
}

std::string CanonicalLiteral(const ColumnType& type, const std::optional<std::string>& canonical) {
  if (!canonical) return "NULL";
  std::string out;
  AppendLiteral(out, type, *canonical);
  return out;
}

}  // namespace sluice::mysql
