// The rules of a selection, ready for look-ups. Used inside this folder only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "selection/pattern.h"
#include "selection/rename_rule.h"
#include "selection/selection.h"

namespace sluice::selection {

struct CompiledTable {
  const TableRule* rule = nullptr;
  Pattern table;
  Pattern::Case letters = Pattern::Case::kIgnore;  // of columns
  std::vector<Pattern> exclude_columns;
  std::vector<Pattern> include_columns;

  // Left out by the user, by the names at the source.
  bool ColumnExcluded(std::string_view column) const;
  // The explicit new name; null when there is none. An exact match comes before one that ignores
  // case, where that is allowed.
  const std::string* ColumnRename(const std::string& column) const;
};

struct CompiledDatabase {
  const DatabaseRule* rule = nullptr;
  Pattern database;
  std::vector<CompiledTable> tables;
  std::unordered_map<std::string, size_t> named_tables;  // index into `tables` of rules without wildcards
  std::vector<Pattern> exclude_tables;

  // The rule for a table: by its very name, else the first pattern that fits. Null when there is
  // none.
  const CompiledTable* FindTable(const std::string& table) const;
  bool TableSelected(const std::string& table) const;
};

struct Selection::State {
  explicit State(Rules wanted);
  State(const State&) = delete;  // the compiled parts point into `rules`
  State& operator=(const State&) = delete;

  Rules rules;
  std::vector<CompiledDatabase> databases;
  std::unordered_map<std::string, size_t> named_databases;
  std::vector<RenameRule> mapping;

  // By its very name, else the first pattern that fits. Null when it is not selected at all.
  const CompiledDatabase* FindDatabase(const std::string& database) const;
};

}  // namespace sluice::selection
