// The connector's VerifyReader: one connection that streams rows in COPY's binary form and makes them canonical text.
// Chunks are ranges of the key's leading columns, which both sides of a comparison understand.
#include <fmt/format.h>

#include <map>
#include <memory>

#include "base/check.h"
#include "connectors/postgresql/canonical.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/copy_format.h"
#include "connectors/postgresql/sessions.h"
#include "connectors/postgresql/verify_reader_sql.h"

namespace sluice::postgresql {
namespace {

using connector::Chunk;
using connector::VerifyTable;
using model::Cell;
using model::CellKind;

uint32_t Number(std::string_view bytes) {
  uint32_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

[[noreturn]] void BadRow(const std::string& object, const std::string& what) {
  throw Error(kBadCopy)
      .Object(object)
      .Cause("A row in COPY's binary format " + what)
      .Remedy(
          "Something between Sluice and the server changes what is sent, or the column's type changed just now; try "
          "again.");
}

class PostgresqlVerifyReader : public connector::VerifyReader {
 public:
  PostgresqlVerifyReader(const connector::Endpoint& endpoint, const connector::SessionContext& context)
      : connection_(endpoint, context) {
    connection_.Execute("SET max_parallel_workers_per_gather = 0");  // as many sessions as the user wants at work
  }

  std::vector<Chunk> PlanChunks(const VerifyTable& table, uint64_t rows_per_chunk) override {
    return PlanVerifyChunks(connection_, table, WholeTree(table), rows_per_chunk);
  }

  void ReadChunk(const VerifyTable& table, const Chunk& chunk, const RowSink& sink) override {
    std::string sql = VerifySelect(table, WholeTree(table));
    AppendConditions(sql, {FilterCondition(table), ChunkCondition(table, chunk)});
    Read(table, sql, sink);
  }

  void ReadKeys(const VerifyTable& table, const std::vector<std::vector<std::string>>& keys,
                const RowSink& sink) override {
    constexpr size_t kKeysPerQuery = 200;
    for (size_t begin = 0; begin < keys.size(); begin += kKeysPerQuery) {
      const size_t end = std::min(keys.size(), begin + kKeysPerQuery);
      std::string sql = VerifySelect(table, WholeTree(table));
      AppendConditions(sql, {FilterCondition(table), KeysCondition(table, {keys.data() + begin, end - begin})});
      Read(table, sql, sink);
    }
  }

  std::string RepairStatement(const VerifyTable& table, Repair repair, const TextRow& old,
                              const TextRow& row) override {
    return VerifyRepair(table, repair, old, row);
  }
  std::string RepairPreamble() override { return VerifyRepairPreamble(); }

 private:
  // Whether rows lie in partitions; children of plain inheritance are tables of their own.
  bool WholeTree(const VerifyTable& table) {
    const auto found = partitioned_.find(table.table->name);
    if (found != partitioned_.end()) return found->second;
    const std::string name = Quote(table.table->name.database, table.table->name.name);
    const OptionalText kind = connection_.QueryOne(
        fmt::format("SELECT relkind FROM pg_catalog.pg_class WHERE oid = {}::pg_catalog.regclass", Literal(name)),
        "table " + table.table->name.Text());
    return partitioned_.emplace(table.table->name, kind == "p").first->second;
  }

  void Read(const VerifyTable& table, const std::string& sql, const RowSink& sink) {
    const std::string object = "table " + table.table->name.Text();
    std::vector<Form> forms;
    const bool negative_zero = table.peer.flavour != "mariadb";
    for (const uint32_t column : table.columns) {
      forms.push_back(FormOf(table.table->columns[column].type, negative_zero, table.peer.engine == "postgresql"));
    }
    connection_.CopyOutBegin(fmt::format("COPY ({}) TO STDOUT {}", sql, CopyOptions(kCopyBinary)), object);
    CopyUnframer unframer(true);
    std::vector<Cell> cells(forms.size());
    Arena arena;
    try {
      while (const std::optional<std::string_view> message = connection_.CopyOutNext()) {
        const std::string_view row = unframer.Row(*message);
        if (row.empty()) continue;
        Split(row, forms, object, cells, arena);
        sink(cells);
        arena.Clear();
      }
    } catch (...) {
      const bool running = PQtransactionStatus(connection_.handle()) == PQTRANS_ACTIVE;
      if (running && !connection_.stop().stop_requested()) connection_.CopyOutCancel();
      throw;
    }
  }

  static void Split(std::string_view row, const std::vector<Form>& forms, const std::string& object,
                    std::vector<Cell>& cells, Arena& arena) {
    constexpr uint32_t kNull = UINT32_MAX;
    if (row.size() < 2 || Number(row.substr(0, 2)) != forms.size()) BadRow(object, "has another number of columns");
    row.remove_prefix(2);
    for (size_t i = 0; i < forms.size(); ++i) {
      if (row.size() < 4) BadRow(object, "ends within it");
      const uint32_t size = Number(row.substr(0, 4));
      row.remove_prefix(4);
      if (size == kNull) {
        cells[i] = Cell::Null();
        continue;
      }
      if (row.size() < size) BadRow(object, "ends within it");
      const std::optional<std::string_view> text = Canonical(forms[i], row.substr(0, size), arena);
      if (!text) BadRow(object, fmt::format("has a value of another form in column {}", i + 1));
      cells[i] = Cell::Bytes(CellKind::kBytes, *text);
      row.remove_prefix(size);
    }
  }

  Connection connection_;
  std::map<model::ObjectName, bool> partitioned_;
};

}  // namespace

std::unique_ptr<connector::VerifyReader> MakeVerifyReader(const connector::Endpoint& endpoint,
                                                          const connector::SessionContext& context) {
  return std::make_unique<PostgresqlVerifyReader>(endpoint, context);
}

}  // namespace sluice::postgresql
