// Where to cut a table into chunks for verification.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "connectors/mysql/canonical.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/verify_reader_sql.h"

namespace sluice::mysql {
namespace {

using connector::Chunk;
using connector::VerifyTable;
using model::TypeKind;

std::string Object(const VerifyTable& table) {
  return "table " + table.table->name.Text();
}

void Close(std::vector<Chunk>& chunks, std::string upper, uint64_t rows) {
  Chunk chunk;
  chunk.number = chunks.size();
  if (!chunks.empty()) chunk.lower = chunks.back().upper;
  chunk.upper = std::move(upper);
  chunk.rows_estimated = rows;
  chunks.push_back(std::move(chunk));
}

// Even ranges of a dense integer key; empty when it is not dense, by the table's estimate.
std::vector<Chunk> CutEvenly(Connection& connection, const VerifyTable& table, uint64_t rows_per_chunk) {
  const model::Column& column = table.table->columns[table.columns[0]];
  if (table.key_columns != 1 || column.type.kind != TypeKind::kInteger) return {};
  const std::string name = Quote(column.name);
  const TextRows range = connection.Query(fmt::format("SELECT MIN({0}+0), MAX({0}+0) FROM {1}", name,
                                                      Quote(table.table->name.database, table.table->name.name)),
                                          Object(table));
  if (range.empty() || !range[0][0] || !range[0][1]) return {Chunk{}};
  __int128 bounds[2];
  for (int i = 0; i < 2; ++i) {
    const std::string& text = *range[0][i];
    const bool negative = text.starts_with('-');
    uint64_t magnitude = 0;
    std::from_chars(text.data() + (negative ? 1 : 0), text.data() + text.size(), magnitude);
    bounds[i] = negative ? -static_cast<__int128>(magnitude) : static_cast<__int128>(magnitude);
  }
  const __int128 width = bounds[1] - bounds[0] + 1;
  if (width <= static_cast<__int128>(rows_per_chunk)) return {Chunk{}};  // it cannot hold more rows than that
  const __int128 rows = std::max<uint64_t>(table.table->rows_estimated, 1);
  if (width > rows * 2) return {};
  std::vector<Chunk> chunks;
  for (__int128 upper = bounds[0] + rows_per_chunk - 1; upper < bounds[1]; upper += rows_per_chunk) {
    const bool negative = upper < 0;
    const auto magnitude = static_cast<uint64_t>(negative ? -upper : upper);
    Close(chunks, (negative ? "-" : "") + std::to_string(magnitude), rows_per_chunk);
  }
  Close(chunks, "", rows_per_chunk);
  return chunks;
}

}  // namespace

size_t BoundColumns(const VerifyTable& table) {
  const model::Key* key = table.table->CommittedKey();
  size_t count = 0;
  while (count < table.key_columns) {
    const uint32_t column = table.columns[count];
    const model::ColumnType& type = table.table->columns[column].type;
    if (!CanBound(type) || (table.peer.engine != "mysql" && !OrdersEverywhere(type))) break;
    // Part of a value under the key: the server would have to sort the whole table at each cut.
    const bool prefix = key != nullptr && count < key->parts.size() && key->parts[count].prefix_length != 0;
    if (prefix || key == nullptr || count >= key->parts.size() || key->parts[count].column != column) break;
    ++count;
  }
  return count;
}

std::vector<Chunk> PlanVerifyChunks(Connection& connection, const VerifyTable& table, uint64_t rows_per_chunk) {
  const size_t bound_columns = BoundColumns(table);
  if (bound_columns == 0) return {Chunk{.rows_estimated = table.table->rows_estimated}};
  std::vector<Chunk> chunks = CutEvenly(connection, table, rows_per_chunk);
  if (!chunks.empty()) return chunks;
  std::string names;
  std::string expressions;
  for (size_t i = 0; i < bound_columns; ++i) {
    const model::Column& column = table.table->columns[table.columns[i]];
    names += (i != 0 ? "," : "") + Quote(column.name);
    expressions += (i != 0 ? "," : "") + SelectExpression(column.type, Quote(column.name));
  }
  Arena arena;
  while (true) {
    std::string sql =
        fmt::format("SELECT {} FROM {}", expressions, Quote(table.table->name.database, table.table->name.name));
    Chunk rest;
    if (!chunks.empty()) rest.lower = chunks.back().upper;
    AppendConditions(sql, {ChunkCondition(table, rest)});
    sql += fmt::format(" ORDER BY {} LIMIT {},1", names, rows_per_chunk - 1);
    const TextRows found = connection.Query(sql, Object(table));
    if (found.empty()) break;
    std::vector<std::string> literals(bound_columns);
    for (size_t i = 0; i < bound_columns; ++i) {
      const model::ColumnType& type = table.table->columns[table.columns[i]].type;
      AppendLiteral(literals[i], type, Canonical(FormOf(type, true), found[0][i].value_or(""), arena));
    }
    Close(chunks, JoinBound(literals), rows_per_chunk);
  }
  Close(chunks, "", chunks.empty() ? table.table->rows_estimated : rows_per_chunk);
  return chunks;
}

}  // namespace sluice::mysql
