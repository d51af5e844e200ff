#include "connectors/mysql/bulk_loader.h"

#include <mysql.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "connectors/mysql/loader_check.h"
#include "connectors/mysql/prepared.h"
#include "connectors/mysql/tsv.h"

namespace sluice::mysql {
namespace {

constexpr size_t kRowsPerPacket = 8192;
constexpr size_t kPacketBytes = 2 << 20;
constexpr size_t kHeadBytes = 8;  // of each value: its length and whether it is NULL

// The values of one column as the library wants them: an array per parameter, not per row.
struct Column {
  std::vector<char> indicators;
  std::vector<const char*> texts;
  std::vector<unsigned long> lengths;
  std::string unescaped;        // cells that had escapes, one after the other
  std::vector<size_t> mended;   // the rows that they belong to
  std::vector<size_t> offsets;  // where each begins

  void Add(std::string_view cell) {
    const bool null = cell == "\\N";
    indicators.push_back(null ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE);
    if (!null && cell.find('\\') != std::string_view::npos) {
      const size_t from = unescaped.size();
      AppendUnescaped(unescaped, cell);
      mended.push_back(texts.size());
      offsets.push_back(from);
      texts.push_back("");
      lengths.push_back(unescaped.size() - from);
      return;
    }
    texts.push_back(null ? "" : cell.data());
    lengths.push_back(null ? 0 : cell.size());
  }

  // Bytes, whatever the session's character set: what the column's own is, its bytes are in already.
  void Bind(MYSQL_BIND& bind) {
    for (size_t i = 0; i < mended.size(); ++i) texts[mended[i]] = unescaped.data() + offsets[i];
    bind = MYSQL_BIND{};
    bind.u.indicator = indicators.data();
    bind.buffer_type = MYSQL_TYPE_BLOB;
    bind.buffer = texts.data();
    bind.length = lengths.data();
  }

  void Clear() {
    indicators.clear();
    texts.clear();
    lengths.clear();
    unescaped.clear();
    mended.clear();
    offsets.clear();
  }
};

std::string StatementText(const LoadPlan& plan) {
  std::string values;
  for (const LoadColumn& column : plan.columns) {
    values += (values.empty() ? "" : ",") + column.before + "?" + column.after;
  }
  return "INSERT INTO " + plan.table + " (" + plan.InsertColumns() + ") VALUES (" + values + ")";
}

// One packet being put together.
class BulkBatch {
 public:
  BulkBatch(Connection& connection, const LoadPlan& plan)
      : connection_(connection),
        plan_(plan),
        watch_(plan),
        packet_bytes_(std::min(kPacketBytes, connection.PacketLimit() / 2)),
        statement_(connection, StatementText(plan), plan.object),
        columns_(plan.columns.size()),
        binds_(plan.columns.size()) {}

  size_t BytesOf(std::string_view row) const { return row.size() + kHeadBytes * columns_.size(); }

  // False when it is too long for any packet.
  bool Add(std::string_view row) {
    const size_t bytes = BytesOf(row);
    if (bytes > packet_bytes_ && bytes > connection_.PacketLimit() / 2) return false;
    if (rows_.size() >= kRowsPerPacket || bytes_ + bytes > packet_bytes_) Run();
    size_t at = 0;
    for (Column& column : columns_) {
      Check(at <= row.size(), "row with another number of columns");
      const size_t end = std::min(row.find('\t', at), row.size());
      column.Add(row.substr(at, end - at));
      at = end + 1;
    }
    Check(at == row.size() + 1, "row with another number of columns");
    rows_.push_back(row);
    bytes_ += bytes;
    watch_.SeeRow(row);
    return true;
  }

  void Run() {
    if (rows_.empty()) return;
    for (size_t i = 0; i < columns_.size(); ++i) columns_[i].Bind(binds_[i]);
    uint64_t inserted = 0;
    try {
      inserted = statement_.Run(binds_, rows_.size(), bytes_, plan_.object);
    } catch (const Error& error) {
      throw ToRowsError(error, connection_.endpoint().side, plan_.object, rows_);
    }
    CheckLoaded(connection_, plan_.object, watch_, inserted);
    for (Column& column : columns_) column.Clear();
    rows_.clear();
    bytes_ = 0;
    watch_.Clear();
  }

 private:
  Connection& connection_;
  const LoadPlan& plan_;
  LoadWatch watch_;
  const size_t packet_bytes_;
  PreparedStatement statement_;
  std::vector<Column> columns_;
  std::vector<MYSQL_BIND> binds_;
  std::vector<std::string_view> rows_;
  size_t bytes_ = 0;
};

}  // namespace

bool CanLoadInBulk(const LoadPlan& plan) {
  return plan.transactional && !plan.MayHoldErrorValues();
}

void BulkLoadRows(Connection& connection, const LoadPlan& plan, connector::BlockFeed& feed,
                  const std::function<void(std::string_view)>& large) {
  BulkBatch batch(connection, plan);
  while (const auto block = feed.Next()) {
    TsvReader reader(block->bytes);
    std::string_view row;
    while (reader.NextRow(row)) {
      if (batch.Add(row)) continue;
      batch.Run();
      large(row);
    }
    batch.Run();  // the rows point into the block
  }
}

}  // namespace sluice::mysql
