// Reads tables at the cut, each reader in its own transaction that sees one exported snapshot.
//
// Protocol
//   1. A session of its own takes ACCESS SHARE locks on all tables and keeps them: TRUNCATE and the forms of ALTER
//   TABLE
//      that write a table anew would show it empty to an older snapshot. They wait for the end of the load.
//   2. With a position: the publication, then the replication slot of the task, which exports the snapshot of exactly
//      the place where it begins. At a later cut the slot stays where it is, and one that lives as long as its session
//      gives the place and the snapshot. Without: the first reader exports its own.
//   3. Each reader begins a transaction with that snapshot; only then the exporting session may end. It takes the locks
//   of
//      step 1 too: a statement that waits for those would hold up a reader that comes to the table later, and wait for
//      it for ever. One that came in between is seen as a lock that is not to be had: the cut is taken again.
//   4. Readers work below a savepoint and go back to it before each piece of work: an error or a cancelled COPY leaves
//      the snapshot alive, and locks on indexes and partitions do not pile up.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/stop.h"
#include "connector/neutral.h"
#include "connectors/postgresql/chunks.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/copy_format.h"
#include "connectors/postgresql/ddl_trigger.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/neutral.h"
#include "connectors/postgresql/publication.h"
#include "connectors/postgresql/sessions.h"
#include "connectors/postgresql/slot.h"

namespace sluice::postgresql {
namespace {

constexpr size_t kBlockBytes = 512 * 1024;
constexpr const char* kBack = "ROLLBACK TO SAVEPOINT work;";

// Collects encoded rows and hands them on in blocks.
class BlockWriter {
 public:
  explicit BlockWriter(connector::BlockSink& sink) : sink_(sink) { bytes_.reserve(kBlockBytes + kBlockBytes / 8); }
  void Add(std::string_view row, bool neutral) {
    if (neutral) {
      AppendNeutralRow(bytes_, row);
    } else {
      bytes_ += row;
    }
    ++rows_;
    if (bytes_.size() >= kBlockBytes) Flush();
  }
  void Flush() {
    if (rows_ == 0) return;
    sink_.Put({.bytes = std::move(bytes_), .rows = std::exchange(rows_, 0)});
    bytes_ = std::string();
    bytes_.reserve(kBlockBytes + kBlockBytes / 8);
  }

 private:
  connector::BlockSink& sink_;
  std::string bytes_;
  uint64_t rows_ = 0;
};

class PostgresqlSnapshot : public connector::Snapshot {
 public:
  PostgresqlSnapshot(const connector::Endpoint& endpoint, const connector::SnapshotRequest& request,
                     const connector::SessionContext& context)
      : locks_(endpoint, {.stop = context.stop, .purpose = "table locks"}) {
    LockTables(request.tables);
    SeeRoomForLocks(std::max<size_t>(request.readers, 1));
    for (size_t i = 0; i < std::max<size_t>(request.readers, 1); ++i) {
      readers_.push_back(std::make_unique<Connection>(endpoint, context));
    }
    if (request.with_position) {
      CutWithSlot(endpoint, request, context);
    } else {
      CutOfReaders();
    }
  }

  const connector::Cut& cut() const override { return cut_; }
  size_t readers() const override { return readers_.size(); }
  std::vector<connector::Chunk> PlanChunks(size_t reader, const model::Table& table, const model::TableMapping&,
                                           uint64_t chunk_bytes) override {
    return PlanTableChunks(*readers_.at(reader), table, chunk_bytes, kBack);
  }
  void ReadChunk(size_t reader, const model::Table& table, const model::TableMapping& mapping,
                 const connector::Chunk& chunk, const std::string& encoding, connector::BlockSink& sink) override;

 private:
  void LockTables(const std::vector<model::TablePtr>& tables);
  TextRows FindTables(const std::vector<model::TablePtr>& tables);
  void SeeRoomForLocks(size_t readers);
  void CutWithSlot(const connector::Endpoint& endpoint, const connector::SnapshotRequest& request,
                   const connector::SessionContext& context);
  void RequireSlot(const std::string& name);
  void CutOfReaders();
  void Begin(Connection& reader, const std::string& snapshot) const;
  std::string ReaderSettings() const;
  // Only read once the snapshot stands: any reader's thread.
  TableShape ShapeOf(const model::ObjectName& table) const {
    const auto found = partitioned_.find(table);
    return {.partitioned = found != partitioned_.end() && found->second, .page_bytes = page_bytes_};
  }

