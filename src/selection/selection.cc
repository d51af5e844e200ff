#include "selection/selection.h"

#include "selection/compiled.h"
#include "selection/rules.h"

namespace sluice::selection {

Selection::Selection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Selection::~Selection() = default;

Result<std::unique_ptr<Selection>> Selection::Make(Rules rules) {
  const std::vector<RuleProblem> problems = FindRuleProblems(rules);
  if (!problems.empty()) {
    std::string cause;
    for (const RuleProblem& problem : problems) {
      if (!cause.empty()) cause += "; ";
      cause += problem.Place() + ": " + problem.message;
    }
    return Error(kBadRule).Object(problems.front().Place()).Cause(std::move(cause));
  }
  if (rules.databases.empty()) {
    return Error(kNothingSelected)
        .Object("objects")
        .Cause("The list of databases is empty.")
        .Remedy("Name at least one database under `objects`.");
  }
  return std::unique_ptr<Selection>(new Selection(std::make_unique<State>(std::move(rules))));
}

std::string Selection::MapDatabase(const std::string& source) const {
  const CompiledDatabase* database = state_->FindDatabase(source);
  if (database == nullptr) return source;
  if (!database->rule->rename.empty()) return database->rule->rename;
  std::string name = source;
  for (const RenameRule& rule : state_->mapping) {
    if (rule.kind() == MappingRule::Kind::kDatabase && rule.Concerns(source, {})) name = rule.Apply(source, name);
  }
  return name;
}

model::ObjectName Selection::Map(const model::ObjectName& source) const {
  model::ObjectName mapped{MapDatabase(source.database), source.name};
  const CompiledDatabase* database = state_->FindDatabase(source.database);
  if (database == nullptr || !database->TableSelected(source.name)) return mapped;
  const CompiledTable* table = database->FindTable(source.name);
  if (table != nullptr && !table->rule->rename.empty()) {
    mapped.name = table->rule->rename;
    return mapped;
  }
  for (const RenameRule& rule : state_->mapping) {
    if (rule.kind() == MappingRule::Kind::kTable && rule.Concerns(source.database, source.name)) {
      mapped.name = rule.Apply(source.name, mapped.name);
    }
  }
  return mapped;
}

std::string Selection::MapColumn(const model::ObjectName& table, const std::string& column) const {
  const CompiledDatabase* database = state_->FindDatabase(table.database);
  if (database == nullptr || !database->TableSelected(table.name)) return column;
  if (const CompiledTable* rules = database->FindTable(table.name)) {
    if (const std::string* rename = rules->ColumnRename(column)) return *rename;
  }
  std::string name = column;
  for (const RenameRule& rule : state_->mapping) {
    if (rule.kind() == MappingRule::Kind::kColumn && rule.Concerns(table.database, table.name)) {
      name = rule.Apply(column, name);
    }
  }
  return name;
}

bool Selection::Selected(const model::ObjectName& source) const {
  const CompiledDatabase* database = state_->FindDatabase(source.database);
  return database != nullptr && database->TableSelected(source.name);
}

model::TableMappingPtr Selection::MapTable(const model::Table& table) const {
  if (!Selected(table.name)) return nullptr;
  const CompiledDatabase& database = *state_->FindDatabase(table.name.database);
  const CompiledTable* rules = database.FindTable(table.name.name);

  auto mapping = std::make_shared<model::TableMapping>();
  mapping->source = table.name;
  mapping->destination = Map(table.name);
  mapping->operations = database.rule->operations.value_or(DefaultOperations());
  if (rules != nullptr) {
    mapping->filter = rules->rule->filter;
    if (rules->rule->operations) mapping->operations = *rules->rule->operations;
  }
  for (const model::Column& column : table.columns) {
    if (rules != nullptr && rules->ColumnExcluded(column.name)) {
      mapping->excluded.insert(column.name);
    } else if (column.generated == model::Generated::kNo) {
      mapping->columns.push_back({column.name, MapColumn(table.name, column.name)});
    }
  }
  return mapping;
}

bool Selection::DatabaseSelected(const std::string& database) const {
  return state_->FindDatabase(database) != nullptr;
}

const DatabaseRule* Selection::RuleOf(const std::string& database) const {
  const CompiledDatabase* found = state_->FindDatabase(database);
  return found == nullptr ? nullptr : found->rule;
}

bool Selection::ObjectsSelected(const std::string& database) const {
  const CompiledDatabase* found = state_->FindDatabase(database);
  return found != nullptr && found->rule->objects && !found->rule->only_listed;
}

std::vector<std::string> Selection::NamedDatabases() const {
  std::vector<std::string> names;
  for (const CompiledDatabase& database : state_->databases) {
    if (database.database.IsName()) names.push_back(database.database.name());
  }
  return names;
}

std::vector<model::ObjectName> Selection::NamedTables() const {
  std::vector<model::ObjectName> names;
  for (const CompiledDatabase& database : state_->databases) {
    if (!database.database.IsName()) continue;
    for (const CompiledTable& table : database.tables) {
      if (table.table.IsName()) names.push_back({database.database.name(), table.table.name()});
    }
  }
  return names;
}

}  // namespace sluice::selection
