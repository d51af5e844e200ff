#include "connectors/mysql/chunks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/check.h"

namespace sluice::mysql {
namespace {

using model::Column;
using model::Key;
using model::KeyPart;
using model::Table;
using model::TypeKind;

// Rows per key value of an integer key; within the band an even split gives chunks of similar size.
constexpr double kDenseAtLeast = 0.3;
constexpr double kDenseAtMost = 4.0;  // more rows than values: the estimate is old
constexpr uint64_t kFewestRowsPerChunk = 1;
// More chunks than this give nothing but bookkeeping: larger tables get larger chunks.
constexpr uint64_t kMostChunks = 20000;

bool CanBeCompared(const Column& column) {
  switch (column.type.kind) {
    case TypeKind::kJson:
    case TypeKind::kGeometry:
    case TypeKind::kVector:
    case TypeKind::kOther:
      return false;
    default:
      return !column.nullable && column.generated != model::Generated::kVirtual;
  }
}

bool CanSplitBy(const Table& table, const Key& key) {
  if (!key.unique && !key.primary) return false;
  if (key.has_expression || key.parts.empty()) return false;
  return std::all_of(key.parts.begin(), key.parts.end(), [&](const KeyPart& part) {
    return part.prefix_length == 0 && CanBeCompared(table.columns[part.column]);
  });
}

std::string Hex(std::string_view bytes) {
  std::string out = "x'";
  for (const char c : bytes) fmt::format_to(std::back_inserter(out), "{:02X}", static_cast<unsigned char>(c));
  out += '\'';
  return out;
}

std::vector<std::string> SplitBound(const std::string& bound) {
  std::vector<std::string> literals;
  size_t from = 0;
  while (true) {
    const size_t comma = bound.find(',', from);
    literals.push_back(bound.substr(from, comma - from));
    if (comma == std::string::npos) return literals;
    from = comma + 1;
  }
}

// (a > x) OR (a = x AND b > y) ...; the last comparison of a bound that is included is `last_operator`. Servers find
// the index range in this form, but not in a comparison of row values.
std::string Beyond(const Table& table, const Key& key, const std::string& bound, const char* op,
                   const char* last_operator) {
  const std::vector<std::string> literals = SplitBound(bound);
  Check(literals.size() == key.parts.size(), "chunk bound with another number of columns than its key");
  std::string out = "(";
  for (size_t i = 0; i < literals.size(); ++i) {
    if (i != 0) out += " OR (";
    for (size_t j = 0; j <= i; ++j) {
      const bool last = j == i;
      if (j != 0) out += " AND ";
      out += Quote(table.columns[key.parts[j].column].name);
      out += last ? (i + 1 == literals.size() ? last_operator : op) : " = ";
      out += literals[j];
    }
    if (i != 0) out += ")";
  }
  out += ")";
  return out;
}

// The values min..max as a count that starts at zero, for signed and unsigned keys alike.
struct IntegerRange {
  uint64_t min = 0;  // biased: order is kept
  uint64_t max = 0;
  bool is_unsigned = false;

