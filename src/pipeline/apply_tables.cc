#include "pipeline/apply_tables.h"

#include <algorithm>
#include <utility>

namespace sluice::pipeline {

using model::ObjectName;
using model::TablePtr;

ApplyTables::ApplyTables(const ApplyRequest& request, std::vector<TablePtr> tables) : request_(request) {
  for (size_t i = 0; i < request.tables.size() && i < request.mappings.size(); ++i) {
    // A mapping belongs to the description that it was made from.
    const bool unchanged = std::find(tables.begin(), tables.end(), request.tables[i]) != tables.end();
    if (unchanged) given_[request.tables[i]->name] = request.mappings[i];
  }
  for (TablePtr& table : tables) tables_[table->name] = std::move(table);
  Compile();
}

bool ApplyTables::Selected(const ObjectName& name) const {
  return !ignored_.contains(name) && request_.names->Selected(name);
}

TablePtr ApplyTables::Find(const ObjectName& name) const {
  const auto found = tables_.find(name);
  return found == tables_.end() ? nullptr : found->second;
}

std::vector<TablePtr> ApplyTables::All() const {
  std::vector<TablePtr> all;
  for (const auto& [name, table] : tables_) all.push_back(table);
  return all;
}

const TablePlan* ApplyTables::PlanFor(const TablePtr& table) {
  const auto found = by_table_.find(table.get());
  if (found != by_table_.end()) return found->second;
  if (!Selected(table->name)) return nullptr;
  // The stream made a description of its own: it is the one that its rows have.
  tables_[table->name] = table;
  given_.erase(table->name);
  std::move(plans_.begin(), plans_.end(), std::back_inserter(retired_));
  Compile();
  return by_table_[table.get()];
}

void ApplyTables::Redefine(const std::vector<Redefinition>& changes) {
  for (const Redefinition& change : changes) {
    given_.erase(change.name);
    if (change.table == nullptr || !Selected(change.name)) {
      tables_.erase(change.name);
      skipped_ddl_.erase(change.name);
      continue;
    }
    tables_[change.name] = change.table;
    if (!change.skipped_ddl.empty()) skipped_ddl_[change.name] = change.skipped_ddl;
  }
  retired_.clear();
  Compile();
}

void ApplyTables::Compile() {
  plans_.clear();
  by_table_.clear();
  std::map<ObjectName, TableKeys> keys = KeyCatalog::Compile(All());
  for (const auto& [name, table] : tables_) {
    auto plan = MakePlan(table, std::move(keys[name]));
    if (plan->mapping == nullptr) {
      by_table_[table.get()] = nullptr;
      continue;
    }
    by_table_[table.get()] = plan.get();
    plans_.push_back(std::move(plan));
  }
}

std::unique_ptr<TablePlan> ApplyTables::MakePlan(const TablePtr& table, TableKeys keys) const {
  auto plan = std::make_unique<TablePlan>();
  plan->table = table;
  const auto given = given_.find(table->name);
  plan->mapping = given != given_.end() ? given->second : request_.names->MapTable(*table);
  plan->keys = std::move(keys);
  if (const model::Key* key = table->IdentityKey()) {
    for (const model::KeyPart& part : key->parts) {
      plan->identity.push_back(part.column);
      plan->identity_has_prefix = plan->identity_has_prefix || part.prefix_length != 0;
    }
  }
  if (plan->mapping != nullptr) {
    const model::OperationFilter& operations = plan->mapping->operations;
    plan->lenient = !(operations.insert && operations.update && operations.remove);
    for (const model::Column& column : table->columns) {
      if (!plan->mapping->excluded.empty()) plan->excluded.push_back(plan->mapping->excluded.contains(column.name));
    }
  }
  const auto skipped = skipped_ddl_.find(table->name);
  if (skipped != skipped_ddl_.end()) plan->skipped_ddl = skipped->second;
  return plan;
}

}  // namespace sluice::pipeline
