#include "connectors/postgresql/neutral.h"

#include "connectors/postgresql/connection.h"

namespace sluice::postgresql {

using model::TypeKind;

std::string SelectNeutral(const model::Column& column) {
  const std::string name = Quote(column.name);
  switch (column.type.kind) {
    case TypeKind::kBoolean:
      return name + "::pg_catalog.int4";
    case TypeKind::kTimestamp:
      return "(" + name + " AT TIME ZONE 'UTC')";
    case TypeKind::kChar:
      return name + "::pg_catalog.text";  // without the spaces at its end
    default:
      return name;
  }
}

void AppendNeutralRow(std::string& out, std::string_view row) {
  while (true) {
    const size_t at = row.find('\\');
    if (at == std::string_view::npos || at + 1 >= row.size()) break;
    const char letter = row[at + 1];
    const char byte = letter == 'b' ? '\b' : letter == 'f' ? '\f' : letter == 'v' ? '\v' : '\0';
    if (byte == '\0') {
      out.append(row.substr(0, at + 2));
    } else {
      out.append(row.substr(0, at));
      out += byte;
    }
    row.remove_prefix(at + 2);
  }
  out.append(row);
}

}  // namespace sluice::postgresql
