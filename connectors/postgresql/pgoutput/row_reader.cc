#include "connectors/postgresql/pgoutput/row_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "base/error.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/pgoutput/values.h"

namespace sluice::postgresql::pgoutput {
namespace {

using model::Cell;

// Cells of one row, all absent at first.
std::span<Cell> NewCells(const RelationPlan& plan, Arena& arena) {
  const size_t count = plan.table->columns.size();
  Cell* cells = arena.AllocateArray<Cell>(count);
  for (size_t i = 0; i < count; ++i) new (&cells[i]) Cell();
  return {cells, count};
}

std::string_view Trimmed(std::string_view text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// `keys_only`: the log writes nulls where a column is no part of the identity.
std::span<Cell> ReadTuple(Bytes& body, const RelationPlan& plan, bool keys_only, Arena& arena) {
  TupleReader tuple(body);
  if (tuple.left() != plan.columns.size()) {
    ThrowBadMessage(
        fmt::format("a row of {} has {} values for {} columns", plan.name.Text(), tuple.left(), plan.columns.size()));
  }
  const std::span<Cell> cells = NewCells(plan, arena);
  for (const RelationPlan::Column& column : plan.columns) {
    const TupleReader::Value value = tuple.Next();
    if (keys_only && !column.key) continue;
    switch (value.kind) {
      case 'n':
        cells[column.index] = Cell::Null();
        break;
      case 't':
        cells[column.index] =
            CellOfText(column.kind, column.is_unsigned, column.trimmed ? Trimmed(value.bytes) : value.bytes, arena);
        break;
      case 'u':
        break;
      default:
        ThrowBadMessage("a value in it is binary, which was not asked for");
    }
  }
  return cells;
}

std::span<Cell> ReadOld(char kind, Bytes& body, const RelationPlan& plan, Arena& arena) {
  return ReadTuple(body, plan, kind == 'K', arena);
}

// `then`: what follows the statement that mends it.
[[noreturn]] void ThrowLacks(const RelationPlan& plan, const RelationPlan::Column& column, const char* cause,
                             const char* then) {
  const model::ObjectName& name = plan.table->name;
  throw Error(kNoReplicaIdentity)
      .Object(fmt::format("table {}, column {}", name.Text(), plan.table->columns[column.index].name))
      .Cause(cause)
      .Remedy(fmt::format("ALTER TABLE \"{}\".\"{}\" REPLICA IDENTITY FULL;{} then begin anew with `sluice run "
                          "--restart`.",
                          name.database, name.name, then))
      .Side("source");
}

[[noreturn]] void ThrowNoIdentity(const RelationPlan& plan, const RelationPlan::Column& column) {
  ThrowLacks(plan, column,
             "The log has an update without the value of this key column: it is stored out of line, and servers before "
             "14.2 (13.6, 12.10, 11.15, 10.20) leave it out of the log when it is not changed.",
             " or update the server,");
}

// From 15 on the server makes an insert of an update that moves a row into the publication's filter.
void RequireWhole(const RelationPlan& plan, std::span<const Cell> row) {
  for (const RelationPlan::Column& column : plan.columns) {
    if (!row[column.index].IsAbsent()) continue;
    ThrowLacks(plan, column,
               "An update brings a row into the row filter, and the log lacks this column, which is stored out of line "
               "and was left alone: the table's replica identity was altered.",
               "");
  }
}

void CompleteUpdate(const RelationPlan& plan, bool has_old, std::span<Cell> before, std::span<Cell> after) {
  for (const RelationPlan::Column& column : plan.columns) {
    Cell& now = after[column.index];
    Cell& was = before[column.index];
    if (has_old) {
      if (now.IsAbsent() && (plan.whole_rows || column.key)) now = was;
    } else if (column.key) {
      was = now;  // unchanged, else the old key were there
      if (was.IsAbsent()) ThrowNoIdentity(plan, column);
    }
  }
}

}  // namespace

void AddRow(char type, Bytes body, const RelationPlan& plan, model::Transaction& transaction) {
  Arena& arena = transaction.arena;
  const size_t size = body.left();
  model::RowChange change;
  change.table = plan.table;
  change.foreign_keys_off = true;  // what foreign keys did is in the log too
  char next = body.Char();
  switch (type) {
    case 'I':
      change.kind = model::ChangeKind::kInsert;
      if (next != 'N') ThrowBadMessage("an insert has no new row");
      change.after = ReadTuple(body, plan, false, arena);
      RequireWhole(plan, change.after);
      break;
    case 'U': {
      change.kind = model::ChangeKind::kUpdate;
      const bool has_old = next == 'K' || next == 'O';
      const std::span<Cell> before = has_old ? ReadOld(next, body, plan, arena) : NewCells(plan, arena);
      if (has_old) next = body.Char();
      if (next != 'N') ThrowBadMessage("an update has no new row");
      const std::span<Cell> after = ReadTuple(body, plan, false, arena);
      CompleteUpdate(plan, has_old, before, after);
      change.before = before;
      change.after = after;
      break;
    }
    case 'D':
      change.kind = model::ChangeKind::kDelete;
      if (next != 'K' && next != 'O') ThrowBadMessage("a delete has no old row");
      change.before = ReadOld(next, body, plan, arena);
      break;
    default:
      ThrowBadMessage("it is no change of a row");
  }
  if (!body.empty()) ThrowBadMessage("it is longer than its fields say");
  transaction.bytes += size;
  transaction.rows.push_back(std::move(change));
}

}  // namespace sluice::postgresql::pgoutput
