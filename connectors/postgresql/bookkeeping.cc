#include "connectors/postgresql/bookkeeping.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/error.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {
namespace {

using connector::ApplyProgress;
using connector::ChunkMark;
using connector::SessionContext;

// Names compare byte by byte. Lanes rewrite their row at each commit: room on its page keeps that cheap.
constexpr const char* kCreateStatements[] = {
    "CREATE TABLE IF NOT EXISTS sluice.chunk ("
    "task text COLLATE \"C\" NOT NULL, "
    "database_name text COLLATE \"C\" NOT NULL, "
    "table_name text COLLATE \"C\" NOT NULL, "
    "chunk bigint NOT NULL, "
    "row_count bigint NOT NULL, "
    "PRIMARY KEY (task, database_name, table_name, chunk))",
    "CREATE TABLE IF NOT EXISTS sluice.progress ("
    "task text COLLATE \"C\" NOT NULL, "
    "lane integer NOT NULL, "
    "low_ordinal numeric(20) NOT NULL, "
    "low_engine text COLLATE \"C\" NOT NULL, "
    "low_position text COLLATE \"C\" NOT NULL, "
    "done text COLLATE \"C\" NOT NULL, "
    "committed_micros bigint NOT NULL, "
    "PRIMARY KEY (task, lane)) WITH (fillfactor = 20)",
    "CREATE TABLE IF NOT EXISTS sluice.note ("
    "task text COLLATE \"C\" NOT NULL, "
    "name text COLLATE \"C\" NOT NULL, "
    "content text COLLATE \"C\" NOT NULL, "
    "PRIMARY KEY (task, name))",
};

std::string IsMark(const ChunkMark& mark) {
  return fmt::format("task = {} AND database_name = {} AND table_name = {} AND chunk = {}", Literal(mark.task),
                     Literal(mark.table.database), Literal(mark.table.name), mark.chunk);
}

std::string SaveNoteStatement(const std::string& task, const std::string& name, const std::string& content) {
  return fmt::format(
      "INSERT INTO sluice.note (task, name, content) VALUES ({}, {}, {}) ON CONFLICT (task, name) DO UPDATE SET "
      "content "
      "= EXCLUDED.content",
      Literal(task), Literal(name), Literal(content));
}

std::string RemoveStatement(const char* table, const std::string& task) {
  return fmt::format("DELETE FROM sluice.{} WHERE task = {}", table, Literal(task));
}

class PostgresqlBookkeeping : public connector::Bookkeeping {
 public:
  PostgresqlBookkeeping(const connector::Endpoint& endpoint, const SessionContext& context)
      : connection_(endpoint, context, {.idle_in_transaction = 2 * connector::kSessionIdleMost}) {
    connection_.Execute(kNoticeDeadClient);
    CommitDurably(connection_);
  }

  void Prepare() override { PrepareBookkeeping(connection_); }
  std::vector<ChunkMark> ChunksDone(const std::string& task) override;
  void ResetTable(const std::string& task, const model::ObjectName& source,
                  const model::ObjectName& destination) override;
  std::vector<ApplyProgress> LoadProgress(const std::string& task) override;
  void SaveProgress(const ApplyProgress& progress) override { SaveNotes(progress.task, {}, &progress); }
  std::optional<std::string> LoadNote(const std::string& task, const std::string& name) override;
  std::vector<std::pair<std::string, std::string>> LoadNotes(const std::string& task,
                                                             const std::string& prefix) override;
  void SaveNotes(const std::string& task, const std::vector<Note>& notes, const ApplyProgress* progress) override;
  void RemoveTask(const std::string& task) override;
  std::optional<connector::Owner> LoadOwner(const std::string& task) override;
  bool TakeOver(const std::string& task, const connector::Owner& owner,
                const std::optional<connector::Owner>& former) override;
  Released Release(const std::string& task) override { return ReleaseTask(connection_, task); }

