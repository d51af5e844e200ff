// One table's description from its SHOW CREATE TABLE, which says everything of columns and keys. Reading
// information_schema.COLUMNS beside it would make the server open each table once more.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "model/table.h"
#include "sql/token.h"

namespace sluice::mysql {

// A row of information_schema.TABLES.
struct TableFacts {
  std::string type;  // "BASE TABLE", "SYSTEM VERSIONED", "SEQUENCE"
  std::string engine;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  bool transactional = true;
};

// What the server means where a definition names only the one or the other. Names in lower case.
struct CharsetFacts {
  std::map<std::string, std::string> default_collation;  // by character set
  std::map<std::string, std::string> charset;            // by collation
};

// `dialect` is how the server that wrote `create_statement` reads it. Without columns if the
// statement is unreadable.
model::TablePtr DescribeTable(const model::ObjectName& name, const TableFacts& facts, std::string create_statement,
                              const sql::Dialect& dialect, const CharsetFacts& charsets);

}  // namespace sluice::mysql
