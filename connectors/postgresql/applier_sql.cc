#include "connectors/postgresql/applier_sql.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::postgresql {
namespace {

Wire ChooseWire(const AppliedTable& target, const Shape& shape, size_t column, bool before) {
  const Wire wire = WireOf(target.columns[column].stored);
  const uint32_t source = target.columns[column].source;
  const bool fits = std::all_of(shape.rows.begin(), shape.rows.end(), [&](const model::RowChange* row) {
    return Fits((before ? row->before : row->after)[source], wire);
  });
  return fits ? wire : Wire::kText;
}

// Collects parameters and names the columns of u that they become.
class Builder {
 public:
  Builder(const AppliedTable& target, const Shape& shape) : target_(target), shape_(shape) {}

  // The expression of a column's value.
  std::string Value(size_t column, bool before) {
    const Wire wire = ChooseWire(target_, shape_, column, before);
    statement_.parameters.push_back({column, before, wire});
    return ValueOf(fmt::format("u.c{}", statement_.parameters.size() - 1), wire, target_.columns[column].stored);
  }

  std::string Rows() const {
    if (statement_.parameters.empty()) return fmt::format("generate_series(1, {}) AS u(n)", shape_.rows.size());
    std::string arrays;
    std::string names;
    for (size_t i = 0; i < statement_.parameters.size(); ++i) {
      const char* comma = i == 0 ? "" : ", ";
      arrays += fmt::format("{}${}::{}", comma, i + 1, ArrayType(statement_.parameters[i].wire));
      names += fmt::format("{}c{}", comma, i);
    }
    return fmt::format("unnest({}) AS u({})", arrays, names);
  }

  // t."id" = u.c0 AND ...
  std::string Match(bool before, const char* table = "t") {
    std::string text;
    for (const size_t column : target_.identity) {
      const AppliedColumn& one = target_.columns[column];
      text += fmt::format("{}{}.{} {} {}", text.empty() ? "" : " AND ", table, Quote(one.name), one.stored.equals,
                          Value(column, before));
    }
    return text;
  }

  RowsStatement Take(std::string sql) {
    statement_.sql = std::move(sql);
    return std::move(statement_);
  }

 private:
  const AppliedTable& target_;
  const Shape& shape_;
  RowsStatement statement_;
};

std::string Listed(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

const char* Overriding(const AppliedTable& target, const Shape& shape) {
  for (size_t i = 0; i < target.columns.size(); ++i) {
    if (shape.there[i] && target.columns[i].stored.always_identity) return " OVERRIDING SYSTEM VALUE";
  }
  return "";
}

// "a" = u.c1, ...; columns that an UPDATE may not name are left out.
std::string Assignments(Builder& builder, const AppliedTable& target, const Shape& shape) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < target.columns.size(); ++i) {
    if (!shape.set[i] || target.columns[i].stored.always_identity) continue;
    parts.push_back(fmt::format("{} = {}", Quote(target.columns[i].name), builder.Value(i, false)));
  }
  return Listed(parts);
}

}  // namespace

std::string ValueOf(const std::string& column, Wire wire, const StoredColumn& stored) {
  const bool is_text = stored.type == type_id::kText || stored.type == type_id::kVarchar;
  return wire != Wire::kText || is_text ? column : column + "::" + stored.base;
}

RowsStatement InsertStatement(const AppliedTable& target, const Shape& shape) {
  Builder builder(target, shape);
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (size_t i = 0; i < target.columns.size(); ++i) {
    if (!shape.there[i]) continue;
    names.push_back(Quote(target.columns[i].name));
    values.push_back(builder.Value(i, false));
  }
  std::string sql = "INSERT INTO " + target.name;
  if (!names.empty()) sql += " (" + Listed(names) + ")";
  sql += fmt::format("{} SELECT {} FROM {}", Overriding(target, shape), Listed(values), builder.Rows());
  return builder.Take(std::move(sql));
}

RowsStatement UpdateStatement(const AppliedTable& target, const Shape& shape, bool before) {
  Builder builder(target, shape);
  std::string where = builder.Match(before);
  std::string set = Assignments(builder, target, shape);
  for (size_t i = 0; i < target.columns.size(); ++i) {
    if (!shape.set[i] || !target.columns[i].stored.always_identity) continue;
    where += fmt::format(" AND t.{} = {}", Quote(target.columns[i].name), builder.Value(i, false));
  }
  if (set.empty()) {
    // Nothing that an UPDATE may name, but the row has to be there all the same.
    const auto plain = std::find_if(target.identity.begin(), target.identity.end(),
                                    [&](size_t column) { return !target.columns[column].stored.always_identity; });
    if (plain == target.identity.end()) return {};
    const std::string name = Quote(target.columns[*plain].name);
    set = fmt::format("{} = t.{}", name, name);
  }
  return builder.Take(
      fmt::format("UPDATE {}{} AS t SET {} FROM {} WHERE {}", target.only, target.name, set, builder.Rows(), where));
}

