// What the selected tables themselves bring along: keys, how the log tells rows, kinds of tables, filters.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/stop.h"
#include "connectors/postgresql/filter_columns.h"
#include "connectors/postgresql/object_reader.h"
#include "connectors/postgresql/precheck.h"

namespace sluice::postgresql {
namespace {

constexpr uint32_t kHasPartitions = 100000;
constexpr uint32_t kIncludedColumns = 110000;

std::string TableList(const std::vector<std::string>& names) {
  return (names.size() == 1 ? "table " : "tables ") + Listed(names);
}

// How the log tells the rows of a table and of its partitions.
struct Identity {
  std::string table;  // quoted
  char kind = 'd';    // pg_class.relreplident
  bool identified = false;
  std::set<std::string> columns;      // of the key or index that it is
  std::set<std::string> out_of_line;  // columns whose large values the log leaves out where they do not change
};

// "WITH RECURSIVE r AS (...) ": the selected tables and their partitions by number, with the name of their table.
std::string TablesAndPartitions(const Precheck& check) {
  const std::string partitions = check.AtLeast(kHasPartitions)
                                     ? "UNION ALL SELECT c.oid, r.schema, r.name FROM r JOIN pg_inherits i ON "
                                       "i.inhparent = r.oid JOIN pg_class c ON "
                                       "c.oid = i.inhrelid AND c.relispartition"
                                     : "";
  return fmt::format(
      "WITH RECURSIVE r AS (SELECT c.oid, s.schema, s.name FROM {} JOIN pg_namespace n ON n.nspname = s.schema JOIN "
      "pg_class c ON c.relnamespace = n.oid AND c.relname = s.name {}) ",
      check.TablesValues(true), partitions);
}

std::multimap<model::ObjectName, Identity> ReadIdentities(Precheck& check) {
  const std::string sql = fmt::format(
      "{0}SELECT r.schema, r.name, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relreplident, "
      "x.indexrelid IS NOT NULL, a.attname, x.indexrelid IS NOT NULL AND a.attnum = ANY ((x.indkey::int2[])[0:x.{1} - "
      "1]), c.reltoastrelid <> 0 AND a.attstorage <> 'p' FROM r JOIN pg_class c ON c.oid = r.oid AND c.relkind = 'r' "
      "AND "
      "c.relpersistence = 'p' JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index x ON x.indrelid = c.oid "
      "AND x.indisvalid AND CASE c.relreplident WHEN 'd' THEN x.indisprimary AND x.indimmediate WHEN 'i' THEN "
      "x.indisreplident ELSE false END LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT "
      "a.attisdropped ORDER BY 1, 2, 3",
      TablesAndPartitions(check), check.AtLeast(kIncludedColumns) ? "indnkeyatts" : "indnatts");
  std::multimap<model::ObjectName, Identity> identities;
  Identity* last = nullptr;
  for (const TextRow& row : check.connection().Query(sql)) {
    if (last == nullptr || last->table != row[2].value_or("")) {
      Identity identity{.table = row[2].value_or(""), .kind = row[3].value_or("d")[0], .columns = {}};
      identity.identified = identity.kind == 'f' || row[4] == "t";
      last = &identities.emplace(model::ObjectName{row[0].value_or(""), row[1].value_or("")}, identity)->second;
    }
    if (row[6] == "t") last->columns.insert(row[5].value_or(""));
    if (row[7] == "t") last->out_of_line.insert(row[5].value_or(""));
  }
  return identities;
}

// From 18 on the server refuses changes of a published table whose whole row is its identity, where a column of it is
// computed when it is read: such a column is never in the log.
std::vector<std::string> WholeRowsWithVirtualColumns(Precheck& check, const auto& identities) {
  std::vector<std::string> tables;
  for (size_t i = 0; i < check.request().tables.size() && i < check.request().mappings.size(); ++i) {
    const model::Table& table = *check.request().tables[i];
    const bool computes = std::any_of(table.columns.begin(), table.columns.end(), [](const model::Column& column) {
      return column.generated == model::Generated::kVirtual;
    });
    if (!computes) continue;
    const auto [begin, end] = identities.equal_range(check.request().mappings[i]->source);
    for (auto at = begin; at != end; ++at) {
      if (at->second.kind == 'f') tables.push_back(at->second.table);
    }
  }
  return tables;
}

std::string FullIdentity(const std::vector<std::string>& tables) {
  return fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL; at the source{}.", tables[0],
                     tables.size() == 1 ? "" : ", and so for each of them");
}

// Columns without whose old values a change of the table cannot be carried, and why.
std::set<std::string> NeededOldValues(const model::Table& table, const model::TableMapping& mapping, std::string* why) {
  std::set<std::string> needed;
  if (!mapping.filter.empty()) {
    for (const uint32_t column : ColumnsNamed(table, mapping.filter)) needed.insert(table.columns[column].name);
    *why = "its row filter asks for";
  }
  const model::Key* key = table.IdentityKey();
  if (key == nullptr) return needed;
  for (const model::KeyPart& part : key->parts) {
    const std::string& name = table.columns[part.column].name;
    const bool is_carried = std::any_of(mapping.columns.begin(), mapping.columns.end(),
                                        [&](const model::ColumnMapping& column) { return column.source == name; });
    if (is_carried) continue;
    // Without a part of its key a row is found by all its values.
    for (const model::ColumnMapping& column : mapping.columns) needed.insert(column.source);
    *why = "its key is not carried, and a row is found by";
  }
  return needed;
}

// Carried columns of which the log may lack the values of a row that an UPDATE brings into the filter.
bool LosesLargeValues(const Identity& identity, const model::TableMapping& mapping) {
  return !mapping.filter.empty() && mapping.operations.insert &&
         std::any_of(mapping.columns.begin(), mapping.columns.end(), [&](const model::ColumnMapping& column) {
           return identity.out_of_line.contains(column.source) && !identity.columns.contains(column.source);
         });
}

// A key of a partition alone may have the same values in another one.
bool TellsPartitionsApart(const Identity& identity, const model::Table& root) {
  const model::Key* key = root.IdentityKey();
  return key != nullptr && std::all_of(key->parts.begin(), key->parts.end(), [&](const model::KeyPart& part) {
           return identity.columns.contains(root.columns[part.column].name);
         });
}

}  // namespace

