// Applies groups of row changes in the destination's transactions.
//
// The transaction begins with the first statement: with it the task's lock is shared (bookkeeping.h), so that whoever
// asks how far the task is waits for a commit that is under way, and the fence is looked at. In a session without a
// fence the task's name comes with the first commit; that one takes the lock by a statement of its own before it.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "base/check.h"
#include "connectors/postgresql/applier_batch.h"
#include "connectors/postgresql/applier_single.h"
#include "connectors/postgresql/applier_sql.h"
#include "connectors/postgresql/applier_target.h"
#include "connectors/postgresql/bookkeeping.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {
namespace {

using connector::ApplyProgress;
using connector::RowGroup;
using model::ChangeKind;
using model::RowChange;

// A statement's arrays are kept by both sides at once.
constexpr size_t kRowsPerStatement = 5000;
constexpr size_t kBytesPerStatement = 4 << 20;
constexpr size_t kStatementsPerBatch = 64;

// The rows of a statement are few and found by their key: a plan that reads a whole table instead is never better.
constexpr const char* kFindByIndex = "SET enable_hashjoin = off; SET enable_mergejoin = off";
constexpr const char* kFindByScan = "SET enable_hashjoin = on; SET enable_mergejoin = on";

class PostgresqlApplier : public connector::Applier {
 public:
  PostgresqlApplier(const connector::Endpoint& endpoint, const connector::SessionContext& context)
      : connection_(endpoint, context, {.idle_in_transaction = 2 * connector::kSessionIdleMost}), batch_(connection_) {
    connection_.Execute(kNoticeDeadClient);
    CommitDurably(connection_);
    constexpr uint32_t kCompiles = 110000;
    if (connection_.version() >= kCompiles) connection_.Execute("SET jit = off");
    connection_.Execute(kFindByIndex);
    may_silence_ = SilenceTriggers(connection_);
    silent_ = may_silence_;
    task_ = endpoint.fence.task;
    fence_ = FenceStatement(endpoint.fence);
  }

  void Begin() override {}
  void Apply(const RowGroup& group) override;
  void Commit(const ApplyProgress& progress) override;
  void Rollback() override;

 private:
  const AppliedTable& TargetOf(const RowGroup& group);
  void ReadIndexes(const AppliedTable& target);
  void BeginOnce(const AppliedTable& target);
  void SetForeignKeys(bool on);
  void SetPlans(bool by_index);
  void CheckValues(const AppliedTable& target, const RowGroup& group) const;
  void ApplyShape(const AppliedTable& target, const RowGroup& group, const Shape& shape);
  uint64_t Update(const AppliedTable& target, const Shape& shape);
  void Upsert(const AppliedTable& target, const Shape& shape);
  void UpdateAbsent(const AppliedTable& target, const Shape& shape);
  uint64_t ChangeSingly(const AppliedTable& target, const Shape& shape);
  // Writes the shape's rows with as many statements as their sizes ask for; the number of rows that were changed.
  uint64_t Write(const AppliedTable& target, const RowsStatement& statement, const Shape& shape);
  void ExpectRows(const AppliedTable& target, uint64_t found, size_t wanted) const;

