// What foreign keys refer to, and what becomes of them when that gets another name.
#pragma once

#include <map>
#include <string>

#include "model/table.h"
#include "sql/token.h"

namespace sluice::mysql {

// Another name of a table, and of columns of it: those before, in small letters, with those now. The server lets
// foreign keys follow, whether or not it checks them (seen on MySQL 9.7 and MariaDB 10.11).
struct NewNames {
  model::ObjectName from;
  model::ObjectName to;
  std::map<std::string, std::string> columns;
};

// The table with foreign keys that follow; the same pointer when none has to. `dialect`: of its definition.
model::TablePtr FollowNames(const model::TablePtr& table, const NewNames& names, const sql::Dialect& dialect);

}  // namespace sluice::mysql
