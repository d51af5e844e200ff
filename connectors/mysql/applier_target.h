// A table at the destination as the applier writes it: its name, the carried columns, how a row is found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/mysql/destination_table.h"
#include "connectors/mysql/literal.h"
#include "model/change.h"
#include "model/mapping.h"
#include "model/table.h"

namespace sluice::mysql {

struct TargetColumn {
  uint32_t source = 0;     // index into the source's row
  std::string name;        // quoted
  model::ColumnType type;  // the source's
  StoredAs stored;         // what the destination makes of it
  // Of a decimal from another engine, which may have more digits than the column: how many it has behind the point.
  std::optional<uint32_t> scale;
  std::string enum_definition;  // of an ENUM that gets texts of another engine; else empty
};

struct Target {
  model::TablePtr table;  // the source's description
  std::string name;       // quoted
  std::string object;     // for messages: "table db.name"
  std::vector<TargetColumn> columns;
  std::vector<size_t> identity;  // into `columns`; empty: a row is found by all its values
  std::vector<bool> always_set;  // columns that an UPDATE names even if they do not change
  bool has_enum = false;
  bool computes = false;  // ComputesValues()
  // Every column takes the source's bytes as they are. False: a column has another character set, or other elements,
  // and the values have to say what they are.
  bool takes_bytes = true;

  bool keyless() const { return identity.empty(); }
};

// Values that come as text but are no strings at the destination: it would take a binary string for their bytes.
bool NeedsCharset(const model::ColumnType& type);

// `there` without columns: it stores as the source does. `neutral`: cells are those of another engine (Destination::
// OpenApplier).
Target MakeTarget(const model::TablePtr& table, const model::TableMapping& mapping, const DestinationTable& there,
                  bool neutral);

// The value of another engine that no column here takes as it is, and that a statement would round or not understand:
// "column a: NaN". Empty: none.
std::string ForeignValueRefused(const Target& target, const model::RowChange& change);

// Whether the row to change lacks cells that tables find their rows by: PostgreSQL's log has the columns of another
// index where that is the table's replica identity. What it has identifies the row too.
bool LacksIdentity(const Target& target, const model::RowChange& change);

// Which columns an UPDATE has to set, as bits; tables with more than 64 carried columns always set all of them
// (kAllColumns).
inline constexpr uint64_t kAllColumns = ~uint64_t{0};
uint64_t ChangedColumns(const Target& target, const model::RowChange& change);
// `columns` of the target that are in the mask.
std::vector<size_t> MaskedColumns(const Target& target, uint64_t mask);

}  // namespace sluice::mysql
