// Tables of the PostgreSQL fixture: statements only, for the version of a server.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/contract/fixture.h"

namespace sluice::contract::postgresql {

std::vector<TableSpec> TypeTables(uint32_t version);
std::vector<TableSpec> KeyTables(uint32_t version);

}  // namespace sluice::contract::postgresql
