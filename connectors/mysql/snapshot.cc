// Reads tables at the cut, each reader in its own transaction.
#include <fmt/format.h>
#include <mysql.h>

#include <memory>
#include <utility>

#include "base/check.h"
#include "base/stop.h"
#include "connector/neutral.h"
#include "connectors/mysql/chunks.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/cut.h"
#include "connectors/mysql/neutral.h"
#include "connectors/mysql/sessions.h"
#include "connectors/mysql/tsv.h"

namespace sluice::mysql {
namespace {

constexpr size_t kBlockBytes = 512 * 1024;

std::unique_ptr<Connection> OpenReader(const connector::Endpoint& endpoint, const connector::SessionContext& context) {
  auto reader = std::make_unique<Connection>(endpoint, context);
  // Rows come in each column's own character set; literals (of filters) keep their usual meaning.
  reader->Execute("SET SESSION character_set_results = binary, wait_timeout = 2147483, net_write_timeout = 604800");
  reader->Execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  if (reader->is_mariadb() && reader->version() >= 100300) {
    reader->Execute("SET SESSION idle_transaction_timeout = 0, idle_readonly_transaction_timeout = 0");
  }
  return reader;
}

// Collects encoded rows and hands them on in blocks.
class BlockWriter {
 public:
  explicit BlockWriter(connector::BlockSink& sink) : sink_(sink), bytes_(std::make_unique<std::string>()) {
    bytes_->reserve(kBlockBytes + kBlockBytes / 8);
  }
  std::string& bytes() { return *bytes_; }
  void EndRow() {
    bytes_->push_back('\n');
    ++rows_;
    if (bytes_->size() >= kBlockBytes) Flush();
  }
  void Flush() {
    if (rows_ == 0) return;
    sink_.Put({.bytes = std::move(*bytes_), .rows = std::exchange(rows_, 0)});
    bytes_->clear();
    bytes_->reserve(kBlockBytes + kBlockBytes / 8);
  }

 private:
  connector::BlockSink& sink_;
  std::unique_ptr<std::string> bytes_;
  uint64_t rows_ = 0;
};

// How a column is selected: FLOAT prints only six digits unless it is made a double; a double prints all it has.
std::string Selected(const model::Column& column) {
  const model::TypeKind kind = column.type.kind;
  const bool floating = kind == model::TypeKind::kFloat32 || kind == model::TypeKind::kFloat64;
  return Quote(column.name) + (floating ? "*1e0" : "");
}

// Frees a result that was not read to its end: the server is asked to stop, since draining a large one takes long.
class StreamedResult {
 public:
  StreamedResult(Connection& reader, const connector::Endpoint& endpoint, const std::string& sql,
                 const std::string& object)
      : reader_(reader), endpoint_(endpoint), result_(reader.Stream(sql, object)) {}
  StreamedResult(const StreamedResult&) = delete;
  StreamedResult& operator=(const StreamedResult&) = delete;
  ~StreamedResult() {
    if (!ended_ && !reader_.stop().stop_requested()) Interrupt();
    mysql_free_result(result_);
    if (!ended_ && !reader_.stop().stop_requested()) Settle();
  }

  MYSQL_ROW Next() {
    MYSQL_ROW row = mysql_fetch_row(result_);
    if (row == nullptr) ended_ = true;
    return row;
  }
  MYSQL_RES* get() { return result_; }

 private:
  void Interrupt() {
    try {
      Connection killer(endpoint_, {.stop = reader_.stop(), .purpose = "end of a read"}, {.read_timeout_seconds = 10});
      killer.Execute(fmt::format("KILL QUERY {}", reader_.id()));
    } catch (const Error&) {
      // Then the rest of the rows is read and thrown away.
    }
  }
  // The kill may arrive after the query's end and hit the next statement: let it hit this one.
  void Settle() {
    try {
      reader_.Execute("DO 0");
    } catch (const Error&) {
    }
  }

  Connection& reader_;
  const connector::Endpoint& endpoint_;
  MYSQL_RES* result_;
  bool ended_ = false;
};

class MysqlSnapshot : public connector::Snapshot {
 public:
  MysqlSnapshot(const connector::Endpoint& endpoint, const connector::SnapshotRequest& request,
                const connector::SessionContext& context)
      : endpoint_(endpoint) {
    for (size_t i = 0; i < std::max<size_t>(request.readers, 1); ++i) readers_.push_back(OpenReader(endpoint, context));
    Connection control(endpoint, context);
    cut_ = TakeCut(control, readers_, request.with_position);
    NameTablesOutside(request.tables);
  }

