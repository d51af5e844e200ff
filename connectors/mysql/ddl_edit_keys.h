// Keys and constraints that a statement adds as the server adds them: with names, and where they stand.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "connectors/mysql/create_table.h"
#include "connectors/mysql/create_table_column.h"

namespace sluice::mysql {

// How the server names what a statement adds without a name: a key after its first column, with a number where that is
// taken; a foreign key after the table with "_ibfk_" and the number that follows the highest one, of those counted that
// the statement drops; a check of MySQL alike with "_chk_", those not counted; a check of MariaDB as the first
// CONSTRAINT_1, CONSTRAINT_2 ... that is free. (Seen on MySQL 9.7 and MariaDB 10.11; InnoDB's part is
// MySQL 8.4 Reference Manual 15.1.20.5.)
struct Naming {
  std::string table;  // before the statement
  bool is_mariadb = false;
  std::vector<std::string> before;  // names of keys and constraints before the statement
  std::vector<std::string> taken;   // of those that are there now
};

// The element with its name. One that has a name stays as it is.
TableElement WithName(TableElement element, const Naming& naming);

// The names that the server made after the table's follow when it is renamed.
void RenameGenerated(CreateTable& table, const std::string& from, const std::string& to, bool is_mariadb);

// Columns of a primary key are NOT NULL, said or not, and stay so without it.
void RequireValues(CreateTable& table, const TableElement& primary);

// Inside the definition of a column that a statement adds or changes: what SHOW CREATE TABLE says elsewhere (keys,
// MySQL's checks) comes off it and becomes elements of the table; MariaDB's JSON becomes what it stands for.
std::vector<TableElement> TakeElements(ColumnText& column, bool is_mariadb);

// Columns that have another name now, in checks: small letters, the new name.
void RenameInChecks(CreateTable& table, const std::map<std::string, std::string>& now);

// Whether a check is one that acts: ALTER TABLE .. ALTER CHECK name [NOT] ENFORCED.
void SetEnforced(CreateTable& table, const std::string& name, bool enforced);

// CHECK constraints that name this column.
bool ChecksColumn(const TableElement& element, const std::string& column);

}  // namespace sluice::mysql
