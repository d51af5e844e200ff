// What every command of a task needs: its spec, the selection made of it, and the two halves of the pair.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "connector/connector.h"
#include "selection/selection.h"
#include "task/task.h"
#include "task/task_file.h"

namespace sluice::task {

// The selection, less what the user left out on the way ("skip"). Immutable, safe from any thread.
class TaskNames : public model::NameMap {
 public:
  TaskNames(const selection::Selection& selection, std::set<model::ObjectName> skipped)
      : selection_(selection), skipped_(std::move(skipped)) {}

  model::ObjectName Map(const model::ObjectName& source) const override { return selection_.Map(source); }
  std::string MapDatabase(const std::string& source) const override { return selection_.MapDatabase(source); }
  std::string MapColumn(const model::ObjectName& table, const std::string& column) const override {
    return selection_.MapColumn(table, column);
  }
  bool Selected(const model::ObjectName& source) const override {
    return !skipped_.contains(source) && selection_.Selected(source);
  }
  model::TableMappingPtr MapTable(const model::Table& table) const override {
    return skipped_.contains(table.name) ? nullptr : selection_.MapTable(table);
  }

 private:
  const selection::Selection& selection_;
  std::set<model::ObjectName> skipped_;
};

// The text of the store that says how a task ended for good.
inline constexpr const char* kEndedText = "ended";
inline constexpr const char* kStoppedForGood = "stopped";
inline constexpr const char* kSwitchedOver = "switched over";
inline constexpr const char* kReleased = "released";

// Throws kNoSuchTask.
store::TaskRecord MustFindTask(store::Store& store, const std::string& name, const std::string& state_directory);

// Throws kFrozenChanged where the task has begun with another file than this one.
void RefuseChangedFile(const store::TaskRecord& record, const TaskSpec& spec, const std::string& remedy);

struct Task::Context {
  explicit Context(TaskSpec task_spec);  // throws for rules that cannot be used and pairs that are not offered

  TaskSpec spec;
  std::unique_ptr<selection::Selection> selection;
  std::unique_ptr<connector::Source> source;
  std::unique_ptr<connector::Destination> destination;
  // The destination as a source: only to ask where a reverse task would begin; null where it cannot be one.
  std::unique_ptr<connector::Source> destination_log;

  bool SameServer(const connector::ServerInfo& source_server, const connector::ServerInfo& destination_server) const;
  // The two sides are of different engines: types and statements are translated, values go in their neutral form.
  bool BetweenEngines() const;
};

// What the selection means on the source as it is now.
struct Plan {
  std::vector<std::pair<std::string, std::string>> databases;  // source, destination
  std::vector<model::TablePtr> tables;
  std::vector<model::TableMappingPtr> mappings;  // beside `tables`
  std::vector<model::SchemaObject> objects;      // views, routines, triggers; empty without S
  std::vector<model::ObjectName> missing;        // named in the task file, not seen; of a database `name` is empty
  uint64_t bytes = 0;
};

std::string MissingText(const Task::Context& context, const model::ObjectName& name);  // "table shop.orders"

Plan MakePlan(Task::Context& context, std::stop_token stop);
// Of views, routines and the like, and of names that are the same as texts; those of tables are judged while the plan
// is made. Throws kNameCollision.
void RefuseCollisions(const Task::Context& context, const Plan& plan);
Error Collides(const std::string& one, const std::string& other, const std::string& destination);

// The same without describing tables: what is selected of what exists now.
struct SelectedObjects {
  std::vector<std::pair<std::string, std::string>> databases;  // source, destination
  std::vector<model::ObjectName> tables;
  std::vector<model::SchemaObject> objects;
  std::vector<model::ObjectName> missing;
};
SelectedObjects ListSelected(Task::Context& context, connector::Catalog& catalog);

// The plan and its precheck. A server that cannot be reached is a failed item of the report; the plan is then empty.
// `task`: its identifier, empty while it has none.
PrecheckReport PlanAndPrecheck(Task::Context& context, const std::string& task, bool resuming, Plan* plan,
                               std::stop_token stop);
std::string ToJson(const PrecheckReport& report);

}  // namespace sluice::task