RowsStatement ReinsertStatement(const AppliedTable& target, const Shape& shape) {
  Builder builder(target, shape);
  const std::string where = builder.Match(true);
  std::string moved;
  std::vector<std::string> names;
  std::vector<std::string> taken;  // out of the old row and u
  std::vector<std::string> put;
  for (size_t i = 0; i < target.columns.size(); ++i) {
    const std::string name = Quote(target.columns[i].name);
    names.push_back(name);
    put.push_back(fmt::format("n{}", i));
    const bool is_new = shape.there[i];
    const std::string value = is_new ? builder.Value(i, false) : "t." + name;
    taken.push_back(fmt::format("{} AS n{}", value, i));
    if (!is_new || !shape.set[i] || !target.columns[i].stored.always_identity) continue;
    moved += fmt::format("{}t.{} <> {}", moved.empty() ? "" : " OR ", name, value);
  }
  for (size_t i = 0; i < target.left_out.size(); ++i) {
    names.push_back(Quote(target.left_out[i].name));
    taken.push_back(fmt::format("t.{} AS k{}", names.back(), i));
    put.push_back(fmt::format("k{}", i));
  }
  return builder.Take(fmt::format(
      "WITH gone AS (DELETE FROM {}{} AS t USING {} WHERE {} AND ({}) RETURNING {}) INSERT INTO {} ({}) "
      "OVERRIDING SYSTEM VALUE SELECT {} FROM gone",
      target.only, target.name, builder.Rows(), where, moved, Listed(taken), target.name, Listed(names), Listed(put)));
}

RowsStatement DeleteStatement(const AppliedTable& target, const Shape& shape, bool before) {
  Builder builder(target, shape);
  const std::string where = builder.Match(before);
  return builder.Take(
      fmt::format("DELETE FROM {}{} AS t USING {} WHERE {}", target.only, target.name, builder.Rows(), where));
}

RowsStatement MergeAwayStatement(const AppliedTable& target, const Shape& shape) {
  Builder builder(target, shape);
  const std::string before = builder.Match(true);
  const std::string after = builder.Match(false, "o");
  return builder.Take(
      fmt::format("DELETE FROM {0}{1} AS t USING {2} WHERE {3} AND EXISTS (SELECT FROM {0}{1} AS o "
                  "WHERE {4} AND (o.tableoid, o.ctid) <> (t.tableoid, t.ctid))",
                  target.only, target.name, builder.Rows(), before, after));
}

// The index's expressions are written with the table's own column names. Over the new values they are evaluated in a
// row of their own that has these names; v shows nothing but the results, so that in the outer statement the names are
// the table's.
RowsStatement GiveWayStatement(const AppliedTable& target, const Shape& shape, const UniqueIndex& index) {
  Builder builder(target, shape);
  std::vector<std::string> row;
  for (size_t i = 0; i < target.columns.size(); ++i) {
    if (shape.there[i]) row.push_back(builder.Value(i, false) + " AS " + Quote(target.columns[i].name));
  }
  for (const AppliedTable::LeftOut& column : target.left_out) {
    row.push_back(fmt::format("NULL::{} AS {}", column.definition, Quote(column.name)));
  }
  std::vector<std::string> results;
  std::string where;
  for (size_t i = 0; i < index.keys.size(); ++i) {
    results.push_back(fmt::format("({}) AS \"sluice {}\"", index.keys[i].expression, i));
    where += fmt::format("{}({}) {} v.\"sluice {}\"", i == 0 ? "" : " AND ", index.keys[i].expression,
                         index.nulls_equal ? "IS NOT DISTINCT FROM" : index.keys[i].equals, i);
  }
  std::string filter;
  if (!index.predicate.empty()) {
    filter = " WHERE " + index.predicate;
    where += " AND " + index.predicate;
  }
  return builder.Take(
      fmt::format("DELETE FROM {}{} AS t USING (SELECT {} FROM (SELECT {} FROM {}) AS t{}) AS v WHERE {}", target.only,
                  target.name, Listed(results), Listed(row), builder.Rows(), filter, where));
}

}  // namespace sluice::postgresql
