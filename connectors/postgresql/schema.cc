#include "connectors/postgresql/schema.h"

#include <fmt/format.h>

#include "connectors/postgresql/bookkeeping.h"
#include "connectors/postgresql/catalog.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/ddl.h"
#include "connectors/postgresql/definition_parts.h"
#include "connectors/postgresql/definition_read.h"
#include "connectors/postgresql/foreign/table.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {

using connector::SchemaStage;
using connector::SchemaStatement;
using model::ObjectKind;

PostgresqlSchemaWriter::PostgresqlSchemaWriter(const connector::Endpoint& endpoint,
                                               const connector::SessionContext& context)
    : connection_(endpoint, context) {
  // Bodies may name what is created later; tables go where the database has its own.
  connection_.Execute("SET check_function_bodies = off; SET default_tablespace = ''");
}

std::vector<SchemaStatement> PostgresqlSchemaWriter::CreateDatabase(const std::string& source_database,
                                                                    const std::string& destination_database,
                                                                    const std::string& source_create_statement,
                                                                    const connector::ServerInfo& source) {
  SchemaStatement statement;
  statement.stage = SchemaStage::kTypes;
  statement.kind = ObjectKind::kDatabase;
  statement.source = {source_database, ""};
  statement.object = {destination_database, ""};
  statement.label = "schema " + destination_database;
  statement.sql = "CREATE SCHEMA " + Quote(destination_database);
  if (source.engine != "postgresql") return {statement};
  // What our own catalog wrote (SchemaStatementOf).
  const std::string comment = fmt::format(";\nCOMMENT ON SCHEMA {} IS ", Quote(source_database));
  const size_t at = source_create_statement.find(comment);
  if (at != std::string::npos) {
    statement.sql += fmt::format(";\nCOMMENT ON SCHEMA {} IS {}", Quote(destination_database),
                                 source_create_statement.substr(at + comment.size()));
  }
  return {statement};
}

std::vector<SchemaStatement> PostgresqlSchemaWriter::Translate(const model::Table& table,
                                                               const model::TableMapping& mapping,
                                                               const model::NameMap& names,
                                                               const connector::ServerInfo& source) {
  if (source.engine != "postgresql") return TranslateForeignTable(table, mapping, names, connection_.version());
  return TranslateTable(table, mapping, names, connection_.version());
}

std::vector<SchemaStatement> PostgresqlSchemaWriter::Translate(const model::SchemaObject& object,
                                                               const model::NameMap& names,
                                                               const connector::ServerInfo& /*source*/) {
  return TranslateObject(object, names, connection_.version());
}

void PostgresqlSchemaWriter::Execute(const SchemaStatement& statement) {
  LookAtFence(connection_);
  // A schema or extension that is there is what is wanted; creating it would ask for rights that are not needed.
  const bool shared = statement.kind == ObjectKind::kDatabase || statement.kind == ObjectKind::kExtension;
  const model::ObjectName& object = statement.object;
  if (shared && ObjectExists(connection_, statement.kind, object)) return;
  connection_.Execute(statement.sql, statement.label.empty() ? object.Text() : statement.label);
}

void PostgresqlSchemaWriter::DropTable(const model::ObjectName& name, const std::string& object) {
  // Foreign keys of other tables hold it; whatever else needs it is not of this task and is named by the error.
  const OptionalText parameters[] = {name.database, name.name};
  const Rows rows(connection_.Run(
      "SELECT quote_ident(kn.nspname) || '.' || quote_ident(kc.relname), quote_ident(k.conname) "
      "FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
      "JOIN pg_class kc ON kc.oid = k.conrelid JOIN pg_namespace kn ON kn.oid = kc.relnamespace "
      "WHERE k.contype = 'f' AND n.nspname = $1 AND c.relname = $2 AND k.conrelid <> k.confrelid",
      parameters, object));
  for (size_t r = 0; r < rows.size(); ++r) {
    connection_.Execute(fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", rows.Text(r, 0), rows.Text(r, 1)),
                        object);
  }
  connection_.Execute("DROP TABLE IF EXISTS " + Quote(name.database, name.name), object);
}

