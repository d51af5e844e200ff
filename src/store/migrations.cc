#include "store/migrations.h"

#include <fmt/format.h>

#include <iterator>

#include "base/error.h"
#include "store/store.h"

namespace sluice::store {
namespace {

// Append only: entry n brings a file from version n to n + 1 (PRAGMA user_version).
constexpr const char* kSteps[] = {
    R"sql(
CREATE TABLE tasks (
  name TEXT PRIMARY KEY, id TEXT NOT NULL, state TEXT NOT NULL, phase TEXT NOT NULL, spec_hash TEXT NOT NULL,
  error TEXT NOT NULL, position TEXT NOT NULL, created_micros INTEGER NOT NULL, updated_micros INTEGER NOT NULL,
  final_stop INTEGER NOT NULL);
CREATE TABLE objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT NOT NULL, label TEXT NOT NULL, stage TEXT NOT NULL,
  kind TEXT NOT NULL, object TEXT NOT NULL, sql TEXT NOT NULL, context TEXT NOT NULL, state TEXT NOT NULL,
  error TEXT NOT NULL, UNIQUE (task, label));
CREATE TABLE tables (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT NOT NULL, name TEXT NOT NULL, mapping TEXT NOT NULL,
  definition TEXT NOT NULL, chunks TEXT NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL, row_count INTEGER NOT NULL,
  byte_count INTEGER NOT NULL, cut TEXT NOT NULL, UNIQUE (task, name));
CREATE TABLE texts (
  task TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (task, name)) WITHOUT ROWID;
CREATE TABLE requests (seq INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT NOT NULL, what TEXT NOT NULL);
CREATE INDEX requests_by_task ON requests (task, seq);
)sql",
};
constexpr int64_t kVersion = std::size(kSteps);

int64_t VersionOf(Database* database) {
  Statement statement(database, "PRAGMA user_version");
  statement.Step();
  return statement.Int(0);
}

}  // namespace

void Migrate(Database* database) {
  if (VersionOf(database) == kVersion) return;
  WriteTransaction transaction(database);
  // Read again: another process may have been first.
  const int64_t version = VersionOf(database);
  if (version > kVersion) {
    throw Error(kStoreFailed)
        .Object("file " + database->file())
        .Cause(
            fmt::format("A newer Sluice has written it (its version is {}, this program knows {}).", version, kVersion))
        .Remedy("Use the newer program, or name another directory with --state.");
  }
  for (int64_t step = version; step < kVersion; ++step) database->Execute(kSteps[step]);
  database->Execute(fmt::format("PRAGMA user_version = {}", kVersion));
  transaction.Commit();
}

}  // namespace sluice::store
