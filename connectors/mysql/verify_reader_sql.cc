#include "connectors/mysql/verify_reader_sql.h"

#include <fmt/format.h>

#include "connectors/mysql/canonical.h"
#include "connectors/mysql/charset_table.h"
#include "connectors/mysql/connection.h"
#include "connectors/mysql/destination_table.h"
#include "connectors/mysql/neutral.h"

namespace sluice::mysql {
namespace {

using connector::VerifyReader;
using connector::VerifyTable;
using model::Column;
using model::TypeKind;

const Column& ColumnAt(const VerifyTable& table, size_t i) {
  return table.table->columns[table.columns[i]];
}

// Where the peer has the text in Unicode, what has none here must not look like the question marks there.
std::string Selected(const VerifyTable& table, const Column& column) {
  const std::string name = Quote(column.name);
  if (table.peer.engine == "mysql" || !column.type.IsText() || IsUtf8Charset(column.type.charset)) {
    return SelectExpression(column.type, name);
  }
  return SelectUnicode(name, CanonicalCharset(column.type.charset),
                       fmt::format("CONCAT('no Unicode: ',HEX(CAST({} AS BINARY)))", name));
}

std::string QuotedTable(const VerifyTable& table) {
  return Quote(table.table->name.database, table.table->name.name);
}

// Rows before or after a bound, column by column: row constructors are not turned into ranges by every optimizer.
// `strict` is the comparison of the last column, the others use its strict form.
std::string Compare(const VerifyTable& table, const std::vector<std::string>& literals, bool after) {
  std::string condition;
  for (size_t last = 0; last < literals.size(); ++last) {
    std::string part;
    for (size_t i = 0; i < last; ++i) {
      part += fmt::format("{}={} AND ", Quote(ColumnAt(table, i).name), literals[i]);
    }
    const bool whole = last + 1 == literals.size();
    const char* comparison = after ? ">" : (whole ? "<=" : "<");
    part += fmt::format("{}{}{}", Quote(ColumnAt(table, last).name), comparison, literals[last]);
    condition += condition.empty() ? "" : " OR ";
    condition += "(" + part + ")";
  }
  if (literals.size() == 1) return condition;
  // The first column alone gives the range to read.
  return fmt::format("{}{}{} AND ({})", Quote(ColumnAt(table, 0).name), after ? ">=" : "<=", literals[0], condition);
}

bool IsCharacter(const Column& column) {
  return column.type.IsText() && column.type.charset != "binary" && column.type.kind != TypeKind::kEnum &&
         column.type.kind != TypeKind::kSet;
}

// One column of a row that a repair means. Where a collation takes different texts for equal, the bytes decide.
std::string Same(const Column& column, const std::optional<std::string>& value, bool mariadb) {
  const std::string name = Quote(column.name);
  if (!value) return name + " IS NULL";
  const std::string literal = CanonicalLiteral(column.type, value);
  switch (column.type.kind) {
    case TypeKind::kFloat32:
      return fmt::format("{}*1e0={}", name, literal);
    case TypeKind::kJson:
      return mariadb ? fmt::format("JSON_EQUALS({},{})", name, literal)
                     : fmt::format("{}=CAST({} AS JSON)", name, literal);
    case TypeKind::kGeometry:
    case TypeKind::kVector:
      return fmt::format("HEX({})=HEX({})", name, literal);
    default:
      break;
  }
  if (!IsCharacter(column)) return fmt::format("{}={}", name, literal);
  return fmt::format("{0}={1} AND CAST(CONVERT({0} USING utf8mb4) AS BINARY)=CAST({1} AS BINARY)", name, literal);
}

// An UPDATE cannot give a row a unique value that another wrong row still has; REPLACE can, and that other row has a
// repair of its own. It needs every column, and the preamble's foreign_key_checks=0, or it would cascade.
bool NeedsReplace(const VerifyTable& table) {
  size_t unique_keys = 0;
  for (const model::Key& key : table.table->keys) unique_keys += key.unique || key.primary ? 1 : 0;
  size_t stored = 0;
  for (const Column& column : table.table->columns) stored += column.generated == model::Generated::kNo ? 1 : 0;
  return table.key_columns != 0 && unique_keys > 1 && stored == table.columns.size();
}

}  // namespace

std::string VerifySelect(const VerifyTable& table) {
  std::string sql = "SELECT ";
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (i != 0) sql += ',';
    const Column& column = ColumnAt(table, i);
    sql += Selected(table, column);
  }
  return sql + " FROM " + QuotedTable(table);
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
  if (!chunk.lower.empty()) condition = "(" + Compare(table, SplitBound(chunk.lower), true) + ")";
  if (!chunk.upper.empty()) {
    if (!condition.empty()) condition += " AND ";
    condition += "(" + Compare(table, SplitBound(chunk.upper), false) + ")";
  }
  return condition;
}

