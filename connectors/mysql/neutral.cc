#include "connectors/mysql/neutral.h"

#include <fmt/format.h>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/destination_table.h"
#include "connectors/mysql/tsv.h"

namespace sluice::mysql {

using model::TypeKind;

namespace {

// Which no converted text begins with.
constexpr char kNoUnicode = '\xFF';

std::string Bytes(const std::string& text) {
  return "CAST(" + text + " AS BINARY)";
}

std::string QuestionMarks(const std::string& text) {
  return fmt::format("(LENGTH({0})-LENGTH(REPLACE({0},'?','')))", Bytes(text));
}

}  // namespace

// The server makes a question mark, or NULL, of what has no Unicode. Several codes of a character set may stand for one
// character, so that converting back would tell too much: but a question mark is the byte 3F and no part of another
// character wherever it has one byte.
std::string SelectUnicode(const std::string& text, const std::string& charset, const std::string& otherwise) {
  const std::string unicode = "CONVERT(" + text + " USING utf8mb4)";
  if (charset == "latin1") return unicode;  // each of its codes is a character
  const std::string whole = HasWideUnits(charset)
                                ? Bytes("CONVERT(" + unicode + " USING " + charset + ")") + "=" + Bytes(text)
                                : QuestionMarks(unicode) + "=" + QuestionMarks(text);
  return fmt::format("IF({0} IS NULL OR ({1} IS NOT NULL AND {2}),{3},{4})", text, unicode, whole, Bytes(unicode),
                     otherwise);
}

NeutralColumn SelectNeutral(const model::Column& column) {
  const std::string name = Quote(column.name);
  const model::ColumnType& type = column.type;
  switch (type.kind) {
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      return {name + "*1e0"};  // FLOAT prints only six digits unless it is made a double
    case TypeKind::kBit:
      return {fmt::format("LPAD(BIN({}+0), {}, '0')", name, type.length)};
    case TypeKind::kDate:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      return {name, NeutralForm::kDate};
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
    case TypeKind::kBlob:
    case TypeKind::kGeometry:
    case TypeKind::kVector:
      return {name, NeutralForm::kHex};
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kText:
    case TypeKind::kEnum:
    case TypeKind::kSet: {
      const std::string charset = CanonicalCharset(type.charset);
      if (charset == "binary" &&
          (type.kind == TypeKind::kChar || type.kind == TypeKind::kVarchar || type.kind == TypeKind::kText)) {
        return {name, NeutralForm::kHex};
      }
      const bool is_utf8 = charset == "utf8mb4" || charset == "utf8mb3" || charset == "ascii" || charset.empty();
      if (is_utf8) return {name};
      return {SelectUnicode(name, charset, fmt::format("CONCAT(X'FF',HEX(LEFT({},100)))", Bytes(name))),
              NeutralForm::kUnicode};
    }
    default:
      return {name};
  }
}

std::optional<std::string_view> WithoutUnicode(NeutralForm form, std::string_view value) {
  if (form != NeutralForm::kUnicode || value.empty() || value[0] != kNoUnicode) return std::nullopt;
  return value.substr(1);
}

bool IsZeroDate(std::string_view text) {
  return text.starts_with("0000-00-00") && text.find_first_not_of("0-: .") == std::string_view::npos;
}

void AppendNeutral(std::string& out, NeutralForm form, std::string_view value) {
  if (form == NeutralForm::kHex) {
    AppendNeutralHex(out, value);
  } else if (form == NeutralForm::kDate && IsZeroDate(value)) {
    out += "-infinity";
  } else {
    AppendNeutralCell(out, value);
  }
}

}  // namespace sluice::mysql
