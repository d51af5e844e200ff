#include "connectors/mysql/bookkeeping.h"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/stop.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {
namespace {

using connector::ApplyProgress;
using connector::ChunkMark;
using connector::SessionContext;

// Keys stay below 767 bytes, the limit of the oldest row formats. Names compare byte by byte: at the source `a` and
// `A` may be two tables.
constexpr const char* kCreateStatements[] = {
    "CREATE TABLE IF NOT EXISTS `sluice`.`chunk` ("
    "task VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, "
    "database_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, "
    "table_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, "
    "chunk BIGINT UNSIGNED NOT NULL, "
    "row_count BIGINT UNSIGNED NOT NULL, "
    "PRIMARY KEY (task, database_name, table_name, chunk)) ENGINE=InnoDB",
    "CREATE TABLE IF NOT EXISTS `sluice`.`progress` ("
    "task VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, "
    "lane INT UNSIGNED NOT NULL, "
    "low_ordinal BIGINT UNSIGNED NOT NULL, "
    "low_engine VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, "
    "low_position MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, "
    "done MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL, "
    "committed_micros BIGINT NOT NULL, "
    "PRIMARY KEY (task, lane)) ENGINE=InnoDB",
    "CREATE TABLE IF NOT EXISTS `sluice`.`note` ("
    "task VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, "
    "name VARCHAR(160) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, "
    "content LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, "
    "PRIMARY KEY (task, name)) ENGINE=InnoDB",
};

uint64_t Number(const OptionalText& text) {
  return text ? std::strtoull(text->c_str(), nullptr, 10) : 0;
}

std::string IsMark(const ChunkMark& mark) {
  return fmt::format("task = {} AND database_name = {} AND table_name = {} AND chunk = {}", Literal(mark.task),
                     Literal(mark.table.database), Literal(mark.table.name), mark.chunk);
}

std::string SaveNoteStatement(const std::string& task, const std::string& name, const std::string& text) {
  return fmt::format("REPLACE INTO `sluice`.`note` (task, name, content) VALUES ({},{},{})", Literal(task),
                     Literal(name), Literal(text));
}

constexpr const char* kResetPrefix = "reset:";

class MysqlBookkeeping : public connector::Bookkeeping {
 public:
  MysqlBookkeeping(const connector::Endpoint& endpoint, const SessionContext& context)
      : connection_(endpoint, context) {
    connection_.Execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    // Undoing a large load that was cut off takes its time.
    connection_.Execute("SET SESSION innodb_lock_wait_timeout = 600");
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
  void FinishReset(const std::string& task, const std::string& note, const std::string& table);
  // Runs `work` in one transaction that only the task's owner may make.
  template <typename Work>
  void AsOwner(Work work) {
    InTransaction([&] {
      work();
      HoldFence(connection_);
    });
  }
  // Runs `work` in one transaction.
  template <typename Work>
  void InTransaction(Work work) {
    connection_.Execute("START TRANSACTION");
    try {
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

// A locking read: it waits for the mark of a load whose session has not noticed yet that its client died, and so
// tells the truth about a commit whose answer was lost.
std::vector<ChunkMark> MysqlBookkeeping::ChunksDone(const std::string& task) {
  for (const auto& [note, table] : LoadNotes(task, kResetPrefix)) FinishReset(task, note, table);
  std::vector<ChunkMark> marks;
  InTransaction([&] {
    const TextRows rows = connection_.Query(
        fmt::format("SELECT database_name, table_name, chunk, row_count FROM `sluice`.`chunk` WHERE task = {} "
                    "ORDER BY database_name, table_name, chunk FOR UPDATE",
                    Literal(task)),
        "table sluice.chunk");
    marks.reserve(rows.size());
    for (const TextRow& row : rows) {
      marks.push_back({.task = task,
                       .table = {row[0].value_or(""), row[1].value_or("")},
                       .chunk = Number(row[2]),
                       .rows = Number(row[3])});
    }
  });
  return marks;
}

// TRUNCATE commits by itself, so emptying a table and forgetting its chunks cannot be one transaction:
//   1. the intent (a note "reset:db.table" that holds the destination's name) and the end of the marks, at once;
//   2. TRUNCATE (or DELETE where a foreign key or a missing right forbids it);
//   3. the intent goes.
// After a crash in between, ChunksDone() finds the intent and finishes the work.
void MysqlBookkeeping::ResetTable(const std::string& task, const model::ObjectName& source,
                                  const model::ObjectName& destination) {
  const std::string note = kResetPrefix + source.Text();
  AsOwner([&] {
    connection_.Execute(SaveNoteStatement(task, note, Quote(destination.database, destination.name)),
                        "table sluice.note");
    connection_.Execute(
        fmt::format("DELETE FROM `sluice`.`chunk` WHERE task = {} AND database_name = {} AND table_name = {}",
                    Literal(task), Literal(source.database), Literal(source.name)),
        "table sluice.chunk");
  });
  FinishReset(task, note, Quote(destination.database, destination.name));
}

void MysqlBookkeeping::FinishReset(const std::string& task, const std::string& note, const std::string& table) {
  LookAtFence(connection_);
  connection_.Execute("SET SESSION foreign_key_checks = 0");
  try {
    connection_.Execute("TRUNCATE TABLE " + table, "table " + table);
  } catch (const Error& error) {
    const int code = error.info().native_code;
    // 1701: referenced by a foreign key; 1142: DROP is not granted; 1146: the table is gone, and its rows with it.
    if (code == 1701 || code == 1142) {
      AsOwner([&] { connection_.Execute("DELETE FROM " + table, "table " + table); });
    } else if (code != 1146) {
      throw;
    }
  }
  connection_.Execute("SET SESSION foreign_key_checks = 1");
  connection_.Execute(
      fmt::format("DELETE FROM `sluice`.`note` WHERE task = {} AND name = {}", Literal(task), Literal(note)));
}

std::vector<ApplyProgress> MysqlBookkeeping::LoadProgress(const std::string& task) {
  const TextRows rows =
      connection_.Query(fmt::format("SELECT lane, low_ordinal, low_engine, low_position, done, committed_micros FROM "
                                    "`sluice`.`progress` WHERE task = {} ORDER BY lane LOCK IN SHARE MODE",
                                    Literal(task)),
                        "table sluice.progress");
  std::vector<ApplyProgress> lanes;
  for (const TextRow& row : rows) {
    lanes.push_back({.task = task,
                     .lane = static_cast<uint32_t>(Number(row[0])),
                     .low_ordinal = Number(row[1]),
                     .low = {.engine = row[2].value_or(""), .json = row[3].value_or("")},
                     .done = row[4].value_or(""),
                     .committed_micros = row[5] ? std::strtoll(row[5]->c_str(), nullptr, 10) : 0});
  }
  return lanes;
}

std::optional<std::string> MysqlBookkeeping::LoadNote(const std::string& task, const std::string& name) {
  return connection_.QueryOne(
      fmt::format("SELECT content FROM `sluice`.`note` WHERE task = {} AND name = {}", Literal(task), Literal(name)),
      "table sluice.note");
}

std::vector<std::pair<std::string, std::string>> MysqlBookkeeping::LoadNotes(const std::string& task,
                                                                             const std::string& prefix) {
  const TextRows rows = connection_.Query(
      fmt::format("SELECT name, content FROM `sluice`.`note` WHERE task = {} AND LEFT(name, CHAR_LENGTH({})) = {} "
                  "ORDER BY name",
                  Literal(task), Literal(prefix), Literal(prefix)),
      "table sluice.note");
  std::vector<std::pair<std::string, std::string>> notes;
  for (const TextRow& row : rows) notes.emplace_back(row[0].value_or(""), row[1].value_or(""));
  return notes;
}

void MysqlBookkeeping::SaveNotes(const std::string& task, const std::vector<Note>& notes,
                                 const ApplyProgress* progress) {
  AsOwner([&] {
    for (const Note& note : notes) {
      const std::string sql = note.text ? SaveNoteStatement(task, note.name, *note.text)
                                        : fmt::format("DELETE FROM `sluice`.`note` WHERE task = {} AND name = {}",
                                                      Literal(task), Literal(note.name));
      connection_.Execute(sql, "table sluice.note");
    }
    if (progress != nullptr) {
      connection_.Execute(fmt::format("DELETE FROM `sluice`.`progress` WHERE task = {}", Literal(progress->task)),
                          "table sluice.progress");
      connection_.Execute(SaveProgressStatement(*progress), "table sluice.progress");
    }
  });
}

void MysqlBookkeeping::RemoveTask(const std::string& task) {
  AsOwner([&] {
    for (const char* table : {"chunk", "progress"}) {
      connection_.Execute(fmt::format("DELETE FROM `sluice`.{} WHERE task = {}", Quote(table), Literal(task)));
    }
    connection_.Execute(fmt::format("DELETE FROM `sluice`.`note` WHERE task = {} AND name <> {}", Literal(task),
                                    Literal(connector::kOwnerNote)));
  });
}

std::string OwnerStatement(const std::string& task) {
  return fmt::format("SELECT content FROM `sluice`.`note` WHERE task = {} AND name = {}", Literal(task),
                     Literal(connector::kOwnerNote));
}

std::optional<connector::Owner> MysqlBookkeeping::LoadOwner(const std::string& task) {
  if (!connection_.QueryOne("SELECT 1 FROM information_schema.tables WHERE table_schema = 'sluice' AND table_name = "
                            "'note'")) {
    return std::nullopt;
  }
  const OptionalText note = connection_.QueryOne(OwnerStatement(task), "table sluice.note");
  return note ? std::optional(connector::OwnerFrom(*note)) : std::nullopt;
}

bool MysqlBookkeeping::TakeOver(const std::string& task, const connector::Owner& owner,
                                const std::optional<connector::Owner>& former) {
  bool took = false;
  InTransaction([&] {
    const OptionalText note = connection_.QueryOne(OwnerStatement(task) + " FOR UPDATE", "table sluice.note");
    took = note.has_value() == former.has_value() && (!note || connector::OwnerFrom(*note).token == former->token);
    if (!took) return;
    connection_.Execute(SaveNoteStatement(task, connector::kOwnerNote, connector::ToNote(owner)), "table sluice.note");
  });
  return took;
}

}  // namespace

std::string SaveProgressStatement(const ApplyProgress& progress) {
  return fmt::format(
      "REPLACE INTO `sluice`.`progress` (task, lane, low_ordinal, low_engine, low_position, done, committed_micros) "
      "VALUES ({},{},{},{},{},{},{})",
      Literal(progress.task), progress.lane, progress.low_ordinal, Literal(progress.low.engine),
      Literal(progress.low.json), Literal(progress.done), progress.committed_micros);
}

std::string InsertMarkStatement(const ChunkMark& mark) {
  return fmt::format(
      "INSERT INTO `sluice`.`chunk` (task, database_name, table_name, chunk, row_count) VALUES ({},{},{},{},{})",
      Literal(mark.task), Literal(mark.table.database), Literal(mark.table.name), mark.chunk, mark.rows);
}

std::string UpdateMarkStatement(const ChunkMark& mark) {
  return fmt::format("UPDATE `sluice`.`chunk` SET row_count = {} WHERE {}", mark.rows, IsMark(mark));
}

uint64_t RowsOfMark(Connection& connection, const ChunkMark& mark) {
  return Number(
      connection.QueryOne("SELECT row_count FROM `sluice`.`chunk` WHERE " + IsMark(mark), "table sluice.chunk"));
}

std::string HoldFenceStatement(const connector::Fence& fence) {
  return fence.task.empty() ? "" : OwnerStatement(fence.task) + " LOCK IN SHARE MODE";
}

void RequireOwner(const connector::Fence& fence, const OptionalText& note) {
  if (!fence.task.empty() && note != fence.note) throw connector::TakenOver(note.value_or(""));
}

void HoldFence(Connection& connection) {
  const connector::Fence& fence = connection.endpoint().fence;
  if (!fence.task.empty()) {
    RequireOwner(fence, connection.QueryOne(HoldFenceStatement(fence), "table sluice.note"));
  }
}

void LookAtFence(Connection& connection) {
  const connector::Fence& fence = connection.endpoint().fence;
  if (!fence.task.empty()) {
    RequireOwner(fence, connection.QueryOne(OwnerStatement(fence.task), "table sluice.note"));
  }
}

void LookAtFence(Connection& connection, const ErrorInfo& error) {
  if (!connector::IsRefusal(error)) return;
  try {
    LookAtFence(connection);
  } catch (const Error& look) {
    // A server may end the session with its refusal (a row longer than a packet): the refusal is what is told.
    if (connector::IsTakenOver(look.info())) throw;
  }
}

void PrepareBookkeeping(Connection& connection) {
  // Asked first, so that an account that may use the database but not create one is enough when it is there.
  const OptionalText there = connection.QueryOne(
      "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'sluice' AND table_name IN "
      "('chunk','progress','note')");
  if (Number(there) == std::size(kCreateStatements)) return;
  try {
    const BookkeepingLock lock(connection);
    connection.Execute("CREATE DATABASE IF NOT EXISTS `sluice`", "database sluice");
    for (const char* statement : kCreateStatements) connection.Execute(statement, "database sluice");
    // Never empty: into an empty table MariaDB (from 10.6) loads with the whole table locked when the session has
    // unique_checks=0, as loaders do, and their marks would wait for each other.
    connection.Execute("INSERT IGNORE INTO `sluice`.`chunk` VALUES ('', '', '', 0, 0)", "database sluice");
  } catch (Error& error) {
    if (error.info().code == kMissingPrivilege.id) {
      error.info().remedy = fmt::format(
          "Sluice keeps its checkpoints in a database of its own. Run: GRANT CREATE, DROP, ALTER, SELECT, INSERT, "
          "UPDATE, "
          "DELETE, INDEX, REFERENCES ON `sluice`.* TO '{}'@'%';",
          connection.endpoint().user);
    }
    throw;
  }
}

std::unique_ptr<connector::Bookkeeping> MakeBookkeeping(const connector::Endpoint& endpoint,
                                                        const SessionContext& context) {
  return std::make_unique<MysqlBookkeeping>(endpoint, context);
}

}  // namespace sluice::mysql
