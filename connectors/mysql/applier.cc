// Applies groups of row changes in the destination's transactions.
//
// The session has autocommit off, so that a transaction begins with its first statement. The progress is written by a
// statement of its own before COMMIT: once COMMIT may be under way at the server, the row of the progress is locked,
// and a locking read of it waits until the commit is decided (Bookkeeping::LoadProgress). In one packet with it goes
// the question who owns the task (bookkeeping.h); a transaction that lasts looks meanwhile too.
//
// Rows are written in strict mode. Those that it refuses for something that is no carried value (applier_reread.h) are
// written without it, one by one, and read again.
#include <fmt/format.h>
#include <mysql.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "connectors/mysql/applier_reread.h"
#include "connectors/mysql/applier_rows.h"
#include "connectors/mysql/applier_target.h"
#include "connectors/mysql/bookkeeping.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/literal.h"
#include "connectors/mysql/prepared.h"
#include "connectors/mysql/sessions.h"

namespace sluice::mysql {
namespace {

using connector::ApplyProgress;
using connector::RowGroup;
using model::ChangeKind;
using model::RowChange;

class MysqlApplier : public connector::Applier {
 public:
  MysqlApplier(const connector::Endpoint& endpoint, bool neutral, const connector::SessionContext& context)
      : neutral_(neutral), connection_(endpoint, context, {.charset = "binary", .multi_statements = true}) {
    // Short timeouts: a session whose client is gone without a word holds its rows locked.
    connection_.Execute(
        "SET SESSION autocommit=0, foreign_key_checks=1, unique_checks=1, wait_timeout=120, "
        "net_read_timeout=120");
    connection_.Execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    text_writer_ = MakeTextRowWriter(connection_);
    writer_ = HasBulk(connection_) ? MakeBulkRowWriter(connection_) : MakeTextRowWriter(connection_);
  }

  void Begin() override { looked_at_ = Clock::now(); }
  void Apply(const RowGroup& group) override;
  void Commit(const ApplyProgress& progress) override;
  void Rollback() override;

 private:
  const Target& TargetOf(const RowGroup& group);
  void ApplyGroup(const RowGroup& group);
  void ApplyCarefully(const Target& target, const RowGroup& group, Changes rows);
  void ApplyReread(const Target& target, const RowGroup& group, const RowChange& row, const ErrorInfo* refused);
  void ApplyRows(const Target& target, const RowGroup& group, Changes rows);
  void ApplyStrictly(const Target& target, const RowGroup& group, Changes rows);
  void ApplyUpdates(const Target& target, Changes rows, bool may_miss);
  void ApplyIdempotently(const Target& target, const RowGroup& group, Changes rows);
  void Upsert(const Target& target, Changes rows);
  // Finds the row by all that the log has of it.
  uint64_t ChangeByValues(const Target& target, const RowChange& row);
  void SetForeignKeyChecks(bool on);
  void SetStrict(bool on);
  void LookWhileItLasts();
  uint64_t UpdateProgress(const std::string& sql);
  void ExpectRows(const Target& target, uint64_t found, size_t wanted) const;

  void RefuseForeignValues(const Target& target, const RowGroup& group) const;

