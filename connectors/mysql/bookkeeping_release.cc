// Removing what Sluice keeps at a destination.
//
// The database goes with the last task's records. Another task may be just beginning: it has found the tables and is
// about to write its first record. So they are put aside first, where it cannot write, and looked at again:
//   1. the task's records are deleted; if other tasks have some, that is all
//   2. under a lock that keeps others from creating the database: the tables are renamed
//   3. records of another task in them: the tables are given back (it may have met their absence: its `run` goes on)
//   4. otherwise they are dropped, and the database when nothing else is in it
// A crash between 2 and 4 leaves renamed tables; the next release goes on with them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "connectors/mysql/bookkeeping.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/loader_stage.h"

namespace sluice::mysql {
namespace {

constexpr const char* kTables[] = {"chunk", "progress", "note"};
constexpr const char* kAside = "_released";

std::string TableText(const std::string& table) {
  return "table sluice." + table;
}

std::set<std::string> TablesThere(Connection& connection) {
  std::set<std::string> tables;
  for (const TextRow& row : connection.Query(
           "SELECT table_name FROM information_schema.tables WHERE table_schema = 'sluice'", "database sluice")) {
    tables.insert(row[0].value_or(""));
  }
  return tables;
}

// A copy that the translation of a DDL statement works on, or rows on their way: what a crash has left is nobody's.
bool IsLeftBehind(const std::string& table) {
  return table.starts_with("shadow_table") || table.starts_with(kStagePrefix);
}

// Tasks with records in these tables. The record without a task only keeps the table from being empty.
std::set<std::string> TasksIn(Connection& connection, const std::set<std::string>& there, const std::string& suffix) {
  std::set<std::string> tasks;
  for (const std::string table : kTables) {
    if (!there.contains(table + suffix)) continue;
    const std::string name = table + suffix;
    for (const TextRow& row : connection.Query(
             "SELECT DISTINCT task FROM " + Quote(kBookkeepingDatabase, name) + " WHERE task <> ''", TableText(name))) {
      tasks.insert(row[0].value_or(""));
    }
  }
  return tasks;
}

void Rename(Connection& connection, const std::set<std::string>& there, const std::string& from,
            const std::string& to) {
  std::string pairs;
  for (const std::string table : kTables) {
    if (!there.contains(table + from) || there.contains(table + to)) continue;
    pairs += fmt::format("{}{} TO {}", pairs.empty() ? "" : ", ", Quote(kBookkeepingDatabase, table + from),
                         Quote(kBookkeepingDatabase, table + to));
  }
  if (!pairs.empty()) connection.Execute("RENAME TABLE " + pairs, "database sluice");
}

uint64_t DeleteRecords(Connection& connection, const std::set<std::string>& there, const std::string& table,
                       const std::string& task) {
  if (!there.contains(table)) return 0;
  const std::string where = fmt::format(" FROM {} WHERE task = {}", Quote(kBookkeepingDatabase, table), Literal(task));
  const OptionalText count = connection.QueryOne("SELECT COUNT(*)" + where, TableText(table));
  connection.Execute("DELETE" + where, TableText(table));
  return count ? std::strtoull(count->c_str(), nullptr, 10) : 0;
}

void RemoveDatabase(Connection& connection, connector::Bookkeeping::Released* released) {
  for (const std::string table : kTables) {
    connection.Execute("DROP TABLE IF EXISTS " + Quote(kBookkeepingDatabase, table + kAside), TableText(table));
  }
  for (const std::string& table : TablesThere(connection)) {
    if (!IsLeftBehind(table)) released->foreign.push_back(table);
  }
  if (!released->foreign.empty()) return;
  connection.Execute("DROP DATABASE IF EXISTS `sluice`", "database sluice");
  released->database = true;
}

}  // namespace

BookkeepingLock::BookkeepingLock(Connection& connection) : connection_(connection) {
  const OptionalText got = connection_.QueryOne("SELECT GET_LOCK('sluice.bookkeeping', 60)");
  if (got && *got == "1") return;
  throw Error(kLockConflict)
      .Object("database sluice")
      .Cause("another session holds the lock 'sluice.bookkeeping': it creates or removes this database")
      .Remedy("It is tried again. If that goes on: SELECT IS_USED_LOCK('sluice.bookkeeping'); names the session.")
      .Side("destination")
      .Retry(RetryClass::kBackoff);
}

BookkeepingLock::~BookkeepingLock() {
  try {
    connection_.Query("SELECT RELEASE_LOCK('sluice.bookkeeping')");
  } catch (const Error& error) {
    LogWarning("bookkeeping", error.info().OneLine());  // the session's end releases the lock
  }
}

connector::Bookkeeping::Released ReleaseTask(Connection& connection, const std::string& task) {
  connector::Bookkeeping::Released released;
  if (!connection.QueryOne("SELECT 1 FROM information_schema.schemata WHERE schema_name = 'sluice'")) {
    released.database = true;
    return released;
  }
  const BookkeepingLock lock(connection);
  Rename(connection, TablesThere(connection), kAside, "");
  std::set<std::string> there = TablesThere(connection);
  released.chunks = DeleteRecords(connection, there, "chunk", task);
  released.progress = DeleteRecords(connection, there, "progress", task);
  released.notes = DeleteRecords(connection, there, "note", task);
  std::set<std::string> others = TasksIn(connection, there, "");
  others.merge(TasksIn(connection, there, kAside));
  if (others.empty()) {
    Rename(connection, there, "", kAside);
    there = TablesThere(connection);
    others = TasksIn(connection, there, kAside);
    if (!others.empty()) Rename(connection, there, kAside, "");
  }
  released.others.assign(others.begin(), others.end());
  if (others.empty()) RemoveDatabase(connection, &released);
  return released;
}

}  // namespace sluice::mysql
