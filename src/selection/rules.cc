#include "selection/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "selection/letters.h"
#include "selection/pattern.h"
#include "selection/rename_rule.h"

namespace sluice::selection {
namespace {

// Collects the problems of one entry of `objects`.
class DatabaseRuleCheck {
 public:
  DatabaseRuleCheck(const NameRules& names, const DatabaseRule& rule, size_t index, std::vector<RuleProblem>* problems)
      : names_(names), rule_(rule), index_(index), problems_(problems) {}

  void Run() {
    const Pattern database(rule_.database);
    if (rule_.database.empty()) Add(names_.group, fmt::format("the name of the {} is missing", names_.group));
    if (database.IsName() && names_.IsReserved(database.name())) {
      Add(names_.group,
          fmt::format("`{}` belongs to the server or to Sluice itself and is never migrated", database.name()));
    }
    if (names_.IsReserved(rule_.rename)) {
      Add("rename", fmt::format("`{}` belongs to the server or to Sluice itself", rule_.rename));
    }
    if (rule_.only_listed && rule_.tables.empty()) Add("tables", "an empty list selects nothing");
    std::set<std::string> seen;
    for (size_t i = 0; i < rule_.tables.size(); ++i) {
      table_ = static_cast<int>(i);
      CheckTable(rule_.tables[i], &seen);
    }
    table_ = -1;
  }

 private:
  void CheckTable(const TableRule& table, std::set<std::string>* seen) {
    const Pattern pattern(table.table);
    if (table.table.empty()) Add("table", "the name of the table is missing");
    if (!seen->insert(table.table).second) {
      Add("table", fmt::format("`{}` stands in this list twice", table.table));
    }
    if (!pattern.IsName() && !table.rename.empty()) {
      Add("rename", "several tables cannot get one name; use a rule under `mapping`");
    }
    if (pattern.IsName()) CheckExclusion(pattern);
    CheckColumns(table);
  }

  void CheckExclusion(const Pattern& table) {
    for (const std::string& excluded : rule_.exclude_tables) {
      if (Pattern(excluded).Matches(table.name())) {
        Add("table", fmt::format("`{}` is also left out, by `exclude: {}`", table.name(), excluded));
        return;
      }
    }
  }

  void CheckColumns(const TableRule& table) {
    if (!table.exclude_columns.empty() && !table.include_columns.empty()) {
      Add("columns", "give `include` or `exclude`, not both");
    }
    std::set<std::string> names;
    for (const auto& [source, rename] : table.rename_columns) {
      const std::string& column = source;  // clang 14 does not let a lambda capture a binding
      if (rename.empty()) Add("columns.rename", fmt::format("the new name of `{}` is missing", column));
      if (!names.insert(names_.source_columns_ignore_case ? ToLower(column) : column).second) {
        Add("columns.rename", fmt::format("`{}` is renamed twice; names of columns ignore case", column));
      }
      const bool left_out =
          std::any_of(table.exclude_columns.begin(), table.exclude_columns.end(), [&](const std::string& excluded) {
            const auto letters = names_.source_columns_ignore_case ? Pattern::Case::kIgnore : Pattern::Case::kExact;
            return Pattern(excluded, letters).Matches(column);
          });
      if (left_out) Add("columns.rename", fmt::format("`{}` is renamed and left out", column));
    }
  }

  void Add(std::string key, std::string message) {
    problems_->push_back({false, index_, table_, std::move(key), std::move(message)});
  }

  const NameRules& names_;
  const DatabaseRule& rule_;
  const size_t index_;
  std::vector<RuleProblem>* problems_;
  int table_ = -1;
};

}  // namespace

std::string RuleProblem::Place() const {
  std::string place = fmt::format("{}[{}]", in_mapping ? "mapping" : "objects", rule);
  if (table >= 0) place += fmt::format(".tables[{}]", table);
  return key.empty() ? place : place + "." + key;
}

std::vector<RuleProblem> FindRuleProblems(const Rules& rules) {
  std::vector<RuleProblem> problems;
  std::set<std::string> seen;
  for (size_t i = 0; i < rules.databases.size(); ++i) {
    const DatabaseRule& rule = rules.databases[i];
    DatabaseRuleCheck(rules.names, rule, i, &problems).Run();
    if (!rule.database.empty() && !seen.insert(rule.database).second) {
      problems.push_back(
          {false, i, -1, rules.names.group, fmt::format("`{}` stands in this list twice", rule.database)});
    }
  }
  for (size_t i = 0; i < rules.mapping.size(); ++i) {
    RenameProblem problem = FindRenameProblem(rules.mapping[i]);
    if (!problem.message.empty()) {
      problems.push_back({true, i, -1, std::move(problem.key), std::move(problem.message)});
    }
  }
  return problems;
}

bool NameRules::IsReserved(std::string_view group_name) const {
  return reserved.contains(LowerAscii(group_name));
}

model::OperationFilter DefaultOperations() {
  using model::DdlKind;
  model::OperationFilter operations;
  operations.ddl = {DdlKind::kAlterTable,      DdlKind::kAlterView,   DdlKind::kCreateFunction, DdlKind::kCreateIndex,
                    DdlKind::kCreateProcedure, DdlKind::kCreateTable, DdlKind::kCreateView,     DdlKind::kDropIndex,
                    DdlKind::kDropTable,       DdlKind::kRenameTable, DdlKind::kTruncateTable};
  return operations;
}

}  // namespace sluice::selection
