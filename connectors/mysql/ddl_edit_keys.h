// Names of keys and foreign keys that a statement adds without one.
#pragma once

#include <string>
#include <vector>

#include "connectors/mysql/create_table.h"

namespace sluice::mysql {

// The element with the name that the server would give it: the first column's, or the table's with "_ibfk", with a
// number where that is taken. One that has a name stays as it is.
TableElement WithName(TableElement element, const std::string& table, const std::vector<std::string>& taken);

}  // namespace sluice::mysql
