// Tables that a statement of another engine's log changed, made to follow here: the description after it against the
// one before. Only what keeps every row as it is at the source is followed; anything else stops the task.
#include <fmt/format.h>

#include <map>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/ddl.h"
#include "connectors/postgresql/foreign/difference.h"
#include "connectors/postgresql/foreign/table.h"
#include "connectors/postgresql/foreign/table_translator.h"

namespace sluice::postgresql {
namespace {

using connector::SchemaStatement;
using connector::TableChange;

SchemaStatement Statement(const model::ObjectName& source, const model::ObjectName& here, std::string sql) {
  SchemaStatement statement;
  statement.source = source;
  statement.object = here;
  statement.label = "table " + here.Text();
  statement.sql = std::move(sql);
  return statement;
}

// With foreign_key_checks = 0 the source takes the rows and leaves what refers to them as it is. Foreign keys go out of
// the way and come back unchecked, which is what they are there then.
std::string TruncateReferenced(const std::string& table, const std::string& truncate) {
  return "DO " +
         Literal(fmt::format(
             "DECLARE back text[] := '{{}}'; one text; k record; BEGIN FOR k IN SELECT conrelid::regclass AS at, "
             "conname, "
             "pg_get_constraintdef(oid) AS body FROM pg_constraint WHERE contype = 'f' AND confrelid = {}::regclass "
             "AND "
             "conrelid <> confrelid LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.at, k.conname); back := "
             "back || format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', k.at, k.conname, replace(k.body, ' NOT "
             "VALID', '')); END LOOP; {}; FOREACH one IN ARRAY back LOOP EXECUTE one; END LOOP; END",
             Literal(table), truncate));
}

}  // namespace

std::vector<SchemaStatement> TruncateForeign(const model::DdlChange& ddl, const model::NameMap& names) {
  std::vector<SchemaStatement> statements;
  for (const model::ObjectName& source : ddl.objects) {
    if (!names.Selected(source)) continue;
    const model::ObjectName here = names.Map(source);
    // The counter begins anew at the source too.
    const std::string table = Quote(here.database, here.name);
    const std::string truncate = "TRUNCATE TABLE " + table + " RESTART IDENTITY";
    statements.push_back(
        Statement(source, here, ddl.foreign_keys_off ? TruncateReferenced(table, truncate) : truncate));
  }
  return statements;
}

std::vector<SchemaStatement> TranslateForeignChanges(const std::vector<TableChange>& changes,
                                                     const model::DdlChange& ddl, const model::NameMap& names,
                                                     uint32_t version, const connector::ServerInfo& /*source*/) {
  std::vector<SchemaStatement> statements;
  struct {
    std::string tables;
    std::string types;
  } dropped;
  std::map<model::ObjectName, model::TablePtr> moved;  // by the new name
  for (const TableChange& change : changes) {
    if (!change.renamed_to.name.empty()) moved[change.renamed_to] = change.before;
  }
  for (const TableChange& change : changes) {
    const auto from = moved.find(change.name);
    const model::TablePtr before = change.before == nullptr && from != moved.end() ? from->second : change.before;
    const model::TableMappingPtr was = before == nullptr ? nullptr : names.MapTable(*before);
    const model::TableMappingPtr is = change.after == nullptr ? nullptr : names.MapTable(*change.after);
    if (before != nullptr && !change.renamed_to.name.empty()) {
      // Its new name is another change; one that is not carried any more stays where it is.
      continue;
    }
    if (was != nullptr && is == nullptr && change.after == nullptr) {
      const ForeignTable gone(*before, *was, names, version);
      std::string types;
      for (const model::ObjectName& type : gone.EnumTypes()) {
        types += ";\nDROP TYPE IF EXISTS " + Quote(type.database, type.name);
      }
      // All of a statement at once, since they may refer to each other.
      if (ddl.kind == model::DdlKind::kDropTable && !statements.empty()) {
        dropped.tables += ", " + gone.full();
        dropped.types += types;
      } else {
        dropped = {"DROP TABLE IF EXISTS " + gone.full(), types};
        statements.push_back(Statement(change.name, was->destination, ""));
      }
      statements.back().sql = dropped.tables + dropped.types;
    } else if (was == nullptr && is != nullptr) {
      if (before != nullptr) throw NotCarried(ddl);  // it has rows that were not followed
      // All in one: a crash in between could not be told from none.
      std::string sql;
      for (const SchemaStatement& one : TranslateForeignTable(*change.after, *is, names, version)) {
        for (const std::string& note : one.notes) sql = NoteText(note) + sql;
        sql += one.sql + ";\n";
      }
      statements.push_back(Statement(change.name, is->destination, sql));
    } else if (was != nullptr && is != nullptr) {
      for (const std::string& sql : Difference(change, before, *was, *is, ddl, names, version).Statements()) {
        statements.push_back(Statement(change.name, is->destination, sql));
      }
    }
  }
  return statements;
}

}  // namespace sluice::postgresql
