// How the rows of a source table get into the destination's: as they are, or, where a column at the destination might
// keep something else than the source has, by way of a temporary table and a check.
#pragma once

#include <string>
#include <vector>

#include "connectors/postgresql/connection.h"
#include "model/mapping.h"
#include "model/table.h"

namespace sluice::postgresql {

// A column at the destination. `base_*`: of the type under all its domains.
struct TargetColumn {
  std::string name;
  std::string native;       // format_type()
  std::string base_native;  // the same of the base type, with its modifier
  std::string base_schema;
  std::string base_name;
  char base_kind = 'b';   // pg_type.typtype
  int32_t modifier = -1;  // of the base type
  // Values in binary form mean the same at every server: a type of the system itself, or an array of one, that can be
  // sent and received and does not stand for an object of its database (regclass ...).
  bool binary = true;
};

struct LoadColumn {
  std::string destination;
  std::string staged;  // its type in the temporary table
  std::string target;  // type at the destination
  bool checked = false;
};

struct LoadPlan {
  std::string table;   // quoted
  std::string object;  // for messages: "table shop.orders"
  std::vector<LoadColumn> columns;

  bool Staged() const;             // some column is checked: all rows go by way of the temporary table
  std::string ColumnList() const;  // "a", "b"
};

// Whether both have the same binary form.
bool SameBinaryForm(const model::ColumnType& source, const TargetColumn& target);
// Whether `target` keeps every value of `source` as it is or refuses it: what goes in by COPY is rounded and cut
// without a word where it has more digits or trailing spaces than the column takes.
bool KeepsOrRefuses(const model::ColumnType& source, const TargetColumn& target);

// Throws kMissingObject when a column of the mapping is not there.
LoadPlan MakeLoadPlan(const model::Table& table, const model::TableMapping& mapping,
                      const std::vector<TargetColumn>& targets, const std::string& side);

// The destination's columns. Throws kMissingObject when the table is not there.
std::vector<TargetColumn> ReadTargetColumns(Connection& connection, const model::ObjectName& table);

}  // namespace sluice::postgresql