 private:
  void Empty(const model::ObjectName& table);
  // Runs `work` in one transaction that holds the task's lock alone.
  template <typename Work>
  void Alone(const std::string& task, Work work) {
    InTransaction("BEGIN;" + HoldTaskLockStatement(task), work);
  }
  // Runs `work` in one transaction that only the task's owner may make.
  template <typename Work>
  void AsOwner(const std::string& task, Work work) {
    InTransaction(BeginStatement(task, connection_.endpoint().fence), work);
  }
  template <typename Work>
  void InTransaction(const std::string& begin, Work work) {
    try {
      connection_.Execute(begin);
      work();
      connection_.Execute("COMMIT");
    } catch (const Error&) {
      RollbackQuietly();
      throw;
    }
  }
  void RollbackQuietly() {
    try {
      connection_.Execute("ROLLBACK");
    } catch (const Error&) {
      // The connection is gone, and the transaction with it.
    }
  }

  Connection connection_;
};

std::vector<ChunkMark> PostgresqlBookkeeping::ChunksDone(const std::string& task) {
  std::vector<ChunkMark> marks;
  Alone(task, [&] {
    const TextRows rows = connection_.Query(
        fmt::format("SELECT database_name, table_name, chunk, row_count FROM sluice.chunk WHERE task = {} "
                    "ORDER BY database_name, table_name, chunk",
                    Literal(task)),
        "table sluice.chunk");
    marks.reserve(rows.size());
    for (const TextRow& row : rows) {
      marks.push_back({.task = task,
                       .table = {row[0].value_or(""), row[1].value_or("")},
                       .chunk = NumberOf<uint64_t>(row[2]),
                       .rows = NumberOf<uint64_t>(row[3])});
    }
  });
  return marks;
}

void PostgresqlBookkeeping::ResetTable(const std::string& task, const model::ObjectName& source,
                                       const model::ObjectName& destination) {
  Alone(task, [&] {
    LookAtFence(connection_);
    connection_.Execute(
        fmt::format("DELETE FROM sluice.chunk WHERE task = {} AND database_name = {} AND table_name = {}",
                    Literal(task), Literal(source.database), Literal(source.name)),
        "table sluice.chunk");
    Empty(destination);
  });
}

// Within a transaction. A table that is gone is empty.
void PostgresqlBookkeeping::Empty(const model::ObjectName& table) {
  const std::string name = Quote(table.database, table.name);
  const std::string object = "table " + table.Text();
  const OptionalText kind = connection_.QueryOne(
      fmt::format("SELECT c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
                  "c.relnamespace WHERE n.nspname = {} AND c.relname = {}",
                  Literal(table.database), Literal(table.name)),
      object);
  if (!kind) return;
  // Tables that inherit from it are tables of their own; partitions are not.
  const std::string target = (*kind == "p" ? "" : "ONLY ") + name;
  connection_.Execute("SAVEPOINT emptied");
  try {
    connection_.Execute("TRUNCATE " + target, object);
  } catch (const Error& error) {
    // Referenced by a foreign key, or the right is not granted: row by row then.
    if (error.info().code != kUnsupported.id && error.info().code != kMissingPrivilege.id) throw;
    connection_.Execute("ROLLBACK TO SAVEPOINT emptied");
    SilenceTriggers(connection_);
    connection_.Execute("DELETE FROM " + target, object);
  }
}

std::vector<ApplyProgress> PostgresqlBookkeeping::LoadProgress(const std::string& task) {
  std::vector<ApplyProgress> lanes;
  Alone(task, [&] {
    const TextRows rows =
        connection_.Query(fmt::format("SELECT lane, low_ordinal, low_engine, low_position, done, committed_micros "
                                      "FROM sluice.progress WHERE task = {} ORDER BY lane",
                                      Literal(task)),
                          "table sluice.progress");
    for (const TextRow& row : rows) {
      lanes.push_back({.task = task,
                       .lane = NumberOf<uint32_t>(row[0]),
                       .low_ordinal = NumberOf<uint64_t>(row[1]),
                       .low = {.engine = row[2].value_or(""), .json = row[3].value_or("")},
                       .done = row[4].value_or(""),
                       .committed_micros = NumberOf<int64_t>(row[5])});
    }
  });
  return lanes;
}

std::optional<std::string> PostgresqlBookkeeping::LoadNote(const std::string& task, const std::string& name) {
  return connection_.QueryOne(
      fmt::format("SELECT content FROM sluice.note WHERE task = {} AND name = {}", Literal(task), Literal(name)),
      "table sluice.note");
}

std::vector<std::pair<std::string, std::string>> PostgresqlBookkeeping::LoadNotes(const std::string& task,
                                                                                  const std::string& prefix) {
  const TextRows rows =
      connection_.Query(fmt::format("SELECT name, content FROM sluice.note WHERE task = {} AND pg_catalog.left(name, "
                                    "pg_catalog.length({})) = {} ORDER BY name",
                                    Literal(task), Literal(prefix), Literal(prefix)),
                        "table sluice.note");
  std::vector<std::pair<std::string, std::string>> notes;
  for (const TextRow& row : rows) notes.emplace_back(row[0].value_or(""), row[1].value_or(""));
  return notes;
}

void PostgresqlBookkeeping::SaveNotes(const std::string& task, const std::vector<Note>& notes,
                                      const ApplyProgress* progress) {
  AsOwner(task, [&] {
    for (const Note& note : notes) {
      const std::string sql = note.text ? SaveNoteStatement(task, note.name, *note.text)
                                        : RemoveStatement("note", task) + " AND name = " + Literal(note.name);
      connection_.Execute(sql, "table sluice.note");
    }
    if (progress != nullptr) {
      connection_.Execute(RemoveStatement("progress", progress->task), "table sluice.progress");
      connection_.Execute(SaveProgressStatement(*progress), "table sluice.progress");
    }
  });
}

void PostgresqlBookkeeping::RemoveTask(const std::string& task) {
  AsOwner(task, [&] {
    for (const char* table : {"chunk", "progress"}) {
      connection_.Execute(RemoveStatement(table, task), std::string("table sluice.") + table);
    }
    connection_.Execute(RemoveStatement("note", task) + " AND name <> " + Literal(connector::kOwnerNote),
                        "table sluice.note");
  });
}

std::string OwnerStatement(const std::string& task) {
  return fmt::format("SELECT content FROM sluice.note WHERE task = {} AND name = {}", Literal(task),
                     Literal(connector::kOwnerNote));
}

std::optional<connector::Owner> PostgresqlBookkeeping::LoadOwner(const std::string& task) {
  if (!connection_.QueryOne("SELECT pg_catalog.to_regclass('sluice.note')")) return std::nullopt;
  const OptionalText note = connection_.QueryOne(OwnerStatement(task), "table sluice.note");
  return note ? std::optional(connector::OwnerFrom(*note)) : std::nullopt;
}

bool PostgresqlBookkeeping::TakeOver(const std::string& task, const connector::Owner& owner,
                                     const std::optional<connector::Owner>& former) {
  bool took = false;
  Alone(task, [&] {
    const OptionalText note = connection_.QueryOne(OwnerStatement(task), "table sluice.note");
    took = note.has_value() == former.has_value() && (!note || connector::OwnerFrom(*note).token == former->token);
    if (took) {
      connection_.Execute(SaveNoteStatement(task, connector::kOwnerNote, connector::ToNote(owner)),
                          "table sluice.note");
    }
  });
  return took;
}

// Two numbers: the first is Sluice's own, the second the task's. Tasks that share one only wait for each other.
std::string TaskLockKeys(const std::string& task) {
  uint32_t hash = 2166136261u;  // FNV-1a: it must be the same in every version of Sluice
  for (const char c : task) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return fmt::format("1936487779, {}", static_cast<int32_t>(hash));
}

}  // namespace