void CheckKeys(Precheck& check) {
  std::vector<std::string> keyless;
  for (const model::TablePtr& table : check.request().tables) {
    if (table->IdentityKey() == nullptr) keyless.push_back(table->name.Text());
  }
  constexpr const char* kTitle = "Every table has a primary key or a unique key without NULLs";
  if (keyless.empty()) {
    check.Pass("keys", kTitle);
    return;
  }
  check.Warn("keys", kTitle, TableList(keyless),
             "Without a key changes look through all rows of a table, and it can be verified only while nothing writes "
             "to it. Its rows still arrive exactly once. A DEFERRABLE key is none: within a transaction several "
             "rows may have its values.",
             fmt::format("ALTER TABLE {} ADD PRIMARY KEY (...); at the source, if you can.", keyless[0]));
}

void CheckReplicaIdentity(Precheck& check) {
  const auto identities = ReadIdentities(check);
  std::vector<std::string> nothing;
  std::map<std::string, std::vector<std::string>> partial;  // tables by why
  std::vector<std::string> large;
  std::vector<std::string> partitions;
  for (const auto& [name, identity] : identities) {
    if (!identity.identified) nothing.push_back(identity.table);
  }
  for (size_t i = 0; i < check.request().tables.size() && i < check.request().mappings.size(); ++i) {
    std::string why;
    const model::Table& table = *check.request().tables[i];
    const model::TableMapping& mapping = *check.request().mappings[i];
    const std::set<std::string> needed = NeededOldValues(table, mapping, &why);
    const auto [begin, end] = identities.equal_range(mapping.source);
    for (auto at = begin; at != end; ++at) {
      const Identity& identity = at->second;
      if (identity.kind == 'f' || !identity.identified) continue;
      if (!std::includes(identity.columns.begin(), identity.columns.end(), needed.begin(), needed.end())) {
        partial[why].push_back(identity.table);
      } else if (table.partitioned && !TellsPartitionsApart(identity, table)) {
        partitions.push_back(identity.table);
      } else if (LosesLargeValues(identity, mapping)) {
        large.push_back(identity.table);
      }
    }
  }
  constexpr const char* kTitle = "The log tells which rows change";
  if (!nothing.empty()) {
    check.Fail("replica_identity", kTitle, TableList(nothing),
               "No primary key that is checked at once, and no other replica identity: once the table is published the "
               "server refuses the application's UPDATE and DELETE.",
               FullIdentity(nothing));
  }
  const std::vector<std::string> computed = WholeRowsWithVirtualColumns(check, identities);
  if (!computed.empty()) {
    check.Fail(
        "replica_identity", kTitle, TableList(computed),
        "Its replica identity is the whole row, with a virtual generated column, which is never in the log: once "
        "the table is published the server refuses the application's UPDATE and DELETE.",
        fmt::format("ALTER TABLE {0} REPLICA IDENTITY DEFAULT; if it has a primary key, else ALTER TABLE {0} "
                    "REPLICA IDENTITY USING INDEX ...; at the source{1}.",
                    computed[0], computed.size() == 1 ? "" : ", and so for each of them"));
  }
  for (const auto& [why, tables] : partial) {
    check.Fail("replica_identity", kTitle, TableList(tables),
               fmt::format("The log has the old values of the key alone; {} other columns.", why),
               FullIdentity(tables));
  }
  if (!partitions.empty()) {
    check.Fail("replica_identity", kTitle, TableList(partitions),
               "The log tells a row by a key of the partition alone, whose values may stand in other partitions too.",
               FullIdentity(partitions));
  }
  if (!large.empty()) {
    check.Fail("replica_identity", kTitle, TableList(large),
               "An UPDATE may bring a row into the row filter; large values that it leaves alone are not in the log.",
               FullIdentity(large));
  }
  if (nothing.empty() && partial.empty() && computed.empty() && partitions.empty() && large.empty())
    check.Pass("replica_identity", kTitle);
}

