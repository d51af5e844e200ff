#include "connectors/postgresql/chunks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "connectors/postgresql/codes.h"

namespace sluice::postgresql {
namespace {

using connector::Chunk;

// More chunks than this give nothing but bookkeeping: larger tables get larger chunks.
constexpr uint64_t kMostChunks = 20000;
// From here on the server reads a range of pages; before, it is given the place of every possible row of a range, which
// was measured to take about twice the time, and far less than reading the whole table for each range.
constexpr uint32_t kRangeScans = 140000;
constexpr uint64_t kMostPagesByPlace = 4096;
// What a page and a row take at least (bufpage.h, htup_details.h: MaxHeapTuplesPerPage).
constexpr uint64_t kPageHead = 24;
constexpr uint64_t kRowLeast = 28;

constexpr std::string_view kEnd = "end";

struct Bound {
  bool given = false;
  bool end = false;
  uint64_t page = 0;
  uint64_t file = 0;
  std::string leaf;  // quoted; empty: the table itself
};

Bound Parse(const std::string& text) {
  Bound bound;
  if (text.empty()) return bound;
  bound.given = true;
  const size_t space = text.find(' ');
  std::string_view place = std::string_view(text).substr(0, space);
  const size_t at = place.find('@');
  Check(at != std::string_view::npos, "chunk bound without a file");
  bound.file = NumberOf<uint64_t>(std::string(place.substr(at + 1)));
  place = place.substr(0, at);
  if (space != std::string::npos) bound.leaf = text.substr(space + 1);
  if (place == kEnd) {
    bound.end = true;
    return bound;
  }
  const auto [end, error] = std::from_chars(place.data(), place.data() + place.size(), bound.page);
  Check(error == std::errc() && end == place.data() + place.size(), "chunk bound that is no page");
  return bound;
}

// Adds the chunks of one table or leaf; the last one has no end, since a later look may find more pages.
void AddRanges(const PageRange& range, bool is_leaf, uint64_t rows, uint64_t chunk_bytes, uint64_t most_pages,
               std::vector<Chunk>* chunks) {
  const uint64_t wanted = std::max<uint64_t>((range.bytes + chunk_bytes / 2) / std::max<uint64_t>(chunk_bytes, 1), 1);
  const uint64_t least = (range.pages + most_pages - 1) / most_pages;
  const uint64_t count = std::clamp<uint64_t>(std::max(wanted, least), 1, std::max<uint64_t>(range.pages, 1));
  const std::string tail = fmt::format("@{}{}", range.file, is_leaf ? " " + range.name : "");
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t from = range.pages * i / count;
    const uint64_t to = range.pages * (i + 1) / count;
    Chunk chunk{.number = chunks->size()};
    if (is_leaf || i != 0) chunk.lower = std::to_string(from) + tail;
    if (i + 1 != count) {
      chunk.upper = std::to_string(to) + tail;
    } else if (is_leaf) {
      chunk.upper = std::string(kEnd) + tail;
    }
    chunk.rows_estimated = std::max<uint64_t>(rows / count, 1);
    chunks->push_back(std::move(chunk));
  }
}

std::string PageCondition(uint32_t version, uint64_t page_bytes, const std::string& name, const Bound& lower,
                          const Bound& upper) {
  const uint64_t from = lower.page;
  if (from == 0 && (!upper.given || upper.end)) return "";
  if (version >= kRangeScans) {
    std::string condition;
    if (from != 0) condition = fmt::format("ctid >= '({},0)'::pg_catalog.tid", from);
    if (upper.given && !upper.end) {
      condition += fmt::format("{}ctid < '({},0)'::pg_catalog.tid", condition.empty() ? "" : " AND ", upper.page);
    }
    return condition;
  }
  const std::string to =
      upper.given && !upper.end
          ? std::to_string(upper.page)
          : fmt::format("pg_catalog.pg_relation_size({}::pg_catalog.regclass) / {}", Literal(name), page_bytes);
  return fmt::format(
      "ctid = ANY (ARRAY(SELECT ('(' || page || ',' || place || ')')::pg_catalog.tid FROM "
      "pg_catalog.generate_series({}::bigint, {} - 1) page, pg_catalog.generate_series(1, {}) place))",
      from, to, (page_bytes - kPageHead) / kRowLeast);
}

}  // namespace