  Connection connection_;
  StatementBatch batch_;
  // By description and mapping; the target holds the table.
  struct Known {
    model::TableMappingPtr mapping;
    AppliedTable target;
    std::optional<std::vector<UniqueIndex>> indexes;
  };
  std::unordered_map<const model::Table*, Known> targets_;
  std::string task_;   // empty until it is known
  std::string fence_;  // FenceStatement()
  bool may_silence_ = false;
  bool silent_ = false;
  bool by_index_ = true;
  bool open_ = false;    // a transaction has begun
  bool locked_ = false;  // and shares the task's lock
  bool deferred_ = false;
};

const AppliedTable& PostgresqlApplier::TargetOf(const RowGroup& group) {
  const auto found = targets_.find(group.table.get());
  if (found != targets_.end() && found->second.mapping == group.mapping) return found->second.target;
  const model::ObjectName& name = group.mapping->destination;
  const StoredTable stored = ReadStoredTable(connection_, name, "table " + name.Text());
  Known known{group.mapping, MakeAppliedTable(group.table, *group.mapping, stored, connection_.endpoint().side), {}};
  return targets_.insert_or_assign(group.table.get(), std::move(known)).first->second.target;
}

void PostgresqlApplier::Apply(const RowGroup& group) {
  if (group.rows.empty()) return;
  const AppliedTable& target = TargetOf(group);
  CheckValues(target, group);
  const bool replaces = (group.idempotent || group.lenient) && group.kind != ChangeKind::kDelete;
  SetForeignKeys(!group.foreign_keys_off && !replaces);
  SetPlans(target.identity.empty() || target.identity_is_indexed);
  if (replaces) ReadIndexes(target);
  // From here on the session takes nothing but what is queued, until that was run.
  BeginOnce(target);
  for (const Shape& shape : Shapes(target, group.rows)) ApplyShape(target, group, shape);
  batch_.Run();
}

void PostgresqlApplier::ReadIndexes(const AppliedTable& target) {
  Known& known = targets_.at(target.table.get());
  if (known.indexes) return;
  known.indexes = ReadUniqueIndexes(connection_, known.mapping->destination, target.object);
}

void PostgresqlApplier::BeginOnce(const AppliedTable& target) {
  if (!open_) {
    batch_.Add("BEGIN", {}, "transaction");
    if (!task_.empty()) batch_.Add(ShareTaskLockStatement(task_), {}, "the task's lock");
    if (!fence_.empty()) batch_.Add(fence_, {}, "table sluice.note");
    open_ = true;
    locked_ = !task_.empty();
  }
  if (!target.defers || deferred_) return;
  // Values may change places within a transaction where the constraint is checked at its end.
  batch_.Add("SET CONSTRAINTS ALL DEFERRED", {}, target.object);
  deferred_ = true;
}

void PostgresqlApplier::ApplyShape(const AppliedTable& target, const RowGroup& group, const Shape& shape) {
  const bool may_miss = group.idempotent || group.lenient;
  const bool singly = group.kind != ChangeKind::kInsert && !shape.has_identity;
  if (group.idempotent && target.identity.empty()) {
    throw Error(kReplayWithoutKey)
        .Object(target.object)
        .Cause("its rows were read while they changed, and without a key it cannot be told which changes they hold")
        .Remedy("Begin anew with --restart.")
        .Side(connection_.endpoint().side);
  }
  uint64_t found = shape.rows.size();
  if (singly) {
    found = ChangeSingly(target, shape);
  } else if (group.kind == ChangeKind::kDelete) {
    found = Write(target, DeleteStatement(target, shape), shape);
  } else if (group.kind == ChangeKind::kUpdate && !group.idempotent) {
    found = Update(target, shape);
  } else if (group.kind == ChangeKind::kUpdate &&
             std::find(shape.there.begin(), shape.there.end(), false) != shape.there.end()) {
    UpdateAbsent(target, shape);
  } else if (may_miss && !target.identity.empty()) {
    Upsert(target, shape);
  } else {
    found = Write(target, InsertStatement(target, shape), shape);
  }
  if (!may_miss) ExpectRows(target, found, shape.rows.size());
}

uint64_t PostgresqlApplier::Update(const AppliedTable& target, const Shape& shape) {
  if (std::find(shape.set.begin(), shape.set.end(), true) == shape.set.end()) {
    return shape.rows.size();  // only columns that are not carried changed
  }
  uint64_t found = Write(target, UpdateStatement(target, shape), shape);
  for (size_t i = 0; i < target.columns.size(); ++i) {
    if (!shape.set[i] || !target.columns[i].stored.always_identity) continue;
    return found + Write(target, ReinsertStatement(target, shape), shape);
  }
  return found;
}

// Whatever is there of the old and the new row, and whatever holds a unique value of the new one, gives way to it: by
// the end of the replay the log puts those rows where they belong.
void PostgresqlApplier::Upsert(const AppliedTable& target, const Shape& shape) {
  if (shape.rows[0]->kind == ChangeKind::kUpdate) Write(target, DeleteStatement(target, shape), shape);
  for (const UniqueIndex& index : *targets_.at(target.table.get()).indexes)
    Write(target, GiveWayStatement(target, shape, index), shape);
  Write(target, DeleteStatement(target, shape, false), shape);
  const uint64_t found = Write(target, InsertStatement(target, shape), shape);
  ExpectRows(target, found, shape.rows.size());
}

// An image without the values that did not change cannot be inserted. If neither the old nor the new row is there, a
// later cut has seen it go: what became of it follows in the log.
void PostgresqlApplier::UpdateAbsent(const AppliedTable& target, const Shape& shape) {
  Write(target, MergeAwayStatement(target, shape), shape);
  Update(target, shape);
  Write(target, UpdateStatement(target, shape, false), shape);
}

uint64_t PostgresqlApplier::Write(const AppliedTable& target, const RowsStatement& statement, const Shape& shape) {
  if (statement.sql.empty()) return 0;
  std::vector<ArrayBuilder> arrays;
  for (const RowsParameter& parameter : statement.parameters) {
    arrays.emplace_back(parameter.wire, target.columns[parameter.column].type);
  }
  uint64_t found = 0;
  std::vector<StatementBatch::Value> values(arrays.size());
  for (size_t next = 0; next < shape.rows.size();) {
    if (arrays.empty()) next = shape.rows.size();  // the statement itself says how many
    for (ArrayBuilder& array : arrays) array.Clear();
    size_t bytes = 0;
    for (const size_t first = next;
         next < shape.rows.size() && next - first < kRowsPerStatement && bytes < kBytesPerStatement; ++next) {
      const RowChange& row = *shape.rows[next];
      bytes = 0;
      for (size_t i = 0; i < arrays.size(); ++i) {
        const RowsParameter& parameter = statement.parameters[i];
        const model::Row image = parameter.before ? row.before : row.after;
        arrays[i].Add(image[target.columns[parameter.column].source]);
        bytes += arrays[i].bytes();
      }
    }
    for (size_t i = 0; i < arrays.size(); ++i) values[i].bytes = arrays[i].Finish();
    batch_.Add(statement.sql, values, target.object);
    found += batch_.Run().back();
  }
  return found;
}

uint64_t PostgresqlApplier::ChangeSingly(const AppliedTable& target, const Shape& shape) {
  uint64_t found = 0;
  const auto run = [&](size_t statements) {
    const std::vector<uint64_t> rows = batch_.Run();
    found = std::accumulate(rows.end() - static_cast<std::ptrdiff_t>(statements), rows.end(), found);
  };
  size_t queued = 0;
  for (const RowChange* row : shape.rows) {
    const SingleStatement statement = SingleChange(target, *row, shape.set, connection_.endpoint().side);
    if (statement.sql.empty()) {
      ++found;  // only columns that are not carried changed
      continue;
    }
    std::vector<StatementBatch::Value> values;
    for (const OptionalText& text : statement.values) values.push_back({.bytes = text, .is_text = true});
    batch_.Add(statement.sql, values, target.object);
    if (++queued % kStatementsPerBatch == 0) run(kStatementsPerBatch);
  }
  if (!batch_.empty()) run(queued % kStatementsPerBatch);
  return found;
}

void PostgresqlApplier::CheckValues(const AppliedTable& target, const RowGroup& group) const {
  if (!target.checks || group.kind == ChangeKind::kDelete) return;
  for (const AppliedColumn& column : target.columns) {
    if (column.type.native == column.stored.definition) continue;
    for (const RowChange* row : group.rows) {
      const std::string why = WhyChanged(row->after[column.source], column.type, column.stored);
      if (why.empty()) continue;
      throw Error(kValueRefused)
          .Object(target.object + ", column " + column.name)
          .Cause(fmt::format("{}; it is {} at the source and {} at the destination", why, column.type.native,
                             column.stored.definition))
          .Remedy(
              fmt::format("ALTER TABLE {} ALTER COLUMN {} TYPE ...; at the destination, to a type that holds all of "
                          "the source's values.",
                          target.name, Quote(column.name)))
          .Side(connection_.endpoint().side);
    }
  }
}

void PostgresqlApplier::ExpectRows(const AppliedTable& target, uint64_t found, size_t wanted) const {
  if (found == wanted) return;
  throw Error(kRowMissing)
      .Object(target.object)
      .Cause(fmt::format("of {} rows to change {} were found: something else wrote to the destination", wanted, found))
      .Remedy("Compare both sides with `sluice verify`, mend the rows with --repair-sql, then run the task again.")
      .Side(connection_.endpoint().side);
}

// With foreign keys on, triggers of the user's own act too: the two cannot be told apart by a setting.
void PostgresqlApplier::SetForeignKeys(bool on) {
  if (!may_silence_ || silent_ == !on) return;
  connection_.Execute(on ? "SET session_replication_role = origin" : "SET session_replication_role = replica");
  silent_ = !on;
}

void PostgresqlApplier::SetPlans(bool by_index) {
  if (by_index == by_index_) return;
  connection_.Execute(by_index ? kFindByIndex : kFindByScan);
  by_index_ = by_index;
}

void PostgresqlApplier::Commit(const ApplyProgress& progress) {
  constexpr const char* kObject = "the transaction with the progress";
  const std::string save = SaveProgressStatement(progress) + "; ";
  task_ = progress.task;
  std::string sql = save + "COMMIT";
  if (!open_) {
    sql = BeginStatement(task_, connection_.endpoint().fence) + ";" + sql;
  } else if (!locked_) {
    connection_.Query(ShareTaskLockStatement(task_), kObject);
  }
  const ResultPtr result =
      connection_.Expect(ResultPtr(PQexec(connection_.handle(), sql.c_str())), {PGRES_COMMAND_OK}, kObject, "COMMIT");
  // A transaction that has failed before ends with "ROLLBACK" and without an error.
  Check(std::string_view(PQcmdStatus(result.get())) == "COMMIT", "only what was applied is committed");
  open_ = locked_ = deferred_ = false;
}

void PostgresqlApplier::Rollback() {
  try {
    batch_.Run();
  } catch (const Error& error) {
    if (error.info().retry == RetryClass::kReconnect) throw;
  }
  // Settings that were made within the transaction go with it.
  connection_.Execute("ROLLBACK");
  connection_.Execute(kFindByIndex);
  by_index_ = true;
  if (may_silence_) connection_.Execute("SET session_replication_role = replica");
  silent_ = may_silence_;
  open_ = locked_ = deferred_ = false;
}

}  // namespace

std::unique_ptr<connector::Applier> MakeApplier(const connector::Endpoint& endpoint,
                                                const connector::SessionContext& context) {
  return std::make_unique<PostgresqlApplier>(endpoint, context);
}

}  // namespace sluice::postgresql
