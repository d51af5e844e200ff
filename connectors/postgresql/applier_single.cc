#include "connectors/postgresql/applier_single.h"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/postgresql/codes.h"

namespace sluice::postgresql {
namespace {

class Builder {
 public:
  Builder(const AppliedTable& target, const std::string& side) : target_(target), side_(side) {}

  // "$3": the parameter of this cell.
  std::string Value(const AppliedColumn& column, const model::Cell& cell) {
    std::string text;
    AppendText(text, cell, column.type);
    if (text.find('\0') != std::string::npos) {
      throw Error(kValueRefused)
          .Object(target_.object + ", column " + column.name)
          .Cause("the value holds a zero byte, which no text of PostgreSQL may have")
          .Remedy("Mend the value at the source, or exclude the column in the task file.")
          .Side(side_);
    }
    statement_.values.emplace_back(std::move(text));
    return fmt::format("${}", statement_.values.size());
  }

  // Equal values need not be the same (1.0 and 1.00, '1 day' and '24 hours'), and some types have no equality: texts
  // are compared. The equality beside them lets an index find the row, if there is one.
  std::string Match(const AppliedColumn& column, const model::Cell& cell) {
    const std::string name = "t." + Quote(column.name);
    if (cell.IsNull()) {
      constexpr char kComposite = 'c';  // IS NULL is true of a composite value whose fields are null
      return name + (column.stored.kind == kComposite ? " IS NOT DISTINCT FROM NULL" : " IS NULL");
    }
    const std::string value = Value(column, cell);
    std::string text = fmt::format("{}::text = {}::{}::text", name, value, column.stored.full);
    if (column.stored.is_ordered) text += fmt::format(" AND {} = {}::{}", name, value, column.stored.base);
    return text;
  }

  SingleStatement Take(std::string sql) {
    statement_.sql = std::move(sql);
    return std::move(statement_);
  }

 private:
  const AppliedTable& target_;
  const std::string& side_;
  SingleStatement statement_;
};

// The old values that the log has of a partition's row may be of a key that is the partition's alone: other partitions
// may have a row with the same ones. They must be all that is carried, or those of a key of the whole table.
void RequireIdentity(const AppliedTable& target, model::Row before, const std::string& side) {
  if (!target.table->partitioned) return;
  const auto is_there = [&](uint32_t column) { return !before[column].IsAbsent(); };
  const bool whole = std::all_of(target.columns.begin(), target.columns.end(),
                                 [&](const AppliedColumn& column) { return is_there(column.source); });
  if (whole) return;
  const std::vector<model::Key>& keys = target.table->keys;
  const bool by_key = std::any_of(keys.begin(), keys.end(), [&](const model::Key& key) {
    if ((!key.unique && !key.primary) || key.deferrable || key.partial || key.has_expression) return false;
    return std::all_of(key.parts.begin(), key.parts.end(), [&](const model::KeyPart& part) {
      const auto carried = std::find_if(target.columns.begin(), target.columns.end(),
                                        [&](const AppliedColumn& column) { return column.source == part.column; });
      return carried != target.columns.end() && is_there(part.column) && !before[part.column].IsNull();
    });
  });
  if (by_key) return;
  throw Error(kNoIdentity)
      .Object(target.object)
      .Cause("the log has the old values of a key that a partition has alone: other partitions may have them too")
      .Remedy(
          fmt::format("At the source: ALTER TABLE ... REPLICA IDENTITY FULL; for each partition of {} that has a key "
                      "of its own; then begin the task anew.",
                      Quote(target.table->name.database, target.table->name.name)))
      .Side(side);
}

}  // namespace

SingleStatement SingleChange(const AppliedTable& target, const model::RowChange& row, const Mask& set,
                             const std::string& side) {
  Builder builder(target, side);
  std::string assignments;
  if (row.kind == model::ChangeKind::kUpdate) {
    for (size_t i = 0; i < target.columns.size(); ++i) {
      const AppliedColumn& column = target.columns[i];
      if (!set[i]) continue;
      const model::Cell& cell = row.after[column.source];
      assignments += fmt::format("{}{} = {}", assignments.empty() ? "" : ", ", Quote(column.name),
                                 cell.IsNull() ? "NULL" : builder.Value(column, cell) + "::" + column.stored.base);
    }
    if (assignments.empty()) return {};
  }
  std::string where;
  for (const AppliedColumn& column : target.columns) {
    const model::Cell& cell = row.before[column.source];
    if (cell.IsAbsent()) continue;
    where += (where.empty() ? "" : " AND ") + builder.Match(column, cell);
  }
  if (where.empty()) {
    throw Error(kNoIdentity)
        .Object(target.object)
        .Cause("the log has no old values of the row, and the table no key that is carried")
        .Remedy(fmt::format("At the source: ALTER TABLE {} REPLICA IDENTITY FULL; then begin the task anew.",
                            Quote(target.table->name.database, target.table->name.name)))
        .Side(side);
  }
  RequireIdentity(target, row.before, side);
  const bool is_update = row.kind == model::ChangeKind::kUpdate;
  constexpr char kPartitioned = 'p';
  if (target.kind == kPartitioned) {  // a ctid alone names a row in each partition
    return builder.Take(
        fmt::format("WITH one AS (SELECT t.tableoid AS o, t.ctid AS c FROM {0} AS t WHERE {1} LIMIT 1) {2} WHERE "
                    "t.ctid = one.c AND "
                    "t.tableoid = one.o",
                    target.name, where,
                    is_update ? fmt::format("UPDATE {} AS t SET {} FROM one", target.name, assignments)
                              : fmt::format("DELETE FROM {} AS t USING one", target.name)));
  }
  return builder.Take(fmt::format("{0} WHERE ctid = (SELECT t.ctid FROM ONLY {1} AS t WHERE {2} LIMIT 1)",
                                  is_update ? fmt::format("UPDATE ONLY {} SET {}", target.name, assignments)
                                            : fmt::format("DELETE FROM ONLY {}", target.name),
                                  target.name, where));
}

}  // namespace sluice::postgresql
