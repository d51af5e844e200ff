// Splits a table into ranges of its pages. Rows are found by where they lie (ctid), so no key is needed and nothing is
// sorted; a range means something only together with the snapshot that it is read at, as rows move when they change.
// Text of a bound: the number of a page and of the file that it is in (pg_relation_filenode: another one after VACUUM
// FULL or CLUSTER, which put rows in other pages), for a partition with its quoted name behind them, e.g.
//   2048@16385
//   2048@16390 "shop"."orders_2024"
//   end@16390 "shop"."orders_2024"
// A chunk has the pages from its lower bound on and before its upper one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connector/connector.h"
#include "connectors/postgresql/connection.h"
#include "model/table.h"

namespace sluice::postgresql {

// A table or partition that holds rows, as the server has it.
struct PageRange {
  std::string name;  // quoted with its schema
  uint64_t file = 0;
  uint64_t pages = 0;
  uint64_t bytes = 0;  // with what lies outside of its pages (TOAST)
};

// Chunks of about `chunk_bytes` each; `leafs`: of a partitioned table, empty for an ordinary one, whose own pages
// `table` tells.
std::vector<connector::Chunk> SplitPages(const PageRange& table, const std::vector<PageRange>& leafs,
                                         uint64_t rows_estimated, uint64_t chunk_bytes, uint64_t most_pages);

// Asks the server for sizes and partitions. Throws kMissingObject when the table is gone.
// `before` is a statement to run first, in the same message (with a semicolon).
std::vector<connector::Chunk> PlanTableChunks(Connection& connection, const model::Table& table, uint64_t chunk_bytes,
                                              const std::string& before);

// A question that is true as long as the chunk's pages are those that it was planned for; empty: it has no bounds.
std::string ChunkStandsQuestion(const model::ObjectName& table, const connector::Chunk& chunk);

// What is read of a table: whether rows lie in partitions, and the size of the server's pages.
struct TableShape {
  bool partitioned = false;
  uint64_t page_bytes = 8192;
};

// FROM ONLY "shop"."orders" WHERE ctid ..., with the condition of `filter` (may be empty); `version` is the server's.
std::string ChunkRows(uint32_t version, const TableShape& shape, const model::ObjectName& table,
                      const connector::Chunk& chunk, std::string_view filter);

}  // namespace sluice::postgresql