  const connector::Cut& cut() const override { return cut_; }
  size_t readers() const override { return readers_.size(); }
  std::vector<connector::Chunk> PlanChunks(size_t reader, const model::Table& table, const model::TableMapping&,
                                           uint64_t chunk_bytes) override {
    return PlanTableChunks(*readers_.at(reader), table, chunk_bytes);
  }
  void ReadChunk(size_t reader, const model::Table& table, const model::TableMapping& mapping,
                 const connector::Chunk& chunk, const std::string& encoding, connector::BlockSink& sink) override;

 private:
  // Engines without transactions have no snapshot: their rows are read as they are when their turn comes.
  void NameTablesOutside(const std::vector<model::TablePtr>& tables) {
    std::string names;
    for (const model::TablePtr& table : tables) {
      if (!table->transactional) names += (names.empty() ? "" : ", ") + table->name.Text();
    }
    if (!names.empty()) cut_.how += "; outside the cut, since their engine has no transactions: " + names;
  }

  connector::Endpoint endpoint_;
  Readers readers_;
  connector::Cut cut_;
};

// `selected`: expressions with commas between.
std::string ReadStatement(const model::Table& table, const model::TableMapping& mapping, const std::string& selected,
                          const connector::Chunk& chunk) {
  std::string sql = "SELECT " + (selected.empty() ? "1" : selected);
  sql += " FROM " + Quote(table.name.database, table.name.name);
  const model::Key* key = SplitKey(table);
  // In key order the destination's pages fill one after the other. Without the hint the server may choose a secondary
  // index that covers the columns.
  const bool in_key_order = key != nullptr && key->primary && table.transactional;
  const std::string range = key == nullptr ? "" : RangeCondition(table, *key, chunk.lower, chunk.upper);
  if (key != nullptr && (in_key_order || !range.empty())) sql += " FORCE INDEX (" + Quote(key->name) + ")";
  if (!range.empty()) sql += " WHERE " + range;
  if (!mapping.filter.empty()) sql += (range.empty() ? " WHERE (" : " AND (") + mapping.filter + "\n)";
  if (in_key_order) sql += " ORDER BY " + KeyColumns(table, *key);
  return sql;
}

[[noreturn]] void ThrowNoUnicode(const model::Table& table, const std::string& column, std::string_view codes) {
  throw Error(kValueRefused)
      .Object("table " + table.name.Text())
      .Cause(fmt::format("Column {} holds x'{}', whose codes stand for no character of Unicode.", column, codes))
      .Remedy("Mend the value at the source, or leave the column out with `columns: {exclude: [...]}`.")
      .Side("source");
}

void MysqlSnapshot::ReadChunk(size_t reader, const model::Table& table, const model::TableMapping& mapping,
                              const connector::Chunk& chunk, const std::string& encoding, connector::BlockSink& sink) {
  const bool neutral = encoding == connector::kNeutralTsv;
  Check(neutral || encoding == kTsvEncoding, "unknown row encoding");
  std::string selected;
  std::vector<NeutralForm> forms;
  for (const model::ColumnMapping& column : mapping.columns) {
    if (!selected.empty()) selected += ',';
    const auto index = table.FindColumn(column.source);
    Check(index.has_value(), "mapping names a column that the table does not have");
    const NeutralColumn as_neutral = SelectNeutral(table.columns[*index]);
    selected += neutral ? as_neutral.expression : Selected(table.columns[*index]);
    forms.push_back(as_neutral.form);
  }
  Connection& connection = *readers_.at(reader);
  const std::string object = "table " + table.name.Text();
  StreamedResult result(connection, endpoint_, ReadStatement(table, mapping, selected, chunk), object);
  const size_t columns = mapping.columns.size();
  BlockWriter writer(sink);
  while (MYSQL_ROW row = result.Next()) {
    const unsigned long* lengths = mysql_fetch_lengths(result.get());
    std::string& bytes = writer.bytes();
    for (size_t i = 0; i < columns; ++i) {
      if (i != 0) bytes += '\t';
      if (row[i] == nullptr) {
        AppendTsvNull(bytes);
      } else if (const auto codes = WithoutUnicode(forms[i], {row[i], lengths[i]}); neutral && codes) {
        ThrowNoUnicode(table, mapping.columns[i].source, *codes);
      } else if (neutral) {
        AppendNeutral(bytes, forms[i], {row[i], lengths[i]});
      } else {
        AppendTsvCell(bytes, {row[i], lengths[i]});
      }
    }
    writer.EndRow();
  }
  if (mysql_errno(connection.handle()) != 0) connection.ThrowLast(object);
  writer.Flush();
}

}  // namespace

std::unique_ptr<connector::Snapshot> MakeSnapshot(const connector::Endpoint& endpoint,
                                                  const connector::SnapshotRequest& request,
                                                  const connector::SessionContext& context) {
  return std::make_unique<MysqlSnapshot>(endpoint, request, context);
}

}  // namespace sluice::mysql
