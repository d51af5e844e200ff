// The connector's VerifyReader: one connection that streams rows as canonical text. Chunks are ranges of the key's
// leading columns; their bounds are tuples of SQL literals, which both sides of a comparison understand.
#include <fmt/format.h>
#include <mysql.h>

#include <memory>

#include "base/check.h"
#include "connectors/mysql/canonical.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/sessions.h"
#include "connectors/mysql/verify_reader_sql.h"

namespace sluice::mysql {
namespace {

using connector::Chunk;
using connector::VerifyTable;
using model::Cell;
using model::CellKind;

class MysqlVerifyReader : public connector::VerifyReader {
 public:
  MysqlVerifyReader(const connector::Endpoint& endpoint, const connector::SessionContext& context)
      : connection_(endpoint, context) {}

  std::vector<Chunk> PlanChunks(const VerifyTable& table, uint64_t rows_per_chunk) override {
    return PlanVerifyChunks(connection_, table, rows_per_chunk);
  }

  void ReadChunk(const VerifyTable& table, const Chunk& chunk, const RowSink& sink) override {
    std::string sql = VerifySelect(table);
    AppendConditions(sql, {FilterCondition(table), ChunkCondition(table, chunk)});
    Read(table, sql, sink);
  }

  void ReadKeys(const VerifyTable& table, const std::vector<std::vector<std::string>>& keys,
                const RowSink& sink) override {
    constexpr size_t kKeysPerQuery = 200;
    for (size_t begin = 0; begin < keys.size(); begin += kKeysPerQuery) {
      const size_t end = std::min(keys.size(), begin + kKeysPerQuery);
      std::string sql = VerifySelect(table);
      AppendConditions(sql, {FilterCondition(table), KeysCondition(table, {keys.data() + begin, end - begin})});
      Read(table, sql, sink);
    }
  }

  std::string RepairStatement(const VerifyTable& table, Repair repair, const TextRow& old,
                              const TextRow& row) override {
    return VerifyRepair(table, repair, old, row, connection_.is_mariadb());
  }
  std::string RepairPreamble() override { return VerifyRepairPreamble(); }

 private:
  void Read(const VerifyTable& table, const std::string& sql, const RowSink& sink) {
    const std::string object = "table " + table.table->name.Text();
    std::vector<Form> forms;
    const bool negative_zero = !connection_.is_mariadb() && table.peer.flavour != "mariadb";
    for (const uint32_t column : table.columns) {
      forms.push_back(FormOf(table.table->columns[column].type, negative_zero, table.peer.engine != "mysql"));
    }
    std::vector<Cell> cells(forms.size());
    Arena arena;
    const std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> result(connection_.Stream(sql, object), mysql_free_result);
    Check(mysql_num_fields(result.get()) == forms.size(), "columns of a verification query");
    while (MYSQL_ROW row = mysql_fetch_row(result.get())) {
      const unsigned long* lengths = mysql_fetch_lengths(result.get());
      for (size_t i = 0; i < forms.size(); ++i) {
        if (row[i] == nullptr) {
          cells[i] = Cell::Null();
          continue;
        }
        std::string_view text(row[i], lengths[i]);
        if (forms[i] != Form::kAsItIs) text = Canonical(forms[i], text, arena);
        cells[i] = Cell::Bytes(CellKind::kBytes, text);
      }
      sink(cells);
      arena.Clear();
    }
    if (mysql_errno(connection_.handle()) != 0) connection_.ThrowLast(object, sql);
  }

  Connection connection_;
};

}  // namespace

std::unique_ptr<connector::VerifyReader> MakeVerifyReader(const connector::Endpoint& endpoint,
                                                          const connector::SessionContext& context) {
  return std::make_unique<MysqlVerifyReader>(endpoint, context);
}

}  // namespace sluice::mysql
