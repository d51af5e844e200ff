// What has to be done to each column of a load so that the destination stores the source's value: mostly nothing.
#pragma once

#include <string>
#include <vector>

#include "connectors/mysql/connection.h"
#include "connectors/mysql/destination_table.h"
#include "model/mapping.h"
#include "model/table.h"

namespace sluice::mysql {

struct LoadColumn {
  std::string name;                 // at the destination
  std::string before;               // an expression around the value's bytes, e.g. "CONVERT(" ...
  std::string after;                // ... " USING utf8mb4)"; both empty: the bytes as they are
  bool may_be_error_value = false;  // an ENUM without the element '': an empty cell is the error value, index 0
  std::string enum_definition;      // of an ENUM that gets texts of another engine; else empty
  bool IsDirect() const { return before.empty(); }
};

struct LoadPlan {
  std::string table;   // quoted
  std::string object;  // for messages: "table shop.orders"
  std::vector<LoadColumn> columns;
  bool transactional = true;  // the destination's engine can undo
  bool has_key = true;        // the source's table has rows that can be told apart

  // "(`a`,@v1) SET `b`=CONVERT(@v1 USING utf8mb4)"
  std::string LoadDataColumns() const;
  bool MayHoldErrorValues() const;
  std::string InsertColumns() const;  // "`a`,`b`"
};

// The wrapping of one column's bytes; `destination` may have an empty type when it is not known.
LoadColumn MakeLoadColumn(const model::Column& source, const std::string& destination_name,
                          const DestinationColumn& destination);
// The same for values as connector/neutral.h writes them.
LoadColumn MakeNeutralLoadColumn(const model::Column& source, const std::string& destination_name,
                                 const DestinationColumn& destination);

// Looks at the destination's table. Throws when it or one of the columns is not there.
LoadPlan MakeLoadPlan(Connection& connection, const model::Table& table, const model::TableMapping& mapping,
                      bool neutral);

}  // namespace sluice::mysql
