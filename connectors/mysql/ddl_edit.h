// A table's definition under a statement that alters it, edited as the statement says. What is not understood is an
// error: a guess could lose a column's values.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "connectors/mysql/create_table.h"
#include "model/change.h"

namespace sluice::mysql {

struct EditedTable {
  CreateTable table;
  std::optional<model::ObjectName> renamed;            // the new name of the table
  std::map<std::string, std::string> renamed_columns;  // new name, name before
};

// `tokens`: the statement, ALTER TABLE, CREATE INDEX or DROP INDEX as `ddl.kind` says (anything else is read as ALTER
// TABLE). `family`: of the source, which names what has no name. Throws kUnsupported.
EditedTable EditTable(CreateTable table, const sql::Tokens& tokens, const model::DdlChange& ddl, sql::Family family);

// Throws that the statement cannot be followed to another engine, and why.
[[noreturn]] void NotFollowed(const model::DdlChange& ddl, const std::string& why);

}  // namespace sluice::mysql
