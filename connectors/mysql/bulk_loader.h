// The quickest way in where the server runs a statement over arrays of rows (MariaDB): LOAD DATA reads its text letter
// by letter, which costs the server about a third more.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "connector/block_feed.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/loader_columns.h"

namespace sluice::mysql {

// Whether the plan's rows may go in so: not where rows replace others, nor where errors have to become warnings.
bool CanLoadInBulk(const LoadPlan& plan);

// Inserts all rows of `feed`. A row that is too long for a packet (max_allowed_packet) is given to `large`, encoded and
// without its newline. Throws when the server refuses or changes a value; the error then shows the row.
void BulkLoadRows(Connection& connection, const LoadPlan& plan, connector::BlockFeed& feed,
                  const std::function<void(std::string_view)>& large);

}  // namespace sluice::mysql
