#include "connectors/mysql/neutral.h"

#include <fmt/format.h>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/destination_table.h"
#include "connectors/mysql/tsv.h"

namespace sluice::mysql {

using model::TypeKind;

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
      return {is_utf8 ? name : "CONVERT(" + name + " USING utf8mb4)"};
    }
    default:
      return {name};
  }
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
