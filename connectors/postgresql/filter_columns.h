// Which of a table's columns a row filter may name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/table.h"

namespace sluice::postgresql {

// Indexes into the table's columns: those whose name stands somewhere in the condition. All of them where a name may be
// written in another way (doubled quotes, U&"..", letters that are not ASCII), or the whole row by the table's name.
std::vector<uint32_t> ColumnsNamed(const model::Table& table, const std::string& filter);

}  // namespace sluice::postgresql
