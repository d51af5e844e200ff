// Values as SQL text that the server reads back exactly, for a session whose client character set is `binary` and
// which has backslash escapes.
#pragma once

#include <string>
#include <string_view>

#include "model/row.h"
#include "model/table.h"

namespace sluice::mysql {

enum class LiteralUse {
  kStore,    // assigned to a column of this type, or compared with it by `=`
  kCompare,  // a value of this type by itself, to be used in any expression: cast, with character set and collation
};

// Sources of the forms: MySQL 8.4 Reference Manual 11.1 "Literal Values" and 12.10 "Cast Functions"; MariaDB
// documentation, "Literals" and "CAST".
void AppendLiteral(std::string& out, const model::Cell& cell, const model::ColumnType& type, LiteralUse use,
                   bool is_mariadb);

// How a destination's column that was not made from the source's stores a value.
struct StoredAs {
  std::string charset;   // another one than the source's; empty: the same, or the type has none
  bool is_json = false;  // a JSON document, whatever the source has
  bool by_name = false;  // an ENUM or SET with other elements: numbers mean something else there
};

// AppendLiteral() for a column that is stored so.
void AppendStored(std::string& out, const model::Cell& cell, const model::ColumnType& type, const StoredAs& stored,
                  bool is_mariadb);

// The bytes of a cell that has any, as the server takes them: -infinity is its zero date (connector/neutral.h).
std::string_view StoredText(const model::Cell& cell);

// The condition that the column `name` holds exactly this value, where letter case, padding and null count.
void AppendExactMatch(std::string& out, const std::string& name, const model::Cell& cell, const model::ColumnType& type,
                      const StoredAs& stored, bool is_mariadb);

}  // namespace sluice::mysql
