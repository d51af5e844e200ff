// Mappings of tables that exist, and everything that only their descriptions can tell to be wrong.
#include <fmt/format.h>

#include <map>
#include <set>

#include "selection/compiled.h"
#include "selection/letters.h"
#include "selection/rules.h"
#include "selection/selection.h"
#include "selection/suggest.h"

namespace sluice::selection {
namespace {

Error BadRule(std::string object, std::string cause, std::string remedy) {
  return Error(kBadRule).Object(std::move(object)).Cause(std::move(cause)).Remedy(std::move(remedy));
}

std::vector<std::string> ColumnNames(const model::Table& table) {
  std::vector<std::string> names;
  for (const model::Column& column : table.columns) names.push_back(column.name);
  return names;
}

// A row is found again by its key at the destination too: none of its columns may be missing there.
void CheckKeyKept(const model::Table& table, const model::TableMapping& mapping) {
  const model::Key* key = table.IdentityKey();
  if (key == nullptr) return;
  for (const model::KeyPart& part : key->parts) {
    const std::string& column = table.columns[part.column].name;
    if (mapping.excluded.count(column) == 0) continue;
    throw BadRule(
        fmt::format("column {}.{}", table.name.Text(), column),
        fmt::format("The column is part of {}, which tells the rows apart, and cannot be left out.",
                    key->primary ? std::string("the primary key") : fmt::format("the unique key `{}`", key->name)),
        fmt::format("Take `{}` out of `columns: {{exclude: ...}}`, or add it to `include`.", column));
  }
}

void CheckColumnNames(const model::Table& table, const model::TableMapping& mapping, const Selection& selection,
                      bool ignore_case) {
  std::map<std::string, std::string> taken;  // destination name, in small letters where case is ignored -> source name
  for (const model::Column& column : table.columns) {
    if (mapping.excluded.count(column.name) != 0) continue;
    const std::string name = selection.MapColumn(table.name, column.name);
    const std::string object = fmt::format("column {}.{}", table.name.Text(), column.name);
    if (name.empty()) throw BadRule(object, "The rules leave an empty name.", "Correct the rule under `mapping`.");
    const auto [other, is_new] = taken.emplace(ignore_case ? ToLower(name) : name, column.name);
    if (!is_new) {
      throw Error(kNameCollision)
          .Object(fmt::format("columns {} and {} of table {}", other->second, column.name, table.name.Text()))
          .Cause(fmt::format("Both would be called `{}` at the destination{}.", name,
                             ignore_case ? "; names of columns ignore case" : ""))
          .Remedy("Give one of them another name under `columns: {rename: ...}`.");
    }
  }
  if (mapping.columns.empty()) {
    throw BadRule("table " + table.name.Text(), "Every column that holds data is left out.",
                  "Keep at least one column, or exclude the whole table.");
  }
}

// A column that a rule names is expected in the table of that name, or in one of the tables that a
// pattern fits.
class NamedColumns {
 public:
  void Expect(const CompiledTable& rules, const model::Table& table) {
    for (const std::vector<Pattern>* patterns : {&rules.exclude_columns, &rules.include_columns}) {
      for (const Pattern& pattern : *patterns) {
        if (pattern.IsName()) ExpectName(rules, table, pattern.name());
      }
    }
    for (const auto& [column, rename] : rules.rule->rename_columns) ExpectName(rules, table, column);
  }

  void ThrowIfMissing() const {
    for (const auto& [key, entry] : entries_) {
      if (entry.found) continue;
      throw BadRule(fmt::format("column {}.{}", entry.table, key.second),
                    fmt::format("The table has no such column{}", Suggestion(key.second, entry.columns)),
                    "Correct the name under `columns`; every name is as at the source.");
    }
  }

 private:
  struct Entry {
    bool found = false;
    std::string table;                 // the first table that the rule fits
    std::vector<std::string> columns;  // its columns
  };