  Connection locks_;
  std::map<model::ObjectName, bool> partitioned_;
  std::string locked_;  // the tables, as LOCK TABLE takes them
  uint64_t page_bytes_ = 8192;
  bool readers_lock_ = false;
  std::vector<std::unique_ptr<Connection>> readers_;
  connector::Cut cut_;
};

// Schema, name and kind of those that are there.
TextRows PostgresqlSnapshot::FindTables(const std::vector<model::TablePtr>& tables) {
  std::string names;
  for (const model::TablePtr& table : tables) {
    names += fmt::format("{}({}::pg_catalog.name, {}::pg_catalog.name)", names.empty() ? "" : ", ",
                         Literal(table->name.database), Literal(table->name.name));
  }
  if (names.empty()) return {};
  return locks_.Query(
      "SELECT wanted.schema, wanted.name, c.relkind FROM (VALUES " + names +
      ") wanted (schema, name) JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema JOIN pg_catalog.pg_class c "
      "ON c.relnamespace = n.oid AND c.relname = wanted.name WHERE c.relkind IN ('r', 'p')");
}

// Tables that are dropped meanwhile are left out: whoever asked for the snapshot lists them again after it.
void PostgresqlSnapshot::LockTables(const std::vector<model::TablePtr>& tables) {
  constexpr int kRounds = 20;
  for (int round = 1;; ++round) {
    partitioned_.clear();
    std::string& names = locked_;
    names.clear();
    std::vector<std::pair<std::string, std::string>> single;  // as locked, and for people
    for (const TextRow& row : FindTables(tables)) {
      const model::ObjectName name{row[0].value_or(""), row[1].value_or("")};
      const bool partitioned = row[2] == "p";
      partitioned_.emplace(name, partitioned);
      // Children of plain inheritance are tables of their own.
      single.emplace_back((partitioned ? "" : "ONLY ") + Quote(name.database, name.name), "table " + name.Text());
      names += (names.empty() ? "" : ", ") + single.back().first;
    }
    page_bytes_ = std::stoull(locks_.QueryOne("SELECT pg_catalog.current_setting('block_size')").value_or("8192"));
    if (names.empty()) return;
    locks_.Execute("BEGIN READ ONLY");
    try {
      return locks_.Execute("LOCK TABLE " + names + " IN ACCESS SHARE MODE");
    } catch (const Error& error) {
      if (error.info().retry == RetryClass::kReconnect) throw;
      locks_.Execute("ROLLBACK");
      if (error.info().code == kMissingPrivilege.id) {
        // The server names no schema: one by one it is known which table it is about.
        locks_.Execute("BEGIN READ ONLY");
        for (const auto& [table, object] : single) {
          locks_.Execute("LOCK TABLE " + table + " IN ACCESS SHARE MODE", object);
        }
      }
      if (error.info().code != kMissingObject.id || round == kRounds) throw;
    }
  }
}

// Readers are as many as the user wants sessions at work: none brings helpers along. A table is always read from its
// first page on, and by place where asked for by place. The savepoint comes last: what stands before it stays.
std::string PostgresqlSnapshot::ReaderSettings() const {
  std::string sql =
      "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_tidscan = on; SET LOCAL lock_timeout = '10s';";
  if (readers_lock_) sql += "LOCK TABLE " + locked_ + " IN ACCESS SHARE MODE;";
  return sql + "SAVEPOINT work";
}

void PostgresqlSnapshot::Begin(Connection& reader, const std::string& snapshot) const {
  std::string sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;";
  if (!snapshot.empty()) sql += "SET TRANSACTION SNAPSHOT " + Literal(snapshot) + ";";
  reader.Execute(sql + ReaderSettings());
}

// Locks take room in the server's memory, which all sessions share (documentation, max_locks_per_transaction): of a
// database of very many tables a reader locks one as it comes to it.
void PostgresqlSnapshot::SeeRoomForLocks(size_t readers) {
  constexpr double kShare = 0.25;
  const OptionalText room = locks_.QueryOne(
      "SELECT current_setting('max_locks_per_transaction')::bigint * (current_setting('max_connections')::bigint + "
      "current_setting('max_prepared_transactions')::bigint)");
  const double most = kShare * std::stod(room.value_or("0"));
  readers_lock_ = !locked_.empty() && static_cast<double>(partitioned_.size() * readers) <= most;
}

void PostgresqlSnapshot::CutOfReaders() {
  Connection& first = *readers_.front();
  first.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const std::string snapshot = first.QueryOne("SELECT pg_catalog.pg_export_snapshot()").value_or("");
  for (size_t i = 1; i < readers_.size(); ++i) Begin(*readers_[i], snapshot);
  first.Execute(ReaderSettings());
  cut_.how = fmt::format("exported snapshot {}, {} readers", snapshot, readers_.size());
}

// The log since the first cut is read from it: without it the rest of the load would be in vain.
void PostgresqlSnapshot::RequireSlot(const std::string& name) {
  const OptionalText there = locks_.QueryOne(
      "SELECT 1 FROM pg_catalog.pg_replication_slots WHERE slot_name = " + Literal(name), "replication slot " + name);
  if (there) return;
  throw Error(kSlotMissing)
      .Object("replication slot " + name)
      .Cause("It was dropped since the first cut of the load: what happened since then could not be read.")
      .Remedy("Begin anew with `sluice run --restart`.")
      .Side(locks_.endpoint().side);
}

void PostgresqlSnapshot::CutWithSlot(const connector::Endpoint& endpoint, const connector::SnapshotRequest& request,
                                     const connector::SessionContext& context) {
  const std::string name = SourceObjectName(request.task);
  Connection replication(endpoint, {.stop = context.stop, .purpose = "replication slot"}, {.replication = true});
  std::string slot = name;
  if (request.first) {
    Connection setup(endpoint, {.stop = context.stop, .purpose = "publication"});
    DropSlot(setup, name);
    DropDdlTriggers(setup, name);
    const bool ddl = request.with_ddl && InstallDdlTriggers(setup, name, request.selected);
    PreparePublication(setup, name, request.tables, request.mappings, ddl);
  } else {
    RequireSlot(name);
    // Sessions of an earlier process may not have ended yet, and their slots with them: this session's number differs.
    constexpr size_t kMostOfName = 50;
    slot = fmt::format("{}_{}", name.substr(0, kMostOfName), replication.pid());
  }
  const ExportedSlot exported = CreateSlot(replication, slot, !request.first);
  for (const auto& reader : readers_) Begin(*reader, exported.snapshot);
  cut_.start = FormatPosition(exported.position);
  cut_.end = cut_.start;
  cut_.how =
      fmt::format("replication slot {} at {}, {} readers", slot, FormatLsn(exported.position.lsn), readers_.size());
}

std::string ReadStatement(uint32_t version, const TableShape& shape, const model::Table& table,
                          const model::TableMapping& mapping, const connector::Chunk& chunk,
                          const std::string& encoding) {
  const bool neutral = encoding == connector::kNeutralTsv;
  std::string columns;
  for (const model::ColumnMapping& column : mapping.columns) {
    const auto index = table.FindColumn(column.source);
    Check(index.has_value(), "a mapped column exists");
    columns += (columns.empty() ? "" : ", ") + (neutral ? SelectNeutral(table.columns[*index]) : Quote(column.source));
  }
  return fmt::format("{}COPY (SELECT {} {}) TO STDOUT {}", kBack, columns,
                     ChunkRows(version, shape, table.name, chunk, mapping.filter), CopyOptions(encoding));
}

// The plan may be that of an earlier cut. Under this one the locks keep the pages where they are.
void RequirePages(Connection& connection, const model::Table& table, const connector::Chunk& chunk) {
  const std::string question = ChunkStandsQuestion(table.name, chunk);
  const std::string object = "table " + table.name.Text();
  if (question.empty() || connection.QueryOne(kBack + question, object) == "t") return;
  throw Error(kTableChanged)
      .Object(object)
      .Cause(
          "Its rows were put in other pages (VACUUM FULL, CLUSTER, ALTER TABLE or TRUNCATE) since the load of it "
          "began, "
          "which was interrupted: which of them are at the destination cannot be told")
      .Remedy("Begin anew with `sluice run --restart`.")
      .Side(connection.endpoint().side);
}

void PostgresqlSnapshot::ReadChunk(size_t reader, const model::Table& table, const model::TableMapping& mapping,
                                   const connector::Chunk& chunk, const std::string& encoding,
                                   connector::BlockSink& sink) {
  Connection& connection = *readers_.at(reader);
  RequirePages(connection, table, chunk);
  connection.CopyOutBegin(ReadStatement(connection.version(), ShapeOf(table.name), table, mapping, chunk, encoding),
                          "table " + table.name.Text());
  CopyUnframer unframer(encoding == kCopyBinary);
  const bool neutral = encoding == connector::kNeutralTsv;
  BlockWriter writer(sink);
  try {
    while (const std::optional<std::string_view> message = connection.CopyOutNext()) {
      const std::string_view row = unframer.Row(*message);
      if (!row.empty()) writer.Add(row, neutral);
    }
  } catch (...) {
    // Whoever takes the rows wants no more: the rest of a large table would take its time.
    const bool running = PQtransactionStatus(connection.handle()) == PQTRANS_ACTIVE;
    if (running && !connection.stop().stop_requested()) connection.CopyOutCancel();
    throw;
  }
  writer.Flush();
}

}  // namespace

std::unique_ptr<connector::Snapshot> MakeSnapshot(const connector::Endpoint& endpoint,
                                                  const connector::SnapshotRequest& request,
                                                  const connector::SessionContext& context) {
  return std::make_unique<PostgresqlSnapshot>(endpoint, request, context);
}

}  // namespace sluice::postgresql