std::string ShareTaskLockStatement(const std::string& task) {
  return fmt::format("SELECT pg_catalog.pg_advisory_xact_lock_shared({})", TaskLockKeys(task));
}

std::string HoldTaskLockStatement(const std::string& task) {
  return fmt::format("SELECT pg_catalog.pg_advisory_xact_lock({})", TaskLockKeys(task));
}

// A text that is no number is refused, and told: so the owner comes along with the failure (Connection::Throw).
std::string FenceStatement(const connector::Fence& fence) {
  if (fence.task.empty()) return "";
  return fmt::format(
      "SELECT CASE WHEN o.note = {} THEN 0 ELSE CAST('{}' || o.note AS pg_catalog.int4) END FROM (SELECT "
      "COALESCE(pg_catalog.max(content), '') AS note FROM sluice.note WHERE task = {} AND name = {}) AS o",
      Literal(fence.note), kOwnerIs, Literal(fence.task), Literal(connector::kOwnerNote));
}

void LookAtFence(Connection& connection) {
  const std::string statement = FenceStatement(connection.endpoint().fence);
  if (!statement.empty()) connection.Query(statement, "table sluice.note");
}

std::string BeginStatement(const std::string& task, const connector::Fence& fence) {
  return "BEGIN;" + ShareTaskLockStatement(task) + ";" + FenceStatement(fence);
}

