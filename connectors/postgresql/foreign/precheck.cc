// What a destination has to bear of another engine's tables.
#include "connectors/postgresql/precheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "connector/cascades.h"
#include "connectors/postgresql/connection.h"
#include "connectors/postgresql/foreign/table.h"
#include "connectors/postgresql/foreign/table_translator.h"
#include "connectors/postgresql/sessions.h"

namespace sluice::postgresql {

namespace {

void CheckCascades(Precheck& check) {
  const connector::PrecheckRequest& request = check.request();
  if (!request.types.incremental || request.source.logs_cascades || request.names == nullptr) return;
  if (!request.types.schema) {
    std::vector<model::ObjectName> names;
    for (const model::TableMappingPtr& mapping : request.mappings) names.push_back(mapping->destination);
    const auto catalog = MakeCatalog(check.connection().endpoint(), {check.connection().stop(), "precheck"});
    connector::FailCascades(check, connector::CascadesMissing(request, catalog->DescribeTables(names)),
                            "The tables there do not have such a key with the same actions.",
                            "ALTER TABLE ... ADD FOREIGN KEY ... at the destination, as the source has it.");
    return;
  }
  std::vector<std::string> lost;
  for (size_t i = 0; i < request.tables.size() && i < request.mappings.size(); ++i) {
    const model::Table& table = *request.tables[i];
    const ForeignTable here(table, *request.mappings[i], *request.names, check.connection().version());
    for (const model::ForeignKey& key : table.foreign_keys) {
      const bool is_lost = std::any_of(key.columns.begin(), key.columns.end(), [&](uint32_t index) {
        const model::Column& column = table.columns[index];
        return column.generated != model::Generated::kNo && here.NameOf(column).empty();
      });
      if (connector::ActsOnRows(key) && is_lost) lost.push_back(table.name.Text() + "." + key.name);
    }
  }
  connector::FailCascades(check, lost, "A column of the key is a generated one that cannot be made here.",
                          "Leave the tables out, or make them yourself and leave `schema` out.");
}

// Tables and indexes of a schema share their names, and so do tables and types.
void CheckCollisions(Precheck& check) {
  const connector::PrecheckRequest& request = check.request();
  if (request.names == nullptr) return;
  std::map<model::ObjectName, std::string> relations;
  std::map<model::ObjectName, std::string> types;
  std::vector<std::string> twice;
  const auto take = [&](std::map<model::ObjectName, std::string>& names, const model::ObjectName& name,
                        const std::string& what) {
    const auto [at, is_new] = names.emplace(name, what);
    if (!is_new) twice.push_back(fmt::format("{} ({} and {})", name.Text(), at->second, what));
  };
  for (const model::TableMappingPtr& mapping : request.mappings) {
    take(relations, mapping->destination, "table " + mapping->source.Text());
    take(types, mapping->destination, "table " + mapping->source.Text());
  }
  for (size_t i = 0; i < request.tables.size() && i < request.mappings.size(); ++i) {
    const model::TableMapping& mapping = *request.mappings[i];
    ForeignTable here(*request.tables[i], mapping, *request.names, check.connection().version());
    const std::string of = " of table " + mapping.source.Text();
    for (const model::ObjectName& type : here.EnumTypes()) take(types, type, "an ENUM's type" + of);
    for (const ForeignIndex& index : here.Indexes()) {
      const std::string& name = request.tables[i]->keys[index.origin].name;
      take(relations, {mapping.destination.database, index.name}, "index " + name + of);
    }
  }
  if (twice.empty()) return;
  check.Fail("foreign_names", "Every table, index and type has a name of its own here", connector::Listed(twice),
             "Here an index is called <table>_<index>_idx or _key, and the type of an ENUM <table>_<column>; tables, "
             "indexes and types of a schema must not have the same names.",
             "Give one of the tables another name: `rename` in the task file.");
}

}  // namespace

// The source's log does not have what its foreign keys do, so those here have to act, and with them the tables'
// triggers.
void CheckForeignTriggers(Precheck& check) {
  CheckCascades(check);
  constexpr const char* kTitle = "No trigger acts on the changes that Sluice applies";
  std::vector<std::string> tables;
  const std::string sql = fmt::format(
      "SELECT DISTINCT quote_ident(s.schema) || '.' || quote_ident(s.name) FROM {} JOIN pg_namespace n ON n.nspname = "
      "s.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.name WHERE EXISTS (SELECT FROM pg_trigger "
      "t "
      "WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')) ORDER BY 1",
      check.TablesValues(false));
  for (const TextRow& row : check.connection().Query(sql)) {
    tables.push_back(row[0].value_or(""));
  }
  if (tables.empty() || !check.types().incremental) {
    check.Pass("triggers", kTitle);
    return;
  }
  std::string remedy;
  for (const std::string& table : tables) remedy += fmt::format("ALTER TABLE {} DISABLE TRIGGER USER; ", table);
  check.Fail("triggers", kTitle, connector::Listed(tables),
             "Foreign keys have to act here for what the source's did, which is not in its log; then the tables' own "
             "triggers act too, once more on what the log already holds.",
             remedy + "until the switch-over.");
}

void CheckForeignTables(Precheck& check) {
  constexpr const char* kTitle = "Every column has a type here";
  bool all = true;
  for (size_t i = 0; i < check.request().tables.size() && i < check.request().mappings.size(); ++i) {
    const model::Table& table = *check.request().tables[i];
    for (const std::string& why : WhyNotHere(table, *check.request().mappings[i])) {
      all = false;
      check.Fail("foreign_types", kTitle, "table " + table.name.Text(), why,
                 "Leave the column out (columns: {exclude: [..]}), or make the table yourself and leave `schema` out.");
    }
  }
  if (all) check.Pass("foreign_types", kTitle);
  CheckCollisions(check);
  check.WarnOfForeignObjects(check.request().objects);
}

}  // namespace sluice::postgresql