void CheckKinds(Precheck& check) {
  std::vector<std::string> unlogged;
  for (const TextRow& row : check.connection().Query(
           TablesAndPartitions(check) +
           "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM r JOIN pg_class c ON c.oid = r.oid "
           "JOIN "
           "pg_namespace n ON n.oid = c.relnamespace WHERE c.relpersistence = 'u' AND c.relkind = 'r' ORDER BY 1")) {
    unlogged.push_back(row[0].value_or(""));
  }
  if (!unlogged.empty() && check.types().incremental) {
    check.Warn("unlogged", "Changes of every table are in the log", TableList(unlogged),
               "UNLOGGED tables are not in the log: what is written to them after the copy is not carried.",
               fmt::format("ALTER TABLE {} SET LOGGED; or exclude them.", unlogged[0]));
  }
  std::set<std::string> schemas;
  for (const model::TableMappingPtr& mapping : check.request().mappings) schemas.insert(mapping->source.database);
  std::string list;
  for (const std::string& schema : schemas) list += (list.empty() ? "" : ", ") + Literal(schema);
  if (list.empty()) return;
  std::vector<std::string> foreign;
  for (const TextRow& row : check.connection().Query(fmt::format(
           "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
           "c.relkind = 'f' AND n.nspname IN ({}) ORDER BY 1, 2",
           list))) {
    const model::ObjectName name{row[0].value_or(""), row[1].value_or("")};
    if (check.request().names == nullptr || check.request().names->Selected(name)) foreign.push_back(name.Text());
  }
  if (foreign.empty()) {
    check.Pass("foreign_tables", "No foreign table is among what is selected");
  } else {
    check.Warn("foreign_tables", "No foreign table is among what is selected", "foreign table " + Listed(foreign),
               "Their rows are another server's, and they are not carried.",
               "Create them at the destination yourself, with their server and user mapping.");
  }
}

