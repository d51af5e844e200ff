// Removing what Sluice keeps at a destination, in one transaction. The schema goes with the last task's records; a task
// that is just beginning has found the tables and waits for the lock on them: it then finds its record in or the tables
// gone, and prepares them again at its next attempt.
#include <fmt/format.h>

#include <charconv>
#include <set>

#include "connectors/postgresql/bookkeeping.h"

namespace sluice::postgresql {
namespace {

using Released = connector::Bookkeeping::Released;

// In the order in which writers touch them: so nobody waits for each other.
constexpr const char* kTables[] = {"note", "progress", "chunk"};

uint64_t DeleteRecords(Connection& connection, const std::string& table, const std::string& task) {
  const ResultPtr result = connection.Run(fmt::format("DELETE FROM sluice.{} WHERE task = $1", table),
                                          std::vector<OptionalText>{task}, "table sluice." + table);
  const std::string_view count = PQcmdTuples(result.get());
  uint64_t rows = 0;
  std::from_chars(count.data(), count.data() + count.size(), rows);
  return rows;
}

std::set<std::string> ObjectsThere(Connection& connection) {
  std::set<std::string> names;
  for (const TextRow& row : connection.Query(
           "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
           "WHERE n.nspname = 'sluice' AND c.relkind NOT IN ('i', 'I', 't', 'c')",
           "schema sluice")) {
    names.insert(row[0].value_or(""));
  }
  return names;
}

std::set<std::string> TasksIn(Connection& connection, const std::set<std::string>& there) {
  std::set<std::string> tasks;
  for (const std::string table : kTables) {
    if (!there.contains(table)) continue;
    for (const TextRow& row : connection.Query("SELECT DISTINCT task FROM sluice." + table, "table sluice." + table)) {
      tasks.insert(row[0].value_or(""));
    }
  }
  return tasks;
}

void Release(Connection& connection, const std::string& task, Released* released) {
  connection.Query(kBookkeepingLock);
  std::set<std::string> there = ObjectsThere(connection);
  std::string tables;
  for (const std::string table : kTables) {
    if (!there.contains(table)) continue;
    tables += (tables.empty() ? "sluice." : ", sluice.") + table;
    const uint64_t rows = DeleteRecords(connection, table, task);
    (table == "chunk" ? released->chunks : table == "progress" ? released->progress : released->notes) = rows;
  }
  std::set<std::string> others = TasksIn(connection, there);
  if (others.empty() && !tables.empty()) {
    // Nobody writes a first record between the next look and the end.
    connection.Execute("LOCK TABLE " + tables + " IN ACCESS EXCLUSIVE MODE", "schema sluice");
    others = TasksIn(connection, there);
  }
  released->others.assign(others.begin(), others.end());
  if (!others.empty()) return;
  if (!tables.empty()) connection.Execute("DROP TABLE " + tables, "schema sluice");
  for (const std::string table : kTables) there.erase(table);
  released->foreign.assign(there.begin(), there.end());
  if (!there.empty()) return;
  // Fails when something that is no relation is left in it (a function ...): then that keeps it.
  connection.Execute("SAVEPOINT dropped");
  try {
    connection.Execute("DROP SCHEMA sluice", "schema sluice");
    released->database = true;
  } catch (const Error& error) {
    if (error.info().native_message.find("2BP01") == std::string::npos) throw;
    connection.Execute("ROLLBACK TO SAVEPOINT dropped");
    released->foreign.push_back(error.info().cause);
  }
}

}  // namespace

Released ReleaseTask(Connection& connection, const std::string& task) {
  Released released;
  if (!connection.QueryOne("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'sluice'")) {
    released.database = true;
    return released;
  }
  connection.Execute("BEGIN");
  try {
    Release(connection, task, &released);
    connection.Execute("COMMIT");
  } catch (const Error&) {
    if (PQstatus(connection.handle()) == CONNECTION_OK) connection.Execute("ROLLBACK");
    throw;
  }
  return released;
}

}  // namespace sluice::postgresql