  const bool neutral_;  // rows are those of another engine
  Connection connection_;
  RowWriter& WriterFor(const Target& target) { return target.takes_bytes ? *writer_ : *text_writer_; }
  std::unique_ptr<RowWriter> writer_;
  std::unique_ptr<RowWriter> text_writer_;  // for values that have to say what they are
  // By description and mapping; the shared pointers in the groups keep both alive while they are in use, and the
  // target holds the table.
  struct Known {
    model::TableMappingPtr mapping;
    Target target;
  };
  std::unordered_map<const model::Table*, Known> targets_;
  bool foreign_key_checks_ = true;
  bool strict_ = true;
  Clock::time_point looked_at_{};
};

const Target& MysqlApplier::TargetOf(const RowGroup& group) {
  const auto found = targets_.find(group.table.get());
  if (found != targets_.end() && found->second.mapping == group.mapping) return found->second.target;
  const model::ObjectName& name = group.mapping->destination;
  const std::string object = "table " + name.Text();
  const DestinationTable there = ReadDestinationTable(connection_, name, object);
  Known known{group.mapping, MakeTarget(group.table, *group.mapping, there, neutral_)};
  known.target.computes = !there.columns.empty() && ComputesValues(connection_, name, object);
  return targets_.insert_or_assign(group.table.get(), std::move(known)).first->second.target;
}

// An ENUM's error value can be stored only where values are not checked.
bool HasEnumError(const Target& target, const RowChange& row) {
  if (!target.has_enum || row.kind == ChangeKind::kDelete) return false;
  return std::any_of(target.columns.begin(), target.columns.end(), [&](const TargetColumn& column) {
    const model::Cell& cell = row.after[column.source];
    return column.type.kind == model::TypeKind::kEnum && cell.kind == model::CellKind::kUint && cell.u == 0;
  });
}

void MysqlApplier::Apply(const RowGroup& group) {
  LookWhileItLasts();
  try {
    ApplyGroup(group);
  } catch (const Error& error) {
    LookAtFence(connection_, error.info());
    throw;
  }
}

void MysqlApplier::ApplyGroup(const RowGroup& group) {
  const Target& target = TargetOf(group);
  if (neutral_) RefuseForeignValues(target, group);
  const bool replaces = (group.idempotent || group.lenient) && group.kind != ChangeKind::kDelete;
  // A replaced row must not take the rows with it that refer to it.
  SetForeignKeyChecks(!group.foreign_keys_off && !replaces);
  if (!target.has_enum) return ApplyCarefully(target, group, group.rows);
  std::vector<const RowChange*> checked;
  std::vector<const RowChange*> unchecked;
  for (const RowChange* row : group.rows) (HasEnumError(target, *row) ? unchecked : checked).push_back(row);
  if (!checked.empty()) ApplyCarefully(target, group, checked);
  for (const RowChange* row : unchecked) ApplyReread(target, group, *row, nullptr);
}

// The server would round the one without a word, and take the other for a column's name.
void MysqlApplier::RefuseForeignValues(const Target& target, const RowGroup& group) const {
  for (const RowChange* row : group.rows) {
    const std::string value = ForeignValueRefused(target, *row);
    if (value.empty()) continue;
    throw Error(kValueRefused)
        .Object(target.object + ", " + value)
        .Cause(fmt::format("The column cannot hold this value as it is: {}.", value))
        .Remedy("Mend the value at the source, widen the column at the destination, or leave the column out.")
        .Side(connection_.endpoint().side);
  }
}

// What may be a refusal of something else than a carried value. The numbers of warnings that an expression can give are
// many, so any other refused statement counts too.
bool MayBeComputed(const Error& error) {
  return error.info().code == kValueRefused.id || error.info().code == kStatementFailed.id;
}

void MysqlApplier::ApplyCarefully(const Target& target, const RowGroup& group, Changes rows) {
  if (!target.computes) return ApplyRows(target, group, rows);
  if (rows.size() > 1) {
    connection_.Execute("SAVEPOINT sluice_rows", target.object);
    try {
      return ApplyRows(target, group, rows);
    } catch (const Error& error) {
      if (!MayBeComputed(error)) throw;
    }
    connection_.Execute("ROLLBACK TO SAVEPOINT sluice_rows", target.object);
  }
  for (const RowChange* row : rows) {
    ErrorInfo refused;
    try {
      ApplyRows(target, group, Changes(&row, 1));
      continue;
    } catch (const Error& error) {
      if (!MayBeComputed(error)) throw;
      refused = error.info();
    }
    ApplyReread(target, group, *row, &refused);
  }
}

void MysqlApplier::ApplyReread(const Target& target, const RowGroup& group, const RowChange& row,
                               const ErrorInfo* refused) {
  const bool may_miss = group.lenient && !group.idempotent;
  RowReread reread(connection_, target, row, may_miss);
  const RowChange* one = &row;
  SetStrict(false);
  ApplyRows(target, group, Changes(&one, 1));
  SetStrict(true);
  if (reread.Arrived()) return;
  if (refused != nullptr) throw Error(*refused);
  throw Error(kValueRefused)
      .Object(target.object)
      .Cause("A row with the error value of an ENUM was written, and is not there as the log has it.")
      .Remedy("Widen the column at the destination, mend the value at the source, or leave the column out.")
      .Side(connection_.endpoint().side);
}

void MysqlApplier::ApplyRows(const Target& target, const RowGroup& group, Changes rows) {
  if (group.idempotent || group.lenient) {
    ApplyIdempotently(target, group, rows);
  } else {
    ApplyStrictly(target, group, rows);
  }
}

void MysqlApplier::ApplyStrictly(const Target& target, const RowGroup& group, Changes rows) {
  if (group.kind == ChangeKind::kInsert) {
    WriterFor(target).Insert(target, rows, false);
  } else if (target.keyless() || LacksIdentity(target, *rows[0])) {
    uint64_t found = 0;
    for (const RowChange* row : rows) found += ChangeByValues(target, *row);
    ExpectRows(target, found, rows.size());
  } else if (group.kind == ChangeKind::kDelete) {
    ExpectRows(target, WriterFor(target).Delete(target, rows), rows.size());
  } else {
    ApplyUpdates(target, rows, false);
  }
}

void MysqlApplier::ApplyUpdates(const Target& target, Changes rows, bool may_miss) {
  std::map<uint64_t, std::vector<const RowChange*>> by_columns;
  for (const RowChange* row : rows) by_columns[ChangedColumns(target, *row)].push_back(row);
  for (const auto& [mask, same] : by_columns) {
    if (mask == 0) continue;  // only columns that are not carried changed
    const uint64_t found = WriterFor(target).Update(target, mask, same);
    if (!may_miss) ExpectRows(target, found, same.size());
  }
}

void MysqlApplier::ExpectRows(const Target& target, uint64_t found, size_t wanted) const {
  if (found == wanted) return;
  throw Error(kRowMissing)
      .Object(target.object)
      .Cause(fmt::format("of {} rows to change {} were found: something else wrote to the destination", wanted, found))
      .Remedy("Compare both sides with `sluice verify`, mend the rows with --repair-sql, then run the task again.")
      .Side(connection_.endpoint().side);
}

void MysqlApplier::ApplyIdempotently(const Target& target, const RowGroup& group, Changes rows) {
  if (group.idempotent && (target.keyless() || LacksIdentity(target, *rows[0]))) {
    throw Error(kReplayWithoutKey)
        .Object(target.object)
        .Cause("its rows were read while they changed, and without a key it cannot be told which changes they hold")
        .Remedy("Begin anew with --restart and an account that may lock the tables for the moment of the cut (RELOAD).")
        .Side(connection_.endpoint().side);
  }
  if (target.keyless() || LacksIdentity(target, *rows[0])) {
    for (const RowChange* row : rows) {
      if (group.kind == ChangeKind::kInsert) {
        WriterFor(target).Insert(target, Changes(&row, 1), false);
      } else {
        ChangeByValues(target, *row);
      }
    }
  } else if (group.kind == ChangeKind::kDelete) {
    WriterFor(target).Delete(target, rows);
  } else if (group.kind == ChangeKind::kUpdate && group.lenient && !group.idempotent) {
    ApplyUpdates(target, rows, true);
  } else {
    Upsert(target, rows);
  }
}

// Whatever is there of the old and the new row gives way to the new row. REPLACE also removes rows that hold one of its
// other unique values: by the end of the replay the log puts them where they belong.
void MysqlApplier::Upsert(const Target& target, Changes rows) {
  std::vector<const RowChange*> moved;
  for (const RowChange* row : rows) {
    if (row->kind != ChangeKind::kUpdate) continue;
    const bool keeps_identity = std::all_of(target.identity.begin(), target.identity.end(), [&](size_t column) {
      const uint32_t source = target.columns[column].source;
      return model::SameCell(row->before[source], row->after[source]);
    });
    if (!keeps_identity) moved.push_back(row);
  }
  if (!moved.empty()) WriterFor(target).Delete(target, moved);
  WriterFor(target).Insert(target, rows, true);
}

uint64_t MysqlApplier::ChangeByValues(const Target& target, const RowChange& row) {
  const bool is_mariadb = connection_.is_mariadb();
  std::string sql;
  if (row.kind == ChangeKind::kUpdate) {
    const uint64_t mask = ChangedColumns(target, row);
    if (mask == 0) return 1;
    sql = "UPDATE " + target.name + " SET ";
    bool is_first = true;
    for (const size_t i : MaskedColumns(target, mask)) {
      const TargetColumn& column = target.columns[i];
      if (!is_first) sql += ',';
      is_first = false;
      sql += column.name + "=";
      AppendStored(sql, row.after[column.source], column.type, column.stored, is_mariadb);
    }
  } else {
    sql = "DELETE FROM " + target.name;
  }
  const char* before = " WHERE ";
  for (const TargetColumn& column : target.columns) {
    if (row.before[column.source].IsAbsent()) continue;
    sql += before;
    AppendExactMatch(sql, column.name, row.before[column.source], column.type, column.stored, is_mariadb);
    before = " AND ";
  }
  if (std::string_view(before) != " AND ") {
    throw Error(kRowMissing)
        .Object(target.object)
        .Cause("the log does not say which row it is by any column that is carried")
        .Remedy("ALTER TABLE ... REPLICA IDENTITY FULL; at the source, or carry the columns of its replica identity.")
        .Side(connection_.endpoint().side);
  }
  sql += " LIMIT 1";
  if (mysql_real_query(connection_.handle(), sql.data(), sql.size()) != 0) connection_.ThrowLast(target.object, sql);
  return mysql_affected_rows(connection_.handle());
}

void MysqlApplier::SetForeignKeyChecks(bool on) {
  if (on == foreign_key_checks_) return;
  connection_.Execute(on ? "SET SESSION foreign_key_checks=1" : "SET SESSION foreign_key_checks=0");
  foreign_key_checks_ = on;
}

void MysqlApplier::SetStrict(bool on) {
  if (on == strict_) return;
  connection_.Execute(fmt::format("SET SESSION sql_mode='{}'", on ? kSessionSqlMode : kLooseSqlMode));
  strict_ = on;
}

// A large transaction that is applied in parts holds its rows locked for hours, maybe for nothing.
void MysqlApplier::LookWhileItLasts() {
  constexpr milliseconds kLookEvery{1000};
  const Clock::time_point now = Clock::now();
  if (now - looked_at_ < kLookEvery) return;
  looked_at_ = now;
  LookAtFence(connection_);
}

// The number of rows that were found.
uint64_t MysqlApplier::UpdateProgress(const std::string& sql) {
  constexpr const char* kObject = "table sluice.progress";
  MYSQL* handle = connection_.handle();
  const std::string fence = HoldFenceStatement(connection_.endpoint().fence);
  if (fence.empty()) {
    if (mysql_real_query(handle, sql.data(), sql.size()) != 0) connection_.ThrowLast(kObject, sql);
    return mysql_affected_rows(handle);
  }
  const OptionalText owner = connection_.QueryOne(fence + ";" + sql, kObject);
  if (mysql_next_result(handle) != 0) connection_.ThrowLast(kObject, sql);
  const uint64_t found = mysql_affected_rows(handle);
  RequireOwner(connection_.endpoint().fence, owner);
  return found;
}

void MysqlApplier::Commit(const ApplyProgress& progress) {
  // By its key, so that lanes do not wait for each other at the gaps between their rows.
  const std::string sql = fmt::format(
      "UPDATE `sluice`.`progress` SET low_ordinal={}, low_engine={}, low_position={}, done={}, committed_micros={} "
      "WHERE task={} AND lane={}",
      progress.low_ordinal, Literal(progress.low.engine), Literal(progress.low.json), Literal(progress.done),
      progress.committed_micros, Literal(progress.task), progress.lane);
  if (UpdateProgress(sql) == 0) connection_.Execute(SaveProgressStatement(progress), "table sluice.progress");
  connection_.Execute("COMMIT", "the transaction with the progress");
}

void MysqlApplier::Rollback() {
  connection_.Execute("ROLLBACK");
  SetStrict(true);
}

}  // namespace

std::unique_ptr<connector::Applier> MakeApplier(const connector::Endpoint& endpoint, bool neutral,
                                                const connector::SessionContext& context) {
  return std::make_unique<MysqlApplier>(endpoint, neutral, context);
}

}  // namespace sluice::mysql
