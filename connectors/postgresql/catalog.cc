#include "connectors/postgresql/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "connectors/postgresql/definition_parts.h"
#include "connectors/postgresql/definition_read.h"
#include "connectors/postgresql/names.h"
#include "connectors/postgresql/object_reader.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {
namespace {

using connector::SequenceValue;
using model::ObjectKind;

// The rows of a table itself: those of tables that inherit from it are theirs, those of partitions are its own.
std::string RowsOf(Connection& connection, const model::ObjectName& table) {
  const OptionalText parameters[] = {table.database, table.name};
  const Rows rows(
      connection.Run("SELECT c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                     "WHERE n.nspname = $1 AND c.relname = $2",
                     parameters, "table " + table.Text()));
  const bool whole = rows.size() > 0 && rows.Letter(0, 0) != 'r';
  return (whole ? "" : "ONLY ") + Quote(table.database, table.name);
}

}  // namespace

std::string NotOfExtension(const std::string& table, const std::string& id) {
  return fmt::format(
      "NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{}'::regclass AND e.objid = {} AND e.deptype = 'e')",
      table, id);
}

PostgresqlCatalog::PostgresqlCatalog(const connector::Endpoint& endpoint, const connector::SessionContext& context)
    : connection_(endpoint, context) {
  // Expressions of definitions need their tables unlocked. A schema statement that waits for locks of ours would have
  // us wait behind it without end: giving up ends the attempt, and its locks with it.
  connection_.Execute("SET lock_timeout = '10s'", "catalog");
}

std::vector<std::string> PostgresqlCatalog::Databases() {
  std::vector<std::string> names;
  const Rows rows(connection_.Run(fmt::format("SELECT n.nspname FROM pg_namespace n WHERE n.nspname !~ '^pg_' "
                                              "AND n.nspname NOT IN ('information_schema', {}) AND {} ORDER BY 1",
                                              Literal(kOwnSchema), NotOfExtension("pg_namespace", "n.oid")),
                                  {}, "catalog"));
  for (size_t r = 0; r < rows.size(); ++r) names.push_back(rows.Text(r, 0));
  return names;
}

std::vector<connector::TableSummary> PostgresqlCatalog::ListTables(const std::string& database) {
  const OptionalText parameters[] = {database};
  const bool has_partitions = connection_.version() >= 100000;
  const Rows rows(connection_.Run(
      fmt::format("WITH RECURSIVE tree(root, id, kind) AS ("
                  "SELECT c.oid, c.oid, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                  "WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' {} AND {} "
                  "UNION ALL SELECT tree.root, i.inhrelid, p.relkind FROM tree "
                  "JOIN pg_inherits i ON i.inhparent = tree.id JOIN pg_class p ON p.oid = i.inhrelid "
                  "WHERE tree.kind = 'p' AND p.relkind IN ('r', 'p')), "
                  "sizes AS (SELECT tree.root, CASE WHEN c.relkind = 'p' THEN 0 ELSE {} END AS rows, "
                  "CASE WHEN c.relkind = 'p' THEN 0 ELSE {} END AS bytes FROM tree "
                  "JOIN pg_class c ON c.oid = tree.id) "
                  "SELECT c.relname, sum(s.rows), sum(s.bytes) FROM sizes s JOIN pg_class c ON c.oid = s.root "
                  "GROUP BY c.oid, c.relname ORDER BY c.relname",
                  has_partitions ? "AND NOT c.relispartition" : "", NotOfExtension("pg_class", "c.oid"), kRowsEstimated,
                  kBytesEstimated),
      parameters, "schema " + database));
  std::vector<connector::TableSummary> tables;
  tables.reserve(rows.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    tables.push_back({{database, rows.Text(r, 0)},
                      static_cast<uint64_t>(std::max(0.0, rows.Real(r, 1))),
                      static_cast<uint64_t>(std::max(0.0, rows.Real(r, 2)))});
  }
  return tables;
}

std::vector<model::TablePtr> PostgresqlCatalog::DescribeTables(const std::vector<model::ObjectName>& names) {
  if (names.empty()) return {};
  std::map<model::ObjectName, model::TablePtr> described;
  // One view of the catalogs for all queries.
  connection_.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "catalog");
  for (const TableRead& read : ReadTables(connection_, names, KnownNames::Read(connection_))) {
    described[read.definition.name] = MakeTable(read);
  }
  connection_.Execute("COMMIT", "catalog");
  std::vector<model::TablePtr> tables;
  tables.reserve(names.size());
  for (const model::ObjectName& name : names) {
    const auto found = described.find(name);
    if (found != described.end()) tables.push_back(found->second);
  }
  return tables;
}

std::vector<model::SchemaObject> PostgresqlCatalog::ListObjects(const std::string& database) {
  connection_.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "catalog");
  std::vector<model::SchemaObject> objects = ReadObjects(connection_, database);
  connection_.Execute("COMMIT", "catalog");
  return objects;
}

