// The way in when LOAD DATA LOCAL is switched off, or not worth it: INSERT statements of many rows.
#pragma once

#include <cstdint>

#include "connector/block_feed.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/loader_columns.h"

namespace sluice::mysql {

// Inserts all rows of `feed`, in statements of about `statement_bytes` (a single larger row still goes, up to
// max_allowed_packet). Throws when the server refuses or changes a value; the error then shows the row.
void InsertRows(Connection& connection, const LoadPlan& plan, connector::BlockFeed& feed, size_t statement_bytes);

// Appends "(v1,v2,...)" for one encoded row.
void AppendInsertRow(std::string& sql, const LoadPlan& plan, std::string_view row);

}  // namespace sluice::mysql
