// Statements of the log that give values to rows that are there, or move rows: whether running them again at the
// destination gives the same.
#pragma once

#include <map>
#include <string>

#include "model/change.h"
#include "model/table.h"
#include "sql/token.h"

namespace sluice::mysql {

struct RowsOfStatement {
  bool whole_table = true;                          // the destination has all rows of it, no filter
  bool same_flavour = true;                         // texts are in the same order on both sides
  std::map<std::string, std::string> renamed = {};  // of columns: new name in small letters, name before
};

// Why the values that rows get by the statement are not the same at the destination, for a sentence that begins "it ";
// empty: they are, or it gives none. Of no matter where the table has no rows.
std::string WhyOnlySourceKnows(const sql::Tokens& statement, const model::Table& before, const model::Table& after,
                               const RowsOfStatement& rows);

// Whether it takes a part of the rows away by the partition that they are in, or puts others there.
bool TakesRowsOfPartitions(const sql::Tokens& statement);
// Whether it exchanges a partition's rows with those of a table.
bool ExchangesRows(const sql::Tokens& statement);
// Whether the table that it makes or alters becomes system-versioned (MariaDB).
bool IsVersioned(const sql::Tokens& statement);

// Why rows come or go by the statement that the log does not have; for a sentence as above.
std::string WhyRowsAreMissing(const sql::Tokens& statement);

}  // namespace sluice::mysql