void PostgresqlSchemaWriter::Drop(const SchemaStatement& statement) {
  LookAtFence(connection_);
  const model::ObjectName& name = statement.object;
  const std::string full = Quote(name.database, name.name);
  const std::string object = statement.label;
  const std::string table = Quote(statement.table.database, statement.table.name);
  const bool has_table =
      !statement.table.name.empty() && ObjectExists(connection_, ObjectKind::kTable, statement.table);
  switch (statement.kind) {
    case ObjectKind::kTable:
      return DropTable(name, object);
    case ObjectKind::kTrigger:
      if (has_table) connection_.Execute("DROP TRIGGER IF EXISTS " + Quote(name.name) + " ON " + table, object);
      return;
    case ObjectKind::kRule:
      if (has_table) connection_.Execute("DROP RULE IF EXISTS " + Quote(name.name) + " ON " + table, object);
      return;
    case ObjectKind::kPolicy:
      if (!has_table) return;
      if (name.name.empty()) {  // the table's row security itself
        connection_.Execute(
            fmt::format("ALTER TABLE {0} NO FORCE ROW LEVEL SECURITY; ALTER TABLE {0} DISABLE ROW LEVEL SECURITY",
                        table),
            object);
      } else {
        connection_.Execute("DROP POLICY IF EXISTS " + Quote(name.name) + " ON " + table, object);
      }
      return;
    case ObjectKind::kFunction:
    case ObjectKind::kProcedure:
    case ObjectKind::kAggregate: {
      const char* word = statement.kind == ObjectKind::kFunction    ? "FUNCTION"
                         : statement.kind == ObjectKind::kProcedure ? "PROCEDURE"
                                                                    : "AGGREGATE";
      connection_.Execute(fmt::format("DROP {} IF EXISTS {}({})", word, full, statement.signature), object);
      return;
    }
    case ObjectKind::kOperator:
      connection_.Execute(
          fmt::format("DROP OPERATOR IF EXISTS {}.{} ({})", Quote(name.database), name.name, statement.signature),
          object);
      return;
    case ObjectKind::kMaterializedView:
      // The last stage only filled it.
      if (statement.stage == SchemaStage::kTriggers) return;
      connection_.Execute("DROP MATERIALIZED VIEW IF EXISTS " + full, object);
      return;
    case ObjectKind::kView:
    case ObjectKind::kSequence:
    case ObjectKind::kType:
    case ObjectKind::kDomain:
    case ObjectKind::kCollation: {
      std::string word(model::Name(statement.kind));
      for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      connection_.Execute("DROP " + word + " IF EXISTS " + full, object);
      return;
    }
    case ObjectKind::kDatabase:
    case ObjectKind::kExtension:
      return;  // may hold or serve what is not ours
  }
}

void PostgresqlSchemaWriter::SetSequence(const connector::SequenceValue& value, const model::NameMap& names) {
  if (!value.table.name.empty() && !names.Selected(value.table)) return;  // it belongs to a table that is not carried
  LookAtFence(connection_);
  model::ObjectName name{names.MapDatabase(value.name.database), value.name.name};
  const std::string object = "sequence " + name.Text();
  std::string target = Literal(Quote(name.database, name.name));
  if (!value.column.empty()) {
    // The column's own sequence, whatever it is called here; a column may own several, which have their names.
    const model::ObjectName table = names.Map(value.table);
    const OptionalText owned = connection_.QueryOne(
        fmt::format(
            "SELECT CASE WHEN EXISTS (SELECT FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND "
            "a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass AND d.refclassid = "
            "'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.objid = to_regclass({0}) AND d.refobjid = "
            "to_regclass({1}) AND a.attname = {2}) THEN {0} ELSE pg_get_serial_sequence({1}, {2}) END",
            target, Literal(Quote(table.database, table.name)), Literal(names.MapColumn(value.table, value.column))),
        object);
    if (owned) target = Literal(*owned);
  }
  connection_.Query(
      fmt::format("SELECT setval({}::regclass, {}, {})", target, value.value, value.is_called ? "true" : "false"),
      object);
}

std::vector<SchemaStatement> PostgresqlSchemaWriter::Translate(const model::DdlChange& ddl, const model::NameMap& names,
                                                               const connector::ServerInfo& /*source*/) {
  return TranslateTruncate(ddl, names);
}

std::vector<SchemaStatement> PostgresqlSchemaWriter::Translate(const std::vector<connector::TableChange>& changes,
                                                               const std::vector<model::TablePtr>& before,
                                                               const model::DdlChange& ddl, const model::NameMap& names,
                                                               const connector::ServerInfo& source) {
  if (source.engine == "postgresql") return TranslateChanges(changes, ddl, names, connection_.version());
  if (ddl.kind == model::DdlKind::kTruncateTable) return TruncateForeign(ddl, names);
  return TranslateForeignChanges(changes, before, ddl, names, connection_.version());
}

std::vector<connector::TableChange> PostgresqlSchemaWriter::DescribeAfter(const model::DdlChange& ddl,
                                                                          const std::vector<model::TablePtr>& before,
                                                                          const connector::ServerInfo& /*source*/) {
  return DescribeAfterDdl(ddl, before);
}

std::string PostgresqlSchemaWriter::Fingerprint(const std::vector<model::ObjectName>& objects) {
  std::map<model::ObjectName, std::string> texts;
  for (const TableRead& read : ReadTables(connection_, objects, KnownNames())) {
    texts[read.definition.name] = ToJson(read.definition);
  }
  std::string text;
  for (const model::ObjectName& name : objects) {
    text += name.Text() + "\n" + texts[name];
    const OptionalText parameters[] = {name.database, name.name};
    const Rows views(
        connection_.Run("SELECT pg_get_viewdef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                        "WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('v', 'm')",
                        parameters, "view " + name.Text()));
    if (views.size() > 0) text += views.Text(0, 0);
    text += "\n";
  }
  return text;
}

std::unique_ptr<connector::SchemaWriter> MakeSchemaWriter(const connector::Endpoint& endpoint,
                                                          const connector::SessionContext& context) {
  return std::make_unique<PostgresqlSchemaWriter>(endpoint, context);
}

}  // namespace sluice::postgresql
