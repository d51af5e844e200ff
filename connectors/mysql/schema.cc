#include "connectors/mysql/schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "connectors/mysql/bookkeeping.h"
#include "connectors/mysql/codes.h"
#include "connectors/mysql/create_table_column.h"
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/ddl_alter_names.h"
#include "connectors/mysql/foreign/table.h"
#include "connectors/mysql/sessions.h"
#include "connectors/mysql/statement_session.h"

namespace sluice::mysql {
namespace {

using connector::SchemaStage;
using connector::SchemaStatement;

// Tables below this size (rows and indexes) get all their indexes at once.
constexpr uint64_t kIndexesLaterFromBytes = 256 * 1024;

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Character sets that no client can speak (Reference Manual, "Impermissible Client Character Sets").
bool CanBeClient(const std::string& charset) {
  return charset != "ucs2" && !charset.starts_with("utf16") && charset != "utf32";
}

SchemaStatement TableStatement(SchemaStage stage, const model::TableMapping& mapping, std::string label,
                               std::string sql) {
  return {.stage = stage,
          .source = mapping.source,
          .object = mapping.destination,
          .label = std::move(label),
          .sql = std::move(sql)};
}

}  // namespace

MySqlSchemaWriter::MySqlSchemaWriter(const connector::Endpoint& endpoint, const connector::SessionContext& context)
    : endpoint_(endpoint), context_(context), connection_(endpoint, context) {
  capabilities_ = ReadCapabilities(connection_);
  // What the source could make, the destination shall not refuse or embellish. Each needs a right or a version that may
  // be missing: then the server's own setting holds.
  for (const char* setting :
       {"innodb_strict_mode = OFF", "restrict_fk_on_non_standard_key = OFF", "sql_require_primary_key = OFF",
        "sql_generate_invisible_primary_key = OFF", "system_versioning_alter_history = KEEP"}) {
    try {
      connection_.Execute(std::string("SET SESSION ") + setting);
    } catch (const Error& error) {
      if (error.info().retry != RetryClass::kNever || error.info().code == kStopped.id) throw;
    }
  }
}

std::vector<SchemaStatement> MySqlSchemaWriter::CreateDatabase(const std::string& source_database,
                                                               const std::string& destination_database,
                                                               const std::string& source_create_statement,
                                                               const connector::ServerInfo& source) {
  SchemaStatement statement;
  statement.stage = SchemaStage::kBeforeLoad;
  statement.kind = model::ObjectKind::kDatabase;
  statement.source = {source_database, ""};
  statement.object = {destination_database, ""};
  statement.label = "database " + destination_database;
  statement.sql = "CREATE DATABASE IF NOT EXISTS " + Quote(destination_database);
  if (source.engine != "mysql") {  // what another engine says of it means nothing here
    statement.sql += " DEFAULT CHARACTER SET utf8mb4";
    return {statement};
  }
  const sql::Tokens tokens = sql::Tokenize(source_create_statement, {});
  const Flavour flavour(source, capabilities_);
  std::string charset, collation;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    const size_t value = i + 1 + (tokens[i + 1].IsSymbol("=") ? 1 : 0);
    if (value >= tokens.size()) break;
    if ((tokens[i].Is("SET") && i > 0 && tokens[i - 1].Is("CHARACTER")) || tokens[i].Is("CHARSET")) {
      charset = tokens[value].value;
    }
    if (tokens[i].Is("COLLATE")) collation = tokens[value].value;
  }
  if (!charset.empty()) statement.sql += " DEFAULT CHARACTER SET " + flavour.Charset(charset);
  if (!collation.empty()) statement.sql += " DEFAULT COLLATE " + flavour.Collation(collation, statement.notes);
  return {statement};
}

std::string MySqlSchemaWriter::FreeConstraintName(char kind, const std::string& database, const std::string& name) {
  if (kind == 'c' && capabilities_.mariadb) return name;  // of the table alone
  std::set<std::string>& taken = constraint_names_[database];
  const auto take = [&](const std::string& one) {
    return taken.insert(std::string(1, kind) + ":" + sql::ToLower(one)).second;
  };
  if (take(name)) return name;
  for (unsigned number = 2;; ++number) {
    const std::string numbered = NumberedName(name, number);
    if (numbered.empty() || take(numbered)) return numbered;
  }
}

