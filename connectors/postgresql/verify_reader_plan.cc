// Where to cut a table into chunks for verification.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "connectors/postgresql/canonical.h"
#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/verify_reader_sql.h"

namespace sluice::postgresql {
namespace {

using connector::Chunk;
using connector::VerifyTable;
using model::TypeKind;

std::string Object(const VerifyTable& table) {
  return "table " + table.table->name.Text();
}

std::string From(const VerifyTable& table, bool whole_tree) {
  return (whole_tree ? "FROM " : "FROM ONLY ") + Quote(table.table->name.database, table.table->name.name);
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
std::vector<Chunk> CutEvenly(Connection& connection, const VerifyTable& table, bool whole_tree,
                             uint64_t rows_per_chunk) {
  const model::Column& column = table.table->columns[table.columns[0]];
  if (table.key_columns != 1 || column.type.kind != TypeKind::kInteger) return {};
  const TextRows range = connection.Query(
      fmt::format("SELECT pg_catalog.min({0}), pg_catalog.max({0}) {1}", Quote(column.name), From(table, whole_tree)),
      Object(table));
  if (range.empty() || !range[0][0] || !range[0][1]) return {Chunk{}};
  __int128 bounds[2];
  for (int i = 0; i < 2; ++i) {
    int64_t value = 0;  // an oid fits too
    std::from_chars(range[0][i]->data(), range[0][i]->data() + range[0][i]->size(), value);
    bounds[i] = value;
  }
  const __int128 width = bounds[1] - bounds[0] + 1;
  if (width <= static_cast<__int128>(rows_per_chunk)) return {Chunk{}};  // it cannot hold more rows than that
  const __int128 rows = std::max<uint64_t>(table.table->rows_estimated, 1);
  if (width > rows * 2) return {};
  std::vector<Chunk> chunks;
  for (__int128 upper = bounds[0] + rows_per_chunk - 1; upper < bounds[1]; upper += rows_per_chunk) {
    Close(chunks, std::to_string(static_cast<int64_t>(upper)), rows_per_chunk);
  }
  Close(chunks, "", rows_per_chunk);
  return chunks;
}

// A value as canonical text, of the server's own text.
std::string Value(const model::ColumnType& type, const std::string& text) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      return text == "t" ? "1" : "0";
    case TypeKind::kBit: {
      uint64_t number = 0;
      for (const char c : text) number = number << 1 | (c == '1' ? 1 : 0);
      return std::to_string(number);
    }
    case TypeKind::kBlob: {
      std::string bytes;
      for (size_t i = 2; i + 1 < text.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
      }
      return bytes;
    }
    case TypeKind::kTimestamp: {
      // "2024-01-01 00:00:00+00", also before " BC".
      const size_t zone = text.rfind("+00");
      return zone == std::string::npos ? text : text.substr(0, zone) + text.substr(zone + 3);
    }
    default:
      return text;
  }
}

}  // namespace

size_t BoundColumns(const VerifyTable& table) {
  const model::Key* key = table.table->CommittedKey();
  size_t count = 0;
  while (count < table.key_columns) {
    const uint32_t column = table.columns[count];
    const model::ColumnType& type = table.table->columns[column].type;
    if (!CanBound(type) || (table.peer.engine != "postgresql" && !OrdersEverywhere(type))) break;
    if (key == nullptr || count >= key->parts.size() || key->parts[count].column != column) break;
    ++count;
  }
  return count;
}

std::vector<Chunk> PlanVerifyChunks(Connection& connection, const VerifyTable& table, bool whole_tree,
                                    uint64_t rows_per_chunk) {
  const size_t bound_columns = BoundColumns(table);
  const uint64_t estimated = table.table->rows_estimated;
  if (bound_columns == 0) return {Chunk{.rows_estimated = estimated}};
  std::vector<Chunk> chunks = CutEvenly(connection, table, whole_tree, rows_per_chunk);
  if (!chunks.empty()) return chunks;
  std::string names;
  for (size_t i = 0; i < bound_columns; ++i) {
    names += (i != 0 ? ", " : "") + Quote(table.table->columns[table.columns[i]].name);
  }
  while (true) {
    std::string sql = fmt::format("SELECT {} {}", names, From(table, whole_tree));
    Chunk rest;
    if (!chunks.empty()) rest.lower = chunks.back().upper;
    AppendConditions(sql, {ChunkCondition(table, rest)});
    sql += fmt::format(" ORDER BY {} LIMIT 1 OFFSET {}", names, rows_per_chunk - 1);
    const TextRows found = connection.Query(sql, Object(table));
    if (found.empty()) break;
    std::vector<std::string> values;
    for (size_t i = 0; i < bound_columns; ++i) {
      values.push_back(Value(table.table->columns[table.columns[i]].type, found[0][i].value_or("")));
    }
    Close(chunks, MakeBound(values, table), rows_per_chunk);
  }
  Close(chunks, "", chunks.empty() ? estimated : rows_per_chunk);
  return chunks;
}

}  // namespace sluice::postgresql
