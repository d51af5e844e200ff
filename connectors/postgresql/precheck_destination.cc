// What the destination has to bear: names, existing objects, triggers, the shapes of tables made beforehand.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "connectors/postgresql/precheck.h"

namespace sluice::postgresql {
namespace {

using model::ObjectKind;

constexpr uint32_t kGrantsParameters = 150000;

std::string TableList(const std::vector<std::string>& names) {
  return (names.size() == 1 ? "table " : "tables ") + Listed(names);
}

// Documentation 4.1.1 "Identifiers and Key Words": at most NAMEDATALEN - 1 bytes, no zero byte.
std::string IllegalBecause(const std::string& name, size_t most) {
  if (name.empty()) return "it is empty";
  if (name.find('\0') != std::string::npos) return "it holds a zero byte";
  if (name.size() > most) return fmt::format("it has {} bytes, {} are allowed", name.size(), most);
  return "";
}

}  // namespace

void CheckNames(Precheck& check) {
  const auto most = static_cast<size_t>(std::max<int64_t>(check.Number("max_identifier_length"), 1));
  std::vector<std::string> illegal;
  const auto look = [&](const std::string& what, const std::string& name) {
    std::string why = IllegalBecause(name, most);
    if (what == "schema" && name.starts_with("pg_")) why = "names that begin with pg_ are the server's own";
    if (!why.empty()) illegal.push_back(fmt::format("{} '{}': {}", what, name, why));
  };
  for (const std::string& schema : check.request().destination_databases) look("schema", schema);
  for (const model::TableMappingPtr& mapping : check.request().mappings) {
    look("table", mapping->destination.name);
    for (const model::ColumnMapping& column : mapping->columns) look("column", column.destination);
  }
  if (illegal.empty()) {
    check.Pass("names", "Names are legal at the destination");
  } else {
    check.Fail("names", "Names are legal at the destination", Listed(illegal),
               "The destination cannot take these names.", "Give them others with `rename` or `mapping`.");
  }
  if (!check.request().same_server) return;
  for (const model::TableMappingPtr& mapping : check.request().mappings) {
    if (mapping->source != mapping->destination) continue;
    check.Fail("same_server", "Source and destination differ", "table " + mapping->source.Text(),
               "Both sides are the same database of the same server: the table would be copied onto itself.",
               "Give the schema another name with `rename`, or take another database.");
    return;
  }
}

namespace {

// Tables, views, sequences and indexes of a schema share their names.
std::map<std::string, char> RelationsOf(Precheck& check, const std::string& schema) {
  std::map<std::string, char> relations;
  for (const TextRow& row : check.connection().Query("SELECT c.relname, c.relkind FROM pg_class c JOIN pg_namespace n "
                                                     "ON n.oid = c.relnamespace WHERE n.nspname = " +
                                                     Literal(schema))) {
    relations[row[0].value_or("")] = row[1].value_or("?")[0];
  }
  return relations;
}

bool ObjectExists(Precheck& check, const model::SchemaObject& object, const model::ObjectName& name) {
  const std::string schema = Literal(name.database);
  const std::string own = Literal(name.name);
  const auto found = [&](const std::string& table, const std::string& where) {
    return check.connection()
        .QueryOne(
            fmt::format("SELECT 1 FROM {} o JOIN pg_namespace n ON n.nspname = {} WHERE {}", table, schema, where))
        .has_value();
  };
  switch (object.kind) {
    case ObjectKind::kView:
    case ObjectKind::kMaterializedView:
    case ObjectKind::kSequence:
      return found("pg_class", "o.relnamespace = n.oid AND o.relname = " + own);
    case ObjectKind::kType:
    case ObjectKind::kDomain:
      return found("pg_type", "o.typnamespace = n.oid AND o.typname = " + own);
    case ObjectKind::kCollation:
      return found("pg_collation", "o.collnamespace = n.oid AND o.collname = " + own);
    case ObjectKind::kFunction:
    case ObjectKind::kProcedure:
    case ObjectKind::kAggregate:
      return found("pg_proc",
                   fmt::format("o.pronamespace = n.oid AND o.proname = {} AND oidvectortypes(o.proargtypes) = {}", own,
                               Literal(object.signature)));
    default:
      return false;  // belongs to a table, or may be there
  }
}

void CheckObjectConflicts(Precheck& check) {
  if (!check.types().schema || check.request().names == nullptr) return;
  std::vector<std::string> objects;
  for (const model::SchemaObject& object : check.request().objects) {
    const model::ObjectName name = check.request().names->Map(object.name);
    if (ObjectExists(check, object, name))
      objects.push_back(fmt::format("{} {}", model::Name(object.kind), name.Text()));
  }
  if (objects.empty()) return;
  check.Fail("object_conflicts", "No view, sequence, type or function is in the way", Listed(objects),
             "They exist at the destination already.", "Drop them there, or rename the schema.");
}

}  // namespace

void CheckConflicts(Precheck& check) {
  if (check.request().resuming) return;
  std::vector<std::string> filled;
  std::vector<std::string> empty;
  std::map<std::string, std::map<std::string, char>> existing;
  for (const std::string& schema : check.request().destination_databases) existing[schema] = RelationsOf(check, schema);
  for (const model::TableMappingPtr& mapping : check.request().mappings) {
    const model::ObjectName& name = mapping->destination;
    const auto& relations = existing[name.database];
    const auto found = relations.find(name.name);
    if (found == relations.end()) continue;
    const bool is_table = found->second == 'r' || found->second == 'p';
    const bool has_rows =
        is_table && check.connection().QueryOne("SELECT 1 FROM " + Quote(name.database, name.name) + " LIMIT 1");
    (has_rows ? filled : empty).push_back(Quote(name.database, name.name));
  }
  constexpr const char* kTitle = "Nothing at the destination is in the way";
  if (check.types().full && !filled.empty()) {
    check.Fail("conflicts", kTitle, TableList(filled), "These tables exist at the destination and have rows.",
               fmt::format("Give them another name with `rename`, or empty them: TRUNCATE TABLE {};", filled[0]));
  } else if (check.types().schema && !(filled.empty() && empty.empty())) {
    std::vector<std::string> all = filled;
    all.insert(all.end(), empty.begin(), empty.end());
    check.Fail(
        "conflicts", kTitle, TableList(all), "There are tables, views, sequences or indexes of these names.",
        fmt::format("Give the tables another name with `rename`, leave `schema` out of `types`, or remove what is "
                    "there: DROP TABLE {};",
                    all[0]));
  } else {
    check.Pass("conflicts", kTitle);
  }
  CheckObjectConflicts(check);
}

// Sessions that write run with session_replication_role = replica: neither triggers nor foreign keys act then.
void CheckTriggers(Precheck& check) {
  constexpr const char* kTitle = "Triggers and foreign keys do not act on what Sluice writes";
  const bool may = SilenceTriggers(check.connection());
  if (may) {
    check.connection().Execute("SET session_replication_role = origin");
    check.Pass("triggers", kTitle);
    return;
  }
  std::vector<std::string> tables;
  for (const TextRow& row :
       check.connection().Query(fmt::format("SELECT DISTINCT quote_ident(s.schema) || '.' || quote_ident(s.name) FROM "
                                            "{} JOIN pg_namespace n ON n.nspname = "
                                            "s.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.name "
                                            "WHERE EXISTS (SELECT FROM pg_trigger "
                                            "t LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint WHERE t.tgrelid = "
                                            "c.oid AND t.tgenabled <> 'D' AND (NOT "
                                            "t.tgisinternal OR k.contype = 'f')) OR EXISTS (SELECT FROM pg_rewrite r "
                                            "WHERE r.ev_class = c.oid AND r.ev_type "
                                            "<> '1' AND r.ev_enabled <> 'D') ORDER BY 1",
                                            check.TablesValues(false)))) {
    tables.push_back(row[0].value_or(""));
  }
  // Foreign keys that the task itself makes stand before changes are applied.
  if (check.types().schema && check.types().incremental) {
    for (const model::TablePtr& table : check.request().tables) {
      if (!table->foreign_keys.empty()) tables.push_back(table->name.Text());
    }
  }
  if (tables.empty() || !(check.types().full || check.types().incremental)) {
    check.Pass("triggers", "No table has triggers or foreign keys that would act on what Sluice writes");
    return;
  }
  const std::string grant =
      check.AtLeast(kGrantsParameters)
          ? fmt::format("GRANT SET ON PARAMETER session_replication_role TO {};", Quote(check.role()))
          : fmt::format(
                "ALTER ROLE {} SUPERUSER; while the migration runs (before PostgreSQL 15 nothing less will do), "
                "or drop the triggers and foreign keys until the switch-over.",
                Quote(check.role()));
  check.Fail(
      "triggers", kTitle, TableList(tables),
      fmt::format("{} may not set session_replication_role: triggers would fire once more on what the log already "
                  "holds, and foreign keys would refuse rows that come in another order.",
                  check.role()),
      grant);
}

// Those of tasks that follow this server only write down what happens.
void CheckEventTriggers(Precheck& check) {
  if (!check.types().schema) return;
  std::vector<std::string> names;
  for (const TextRow& row :
       check.connection().Query("SELECT evtname FROM pg_event_trigger WHERE evtenabled IN ('O', 'A') "
                                "AND evtname NOT LIKE 'sluice\\_%' ORDER BY 1")) {
    names.push_back(row[0].value_or(""));
  }
  if (names.empty()) {
    check.Pass("event_triggers", "No event trigger acts on what Sluice creates");
    return;
  }
  check.Warn("event_triggers", "No event trigger acts on what Sluice creates", "event trigger " + Listed(names),
             "They fire for each table and index that Sluice creates, and may refuse or change it.",
             fmt::format("ALTER EVENT TRIGGER {} DISABLE; until the migration is over.", Quote(names[0])));
}

namespace {

struct ThereColumn {
  std::string definition;
  bool writable = true;
  bool needed = false;  // NOT NULL, and nothing gives it a value
};

using ThereTables = std::map<model::ObjectName, std::map<std::string, ThereColumn>>;

ThereTables ReadTables(Precheck& check) {
  constexpr uint32_t kIdentity = 100000;
  constexpr uint32_t kGenerated = 120000;
  ThereTables tables;
  for (const TextRow& row : check.connection().Query(fmt::format(
           "SELECT s.schema, s.name, a.attname, format_type(a.atttypid, a.atttypmod), {}, a.attnotnull AND NOT "
           "a.atthasdef "
           "AND {} FROM {} JOIN pg_namespace n ON n.nspname = s.schema JOIN pg_class c ON c.relnamespace = n.oid AND "
           "c.relname = s.name AND c.relkind IN ('r', 'p') LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum "
           "> 0 "
           "AND NOT a.attisdropped",
           check.AtLeast(kGenerated) ? "a.attgenerated = ''" : "true",
           check.AtLeast(kIdentity) ? "a.attidentity = ''" : "true", check.TablesValues(false)))) {
    auto& columns = tables[{row[0].value_or(""), row[1].value_or("")}];
    if (row[2]) columns[*row[2]] = {row[3].value_or(""), row[4] == "t", row[5] == "t"};
  }
  return tables;
}

// What of one table does not fit; true: nothing.
bool CheckShape(Precheck& check, const model::Table& source, const model::TableMapping& mapping,
                const std::map<std::string, ThereColumn>& columns) {
  std::vector<std::string> missing;
  std::vector<std::string> differing;
  std::set<std::string> carried;
  for (const model::ColumnMapping& column : mapping.columns) {
    carried.insert(column.destination);
    const auto found = columns.find(column.destination);
    if (found == columns.end() || !found->second.writable) {
      missing.push_back(column.destination);
      continue;
    }
    const auto index = source.FindColumn(column.source);
    if (!check.same_engine() || !index || source.columns[*index].type.native == found->second.definition) continue;
    differing.push_back(
        fmt::format("{} ({} to {})", column.destination, source.columns[*index].type.native, found->second.definition));
  }
  std::vector<std::string> empty;
  for (const auto& [name, column] : columns) {
    if (column.needed && !carried.contains(name)) empty.push_back(name);
  }
  const std::string object = "table " + mapping.destination.Text();
  const std::string quoted = Quote(mapping.destination.database, mapping.destination.name);
  constexpr const char* kTitle = "The tables are there and fit";
  if (!missing.empty()) {
    check.Fail("shapes", kTitle, object, fmt::format("It has no column {} that could be written.", Listed(missing)),
               "Add the columns, rename them in the task file, or exclude them.");
  }
  if (!empty.empty()) {
    check.Fail(
        "shapes", kTitle, object,
        fmt::format("Its column {} is NOT NULL without a default, and the source has nothing for it.", Listed(empty)),
        fmt::format("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL; or SET DEFAULT ...;", quoted, Quote(empty[0])));
  }
  if (!differing.empty()) {
    check.Warn("column_types", "Columns have the source's types", object + ", column " + Listed(differing),
               "A value that such a column would change or refuse ends the task with PG-0118.",
               fmt::format("ALTER TABLE {} ALTER COLUMN ... TYPE ...; to the source's type, if values would not fit.",
                           quoted));
  }
  return missing.empty() && empty.empty();
}

}  // namespace

// Without the schema the user made the tables: they must be there and take what is carried.
void CheckShapes(Precheck& check) {
  const ThereTables tables = ReadTables(check);
  bool fits = true;
  for (size_t i = 0; i < check.request().mappings.size(); ++i) {
    const model::TableMapping& mapping = *check.request().mappings[i];
    const auto found = tables.find(mapping.destination);
    if (found == tables.end()) {
      check.Fail("shapes", "The tables are there and fit", "table " + mapping.destination.Text(),
                 "It does not exist, and the task does not carry the schema.",
                 "Create it, or add `schema` to `types`.");
      fits = false;
      continue;
    }
    fits = CheckShape(check, *check.request().tables[i], mapping, found->second) && fits;
  }
  if (fits) check.Pass("shapes", "The tables are there and fit");
  if (!check.types().incremental) return;
  std::set<model::ObjectName> keyed;
  for (const TextRow& row :
       check.connection().Query(fmt::format("SELECT s.schema, s.name FROM {} JOIN pg_namespace n ON n.nspname = "
                                            "s.schema JOIN pg_class c ON c.relnamespace = "
                                            "n.oid AND c.relname = s.name WHERE EXISTS (SELECT FROM pg_index i WHERE "
                                            "i.indrelid = c.oid AND i.indisvalid)",
                                            check.TablesValues(false)))) {
    keyed.insert({row[0].value_or(""), row[1].value_or("")});
  }
  std::vector<std::string> without;
  for (size_t i = 0; i < check.request().mappings.size(); ++i) {
    const model::ObjectName& name = check.request().mappings[i]->destination;
    if (check.request().tables[i]->IdentityKey() == nullptr || !tables.contains(name) || keyed.contains(name)) continue;
    without.push_back(Quote(name.database, name.name));
  }
  if (without.empty()) return;
  check.Warn("destination_keys", "Tables have at the destination the key they have at the source", TableList(without),
             "Every change would look through the whole table.",
             fmt::format("ALTER TABLE {} ADD PRIMARY KEY (...);", without[0]));
}

}  // namespace sluice::postgresql