  static uint64_t Parse(const std::string& text, bool is_unsigned) {
    if (is_unsigned) {
      uint64_t value = 0;
      std::from_chars(text.data(), text.data() + text.size(), value);
      return value;
    }
    int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return static_cast<uint64_t>(value) + (uint64_t{1} << 63);
  }
  std::string Text(uint64_t biased) const {
    if (is_unsigned) return std::to_string(biased);
    return std::to_string(static_cast<int64_t>(biased - (uint64_t{1} << 63)));
  }
};

uint64_t RowsPerChunk(const Table& table, uint64_t chunk_bytes) {
  const uint64_t rows = std::max<uint64_t>(table.rows_estimated, 1);
  const uint64_t row_bytes = std::max<uint64_t>(table.bytes_estimated / rows, 1);
  const uint64_t by_bytes = std::max(chunk_bytes / row_bytes, kFewestRowsPerChunk);
  return std::max(by_bytes, rows / kMostChunks);
}

std::string From(const Table& table, const Key& key) {
  return fmt::format("FROM {} FORCE INDEX ({})", Quote(table.name.database, table.name.name), Quote(key.name));
}

// Walks the key: the server itself finds every n-th row.
std::vector<connector::Chunk> Walk(Connection& connection, const Table& table, const Key& key,
                                   uint64_t rows_per_chunk) {
  std::string selected;
  for (const KeyPart& part : key.parts) {
    selected += (selected.empty() ? "" : ", ") + KeyExpression(table.columns[part.column]);
  }
  const std::string order = KeyColumns(table, key);
  std::vector<connector::Chunk> chunks;
  std::string lower;
  while (true) {
    const std::string condition = RangeCondition(table, key, lower, "");
    const TextRows rows =
        connection.Query(fmt::format("SELECT {} {}{}{} ORDER BY {} LIMIT 1 OFFSET {}", selected, From(table, key),
                                     condition.empty() ? "" : " WHERE ", condition, order, rows_per_chunk - 1),
                         "table " + table.name.Text());
    connector::Chunk chunk{.number = chunks.size(), .lower = lower, .upper = "", .rows_estimated = rows_per_chunk};
    if (rows.empty()) {
      const uint64_t before = rows_per_chunk * chunks.size();
      chunk.rows_estimated =
          table.rows_estimated > before ? std::min(table.rows_estimated - before, rows_per_chunk) : rows_per_chunk / 2;
      chunks.push_back(std::move(chunk));
      return chunks;
    }
    for (size_t i = 0; i < key.parts.size(); ++i) {
      if (i != 0) chunk.upper += ',';
      chunk.upper += KeyLiteral(table.columns[key.parts[i].column], rows[0][i].value_or(""));
    }
    lower = chunk.upper;
    chunks.push_back(std::move(chunk));
  }
}

}  // namespace

const Key* SplitKey(const Table& table) {
  const Key* best = nullptr;
  for (const Key& key : table.keys) {
    if (!CanSplitBy(table, key)) continue;
    if (key.primary) return &key;
    if (best == nullptr || key.parts.size() < best->parts.size()) best = &key;
  }
  return best;
}

std::string KeyExpression(const Column& column) {
  const std::string name = Quote(column.name);
  switch (column.type.kind) {
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      return name + "*1e0";
    case TypeKind::kEnum:
    case TypeKind::kSet:
    case TypeKind::kBit:
      return name + "+0";
    default:
      return name;
  }
}

std::string KeyLiteral(const Column& column, std::string_view value) {
  switch (column.type.kind) {
    case TypeKind::kInteger:
    case TypeKind::kDecimal:
    case TypeKind::kYear:
    case TypeKind::kEnum:
    case TypeKind::kSet:
    case TypeKind::kBit:
      return std::string(value);
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      // Without an exponent it would be a decimal, which compares otherwise.
      return std::string(value) + (value.find('e') == std::string_view::npos ? "e0" : "");
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
      return Literal(value);
    case TypeKind::kUuid:
    case TypeKind::kInet:
      return "_utf8mb4 " + Hex(value);
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
    case TypeKind::kBlob:
      return "_binary " + Hex(value);
    default:
      return "_" + (column.type.charset.empty() ? "binary" : column.type.charset) + " " + Hex(value);
  }
}

std::string KeyColumns(const Table& table, const Key& key) {
  std::string out;
  for (const KeyPart& part : key.parts) out += (out.empty() ? "" : ", ") + Quote(table.columns[part.column].name);
  return out;
}

std::string RangeCondition(const Table& table, const Key& key, const std::string& lower, const std::string& upper) {
  std::string out;
  if (!lower.empty()) out = Beyond(table, key, lower, " > ", " > ");
  if (!upper.empty()) out += (out.empty() ? "" : " AND ") + Beyond(table, key, upper, " < ", " <= ");
  return out;
}

std::vector<connector::Chunk> SplitEvenly(const std::string& min, const std::string& max, bool is_unsigned,
                                          uint64_t chunks, uint64_t rows) {
  const IntegerRange range{.min = IntegerRange::Parse(min, is_unsigned),
                           .max = IntegerRange::Parse(max, is_unsigned),
                           .is_unsigned = is_unsigned};
  const uint64_t width = range.max - range.min;  // one less than the number of values
  chunks = std::max<uint64_t>(std::min(chunks, width == 0 ? 1 : width), 1);
  std::vector<connector::Chunk> out;
  for (uint64_t i = 0; i < chunks; ++i) {
    connector::Chunk chunk{.number = i,
                           .lower = i == 0 ? "" : out.back().upper,
                           .upper = "",
                           .rows_estimated = std::max<uint64_t>(rows / chunks, 1)};
    if (i + 1 < chunks) {
      const auto step = static_cast<unsigned __int128>(width) * (i + 1) / chunks;
      chunk.upper = range.Text(range.min + static_cast<uint64_t>(step));
    }
    out.push_back(std::move(chunk));
  }
  return out;
}

std::vector<connector::Chunk> PlanTableChunks(Connection& connection, const Table& table, uint64_t chunk_bytes) {
  const std::vector<connector::Chunk> whole = {
      {.number = 0, .lower = "", .upper = "", .rows_estimated = table.rows_estimated}};
  const uint64_t rows_per_chunk = RowsPerChunk(table, chunk_bytes);
  const Key* key = SplitKey(table);
  if (key == nullptr || table.rows_estimated <= rows_per_chunk + rows_per_chunk / 2) return whole;

  const Column& first = table.columns[key->parts[0].column];
  if (key->parts.size() == 1 && first.type.kind == TypeKind::kInteger) {
    const std::string name = Quote(first.name);
    const TextRows rows = connection.Query(
        fmt::format("SELECT MIN({}), MAX({}) FROM {}", name, name, Quote(table.name.database, table.name.name)),
        "table " + table.name.Text());
    if (rows.empty() || !rows[0][0] || !rows[0][1]) return whole;
    const bool is_unsigned = first.type.is_unsigned;
    const double width = static_cast<double>(IntegerRange::Parse(*rows[0][1], is_unsigned) -
                                             IntegerRange::Parse(*rows[0][0], is_unsigned)) +
                         1;
    const double density = static_cast<double>(table.rows_estimated) / width;
    if (density >= kDenseAtLeast && density <= kDenseAtMost) {
      const uint64_t chunks = (table.rows_estimated + rows_per_chunk - 1) / rows_per_chunk;
      return SplitEvenly(*rows[0][0], *rows[0][1], is_unsigned, chunks, table.rows_estimated);
    }
  }
  return Walk(connection, table, *key, rows_per_chunk);
}

}  // namespace sluice::mysql
