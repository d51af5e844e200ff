#include "selection/compiled.h"

#include <algorithm>

#include "selection/letters.h"
#include "selection/rules.h"

namespace sluice::selection {
namespace {

std::vector<Pattern> ColumnPatterns(const std::vector<std::string>& texts, Pattern::Case letters) {
  std::vector<Pattern> patterns;
  for (const std::string& text : texts) patterns.emplace_back(text, letters);
  return patterns;
}

bool AnyMatches(const std::vector<Pattern>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& pattern) { return pattern.Matches(name); });
}

CompiledDatabase CompileDatabase(const DatabaseRule& rule, Pattern::Case letters) {
  CompiledDatabase compiled{&rule, Pattern(rule.database), {}, {}, {}};
  for (const TableRule& table : rule.tables) {
    compiled.tables.push_back({&table, Pattern(table.table), letters, ColumnPatterns(table.exclude_columns, letters),
                               ColumnPatterns(table.include_columns, letters)});
    const Pattern& pattern = compiled.tables.back().table;
    if (pattern.IsName()) compiled.named_tables.emplace(pattern.name(), compiled.tables.size() - 1);
  }
  for (const std::string& excluded : rule.exclude_tables) compiled.exclude_tables.emplace_back(excluded);
  return compiled;
}

}  // namespace

bool CompiledTable::ColumnExcluded(std::string_view column) const {
  if (AnyMatches(exclude_columns, column)) return true;
  return !include_columns.empty() && !AnyMatches(include_columns, column);
}

const std::string* CompiledTable::ColumnRename(const std::string& column) const {
  const auto exact = rule->rename_columns.find(column);
  if (exact != rule->rename_columns.end()) return &exact->second;
  if (letters == Pattern::Case::kExact) return nullptr;
  for (const auto& [source, destination] : rule->rename_columns) {
    if (EqualIgnoringCase(source, column)) return &destination;
  }
  return nullptr;
}

const CompiledTable* CompiledDatabase::FindTable(const std::string& name) const {
  const auto named = named_tables.find(name);
  if (named != named_tables.end()) return &tables[named->second];
  for (const CompiledTable& compiled : tables) {
    if (!compiled.table.IsName() && compiled.table.Matches(name)) return &compiled;
  }
  return nullptr;
}

bool CompiledDatabase::TableSelected(const std::string& name) const {
  if (AnyMatches(exclude_tables, name)) return false;
  return !rule->only_listed || FindTable(name) != nullptr;
}

Selection::State::State(Rules wanted) : rules(std::move(wanted)) {
  const auto letters = rules.names.source_columns_ignore_case ? Pattern::Case::kIgnore : Pattern::Case::kExact;
  for (const DatabaseRule& rule : rules.databases) {
    databases.push_back(CompileDatabase(rule, letters));
    const Pattern& pattern = databases.back().database;
    if (pattern.IsName()) named_databases.emplace(pattern.name(), databases.size() - 1);
  }
  for (const MappingRule& rule : rules.mapping) mapping.emplace_back(rule);
}

const CompiledDatabase* Selection::State::FindDatabase(const std::string& name) const {
  if (rules.names.IsReserved(name)) return nullptr;
  const auto named = named_databases.find(name);
  if (named != named_databases.end()) return &databases[named->second];
  for (const CompiledDatabase& compiled : databases) {
    if (!compiled.database.IsName() && compiled.database.Matches(name)) return &compiled;
  }
  return nullptr;
}

}  // namespace sluice::selection
