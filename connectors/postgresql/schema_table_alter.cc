// What follows a table's CREATE: settings of its columns, sequences, comments; and what comes after the load: checks
// that its rows need not fulfil, foreign keys, row security.
#include <fmt/format.h>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/definition_parts.h"
#include "connectors/postgresql/schema_table.h"
#include "sql/cursor.h"

namespace sluice::postgresql {

using connector::SchemaStage;
using connector::SchemaStatement;

namespace {

const char* StorageWord(char storage) {
  switch (storage) {
    case 'p':
      return "PLAIN";
    case 'e':
      return "EXTERNAL";
    case 'm':
      return "MAIN";
    default:
      return "EXTENDED";
  }
}

std::string CommentOn(const std::string& what, const std::string& comment) {
  return comment.empty() ? "" : fmt::format(";\nCOMMENT ON {} IS {}", what, Literal(comment));
}

}  // namespace

// A column that comes from a parent keeps what is different here.
std::string TableTranslator::InheritedColumn(const Definition& part, const ColumnDefinition& column) const {
  const std::string alter =
      fmt::format(";\nALTER TABLE ONLY {} ALTER COLUMN {} ", Full(part), Quote(columns_.Map(column.name)));
  std::string sql;
  if (column.generated == ' ' && column.identity == ' ') {
    const auto expression = Expression(column.default_value);
    sql += alter + (column.default_value.empty() || !expression ? "DROP DEFAULT" : "SET DEFAULT " + *expression);
  }
  if (column.not_null && column.not_null_local && !column.not_null_not_valid) sql += alter + "SET NOT NULL";
  return sql;
}

std::string TableTranslator::ColumnAlterations(const Definition& part, const ColumnDefinition& column) {
  std::string sql;
  const std::string alter =
      fmt::format(";\nALTER TABLE ONLY {} ALTER COLUMN {} ", Full(part), Quote(columns_.Map(column.name)));
  if (!column.local && part.partition_bound.empty() && !IsStandalone(part)) sql += InheritedColumn(part, column);
  if (column.storage != ' ') sql += alter + "SET STORAGE " + StorageWord(column.storage);
  if (column.statistics) sql += alter + fmt::format("SET STATISTICS {}", *column.statistics);
  if (!column.options.empty()) sql += alter + "SET (" + Options(column.options) + ")";
  return sql;
}

std::string TableTranslator::OwnedSequences(const Definition& part) {
  std::string sql;
  for (const SequenceDefinition& sequence : part.sequences) {
    if (columns_.LeftOut(sequence.column)) continue;
    const model::ObjectName name = rewriter_.Map(sequence.name);
    const std::string full = Quote(name.database, name.name);
    const bool identity = std::any_of(part.columns.begin(), part.columns.end(), [&](const ColumnDefinition& column) {
      return column.name == sequence.column && column.identity != ' ';
    });
    if (!identity) {
      sql += fmt::format(";\nALTER SEQUENCE {} OWNED BY {}.{}", full, Full(part), Quote(columns_.Map(sequence.column)));
    } else {
      sql += CommentOn("SEQUENCE " + full, sequence.comment);
    }
  }
  return sql;
}

std::string TableTranslator::Comments(const Definition& part) {
  const std::string full = Full(part);
  std::string sql = CommentOn("TABLE " + full, part.comment);
  for (const ColumnDefinition& column : part.columns) {
    if (columns_.LeftOut(column.name)) continue;
    sql += CommentOn("COLUMN " + full + "." + Quote(columns_.Map(column.name)), column.comment);
  }
  for (const ConstraintDefinition& check : part.checks) {
    if (EndsWithWords(check.definition, "NOT VALID") || !Expression(check.definition)) continue;
    sql += CommentOn("CONSTRAINT " + Quote(check.name) + " ON " + full, check.comment);
  }
  return sql;
}

std::string TableTranslator::Alterations(const Definition& part) {
  std::string sql;
  for (const ColumnDefinition& column : part.columns) {
    if (!columns_.LeftOut(column.name)) sql += ColumnAlterations(part, column);
  }
  sql += OwnedSequences(part);
  if (part.replica_identity == 'f') sql += fmt::format(";\nALTER TABLE ONLY {} REPLICA IDENTITY FULL", Full(part));
  if (part.replica_identity == 'n') sql += fmt::format(";\nALTER TABLE ONLY {} REPLICA IDENTITY NOTHING", Full(part));
  return sql + Comments(part);
}

// Sequences of serial columns stand before the table, whose defaults name them; those of identities come with it.
void TableTranslator::AddSequences(const Definition& part, std::vector<Statement>& statements) const {
  for (const SequenceDefinition& sequence : part.sequences) {
    const bool identity = std::any_of(part.columns.begin(), part.columns.end(), [&](const ColumnDefinition& column) {
      return column.name == sequence.column && column.identity != ' ';
    });
    if (identity || columns_.LeftOut(sequence.column)) continue;
    const model::ObjectName name = rewriter_.Map(sequence.name);
    Statement statement = Make(SchemaStage::kTypes, "sequence " + name.Text(), SequenceStatement(sequence, name));
    statement.kind = model::ObjectKind::kSequence;
    statement.source = sequence.name;
    statement.object = name;
    statements.push_back(std::move(statement));
  }
  for (const Definition& one : part.partitions) AddSequences(one, statements);
}

// Rows that are there already need not fulfil these; those that are loaded would have to.
void TableTranslator::AddLateChecks(const Definition& part, std::vector<Statement>& statements) {
  std::string sql;
  const auto add = [&](const std::string& text) { sql += (sql.empty() ? "" : ";\n") + text; };
  for (const ConstraintDefinition& check : part.checks) {
    if (!EndsWithWords(check.definition, "NOT VALID") || (!check.local && !IsStandalone(part))) continue;
    const auto definition = Expression(check.definition);
    if (!definition) {
      Note(fmt::format("check {} left out: it uses a column that is left out", check.name));
      continue;
    }
    add(fmt::format("ALTER TABLE ONLY {} ADD CONSTRAINT {} {}", Full(part), Quote(check.name), *definition));
    sql += CommentOn("CONSTRAINT " + Quote(check.name) + " ON " + Full(part), check.comment);
  }
  for (const ColumnDefinition& column : part.columns) {
    if (!column.not_null_not_valid || columns_.LeftOut(column.name)) continue;
    if (!Needs(180000, "NOT NULL constraints that are not validated")) continue;
    add(fmt::format("ALTER TABLE ONLY {} ADD {}NOT NULL {} NOT VALID", Full(part),
                    column.not_null_name.empty() ? "" : "CONSTRAINT " + Quote(column.not_null_name) + " ",
                    Quote(columns_.Map(column.name))));
  }
  if (!sql.empty()) {
    const std::string label = "checks of table " + NameOf(part).Text();
    statements.push_back(Make(SchemaStage::kForeignKeys, label, std::move(sql)));
  }
  for (const Definition& one : part.partitions) AddLateChecks(one, statements);
}

// "FOREIGN KEY (a, b) REFERENCES shop.t(x, y) ON DELETE SET NULL (b) ...": own columns in front and behind, the other
// table's in between.
std::optional<std::string> TableTranslator::ForeignKey(const ForeignKeyDefinition& key) {
  sql::Tokens tokens = sql::Tokenize(key.definition, kDialect);
  size_t references = 0;
  while (references < tokens.size() && !tokens[references].Is("REFERENCES")) ++references;
  size_t open = references;
  while (open < tokens.size() && !tokens[open].IsSymbol("(")) ++open;
  const size_t end = sql::ClosingEnd(tokens, open);
  std::string own = sql::Render(tokens, 0, references);
  if (!columns_.Rewrite(own)) return std::nullopt;
  std::string others;
  for (size_t i = open; i < end && i < tokens.size(); ++i) {
    const sql::Token& token = tokens[i];
    const std::string name = token.kind == sql::TokenKind::kWord ? sql::ToLower(token.value) : token.value;
    const bool column = token.IsName() && std::find(key.referenced_columns.begin(), key.referenced_columns.end(),
                                                    name) != key.referenced_columns.end();
    others += token.gap + (column ? Quote(names_.MapColumn(key.referenced, name)) : token.text);
  }
  std::string rest;
  for (size_t i = end; i < tokens.size(); ++i) {
    if (!tokens[i].IsSymbol("(")) {
      rest += tokens[i].gap + tokens[i].text;
      continue;
    }
    const size_t close = sql::ClosingEnd(tokens, i);
    std::string list = sql::Render(tokens, i, close);
    if (!columns_.Rewrite(list)) return std::nullopt;
    rest += tokens[i].gap + list;
    i = close - 1;
  }
  const model::ObjectName referenced = rewriter_.Map(key.referenced);
  return own + " REFERENCES " + Quote(referenced.database, referenced.name) + others + rest;
}

void TableTranslator::AddForeignKeys(const Definition& part, std::vector<Statement>& statements) {
  const std::string full = Full(part);
  const std::string title = " of table " + NameOf(part).Text();
  for (const ForeignKeyDefinition& key : part.foreign_keys) {
    if (!names_.Selected(key.referenced)) {
      Note(fmt::format("foreign key {} left out: table {} is not carried", key.name, key.referenced.Text()));
      continue;
    }
    auto definition = ForeignKey(key);
    if (!definition) {
      Note(fmt::format("foreign key {} left out: it uses a column that is left out", key.name));
      continue;
    }
    if (!key.enforced && !Needs(180000, "foreign keys that are not enforced")) continue;
    // First for what is written from now on, then checked for what is there, which holds no lock that stops others.
    // Between partitioned tables the server does not take the one, or does not finish the other (up to 17).
    const bool later = part.kind == 'r' && !key.to_partitioned && key.valid && key.enforced;
    if (later) *definition += " NOT VALID";
    const std::string name = Quote(key.name);
    std::string sql =
        fmt::format("ALTER TABLE {}{} ADD CONSTRAINT {} {}", part.kind == 'p' ? "" : "ONLY ", full, name, *definition);
    sql += CommentOn("CONSTRAINT " + name + " ON " + full, key.comment);
    statements.push_back(Make(SchemaStage::kForeignKeys, "foreign key " + key.name + title, std::move(sql)));
    if (!later) continue;
    statements.push_back(Make(SchemaStage::kForeignKeys, "validation of foreign key " + key.name + title,
                              fmt::format("ALTER TABLE ONLY {} VALIDATE CONSTRAINT {}", full, name)));
  }
  for (const Definition& one : part.partitions) AddForeignKeys(one, statements);
}

}  // namespace sluice::postgresql
