// One table's description from its SHOW CREATE TABLE and what information_schema says of its columns.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/table.h"
#include "sql/token.h"

namespace sluice::mysql {

// A row of information_schema.COLUMNS.
struct ColumnFacts {
  std::string name;
  std::string type;  // COLUMN_TYPE
  std::string charset;
  std::string collation;
  bool nullable = true;
  std::string extra;
  std::string generation;  // GENERATION_EXPRESSION, empty where there is none
  std::optional<uint32_t> srid;
};

// A row of information_schema.TABLES.
struct TableFacts {
  std::string type;  // "BASE TABLE", "SYSTEM VERSIONED", "SEQUENCE"
  std::string engine;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  bool transactional = true;
};

// `dialect` is how the server that wrote `create_statement` reads it.
model::TablePtr DescribeTable(const model::ObjectName& name, const TableFacts& facts,
                              const std::vector<ColumnFacts>& columns, std::string create_statement,
                              const sql::Dialect& dialect);

}  // namespace sluice::mysql