bool ObjectExists(Connection& connection, ObjectKind kind, const model::ObjectName& name) {
  std::string from;
  switch (kind) {
    case ObjectKind::kDatabase:
      from = "pg_namespace n WHERE n.nspname = $1 AND $2::text IS NOT NULL";
      break;
    case ObjectKind::kTable:
    case ObjectKind::kView:
    case ObjectKind::kMaterializedView:
    case ObjectKind::kSequence:
      // All of these share their names.
      from = "pg_class x JOIN pg_namespace n ON n.oid = x.relnamespace WHERE n.nspname = $1 AND x.relname = $2";
      break;
    case ObjectKind::kType:
    case ObjectKind::kDomain:
      from = "pg_type x JOIN pg_namespace n ON n.oid = x.typnamespace WHERE n.nspname = $1 AND x.typname = $2";
      break;
    case ObjectKind::kProcedure:
    case ObjectKind::kFunction:
    case ObjectKind::kAggregate:
      from = "pg_proc x JOIN pg_namespace n ON n.oid = x.pronamespace WHERE n.nspname = $1 AND x.proname = $2";
      break;
    case ObjectKind::kCollation:
      from = "pg_collation x JOIN pg_namespace n ON n.oid = x.collnamespace WHERE n.nspname = $1 AND x.collname = $2";
      break;
    case ObjectKind::kOperator:
      from = "pg_operator x JOIN pg_namespace n ON n.oid = x.oprnamespace WHERE n.nspname = $1 AND x.oprname = $2";
      break;
    case ObjectKind::kExtension:
      from = "pg_extension x WHERE $1::text IS NOT NULL AND x.extname = $2";
      break;
    case ObjectKind::kTrigger:
      from =
          "pg_trigger x JOIN pg_class c ON c.oid = x.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
          "WHERE n.nspname = $1 AND x.tgname = $2";
      break;
    case ObjectKind::kRule:
      from =
          "pg_rewrite x JOIN pg_class c ON c.oid = x.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace "
          "WHERE n.nspname = $1 AND x.rulename = $2";
      break;
    case ObjectKind::kPolicy:
      from =
          "pg_policy x JOIN pg_class c ON c.oid = x.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
          "WHERE n.nspname = $1 AND x.polname = $2";
      break;
  }
  const OptionalText parameters[] = {name.database, name.name};
  return Rows(connection.Run("SELECT 1 FROM " + from + " LIMIT 1", parameters, "catalog")).size() > 0;
}

bool PostgresqlCatalog::Exists(ObjectKind kind, const model::ObjectName& name) {
  return ObjectExists(connection_, kind, name);
}

bool PostgresqlCatalog::HasRows(const model::ObjectName& table) {
  return Rows(connection_.Run("SELECT 1 FROM " + RowsOf(connection_, table) + " LIMIT 1", {}, "table " + table.Text()))
             .size() > 0;
}

uint64_t PostgresqlCatalog::CountRows(const model::ObjectName& table, const std::string& filter) {
  // The line end closes a comment that the condition may end with.
  const std::string where = filter.empty() ? "" : " WHERE (" + filter + "\n)";
  const Rows rows(
      connection_.Run("SELECT count(*) FROM " + RowsOf(connection_, table) + where, {}, "table " + table.Text()));
  return static_cast<uint64_t>(rows.Number(0, 0));
}

std::vector<SequenceValue> PostgresqlCatalog::Sequences(const std::string& database) {
  constexpr size_t kBatch = 100;
  const OptionalText parameters[] = {database};
  const Rows rows(connection_.Run(
      fmt::format("SELECT s.relname, tn.nspname, t.relname, a.attname FROM pg_class s "
                  "JOIN pg_namespace n ON n.oid = s.relnamespace "
                  "LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid "
                  "AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') "
                  "LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace "
                  "LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid "
                  "WHERE n.nspname = $1 AND s.relkind = 'S' AND s.relpersistence <> 't' AND {} ORDER BY s.relname",
                  NotOfExtension("pg_class", "s.oid")),
      parameters, "schema " + database));
  std::vector<SequenceValue> values(rows.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    values[r].name = {database, rows.Text(r, 0)};
    values[r].table = {rows.Text(r, 1), rows.Text(r, 2)};
    values[r].column = rows.Text(r, 3);
  }
  // Where a sequence stands only it itself tells: pg_sequences has no value for one that was set but not used.
  for (size_t begin = 0; begin < values.size(); begin += kBatch) {
    std::string sql;
    const size_t end = std::min(begin + kBatch, values.size());
    for (size_t i = begin; i < end; ++i) {
      const model::ObjectName& name = values[i].name;
      sql += fmt::format("{}SELECT {}, last_value, is_called FROM {}", i > begin ? " UNION ALL " : "", i,
                         Quote(name.database, name.name));
    }
    const Rows read(connection_.Run(sql, {}, "sequences of schema " + database));
    for (size_t r = 0; r < read.size(); ++r) {
      SequenceValue& value = values[static_cast<size_t>(read.Number(r, 0))];
      value.value = read.Text(r, 1);
      value.is_called = read.Flag(r, 2);
    }
  }
  return values;
}

std::unique_ptr<connector::Catalog> MakeCatalog(const connector::Endpoint& endpoint,
                                                const connector::SessionContext& context) {
  return std::make_unique<PostgresqlCatalog>(endpoint, context);
}

std::string SchemaStatementOf(const connector::Endpoint& endpoint, const std::string& schema,
                              const connector::SessionContext& context) {
  Connection connection(endpoint, context);
  const OptionalText parameters[] = {schema};
  const Rows rows(connection.Run("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1",
                                 parameters, "schema " + schema));
  std::string sql = "CREATE SCHEMA " + Quote(schema);
  if (rows.size() > 0 && !rows.IsNull(0, 0)) {
    sql += fmt::format(";\nCOMMENT ON SCHEMA {} IS {}", Quote(schema), Literal(rows.Text(0, 0)));
  }
  return sql;
}

}  // namespace sluice::postgresql
