// Column types as the server writes them, into the model's.
#pragma once

#include <string>
#include <string_view>

#include "model/table.h"

namespace sluice::mysql {

// `native` as information_schema.COLUMNS.COLUMN_TYPE and SHOW CREATE TABLE have it: "decimal(10,2) unsigned",
// "enum('a','b')". `charset`, `collation`, `srid` are left for the caller to set. An unknown type is kOther.
model::ColumnType ParseColumnType(std::string_view native);

}  // namespace sluice::mysql
