#include "connectors/postgresql/verify_reader_sql.h"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/postgresql/canonical.h"
#include "connectors/postgresql/connection.h"

namespace sluice::postgresql {
namespace {

using connector::VerifyReader;
using connector::VerifyTable;
using model::Column;
using model::TypeKind;

const Column& ColumnAt(const VerifyTable& table, size_t i) {
  return table.table->columns[table.columns[i]];
}

std::string QuotedTable(const VerifyTable& table) {
  return Quote(table.table->name.database, table.table->name.name);
}

// Which a bound has without quotes.
bool IsNumber(const model::ColumnType& type, std::string_view text) {
  switch (type.kind) {
    case TypeKind::kInteger:
    case TypeKind::kDecimal:
    case TypeKind::kBit:
    case TypeKind::kBoolean:
      return !text.empty() && text.find_first_not_of("0123456789.-") == std::string_view::npos;
    default:
      return false;
  }
}

// ("a", "b") > (1, 2): the server finds the range in its index.
std::string Compare(const VerifyTable& table, const std::vector<std::string>& values, const char* comparison) {
  std::string names;
  std::string literals;
  for (size_t i = 0; i < values.size(); ++i) {
    names += (i == 0 ? "" : ", ") + Quote(ColumnAt(table, i).name);
    literals += (i == 0 ? "" : ", ") + CanonicalLiteral(ColumnAt(table, i).type, values[i]);
  }
  return fmt::format("({}) {} ({})", names, comparison, literals);
}

// One column of a row that a repair means. Where a collation takes different texts for equal, the bytes decide; types
// without equality are compared as they are written.
std::string Same(const Column& column, const std::optional<std::string>& value) {
  const std::string name = Quote(column.name);
  if (!value) return fmt::format("pg_catalog.num_nulls({}) = 1", name);
  switch (column.type.kind) {
    case TypeKind::kJson:
      return fmt::format("{}::pg_catalog.text::pg_catalog.jsonb = {}::pg_catalog.jsonb", name, Literal(*value));
    case TypeKind::kOther:
      return fmt::format("pg_catalog.format('%s', {}) = {}", name, Literal(*value));
    case TypeKind::kVarchar:
    case TypeKind::kText:
      return fmt::format("{} = {} AND {}::pg_catalog.text COLLATE \"C\" = {}", name,
                         CanonicalLiteral(column.type, value), name, Literal(*value));
    default:
      return fmt::format("{} = {}", name, CanonicalLiteral(column.type, value));
  }
}

std::string SameKey(const VerifyTable& table, const VerifyReader::TextRow& row, size_t columns) {
  std::string condition;
  for (size_t i = 0; i < columns; ++i) condition += (i == 0 ? "" : " AND ") + Same(ColumnAt(table, i), row[i]);
  return condition;
}

// Rows that have a unique value of `row`: it cannot stand beside them. Each of them has a repair of its own.
std::string InTheWay(const VerifyTable& table, const VerifyReader::TextRow& row) {
  std::string condition;
  for (const model::Key& key : table.table->keys) {
    if ((!key.unique && !key.primary) || key.has_expression || key.partial || key.parts.empty()) continue;
    std::string same;
    for (const model::KeyPart& part : key.parts) {
      const auto at = std::find(table.columns.begin(), table.columns.end(), part.column);
      const auto index = static_cast<size_t>(at - table.columns.begin());
      if (at == table.columns.end() || !row[index]) {
        same.clear();
        break;
      }
      same += fmt::format("{}{} = {}", same.empty() ? "" : " AND ", Quote(ColumnAt(table, index).name),
                          CanonicalLiteral(ColumnAt(table, index).type, row[index]));
    }
    if (!same.empty()) condition += (condition.empty() ? "(" : " OR (") + same + ")";
  }
  return condition;
}

bool HasAllColumns(const VerifyTable& table) {
  size_t stored = 0;
  for (const Column& column : table.table->columns) stored += column.generated == model::Generated::kNo ? 1 : 0;
  return stored == table.columns.size();
}

size_t UniqueKeys(const VerifyTable& table) {
  return static_cast<size_t>(std::count_if(table.table->keys.begin(), table.table->keys.end(),
                                           [](const model::Key& key) { return key.unique || key.primary; }));
}

std::string Insert(const VerifyTable& table, const VerifyReader::TextRow& row) {
  std::string names;
  std::string values;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    names += (i == 0 ? "" : ", ") + Quote(ColumnAt(table, i).name);
    values += (i == 0 ? "" : ", ") + CanonicalLiteral(ColumnAt(table, i).type, row[i]);
  }
  const std::string into = fmt::format("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE", QuotedTable(table), names);
  const std::string in_the_way = HasAllColumns(table) ? InTheWay(table, row) : "";
  if (in_the_way.empty()) return fmt::format("{} VALUES ({});", into, values);
  // The count makes the server delete first.
  return fmt::format(
      "WITH gone AS (DELETE FROM {} WHERE {} RETURNING 1), first AS (SELECT pg_catalog.count(*) FROM gone) {} SELECT "
      "{} "
      "FROM first;",
      QuotedTable(table), in_the_way, into, values);
}

}  // namespace

