#include "connectors/postgresql/applier_single.h"

#include <fmt/format.h>

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