std::vector<Chunk> SplitPages(const PageRange& table, const std::vector<PageRange>& leafs, uint64_t rows_estimated,
                              uint64_t chunk_bytes, uint64_t most_pages) {
  uint64_t bytes = table.bytes;
  uint64_t pages = table.pages;
  for (const PageRange& leaf : leafs) {
    bytes += leaf.bytes;
    pages += leaf.pages;
  }
  if (bytes <= chunk_bytes + chunk_bytes / 2 && pages <= most_pages) return {{.rows_estimated = rows_estimated}};
  chunk_bytes = std::max(chunk_bytes, bytes / kMostChunks + 1);
  std::vector<Chunk> chunks;
  if (leafs.empty()) AddRanges(table, false, rows_estimated, chunk_bytes, most_pages, &chunks);
  for (const PageRange& leaf : leafs) {
    const auto rows = static_cast<uint64_t>(static_cast<double>(rows_estimated) * static_cast<double>(leaf.bytes) /
                                            static_cast<double>(std::max<uint64_t>(bytes, 1)));
    AddRanges(leaf, true, rows, chunk_bytes, most_pages, &chunks);
  }
  return chunks;
}

std::vector<Chunk> PlanTableChunks(Connection& connection, const model::Table& table, uint64_t chunk_bytes,
                                   const std::string& before) {
  const std::string object = "table " + table.name.Text();
  const TextRows rows = connection.Query(
      before +
          fmt::format(
              "WITH RECURSIVE tree (id, relkind) AS (SELECT c.oid, c.relkind FROM pg_catalog.pg_class c WHERE c.oid = "
              "{}::pg_catalog.regclass UNION ALL SELECT c.oid, c.relkind FROM tree JOIN pg_catalog.pg_inherits i ON "
              "i.inhparent = tree.id JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE tree.relkind = 'p') "
              "SELECT n.nspname, c.relname, c.relkind, pg_catalog.pg_relation_size(c.oid) / "
              "pg_catalog.current_setting('block_size')::bigint, pg_catalog.pg_table_size(c.oid), "
              "pg_catalog.pg_relation_filenode(c.oid) FROM tree JOIN "
              "pg_catalog.pg_class c ON c.oid = tree.id JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER "
              "BY tree.id",
              Literal(Quote(table.name.database, table.name.name))),
      object);
  PageRange whole;
  std::vector<PageRange> leafs;
  for (const TextRow& row : rows) {
    const std::string schema = row[0].value_or("");
    const std::string name = row[1].value_or("");
    const std::string kind = row[2].value_or("");
    if (kind == "p") continue;
    if (kind == "f") {
      throw Error(kUnsupported)
          .Object(object + ", partition " + schema + "." + name)
          .Cause(
              "The partition is a foreign table: its rows lie at another server, outside of any snapshot of this one")
          .Remedy(fmt::format("Detach it for the time of the migration (ALTER TABLE {} DETACH PARTITION {};), or leave "
                              "the table out.",
                              Quote(table.name.database, table.name.name), Quote(schema, name)))
          .Side(connection.endpoint().side);
    }
    PageRange range{.name = Quote(schema, name),
                    .file = NumberOf<uint64_t>(row[5]),
                    .pages = NumberOf<uint64_t>(row[3]),
                    .bytes = NumberOf<uint64_t>(row[4])};
    const bool is_leaf = schema != table.name.database || name != table.name.name;
    if (is_leaf) {
      leafs.push_back(std::move(range));
    } else {
      whole = std::move(range);
    }
  }
  const uint64_t most_pages = connection.version() >= kRangeScans ? UINT32_MAX : kMostPagesByPlace;
  return SplitPages(whole, leafs, table.rows_estimated, chunk_bytes, most_pages);
}

std::string ChunkStandsQuestion(const model::ObjectName& table, const Chunk& chunk) {
  const Bound lower = Parse(chunk.lower);
  const Bound bound = lower.given ? lower : Parse(chunk.upper);
  if (!bound.given) return "";
  const std::string name = bound.leaf.empty() ? Quote(table.database, table.name) : bound.leaf;
  return fmt::format("SELECT pg_catalog.pg_relation_filenode({}::pg_catalog.regclass) = {}", Literal(name), bound.file);
}

std::string ChunkRows(uint32_t version, const TableShape& shape, const model::ObjectName& table, const Chunk& chunk,
                      std::string_view filter) {
  const Bound lower = Parse(chunk.lower);
  const Bound upper = Parse(chunk.upper);
  const std::string name = lower.leaf.empty() ? Quote(table.database, table.name) : lower.leaf;
  const bool whole_tree = shape.partitioned && lower.leaf.empty();
  const std::string range = PageCondition(version, shape.page_bytes, name, lower, upper);
  std::string sql = (whole_tree ? "FROM " : "FROM ONLY ") + name;
  if (!range.empty()) sql += " WHERE " + range;
  // A line break, so that a comment at the filter's end ends with it.
  if (!filter.empty()) sql += (range.empty() ? " WHERE (" : " AND (") + std::string(filter) + "\n)";
  return sql;
}

}  // namespace sluice::postgresql
