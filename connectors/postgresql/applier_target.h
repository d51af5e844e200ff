// A table at the destination as the applier writes it: its name, the carried columns, how a row is found.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "connectors/postgresql/stored_table.h"
#include "connectors/postgresql/values.h"
#include "model/change.h"
#include "model/mapping.h"
#include "model/table.h"

namespace sluice::postgresql {

using Changes = std::span<const model::RowChange* const>;

struct AppliedColumn {
  uint32_t source = 0;     // index into the source's row
  std::string name;        // as it is
  model::ColumnType type;  // the source's
  StoredColumn stored;
};

struct AppliedTable {
  model::TablePtr table;  // the source's description
  std::string name;       // quoted
  std::string only;       // "ONLY " where tables may inherit from it
  std::string object;     // for messages: "table shop.orders"
  char kind = 'r';
  std::vector<AppliedColumn> columns;
  struct LeftOut {
    std::string name;
    std::string definition;  // its type
  };
  std::vector<LeftOut> left_out;  // columns of the destination that are not carried and not generated
  std::vector<size_t> identity;   // into `columns`; empty: a row is found by all its values
  bool identity_is_indexed = false;
  bool defers = false;
  bool checks = false;  // some column might change a value without a word
};

// Throws kMissingObject when the table or a column is not there.
AppliedTable MakeAppliedTable(const model::TablePtr& table, const model::TableMapping& mapping,
                              const StoredTable& stored, const std::string& side);

// Columns as bits; a table has at most 1,600 of them.
using Mask = std::vector<bool>;

// Rows whose images hold the same columns, with the columns that an UPDATE of them has to set.
struct Shape {
  Mask there;                // columns of `after` that the image has
  Mask set;                  // of those: what differs from `before` in some row
  bool has_identity = true;  // `before` has the identity's columns
  std::vector<const model::RowChange*> rows;
};

std::vector<Shape> Shapes(const AppliedTable& target, Changes rows);

}  // namespace sluice::postgresql