void MySqlSchemaWriter::DropTakenNames(CreateTable& table, Notes& notes) {
  for (TableElement& element : table.elements) {
    const bool check = element.kind == ElementKind::kCheck;
    if (element.tokens.empty() || !element.tokens.front().Is("CONSTRAINT") || element.name.empty()) continue;
    if (!check && element.kind != ElementKind::kForeignKey) continue;
    if (check && capabilities_.mariadb) continue;
    std::string numbered = FreeConstraintName(check ? 'c' : 'f', table.name.database, element.name);
    if (numbered == element.name) continue;
    if (numbered.empty()) {
      element.tokens.erase(element.tokens.begin(), element.tokens.begin() + 2);
      numbered = "one that the server gives";
    } else {
      element.tokens[1] = sql::BacktickName(numbered);
    }
    notes.push_back(fmt::format("the name of constraint {} becomes {}: another table of the database has this name",
                                element.name, numbered));
    element.name = element.tokens.front().Is("CONSTRAINT") ? numbered : "";
  }
}

void MySqlSchemaWriter::ReadTakenNames(const CreateTable& table) {
  std::string names;
  for (const TableElement& element : table.elements) {
    const bool named = !element.tokens.empty() && element.tokens.front().Is("CONSTRAINT") && !element.name.empty();
    const bool check = element.kind == ElementKind::kCheck && !capabilities_.mariadb;
    if (named && (check || element.kind == ElementKind::kForeignKey)) {
      names += (names.empty() ? "" : ",") + Literal(element.name);
    }
  }
  std::set<std::string>& taken = constraint_names_[table.name.database];
  taken.clear();
  if (names.empty()) return;
  // A table of this name gives way to the new one, or the statement does nothing.
  const TextRows rows = connection_.Query(fmt::format(
      "SELECT CONSTRAINT_TYPE, CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = {} "
      "AND TABLE_NAME <> {} AND CONSTRAINT_TYPE IN ('CHECK', 'FOREIGN KEY') AND (CONSTRAINT_NAME IN ({}) OR "
      "SUBSTRING_INDEX(CONSTRAINT_NAME, '~', 1) IN ({}))",
      Literal(table.name.database), Literal(table.name.name), names, names));
  for (const TextRow& row : rows) {
    taken.insert((row[0].value_or("") == "CHECK" ? "c:" : "f:") + sql::ToLower(row[1].value_or("")));
  }
}

std::vector<SchemaStatement> MySqlSchemaWriter::Translate(const model::Table& table, const model::TableMapping& mapping,
                                                          const model::NameMap& names,
                                                          const connector::ServerInfo& source) {
  if (source.engine != "mysql") {
    return TranslateForeignTable(table, mapping, names, capabilities_,
                                 [this](char kind, const std::string& database, const std::string& name) {
                                   return FreeConstraintName(kind, database, name);
                                 });
  }
  if (table.storage_engine == "SEQUENCE" && !capabilities_.mariadb) {
    throw Error(kNotTranslatable)
        .Object("sequence " + mapping.source.Text())
        .Cause("MySQL has no sequences.")
        .Remedy("Leave it out of the task's objects, and use an AUTO_INCREMENT column at the destination.");
  }
  const sql::Dialect dialect = DialectFor("", source.flavour, source.version);
  auto definition = ParseCreateTable(table.create_statement, mapping.source.database, dialect);
  if (!definition) {
    throw Error(kUnreadableDefinition)
        .Object("table " + mapping.source.Text())
        .Cause("Its statement is: " + table.create_statement.substr(0, 400))
        .Remedy("Create the table by hand and go on with `sluice schema skip`, and report this statement.");
  }
  Notes notes;
  MapTable(*definition, mapping.source, mapping.destination, NamesOf(mapping, names), names, notes);
  Flavour(source, capabilities_).Translate(*definition, notes);
  DropTakenNames(*definition, notes);
  if (table.storage_engine == "SEQUENCE") {
    notes.push_back("the sequence begins anew: set its value with SELECT SETVAL() at the switch-over");
  }
  std::set<std::string> keep;
  if (const model::Key* identity = table.IdentityKey()) keep.insert(identity->name);
  if (table.bytes_estimated < kIndexesLaterFromBytes) {
    for (const TableElement& element : definition->elements) {
      if (element.IsKey()) keep.insert(element.name);
    }
  }
  TableStatements parts = SplitTable(*definition, keep);

  std::vector<SchemaStatement> statements;
  const std::string title = "table " + mapping.destination.Text();
  statements.push_back(TableStatement(SchemaStage::kBeforeLoad, mapping, title, std::move(parts.create)));
  statements.back().notes = std::move(notes);
  for (size_t i = 0; i < parts.indexes.size(); ++i) {
    std::string label = "indexes of " + title;
    if (i > 0) label += " (" + std::to_string(i + 1) + ")";
    statements.push_back(TableStatement(SchemaStage::kIndexes, mapping, label, std::move(parts.indexes[i])));
  }
  if (!parts.foreign_keys.empty()) {
    statements.push_back(
        TableStatement(SchemaStage::kForeignKeys, mapping, "foreign keys of " + title, std::move(parts.foreign_keys)));
  }
  return statements;
}