std::string SaveProgressStatement(const ApplyProgress& progress) {
  return fmt::format(
      "INSERT INTO sluice.progress (task, lane, low_ordinal, low_engine, low_position, done, committed_micros) VALUES "
      "({}, {}, {}, {}, {}, {}, {}) ON CONFLICT (task, lane) DO UPDATE SET low_ordinal = EXCLUDED.low_ordinal, "
      "low_engine = EXCLUDED.low_engine, low_position = EXCLUDED.low_position, done = EXCLUDED.done, committed_micros "
      "= EXCLUDED.committed_micros",
      Literal(progress.task), progress.lane, progress.low_ordinal, Literal(progress.low.engine),
      Literal(progress.low.json), Literal(progress.done), progress.committed_micros);
}

std::string InsertMarkStatement(const ChunkMark& mark) {
  return fmt::format(
      "INSERT INTO sluice.chunk (task, database_name, table_name, chunk, row_count) VALUES ({}, {}, {}, {}, {}) ON "
      "CONFLICT DO NOTHING RETURNING 1",
      Literal(mark.task), Literal(mark.table.database), Literal(mark.table.name), mark.chunk, mark.rows);
}

std::string UpdateMarkStatement(const ChunkMark& mark) {
  return fmt::format("UPDATE sluice.chunk SET row_count = {} WHERE {}", mark.rows, IsMark(mark));
}

uint64_t RowsOfMark(Connection& connection, const ChunkMark& mark) {
  return NumberOf<uint64_t>(
      connection.QueryOne("SELECT row_count FROM sluice.chunk WHERE " + IsMark(mark), "table sluice.chunk"));
}

std::unique_ptr<connector::Bookkeeping> MakeBookkeeping(const connector::Endpoint& endpoint,
                                                        const SessionContext& context) {
  return std::make_unique<PostgresqlBookkeeping>(endpoint, context);
}

void PrepareBookkeeping(Connection& connection) {
  // Asked first, so that an account that may use the schema but not create one is enough when it is there.
  const OptionalText there = connection.QueryOne(
      "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
      "n.nspname = 'sluice' AND c.relkind = 'r' AND c.relname IN ('chunk', 'progress', 'note')",
      "schema sluice");
  if (NumberOf<uint64_t>(there) == std::size(kCreateStatements)) return;
  try {
    connection.Execute("BEGIN");
    connection.Query(kBookkeepingLock);
    if (!connection.QueryOne("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'sluice'")) {
      connection.Execute("CREATE SCHEMA sluice", "schema sluice");
    }
    for (const char* statement : kCreateStatements) connection.Execute(statement, "schema sluice");
    connection.Execute("COMMIT");
  } catch (Error& error) {
    if (PQstatus(connection.handle()) == CONNECTION_OK) connection.Execute("ROLLBACK");
    if (error.info().code == kMissingPrivilege.id) {
      error.info().remedy = fmt::format(
          "Sluice keeps its checkpoints in a schema of its own. Run in database {}: CREATE SCHEMA sluice AUTHORIZATION "
          "{};",
          Quote(connection.endpoint().database), Quote(connection.endpoint().user));
    }
    throw;
  }
}

}  // namespace sluice::postgresql
