// What is known of a table at the destination beyond its names: the user may have made it, with other types than the
// source's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/postgresql/connection.h"
#include "model/name.h"

namespace sluice::postgresql {

// Object identifiers of built-in types (src/include/catalog/pg_type.dat): the same in every version.
namespace type_id {
inline constexpr uint32_t kBool = 16, kBytea = 17, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25, kFloat4 = 700,
                          kFloat8 = 701, kBpchar = 1042, kVarchar = 1043, kTime = 1083, kTimestamp = 1114,
                          kTimestampTz = 1184, kInterval = 1186, kTimeTz = 1266, kBit = 1560, kVarbit = 1562,
                          kNumeric = 1700;
}

struct StoredColumn {
  std::string definition;  // type as the server writes it: "numeric(10,2)", "shop.price" for a domain
  uint32_t type = 0;       // the type itself; under a domain the one that it is made of
  std::string base;        // its name without a modifier, to cast to: "numeric", "bpchar", "shop.mood"
  std::string full;        // the same with the modifier: "numeric(10,2)"
  int32_t modifier = -1;   // atttypmod, or the domain's
  char kind = 'b';         // pg_type.typtype of it
  bool generated = false;
  bool always_identity = false;  // GENERATED ALWAYS AS IDENTITY: an UPDATE may not name it
  bool nullable = true;
  bool is_ordered = false;  // the default order of indexes knows the type, so that = finds a value by an index
  std::string equals;       // "=", or with its schema where that is not pg_catalog
};

struct StoredTable {
  char kind = 0;  // pg_class.relkind; 0: it does not exist, or the account may not see it
  std::map<std::string, StoredColumn, std::less<>> columns;
  bool defers = false;                   // a unique or exclusion constraint may be checked at the transaction's end
  std::vector<std::string> leads_index;  // columns that come first in some index

  const StoredColumn* Find(std::string_view name) const;
};

// A unique index, as conditions over the table's own column names.
struct UniqueIndex {
  struct Key {
    std::string expression;  // mostly a column's name
    std::string equals;      // "=", or with its schema where that is not pg_catalog
  };
  std::vector<Key> keys;
  std::string predicate;     // of a partial index, else empty
  bool nulls_equal = false;  // NULLS NOT DISTINCT
};

StoredTable ReadStoredTable(Connection& connection, const model::ObjectName& name, const std::string& object);
std::vector<UniqueIndex> ReadUniqueIndexes(Connection& connection, const model::ObjectName& name,
                                           const std::string& object);

}  // namespace sluice::postgresql