void MySqlSchemaWriter::Execute(const SchemaStatement& statement) {
  const std::string object = statement.label.empty() ? statement.object.Text() : statement.label;
  LookAtFence(connection_);
  if (!statement.default_database.empty()) connection_.Execute("USE " + Quote(statement.default_database), object);
  // Foreign keys are not checked: tables come in any order, and what the source holds has passed there.
  std::string session = "SET SESSION foreign_key_checks = 0";
  if (!statement.sql_mode.empty()) session += ", sql_mode = " + Literal(statement.sql_mode);
  // The text is UTF-8. Where it is plain ASCII, the object can remember the character set it was made with.
  if (!statement.charset.empty() && CanBeClient(statement.charset) && IsAscii(statement.sql)) {
    session += ", character_set_client = " + statement.charset;
  }
  if (!statement.collation.empty()) session += ", collation_connection = " + Literal(statement.collation);
  const auto resume = [&] {
    if (statement.session) ResumeSession(connection_);
    connection_.Execute("SET NAMES utf8mb4");
    connection_.Execute(fmt::format("SET SESSION foreign_key_checks = 1, sql_mode = '{}'", kSessionSqlMode));
  };
  try {
    connection_.Execute(session, object);
    if (statement.session) AssumeSession(connection_, *statement.session, statement.sql, object);
    ExecuteDefinition(statement, object);
  } catch (const Error& error) {
    if (error.info().retry != RetryClass::kReconnect && error.info().code != kStopped.id) resume();
    throw;
  }
  resume();
}

// An index over a generated column meets the warnings of its expression again, for rows that the source took without
// strict mode. It changes no row; and what else strict mode would refuse, such as a key that is too long, is refused
// before the rows are looked at.
void MySqlSchemaWriter::ExecuteDefinition(const SchemaStatement& statement, const std::string& object) {
  try {
    return connection_.Execute(statement.sql, object);
  } catch (const Error& error) {
    const bool may_be_computed =
        statement.stage == SchemaStage::kIndexes || statement.stage == SchemaStage::kForeignKeys;
    if (!may_be_computed || error.info().code != kValueRefused.id) throw;
    LogInfo("schema", fmt::format("{}: again without strict mode: {}", object, error.info().native_message));
  }
  connection_.Execute(fmt::format("SET SESSION sql_mode = '{}'", kLooseSqlMode), object);
  connection_.Execute(statement.sql, object);
}

void MySqlSchemaWriter::Drop(const SchemaStatement& statement) {
  const model::ObjectKind kind = statement.kind;
  const model::ObjectName& name = statement.object;
  const std::string object = std::string(model::Name(kind)) + " " + name.Text();
  const std::string target =
      kind == model::ObjectKind::kDatabase ? Quote(name.database) : Quote(name.database, name.name);
  LookAtFence(connection_);
  connection_.Execute("SET SESSION foreign_key_checks = 0", object);
  connection_.Execute(fmt::format("DROP {} IF EXISTS {}", model::Name(kind), target), object);
  connection_.Execute("SET SESSION foreign_key_checks = 1", object);
}