  void ExpectName(const CompiledTable& rules, const model::Table& table, const std::string& name) {
    Entry& entry = entries_[{rules.rule, name}];
    if (entry.table.empty()) {
      entry.table = table.name.Text();
      entry.columns = ColumnNames(table);
    }
    for (const model::Column& column : table.columns) {
      const bool same =
          rules.letters == Pattern::Case::kIgnore ? EqualIgnoringCase(name, column.name) : name == column.name;
      entry.found = entry.found || same;
    }
  }

  std::map<std::pair<const TableRule*, std::string>, Entry> entries_;
};

void CheckTableNames(const std::vector<model::TableMappingPtr>& mappings, const NameRules& names) {
  std::map<model::ObjectName, model::ObjectName> taken;  // destination -> source
  for (const model::TableMappingPtr& mapping : mappings) {
    const std::string object = "table " + mapping->source.Text();
    if (mapping->destination.name.empty() || mapping->destination.database.empty()) {
      throw BadRule(object, "The rules leave an empty name.", "Correct the rule under `mapping`.");
    }
    if (names.IsReserved(mapping->destination.database)) {
      throw BadRule(object,
                    fmt::format("The rules put it into `{}`, which belongs to the server or to Sluice itself.",
                                mapping->destination.database),
                    fmt::format("Choose another name for the {}.", names.group));
    }
    const auto [other, is_new] = taken.emplace(mapping->destination, mapping->source);
    if (!is_new) {
      throw Error(kNameCollision)
          .Object(fmt::format("tables {} and {}", other->second.Text(), mapping->source.Text()))
          .Cause(fmt::format("Both would be called {} at the destination.", mapping->destination.Text()))
          .Remedy("Give one of them another name with `rename`, or leave it out with `exclude`.");
    }
  }
}

// A rule for the columns of one named table that is not there does nothing: most probably a
// misspelt name.
void CheckColumnRules(const std::vector<RenameRule>& rules, const std::vector<model::TableMappingPtr>& mappings) {
  for (const RenameRule& rule : rules) {
    if (rule.kind() != MappingRule::Kind::kColumn || !rule.database().IsName() || !rule.table().IsName()) continue;
    const model::ObjectName wanted{rule.database().name(), rule.table().name()};
    std::vector<std::string> names;
    bool found = false;
    for (const model::TableMappingPtr& mapping : mappings) {
      names.push_back(mapping->source.Text());
      found = found || mapping->source == wanted;
    }
    if (found) continue;
    throw BadRule("table " + wanted.Text(),
                  fmt::format("A rule under `mapping` renames columns of a table that is not selected or does not "
                              "exist{}",
                              Suggestion(wanted.Text(), names)),
                  "Correct `in` of that rule.");
  }
}

}  // namespace

Result<std::vector<model::TableMappingPtr>> MapTables(const Selection& selection,
                                                      const std::vector<model::TablePtr>& tables) {
  try {
    std::vector<model::TableMappingPtr> mappings;
    const NameRules& names = selection.state_->rules.names;
    NamedColumns named_columns;
    for (const model::TablePtr& table : tables) {
      model::TableMappingPtr mapping = selection.MapTable(*table);
      if (mapping == nullptr) continue;
      const CompiledDatabase* database = selection.state_->FindDatabase(table->name.database);
      const CompiledTable* rules = database->FindTable(table->name.name);
      if (rules != nullptr) named_columns.Expect(*rules, *table);
      mappings.push_back(std::move(mapping));
    }
    named_columns.ThrowIfMissing();
    size_t at = 0;
    for (const model::TablePtr& table : tables) {
      if (at == mappings.size() || mappings[at]->source != table->name) continue;
      CheckKeyKept(*table, *mappings[at]);
      CheckColumnNames(*table, *mappings[at], selection, names.destination_columns_ignore_case);
      ++at;
    }
    CheckTableNames(mappings, names);
    CheckColumnRules(selection.state_->mapping, mappings);
    return mappings;
  } catch (const Error& error) {
    return error;
  }
}

}  // namespace sluice::selection
