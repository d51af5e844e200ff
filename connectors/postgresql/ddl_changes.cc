// What a statement of the source's log makes of the destination's tables.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/ddl.h"
#include "connectors/postgresql/schema.h"
#include "connectors/postgresql/schema_table_difference.h"

namespace sluice::postgresql {
namespace {

using connector::SchemaStatement;
using connector::TableChange;

void AddStatement(std::vector<SchemaStatement>& to, const model::ObjectName& source, const model::ObjectName& here,
                  std::string sql) {
  if (sql.empty()) return;
  SchemaStatement& statement = to.emplace_back();
  statement.source = source;
  statement.object = here;
  statement.label = "table " + here.Text();
  statement.sql = std::move(sql);
}

void AddCreated(std::vector<SchemaStatement>& to, const model::Table& table, const model::TableMapping& mapping,
                const model::DdlChange& ddl, const model::NameMap& names, uint32_t version) {
  const Definition definition = DefinitionFromJson(table.create_statement, table.name);
  const std::string name = "table " + table.name.Text();
  if (!definition.empty) throw NotCarried(ddl, name + " came with rows, which the log does not have");
  if (!definition.unpublished.empty()) {
    throw NotCarried(ddl, fmt::format("the log does not have the rows of {}: {}", name, definition.unpublished));
  }
  for (SchemaStatement& one : TranslateTable(table, mapping, names, version)) to.push_back(std::move(one));
}

bool HasPartition(const Definition& table, uint32_t id) {
  return std::any_of(table.partitions.begin(), table.partitions.end(),
                     [&](const Definition& one) { return one.id == id || HasPartition(one, id); });
}

// Tables that are partitions of another one now, by their numbers.
std::map<uint32_t, model::TableMappingPtr> Joining(const std::vector<TableChange>& changes,
                                                   const model::NameMap& names) {
  std::map<uint32_t, model::TableMappingPtr> joining;
  for (const TableChange& gone : changes) {
    if (gone.before == nullptr || gone.after != nullptr || !gone.renamed_to.name.empty()) continue;
    const uint32_t id = IdOf(*gone.before);
    const model::TableMappingPtr mapping = names.MapTable(*gone.before);
    if (id == 0 || mapping == nullptr) continue;
    const bool joins = std::any_of(changes.begin(), changes.end(), [&](const TableChange& change) {
      return change.after != nullptr &&
             HasPartition(DefinitionFromJson(change.after->create_statement, change.after->name), id);
    });
    if (joins) joining[id] = mapping;
  }
  return joining;
}

}  // namespace

std::vector<SchemaStatement> TranslateChanges(const std::vector<TableChange>& changes, const model::DdlChange& ddl,
                                              const model::NameMap& names, uint32_t version) {
  std::vector<SchemaStatement> first, then, last;
  std::map<model::ObjectName, model::TablePtr> moved;  // by the new name
  for (const TableChange& change : changes) {
    if (!change.renamed_to.name.empty()) moved[change.renamed_to] = change.before;
  }
  const auto joining = Joining(changes, names);
  for (const TableChange& change : changes) {
    if (!change.renamed_to.name.empty()) continue;  // its new name is another change of the list
    const auto from = moved.find(change.name);
    const model::TablePtr before = from != moved.end() ? from->second : change.before;
    const model::TableMappingPtr was = before == nullptr ? nullptr : names.MapTable(*before);
    const model::TableMappingPtr is = change.after == nullptr ? nullptr : names.MapTable(*change.after);
    if (was == nullptr && is != nullptr) {
      AddCreated(then, *change.after, *is, ddl, names, version);
    } else if (was != nullptr && change.after == nullptr) {
      if (joining.contains(IdOf(*before))) continue;
      AddStatement(last, change.name, was->destination,
                   "DROP TABLE IF EXISTS " + Quote(was->destination.database, was->destination.name));
    } else if (was != nullptr && is == nullptr) {
      throw NotCarried(ddl,
                       fmt::format("{} is {} now, which is not selected", before->name.Text(), change.name.Text()));
    } else if (was != nullptr && is != nullptr) {
      const Definition old = DefinitionFromJson(before->create_statement, before->name);
      const Definition now = DefinitionFromJson(change.after->create_statement, change.after->name);
      TableDifference difference(old, *was, now, *is, ddl, names, version);
      difference.Joining(joining);
      TableDifferenceSql sql = difference.Run();
      AddStatement(first, change.name, was->destination, std::move(sql.before));
      AddStatement(then, change.name, is->destination, std::move(sql.table));
      AddStatement(last, change.name, is->destination, std::move(sql.after));
    }
  }
  std::move(then.begin(), then.end(), std::back_inserter(first));
  std::move(last.begin(), last.end(), std::back_inserter(first));
  if (first.size() < 2) return first;
  // All of it or nothing: what a crash left then shows in the tables.
  SchemaStatement whole = first.front();
  for (size_t i = 1; i < first.size(); ++i) whole.sql += ";\n" + first[i].sql;
  return {whole};
}

}  // namespace sluice::postgresql
