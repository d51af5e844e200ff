// Splits a table into ranges of its key. The server alone compares keys: a bound is a list of SQL literals made from
// values that the server gave, so that its own collation and its own index decide what lies before it.
// Text of a bound: one literal per key column, separated by commas (no literal contains one), e.g.
//   1000
//   _utf8mb4 x'C3A9',42
//   '2024-02-29 12:00:00'
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/connector.h"
#include "connectors/mysql/connection.h"
#include "model/table.h"

namespace sluice::mysql {

// The key that a table can be split by: the primary key, else a unique one, over whole NOT NULL stored columns of types
// that can be compared. Null: the table is one chunk.
const model::Key* SplitKey(const model::Table& table);

// What to select for a key column so that its value can become a literal: "`a`", "`f`*1e0", "`e`+0".
std::string KeyExpression(const model::Column& column);
// A literal that compares with the column as the value itself does.
std::string KeyLiteral(const model::Column& column, std::string_view value);

// The condition for rows after `lower` (exclusive) and up to `upper` (inclusive); empty when both are.
std::string RangeCondition(const model::Table& table, const model::Key& key, const std::string& lower,
                           const std::string& upper);

// Key columns in order, for ORDER BY.
std::string KeyColumns(const model::Table& table, const model::Key& key);

// Chunks over the integers min..max, evenly; `chunks` of them at most.
std::vector<connector::Chunk> SplitEvenly(const std::string& min, const std::string& max, bool is_unsigned,
                                          uint64_t chunks, uint64_t rows);

// Splits `table` into chunks of about `chunk_bytes`. One chunk without asking the server when it is small.
std::vector<connector::Chunk> PlanTableChunks(Connection& connection, const model::Table& table, uint64_t chunk_bytes);

}  // namespace sluice::mysql
