// What the role may do against what the migration needs. One item for each statement that is missing.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "connectors/postgresql/names.h"
#include "connectors/postgresql/precheck.h"

namespace sluice::postgresql {
namespace {

constexpr const char* kTitle = "The account has the privileges it needs";

void ReportMissing(Precheck& check, const std::string& object, const std::string& what, const std::string& on) {
  check.Fail("privileges", kTitle, object, fmt::format("{} has no {} on it.", check.role(), what),
             fmt::format("GRANT {} ON {} TO {};", what, on, Quote(check.role())));
}

// Whether a schema was chosen whole: then a table that nobody has made yet is selected.
bool ChosenWhole(const Precheck& check, const std::string& schema) {
  return check.request().names != nullptr &&
         check.request().names->Selected({schema, "sluice table that does not exist"});
}

std::set<std::string> SourceSchemas(const Precheck& check) {
  std::set<std::string> schemas;
  for (const model::TableMappingPtr& mapping : check.request().mappings) schemas.insert(mapping->source.database);
  for (const model::SchemaObject& object : check.request().objects) {
    if (!object.name.database.empty()) schemas.insert(object.name.database);
  }
  return schemas;
}

std::string ColumnsOf(const model::TableMapping& mapping) {
  std::string names;
  for (const model::ColumnMapping& column : mapping.columns) {
    names += (names.empty() ? "" : ", ") + Literal(column.source);
  }
  return names;
}

// Rights on the carried columns are enough.
bool MayReadColumns(Precheck& check, const model::TableMapping& mapping) {
  const std::string columns = ColumnsOf(mapping);
  if (columns.empty()) return false;
  const std::string table = Literal(Quote(mapping.source.database, mapping.source.name));
  return check.connection().QueryOne(
             fmt::format("SELECT bool_and(has_column_privilege({}, c, 'SELECT')) FROM unnest(ARRAY[{}]::text[]) c",
                         table, columns)) == "t";
}

bool FindSelect(Precheck& check, const std::set<std::string>& hidden) {
  std::map<std::string, std::vector<const model::TableMapping*>> missing;
  std::set<model::ObjectName> denied;
  for (const TextRow& row : check.connection().Query(
           fmt::format("SELECT s.schema, s.name FROM {} JOIN pg_namespace n ON n.nspname = s.schema JOIN pg_class c ON "
                       "c.relnamespace = n.oid AND c.relname = s.name WHERE NOT has_table_privilege(c.oid, 'SELECT')",
                       check.TablesValues(true)))) {
    denied.insert({row[0].value_or(""), row[1].value_or("")});
  }
  for (const model::TableMappingPtr& mapping : check.request().mappings) {
    if (!denied.contains(mapping->source)) continue;
    const std::string& schema = mapping->source.database;
    if (!hidden.contains(schema) && !ChosenWhole(check, schema) && MayReadColumns(check, *mapping)) continue;
    missing[schema].push_back(mapping.get());
  }
  for (const auto& [schema, tables] : missing) {
    if (ChosenWhole(check, schema)) {
      check.Fail("privileges", kTitle, "schema " + schema,
                 fmt::format("{} has no SELECT on {} of its tables.", check.role(), tables.size()),
                 fmt::format("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {};", Quote(schema), Quote(check.role())));
      continue;
    }
    for (const model::TableMapping* mapping : tables) {
      ReportMissing(check, "table " + mapping->source.Text(), "SELECT", Quote(schema, mapping->source.name));
    }
  }
  return missing.empty();
}

// Values of sequences are set at the destination.
bool FindSequences(Precheck& check, const std::set<std::string>& schemas) {
  std::string list;
  for (const std::string& schema : schemas) list += (list.empty() ? "" : ", ") + Literal(schema);
  if (list.empty()) return true;
  bool all = true;
  for (const TextRow& row : check.connection().Query(fmt::format(
           "SELECT n.nspname, min(c.relname::text), count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = "
           "c.relnamespace WHERE n.nspname IN ({}) AND CASE WHEN c.relkind = 'S' THEN NOT "
           "has_sequence_privilege(c.oid, 'SELECT') ELSE false END AND has_schema_privilege(n.oid, 'USAGE') GROUP BY 1 "
           "ORDER BY 1",
           list))) {
    const std::string schema = row[0].value_or("");
    const std::string object = row[2] == "1" ? "sequence " + schema + "." + row[1].value_or("") : "schema " + schema;
    check.Fail(
        "privileges", kTitle, object,
        fmt::format("{} has no SELECT on {} of its sequences, whose values are carried.", check.role(),
                    row[2].value_or("")),
        row[2] == "1"
            ? fmt::format("GRANT SELECT ON SEQUENCE {} TO {};", Quote(schema, row[1].value_or("")), Quote(check.role()))
            : fmt::format("GRANT SELECT ON ALL SEQUENCES IN SCHEMA {} TO {};", Quote(schema), Quote(check.role())));
    all = false;
  }
  return all;
}

struct Place {
  bool exists = false;
  bool usage = false;
  bool create = false;
};

Place PlaceOf(Precheck& check, const std::string& schema) {
  const TextRows rows = check.connection().Query(fmt::format(
      "SELECT has_schema_privilege(oid, 'USAGE'), has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE "
      "nspname = {}",
      Literal(schema)));
  if (rows.empty()) return {};
  return {true, rows[0][0] == "t", rows[0][1] == "t"};
}

// Sluice's own tables, from an earlier task: then nothing is to be created there.
bool HasOwnTables(Precheck& check) {
  constexpr const char* kTables = "3";
  return check.connection().QueryOne(fmt::format(
             "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = "
             "{} AND c.relname IN ('chunk', 'progress', 'note')",
             Literal(kOwnSchema))) == kTables;
}

bool FindOwnTableRights(Precheck& check) {
  const OptionalText table = check.connection().QueryOne(fmt::format(
      "SELECT min(c.relname::text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(ARRAY["
      "'SELECT', 'INSERT', 'UPDATE', 'DELETE']) p WHERE n.nspname = {} AND c.relname IN ('chunk', 'progress', "
      "'note') AND NOT has_table_privilege(c.oid, p)",
      Literal(kOwnSchema)));
  if (!table) return true;
  ReportMissing(check, "table sluice." + *table, "SELECT, INSERT, UPDATE, DELETE",
                "ALL TABLES IN SCHEMA " + Quote(kOwnSchema));
  return false;
}

bool FindSchemas(Precheck& check) {
  bool all = true;
  std::vector<std::string> to_create;
  const auto look = [&](const std::string& schema, bool creates) {
    const Place place = PlaceOf(check, schema);
    if (!place.exists) {
      if (creates) to_create.push_back(schema);
      return;
    }
    std::string missing;
    if (!place.usage) missing = "USAGE";
    if (creates && !place.create) missing += missing.empty() ? "CREATE" : ", CREATE";
    if (missing.empty()) return;
    ReportMissing(check, "schema " + schema, missing, "SCHEMA " + Quote(schema));
    all = false;
  };
  for (const std::string& schema : check.request().destination_databases) {
    bool creates = check.types().schema;
    for (const model::TableMappingPtr& mapping : check.request().mappings) {
      if (mapping->destination.database != schema) continue;
      creates = creates || (check.types().incremental && !mapping->operations.ddl.empty());
    }
    look(schema, creates);
  }
  look(kOwnSchema, !HasOwnTables(check));
  if (to_create.empty()) return all;
  if (check.connection().QueryOne("SELECT has_database_privilege(current_database(), 'CREATE')") == "t") return all;
  ReportMissing(check, "database " + check.database(), "CREATE", "DATABASE " + Quote(check.database()));
  return false;
}

bool FindTableRights(Precheck& check) {
  std::vector<std::string> wanted{"SELECT"};
  if (check.types().full || check.types().incremental) wanted = {"SELECT", "INSERT", "UPDATE", "DELETE"};
  const auto empties = [](const model::TableMappingPtr& mapping) {
    return mapping->operations.ddl.contains(model::DdlKind::kTruncateTable);
  };
  const auto& mappings = check.request().mappings;
  if (check.types().incremental && std::any_of(mappings.begin(), mappings.end(), empties)) wanted.push_back("TRUNCATE");
  bool all = true;
  std::map<std::string, std::vector<std::string>> missing;  // tables by what they lack
  std::string columns;
  for (const std::string& privilege : wanted) {
    columns += fmt::format(", CASE WHEN NOT has_table_privilege(c.oid, '{}') THEN '{}' END", privilege, privilege);
  }
  for (const TextRow& row : check.connection().Query(fmt::format(
           "SELECT quote_ident(s.schema) || '.' || quote_ident(s.name), concat_ws(', '{}) FROM {} JOIN pg_namespace n "
           "ON "
           "n.nspname = s.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.name ORDER BY 1",
           columns, check.TablesValues(false)))) {
    if (!row[1]->empty()) missing[*row[1]].push_back(row[0].value_or(""));
  }
  for (const auto& [privileges, tables] : missing) {
    all = false;
    std::string list;
    for (const std::string& table : tables) list += (list.empty() ? "" : ", ") + table;
    ReportMissing(check, (tables.size() == 1 ? "table " : "tables ") + Listed(tables), privileges, list);
  }
  return all;
}

}  // namespace

void CheckSourceRights(Precheck& check) {
  const std::set<std::string> schemas = SourceSchemas(check);
  std::set<std::string> hidden;
  for (const std::string& schema : schemas) {
    const Place place = PlaceOf(check, schema);
    if (!place.exists || place.usage) continue;
    hidden.insert(schema);
    ReportMissing(check, "schema " + schema, "USAGE", "SCHEMA " + Quote(schema));
  }
  const bool reads = FindSelect(check, hidden);
  const bool counts = !check.types().schema || FindSequences(check, schemas);
  if (hidden.empty() && reads && counts) check.Pass("privileges", "The account may read what is selected");
}

void CheckDestinationRights(Precheck& check) {
  const bool schemas = FindSchemas(check);
  const bool own = FindOwnTableRights(check);
  const bool tables = FindTableRights(check);
  if (schemas && own && tables) check.Pass("privileges", "The account may write where it has to");
}

// Every session has row_security off: a policy that would hide rows is an error then, never a silent filter.
void CheckSourceRowSecurity(Precheck& check) {
  std::vector<std::string> tables;
  if (!check.bypasses_row_security()) {
    for (const TextRow& row : check.connection().Query(fmt::format(
             "SELECT quote_ident(s.schema) || '.' || quote_ident(s.name) FROM {} JOIN pg_namespace n ON n.nspname = "
             "s.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.name WHERE c.relrowsecurity AND "
             "(c.relforcerowsecurity OR NOT pg_has_role(c.relowner, 'USAGE')) ORDER BY 1",
             check.TablesValues(true)))) {
      tables.push_back(row[0].value_or(""));
    }
  }
  if (tables.empty()) {
    check.Pass("row_security", "No row is hidden from the account");
    return;
  }
  check.Fail("row_security", "No row is hidden from the account",
             (tables.size() == 1 ? "table " : "tables ") + Listed(tables),
             fmt::format("Row-level security applies to {}: rows could be missing from the copy.", check.role()),
             fmt::format("ALTER ROLE {} BYPASSRLS; (as a superuser), or let the tables' owner do the migration.",
                         Quote(check.role())));
}

void CheckDestinationRowSecurity(Precheck& check) {
  if (check.bypasses_row_security()) return;
  std::vector<std::string> tables;
  for (const TextRow& row : check.connection().Query(
           fmt::format("SELECT quote_ident(s.schema) || '.' || quote_ident(s.name) FROM {} JOIN pg_namespace n ON "
                       "n.nspname = s.schema "
                       "JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.name WHERE c.relrowsecurity AND "
                       "(c.relforcerowsecurity OR NOT pg_has_role(c.relowner, 'USAGE')) ORDER BY 1",
                       check.TablesValues(false)))) {
    tables.push_back(row[0].value_or(""));
  }
  if (tables.empty()) return;
  check.Fail(
      "row_security", "The account may write every row", (tables.size() == 1 ? "table " : "tables ") + Listed(tables),
      fmt::format("Row-level security applies to {}: the server would refuse its COPY.", check.role()),
      fmt::format("ALTER ROLE {} BYPASSRLS; (as a superuser), or ALTER TABLE ... DISABLE ROW LEVEL SECURITY; until "
                  "the switch-over.",
                  Quote(check.role())));
}

}  // namespace sluice::postgresql
