// The tables of a task as they are at the current place of the log, with what the lanes need to know of each.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "pipeline/apply.h"
#include "pipeline/apply_unit.h"

namespace sluice::pipeline {

// Used by the reader alone; the plans it hands out are read by the lanes and stay until the next Redefine(), which
// therefore may be called only while nothing is in flight.
class ApplyTables {
 public:
  ApplyTables(const ApplyRequest& request, std::vector<model::TablePtr> tables);

  // The plan for changes of this description; null when the table is not carried.
  const TablePlan* PlanFor(const model::TablePtr& table);

  model::TablePtr Find(const model::ObjectName& name) const;
  std::vector<model::TablePtr> All() const;

  struct Redefinition {
    model::ObjectName name;
    model::TablePtr table;    // null: gone
    std::string skipped_ddl;  // the statement, when it was not carried
  };
  void Redefine(const std::vector<Redefinition>& changes);

  // A table that appeared and is not followed, because its creation is not carried.
  void Ignore(const model::ObjectName& name) { ignored_.insert(name); }
  bool Selected(const model::ObjectName& name) const;

 private:
  void Compile();
  std::unique_ptr<TablePlan> MakePlan(const model::TablePtr& table, TableKeys keys) const;

  const ApplyRequest& request_;
  std::map<model::ObjectName, model::TablePtr> tables_;
  std::map<model::ObjectName, model::TableMappingPtr> given_;  // of the request, until the table changes
  std::map<model::ObjectName, std::string> skipped_ddl_;
  std::set<model::ObjectName> ignored_;
  std::unordered_map<const model::Table*, const TablePlan*> by_table_;
  std::vector<std::unique_ptr<TablePlan>> plans_;
  std::vector<std::unique_ptr<TablePlan>> retired_;  // replaced while units may still point to them
};

}  // namespace sluice::pipeline
