// How one source table appears at the destination: the outcome of selection, renaming and filtering, frozen once a task
// has started.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "model/change.h"
#include "model/name.h"
#include "model/table.h"

namespace sluice::model {

struct ColumnMapping {
  std::string source;
  std::string destination;
};

struct OperationFilter {
  bool insert = true;
  bool update = true;
  bool remove = true;
  std::set<DdlKind> ddl;  // kinds that are carried
};

struct TableMapping {
  ObjectName source;
  ObjectName destination;
  std::vector<ColumnMapping> columns;  // carried columns in the source's order, generated ones left out
  std::set<std::string> excluded;      // source columns left out by the user
  std::string filter;                  // condition in the source's dialect, empty = all rows
  OperationFilter operations;

  bool AllColumnsKeepNames() const;
  // The carried column's name at the destination; empty: it is not carried.
  std::string DestinationOf(const std::string& column) const;
};

using TableMappingPtr = std::shared_ptr<const TableMapping>;

// Renames whole databases and tables, for statements that name objects (views, foreign keys, DDL in the log).
class NameMap {
 public:
  virtual ~NameMap() = default;
  // The destination's name of a source object, also of one that is not selected (then only its database may differ).
  virtual ObjectName Map(const ObjectName& source) const = 0;
  virtual std::string MapDatabase(const std::string& source) const = 0;
  virtual std::string MapColumn(const ObjectName& table, const std::string& column) const = 0;
  // Whether changes of this table are carried at all.
  virtual bool Selected(const ObjectName& source) const = 0;
  // The mapping of a table that exists with this description (also for tables created later); null if not selected.
  virtual TableMappingPtr MapTable(const Table& table) const = 0;
};

}  // namespace sluice::model