void CheckLargeObjects(Precheck& check) {
  const OptionalText count = check.connection().QueryOne("SELECT count(*) FROM pg_largeobject_metadata");
  if (count == "0") {
    check.Pass("large_objects", "The database has no large objects");
    return;
  }
  check.Warn("large_objects", "The database has no large objects", "database " + check.database(),
             fmt::format("It has {} large objects (type lo, lo_create). They belong to no table, are not in the log as "
                         "rows of one, and are not carried; columns keep their numbers.",
                         count.value_or("?")),
             "Copy them with pg_dump --blobs --section=data, or move them into bytea columns.");
}

void CheckNotCarried(Precheck& check) {
  constexpr const char* kTitle = "Every kind of object is carried";
  std::set<std::string> schemas;
  for (const model::TableMappingPtr& mapping : check.request().mappings) schemas.insert(mapping->source.database);
  bool any = false;
  for (const std::string& schema : schemas) {
    for (const NotCarried& one : ListNotCarried(check.connection(), schema)) {
      any = true;
      check.Warn("not_carried", kTitle, one.object, "It is not carried: " + one.why + ".",
                 "Create it at the destination yourself where something needs it.");
    }
  }
  if (!any) check.Pass("not_carried", kTitle);
}

void CheckForeignKeys(Precheck& check) {
  std::set<model::ObjectName> selected;
  for (const model::TablePtr& table : check.request().tables) selected.insert(table->name);
  std::vector<std::string> outside;
  for (const model::TablePtr& table : check.request().tables) {
    for (const model::ForeignKey& key : table->foreign_keys) {
      if (selected.contains(key.referenced)) continue;
      outside.push_back(fmt::format("{}.{} to {}", table->name.Text(), key.name, key.referenced.Text()));
    }
  }
  if (outside.empty()) {
    check.Pass("foreign_keys", "Foreign keys stay within the selected tables");
    return;
  }
  check.Warn(
      "foreign_keys", "Foreign keys stay within the selected tables", "foreign key " + Listed(outside),
      "They refer to tables that are not selected: they cannot be created unless those tables are there already.",
      "Select the referenced tables too, or create them at the destination before.");
}

void CheckFilters(Precheck& check) {
  for (const model::TableMappingPtr& mapping : check.request().mappings) {
    if (mapping->filter.empty()) continue;
    const std::string object = "table " + mapping->source.Text();
    try {
      const OptionalText count = check.connection().QueryOne(
          fmt::format("SELECT count(*) FROM {} WHERE ({}\n)", Quote(mapping->source.database, mapping->source.name),
                      mapping->filter),
          object);
      if (count == "0") {
        check.Warn("filter", "The row filter can be used", object, fmt::format("No row fits \"{}\".", mapping->filter),
                   "Check the condition.");
      } else {
        check.Pass("filter", fmt::format("{} rows of {} fit \"{}\"", count.value_or("?"), mapping->source.Text(),
                                         mapping->filter));
      }
    } catch (const Error& error) {
      if (error.info().retry == RetryClass::kReconnect || error.info().code == kStopped.id) throw;
      check.Fail(
          "filter", "The row filter can be used", object,
          fmt::format("The source refuses \"{}\": {}", mapping->filter, error.info().native_message),
          "Correct `filter` in the task file. Functions and types outside pg_catalog are named with their schema.");
    }
  }
}

}  // namespace sluice::postgresql
