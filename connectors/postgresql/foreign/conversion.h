// What becomes of rows when the source gives a column another type.
#pragma once

#include <optional>
#include <string>

#include "model/table.h"

namespace sluice::postgresql {

// The rows that the source may have changed or cut, as an SQL condition over `column` (quoted, with its old type); a
// source that is not strict does so without a word. Empty: every row stays as it is. Nothing: no condition can tell.
std::optional<std::string> RowsThatChange(const model::ColumnType& was, const model::ColumnType& is,
                                          const std::string& column);

}  // namespace sluice::postgresql
