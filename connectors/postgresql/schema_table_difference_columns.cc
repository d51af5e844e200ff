// Columns. What a statement did to values is done over only where it comes out the same by itself: a column's new type
// by the server's own conversion, a new column by the value that the source kept for older rows.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/ddl.h"
#include "connectors/postgresql/default_read.h"
#include "connectors/postgresql/definition_parts.h"
#include "connectors/postgresql/schema_table_difference.h"

namespace sluice::postgresql {
namespace {

// "character varying(20)" without what is in brackets, and without the dimensions of an array.
std::string Base(const std::string& type) {
  std::string base;
  for (size_t i = 0; i < type.size(); ++i) {
    if (type[i] == '(') {
      while (i < type.size() && type[i] != ')') ++i;
      continue;
    }
    base += type[i];
  }
  return base;
}

// Types whose values become each other in one way, whatever a session has set.
bool ConvertsAlike(const std::string& from, const std::string& to) {
  static const std::set<std::string> numbers = {"smallint", "integer", "bigint", "numeric", "real", "double precision"};
  static const std::set<std::string> texts = {"text", "character varying", "character"};
  static const std::set<std::string> plain = {"smallint", "integer", "bigint", "numeric", "boolean", "uuid"};
  if (from == to) return true;
  if (numbers.contains(from) && numbers.contains(to)) return true;
  if (texts.contains(to) && (texts.contains(from) || plain.contains(from))) return true;
  return from == "date" && to == "timestamp without time zone";
}

// Statements of a text that a client sent.
std::vector<sql::Tokens> Statements(const std::string& text) {
  std::vector<sql::Tokens> statements(1);
  for (sql::Token& token : sql::Tokenize(text, kDialect)) {
    if (token.IsSymbol(";")) {
      statements.emplace_back();
    } else {
      statements.back().push_back(std::move(token));
    }
  }
  std::erase_if(statements, [](const sql::Tokens& one) { return one.empty(); });
  return statements;
}

}  // namespace

const ColumnDefinition* TableDifference::Before(const ColumnDefinition& column) const {
  for (const ColumnDefinition& one : before_.columns) {
    if (one.number == column.number) return &one;
  }
  return nullptr;
}

void TableDifference::Columns() {
  const bool inherits = !new_.IsStandalone(after_);
  for (const ColumnDefinition& column : before_.columns) {
    const bool stays = std::any_of(after_.columns.begin(), after_.columns.end(),
                                   [&](const ColumnDefinition& one) { return one.number == column.number; });
    if (stays || old_.columns_.LeftOut(column.name) || (inherits && !column.local)) continue;
    Alter("DROP COLUMN IF EXISTS " + Quote(old_.columns_.Map(column.name)));
  }
  RenameColumns();
  for (const ColumnDefinition& column : after_.columns) {
    if (new_.columns_.LeftOut(column.name)) continue;
    const ColumnDefinition* was = Before(column);
    if (inherits && !column.local) {
      if (was != nullptr) ChangeValue(*was, column);  // the parent's statement may have done it already
    } else if (was != nullptr) {
      Redefine(*was, column);
    } else {
      AddColumn(column);
    }
  }
}

void TableDifference::RenameColumns() {
  std::vector<std::pair<std::string, std::string>> moves;
  for (const ColumnDefinition& column : after_.columns) {
    const ColumnDefinition* was = Before(column);
    if (was == nullptr || (!column.local && !new_.IsStandalone(after_))) continue;
    if (old_.columns_.LeftOut(was->name) != new_.columns_.LeftOut(column.name)) {
      Refuse(fmt::format("column {} is carried now, or no longer, by the task's rules", column.name));
    }
    if (new_.columns_.LeftOut(column.name)) continue;
    const std::string from = old_.columns_.Map(was->name);
    const std::string to = new_.columns_.Map(column.name);
    if (from != to) moves.emplace_back(from, to);
  }
  for (const std::string& rename : RenamesOfColumns(std::move(moves))) Alter(rename);
}

// Rows that are there get what they got at the source.
void TableDifference::AddColumn(const ColumnDefinition& column) {
  ColumnDefinition added = column;
  const bool computed = column.generated != ' ';
  const bool sequence = column.identity != ' ' || column.default_value.find("nextval(") != std::string::npos;
  if (HasRows() && !computed) {
    if (column.missing) {
      added.default_value = Literal(*column.missing) + "::" + column.type;
    } else if (sequence || column.domain_default ||
               ReadDefault(column.default_value, {}).kind == model::ColumnDefault::Kind::kExpression) {
      Refuse(fmt::format("column {} was added with a default that differs from row to row", column.name));
    } else if (!column.default_value.empty()) {
      RequireFirstDefault(column);
    }
  }
  for (const SequenceDefinition& one : after_.sequences) {
    if (one.column != column.name || column.identity != ' ') continue;
    const model::ObjectName name = new_.rewriter_.Map(one.name);
    Add(SequenceStatement(one, name));
  }
  Alter("ADD COLUMN " + new_.Column(after_, added, false));
  if (added.default_value != column.default_value) {
    const std::optional<std::string> value = new_.Expression(column.default_value);
    Alter(fmt::format("ALTER COLUMN {} {}", NameHere(column),
                      column.default_value.empty() || !value ? "DROP DEFAULT" : "SET DEFAULT " + *value));
  }
  for (const SequenceDefinition& one : after_.sequences) {
    if (one.column != column.name || column.identity != ' ') continue;
    const model::ObjectName name = new_.rewriter_.Map(one.name);
    Add(fmt::format("ALTER SEQUENCE {} OWNED BY {}.{}", Quote(name.database, name.name), new_.Full(after_),
                    NameHere(column)));
  }
  sql_.table += new_.ColumnAlterations(after_, column);
  if (!column.comment.empty()) {
    Add(fmt::format("COMMENT ON COLUMN {}.{} IS {}", new_.Full(after_), NameHere(column), Literal(column.comment)));
  }
}

void TableDifference::Redefine(const ColumnDefinition& was, const ColumnDefinition& column) {
  const std::string alter = "ALTER COLUMN " + NameHere(column) + " ";
  if (was.type != column.type || was.collation != column.collation) ChangeType(was, column);
  ChangeValue(was, column);
  const bool was_filled = was.not_null && !was.not_null_not_valid;
  const bool is_filled = column.not_null && !column.not_null_not_valid;
  if (!was_filled && is_filled) Alter(alter + "SET NOT NULL");
  if (was_filled && !is_filled) Alter(alter + "DROP NOT NULL");
  if (was.statistics != column.statistics) {
    Alter(alter + fmt::format("SET STATISTICS {}", column.statistics.value_or(-1)));
  }
  if (was.storage != column.storage && column.storage != ' ') sql_.table += new_.ColumnAlterations(after_, column);
  if (was.comment != column.comment) {
    Add(fmt::format("COMMENT ON COLUMN {}.{} IS {}", new_.Full(after_), NameHere(column), Literal(column.comment)));
  }
}

void TableDifference::ChangeType(const ColumnDefinition& was, const ColumnDefinition& column) {
  const bool written_anew = (after_.rewritten & kRewrittenByType) != 0;
  if (written_anew && column.generated == ' ' && HasRows()) RequireStatedConversion(was, column);
  const std::string alter = "ALTER COLUMN " + NameHere(column) + " ";
  const bool has_default = !was.default_value.empty() && was.generated == ' ' && was.identity == ' ';
  if (has_default) Alter(alter + "DROP DEFAULT");
  std::string type = "TYPE " + new_.rewriter_.Rewrite(column.type);
  if (!column.collation.empty()) type += " COLLATE " + new_.rewriter_.Rewrite(column.collation);
  // A table without rows takes any conversion; the server only wants to know one.
  if (written_anew && column.generated == ' ' && !HasRows()) {
    type += fmt::format(" USING {}::text::{}", NameHere(column), new_.rewriter_.Rewrite(column.type));
  }
  Alter(alter + type);
  if (has_default && !column.default_value.empty() && column.generated == ' ') {
    if (const auto value = new_.Expression(column.default_value)) Alter(alter + "SET DEFAULT " + *value);
  }
}

// What the client sent has to show what was done to values: a statement inside of a function or a block is not seen.
std::vector<sql::Tokens> TableDifference::SeenStatements(const std::string& what, bool beside_rows) const {
  static const std::set<std::string> plain = {"alter", "create",   "drop",      "begin",   "start", "commit", "end",
                                              "set",   "rollback", "savepoint", "release", "lock",  "comment"};
  static const std::set<std::string> rows = {"insert", "update", "delete", "truncate"};
  std::vector<sql::Tokens> altering;
  for (sql::Tokens& statement : Statements(ddl_.statement)) {
    const std::string word = sql::ToLower(statement[0].value);
    if (!plain.contains(word) && !(beside_rows && rows.contains(word))) {
      altering.clear();
      break;
    }
    if (statement.size() > 1 && statement[0].Is("ALTER") && statement[1].Is("TABLE")) {
      altering.push_back(std::move(statement));
    }
  }
  if (altering.empty()) {
    Refuse(what + " cannot be seen: the statement ran inside of a function or block, or together with others");
  }
  return altering;
}

// Without USING the server converts as it assigns.
void TableDifference::RequireStatedConversion(const ColumnDefinition& was, const ColumnDefinition& column) const {
  for (const sql::Tokens& statement : SeenStatements("how values were converted", false)) {
    for (const sql::Token& token : statement) {
      if (token.Is("USING")) Refuse(fmt::format("the values of column {} were converted by USING", column.name));
    }
  }
  if (!ConvertsAlike(Base(was.type), Base(column.type))) {
    Refuse(fmt::format("how values of column {} become {} from {} depends on settings of the session", column.name,
                       column.type, was.type));
  }
}

// Rows got the default that the column was added with, which another action of the statement may have replaced.
void TableDifference::RequireFirstDefault(const ColumnDefinition& column) const {
  for (const sql::Tokens& statement : SeenStatements("which default column " + column.name + " was added with", true)) {
    for (size_t i = 0; i + 1 < statement.size(); ++i) {
      if (statement[i].Is("SET") && statement[i + 1].Is("DEFAULT")) {
        Refuse(fmt::format("column {} was added, and a default was set", column.name));
      }
    }
  }
}

// Defaults, identities, and what is computed.
void TableDifference::ChangeValue(const ColumnDefinition& was, const ColumnDefinition& column) {
  const std::string alter = "ALTER COLUMN " + NameHere(column) + " ";
  const auto old = std::find_if(renamed_.columns.begin(), renamed_.columns.end(),
                                [&](const ColumnDefinition& one) { return one.number == column.number; });
  const std::string& old_value = old->default_value;
  constexpr uint32_t kDropsExpression = 130000;
  constexpr uint32_t kSetsExpression = 170000;
  if (was.generated != column.generated) {
    if (column.generated != ' ' || version_ < kDropsExpression) Refuse("a column is computed now, or no longer");
    Alter(alter + "DROP EXPRESSION");
    if (column.default_value.empty()) return;
  }
  if (column.generated != ' ') {
    if (old_value == column.default_value) return;
    const auto value = new_.Expression(column.default_value);
    if (version_ < kSetsExpression || !value) Refuse("a column is computed in another way");
    return Alter(alter + "SET EXPRESSION AS (" + *value + ")");
  }
  if (was.identity != column.identity) {
    if (was.identity != ' ' && column.identity != ' ') {
      return Alter(alter + (column.identity == 'a' ? "SET GENERATED ALWAYS" : "SET GENERATED BY DEFAULT"));
    }
    if (column.identity == ' ') {
      Alter(alter + "DROP IDENTITY IF EXISTS");
    } else {
      if (!was.default_value.empty()) Alter(alter + "DROP DEFAULT");
      if (!was.not_null) Alter(alter + "SET NOT NULL");
      return Alter(alter + "ADD" + new_.Identity(after_, column));
    }
  }
  if (column.identity != ' ' || old_value == column.default_value || was.type != column.type) return;
  const auto value = new_.Expression(column.default_value);
  Alter(alter + (column.default_value.empty() || !value ? "DROP DEFAULT" : "SET DEFAULT " + *value));
}

}  // namespace sluice::postgresql