std::string KeysCondition(const VerifyTable& table, std::span<const std::vector<std::string>> keys) {
  std::string condition;
  if (table.key_columns == 1) {
    const Column& column = ColumnAt(table, 0);
    condition = Quote(column.name) + " IN (";
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i != 0) condition += ',';
      AppendLiteral(condition, column.type, keys[i][0]);
    }
    return condition + ")";
  }
  for (const std::vector<std::string>& key : keys) {
    condition += condition.empty() ? "(" : " OR (";
    for (size_t i = 0; i < table.key_columns; ++i) {
      if (i != 0) condition += " AND ";
      condition += Quote(ColumnAt(table, i).name) + "=";
      AppendLiteral(condition, ColumnAt(table, i).type, key[i]);
    }
    condition += ")";
  }
  return condition;
}

std::string JoinBound(const std::vector<std::string>& literals) {
  std::string bound;
  for (const std::string& literal : literals) {
    if (!bound.empty()) bound += ',';
    bound += literal;
  }
  return bound;
}

std::vector<std::string> SplitBound(std::string_view bound) {
  std::vector<std::string> literals(1);
  bool quoted = false;
  for (size_t i = 0; i < bound.size(); ++i) {
    const char c = bound[i];
    if (!quoted && c == ',') {
      literals.emplace_back();
      continue;
    }
    literals.back() += c;
    if (c == '\'') {
      quoted = !quoted;
    } else if (quoted && c == '\\' && i + 1 < bound.size()) {
      literals.back() += bound[++i];
    }
  }
  return literals;
}

// Not strict: the error value of an ENUM and the like can be written in no other way. The verification after the repair
// finds what a destination changed.
std::string VerifyRepairPreamble() {
  return "SET NAMES utf8mb4;\n"
         "SET SESSION time_zone='+00:00', foreign_key_checks=0, "
         "sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION';\n";
}

std::string VerifyRepair(const VerifyTable& table, VerifyReader::Repair repair, const VerifyReader::TextRow& old,
                         const VerifyReader::TextRow& row, bool mariadb) {
  if (repair == VerifyReader::Repair::kUpdate && NeedsReplace(table)) repair = VerifyReader::Repair::kInsert;
  std::string where;
  if (repair != VerifyReader::Repair::kInsert) {
    const size_t count = table.key_columns != 0 ? table.key_columns : table.columns.size();
    for (size_t i = 0; i < count; ++i) {
      where += where.empty() ? " WHERE " : " AND ";
      where += Same(ColumnAt(table, i), old[i], mariadb);
    }
    where += " LIMIT 1";
  }
  if (repair == VerifyReader::Repair::kDelete) return "DELETE FROM " + QuotedTable(table) + where + ";";
  if (repair == VerifyReader::Repair::kInsert) {
    std::string names;
    std::string values;
    for (size_t i = 0; i < table.columns.size(); ++i) {
      names += (i != 0 ? "," : "") + Quote(ColumnAt(table, i).name);
      values += (i != 0 ? "," : "") + CanonicalLiteral(ColumnAt(table, i).type, row[i]);
    }
    return fmt::format("REPLACE INTO {} ({}) VALUES ({});", QuotedTable(table), names, values);
  }
  // Every column is named: one left out could be moved by ON UPDATE CURRENT_TIMESTAMP.
  std::string sets;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    sets +=
        (i != 0 ? "," : "") + Quote(ColumnAt(table, i).name) + "=" + CanonicalLiteral(ColumnAt(table, i).type, row[i]);
  }
  return "UPDATE " + QuotedTable(table) + " SET " + sets + where + ";";
}

}  // namespace sluice::mysql
