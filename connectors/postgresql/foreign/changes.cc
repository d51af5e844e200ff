// Tables that a statement of another engine's log changed, made to follow here.
#include <fmt/format.h>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/ddl.h"
#include "connectors/postgresql/foreign/table.h"

namespace sluice::postgresql {

using connector::SchemaStatement;

std::vector<SchemaStatement> TruncateForeign(const model::DdlChange& ddl, const model::NameMap& names) {
  std::vector<SchemaStatement> statements;
  for (const model::ObjectName& source : ddl.objects) {
    if (!names.Selected(source)) continue;
    SchemaStatement& statement = statements.emplace_back();
    statement.source = source;
    statement.object = names.Map(source);
    statement.label = "table " + statement.object.Text();
    // The counter begins anew at the source too.
    statement.sql = "TRUNCATE TABLE " + Quote(statement.object.database, statement.object.name) + " RESTART IDENTITY";
  }
  return statements;
}

std::vector<SchemaStatement> TranslateForeignChanges(const std::vector<connector::TableChange>& changes,
                                                     const model::DdlChange& ddl, const model::NameMap& names,
                                                     uint32_t version, const connector::ServerInfo& /*source*/) {
  std::vector<SchemaStatement> statements;
  for (const connector::TableChange& change : changes) {
    const model::ObjectName here = names.Map(change.name);
    const std::string full = Quote(here.database, here.name);
    if (change.before != nullptr && change.after == nullptr) {
      SchemaStatement& statement = statements.emplace_back();
      statement.source = change.name;
      statement.object = here;
      statement.label = "table " + here.Text();
      statement.sql = "DROP TABLE IF EXISTS " + full;
    } else if (change.before == nullptr && change.after != nullptr) {
      const model::TableMappingPtr mapping = names.MapTable(*change.after);
      if (mapping == nullptr) continue;
      for (SchemaStatement& one : TranslateForeignTable(*change.after, *mapping, names, version)) {
        statements.push_back(std::move(one));
      }
    } else if (change.before != change.after) {
      throw NotCarried(ddl);
    }
  }
  return statements;
}

}  // namespace sluice::postgresql