void MySqlSchemaWriter::SetSequence(const connector::SequenceValue& value, const model::NameMap& names) {
  if (!value.table.name.empty()) return RaiseCounter(value, names);
  throw Error(kNotTranslatable)
      .Object("sequence " + value.name.Text())
      .Cause("a MySQL-family destination takes no values of sequences yet")
      .Side(connection_.endpoint().side);
}

// The counter is never lowered: its rows have moved it on.
void MySqlSchemaWriter::RaiseCounter(const connector::SequenceValue& value, const model::NameMap& names) {
  if (!names.Selected(value.table)) return;
  LookAtFence(connection_);
  const model::ObjectName table = names.Map(value.table);
  const std::string object = "table " + table.Text();
  if (!capabilities_.mariadb && capabilities_.version >= 80000) {
    connection_.Execute("SET SESSION information_schema_stats_expiry = 0");
  }
  const OptionalText now = connection_.QueryOne(
      "SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = " + Literal(table.database) +
          " AND TABLE_NAME = " + Literal(table.name),
      object);
  if (!now) return;  // no table, or no counter in it
  const uint64_t wanted = std::strtoull(value.value.c_str(), nullptr, 10) + (value.is_called ? 1 : 0);
  if (wanted <= std::strtoull(now->c_str(), nullptr, 10)) return;
  connection_.Execute(fmt::format("ALTER TABLE {} AUTO_INCREMENT = {}", Quote(table.database, table.name), wanted),
                      object);
}

sql::Dialect MySqlSchemaWriter::OwnDialect() const {
  return DialectFor("", capabilities_.mariadb ? "mariadb" : "mysql", capabilities_.version);
}

std::string MySqlSchemaWriter::ShowCreate(const model::ObjectName& name) {
  for (const char* what : {"TABLE", "PROCEDURE", "FUNCTION"}) {
    try {
      const TextRows rows = connection_.Query(fmt::format("SHOW CREATE {} {}", what, Quote(name.database, name.name)));
      const size_t column = std::string_view(what) == "TABLE" ? 1 : 2;
      if (!rows.empty() && rows[0].size() > column && rows[0][column]) return *rows[0][column];
    } catch (const Error& error) {
      if (error.info().code != kMissingObject.id) throw;
    }
  }
  return "";
}

std::string MySqlSchemaWriter::Fingerprint(const std::vector<model::ObjectName>& objects) {
  std::string text;
  for (const model::ObjectName& name : objects) {
    text += name.Text() + "\n" + ShowCreate(name) + "\n";
  }
  if (exchanges_) RefuseAgain(objects, text);
  return text;
}

// Definitions are the same before and after an exchange of rows: where a run was interrupted in it, its note is there
// with the fingerprint that would be taken now, and running it once more could take it back.
void MySqlSchemaWriter::RefuseAgain(const std::vector<model::ObjectName>& objects, const std::string& fingerprint) {
  const std::string wanted = Literal("\n" + fingerprint);
  const OptionalText noted = connection_.QueryOne(
      fmt::format("SELECT 1 FROM `sluice`.`note` WHERE name = 'ddl' AND RIGHT(content, CHAR_LENGTH({0})) = {0} LIMIT 1",
                  wanted),
      "table sluice.note");
  if (!noted) return;
  throw Error(kPerhapsRun)
      .Object("table " + objects.front().Text())
      .Cause("The run was interrupted in an EXCHANGE PARTITION, and no definition tells whether it had taken effect.")
      .Remedy("Begin anew with `sluice run --restart`, which reads the rows as they are now.")
      .Side(connection_.endpoint().side);
}

std::unique_ptr<connector::SchemaWriter> MakeSchemaWriter(const connector::Endpoint& endpoint,
                                                          const connector::SessionContext& context) {
  return std::make_unique<MySqlSchemaWriter>(endpoint, context);
}

}  // namespace sluice::mysql