std::string VerifySelect(const VerifyTable& table, bool whole_tree) {
  std::string sql = "SELECT ";
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (i != 0) sql += ", ";
    const Column& column = ColumnAt(table, i);
    sql += SelectExpression(column.type, Quote(column.name));
  }
  return sql + (whole_tree ? " FROM " : " FROM ONLY ") + QuotedTable(table);
}

void AppendConditions(std::string& sql, std::initializer_list<std::string> conditions) {
  const char* word = " WHERE ";
  for (const std::string& condition : conditions) {
    if (condition.empty()) continue;
    sql += word;
    sql += "(" + condition + ")";
    word = " AND ";
  }
}

std::string FilterCondition(const VerifyTable& table) {
  // A line break, so that a comment at the filter's end ends with it.
  return table.filter.empty() ? "" : table.filter + "\n";
}

std::string ChunkCondition(const VerifyTable& table, const connector::Chunk& chunk) {
  std::string condition;
  if (!chunk.lower.empty()) condition = Compare(table, ReadBound(chunk.lower), ">");
  if (!chunk.upper.empty()) {
    condition += (condition.empty() ? "" : " AND ") + Compare(table, ReadBound(chunk.upper), "<=");
  }
  return condition;
}

std::string KeysCondition(const VerifyTable& table, std::span<const std::vector<std::string>> keys) {
  std::string condition;
  if (table.key_columns == 1) {
    const Column& column = ColumnAt(table, 0);
    condition = Quote(column.name) + " IN (";
    for (size_t i = 0; i < keys.size(); ++i) {
      condition += (i == 0 ? "" : ", ") + CanonicalLiteral(column.type, keys[i][0]);
    }
    return condition + ")";
  }
  for (const std::vector<std::string>& key : keys) {
    condition += condition.empty() ? "(" : " OR (";
    for (size_t i = 0; i < table.key_columns; ++i) {
      condition += fmt::format("{}{} = {}", i == 0 ? "" : " AND ", Quote(ColumnAt(table, i).name),
                               CanonicalLiteral(ColumnAt(table, i).type, key[i]));
    }
    condition += ")";
  }
  return condition;
}

std::string MakeBound(const std::vector<std::string>& values, const VerifyTable& table) {
  std::string bound;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i != 0) bound += ',';
    if (ColumnAt(table, i).type.kind == TypeKind::kBlob) {
      bound += "x'";
      for (const char c : values[i]) {
        fmt::format_to(std::back_inserter(bound), "{:02X}", static_cast<unsigned char>(c));
      }
      bound += '\'';
      continue;
    }
    if (IsNumber(ColumnAt(table, i).type, values[i])) {
      bound += values[i];
      continue;
    }
    bound += '\'';
    for (const char c : values[i]) {
      if (c == '\'' || c == '\\') bound += '\\';
      bound += c;
    }
    bound += '\'';
  }
  return bound;
}

std::vector<std::string> ReadBound(std::string_view bound) {
  std::vector<std::string> values(1);
  for (size_t i = 0; i < bound.size(); ++i) {
    std::string& value = values.back();
    if (bound[i] == ',') {
      values.emplace_back();
    } else if (bound[i] == 'x' && i + 1 < bound.size() && bound[i + 1] == '\'') {
      for (i += 2; i + 1 < bound.size() && bound[i] != '\''; i += 2) {
        value += static_cast<char>(std::stoi(std::string(bound.substr(i, 2)), nullptr, 16));
      }
    } else if (bound[i] == '\'') {
      for (++i; i < bound.size() && bound[i] != '\''; ++i) {
        if (bound[i] == '\\') ++i;
        value += bound[i];
      }
    } else {
      value += bound[i];
    }
  }
  return values;
}

std::string VerifyRepairPreamble() {
  return "SET client_encoding = 'UTF8';\n"
         "SET TimeZone = 'UTC';\n"
         "SET DateStyle = 'ISO';\n"
         "SET IntervalStyle = 'postgres';\n"
         "SET search_path = '';\n"
         "-- Triggers and foreign keys must not act on a repair; a role that may not set this has to have them "
         "disabled.\n"
         "SET session_replication_role = replica;\n";
}

std::string VerifyRepair(const VerifyTable& table, VerifyReader::Repair repair, const VerifyReader::TextRow& old,
                         const VerifyReader::TextRow& row) {
  using Repair = VerifyReader::Repair;
  if (repair == Repair::kUpdate && UniqueKeys(table) > 1 && HasAllColumns(table)) repair = Repair::kInsert;
  if (repair == Repair::kInsert) return Insert(table, row);
  std::string where = SameKey(table, old, table.key_columns != 0 ? table.key_columns : table.columns.size());
  if (table.key_columns == 0) {
    // One of those that are alike.
    where =
        fmt::format("(tableoid, ctid) = (SELECT tableoid, ctid FROM {} WHERE {} LIMIT 1)", QuotedTable(table), where);
  }
  if (repair == Repair::kDelete) return fmt::format("DELETE FROM {} WHERE {};", QuotedTable(table), where);
  std::string sets;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (old[i] == row[i]) continue;
    sets += fmt::format("{}{} = {}", sets.empty() ? "" : ", ", Quote(ColumnAt(table, i).name),
                        CanonicalLiteral(ColumnAt(table, i).type, row[i]));
  }
  return fmt::format("UPDATE {} SET {} WHERE {};", QuotedTable(table), sets, where);
}

}  // namespace sluice::postgresql
