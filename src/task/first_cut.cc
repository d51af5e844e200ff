// Protocol
//   1. List what is selected; what the plan does not know is described and added to it.
//   2. Open the snapshot.
//   3. List again. If it is what 1 listed, nothing was created or dropped around the cut; otherwise from 1 again.
// What 1 and 3 both list was created before the cut. What neither lists comes with the changes, if it comes.
#include "task/first_cut.h"

#include <algorithm>
#include <set>

#include "model/table_json.h"
#include "selection/selection.h"
#include "task/context.h"

namespace sluice::task {
namespace {

constexpr int kRounds = 20;

bool SameObjects(const SelectedObjects& a, const SelectedObjects& b) {
  return a.tables == b.tables && std::equal(a.objects.begin(), a.objects.end(), b.objects.begin(), b.objects.end(),
                                            [](const model::SchemaObject& x, const model::SchemaObject& y) {
                                              return x.kind == y.kind && x.name == y.name &&
                                                     x.create_statement == y.create_statement;
                                            });
}

// The rules are judged over all tables: names may collide, and a rule may be about a table that is known already.
std::vector<model::TableMappingPtr> MapNewTables(Task::Context& context, const std::vector<TaskTable>& known,
                                                 const std::vector<model::TablePtr>& created) {
  std::vector<model::TablePtr> all;
  for (const TaskTable& table : known) all.push_back(table.table);
  all.insert(all.end(), created.begin(), created.end());
  const auto mappings = selection::MapTables(*context.selection, all).ValueOrThrow();
  return {mappings.end() - static_cast<ptrdiff_t>(created.size()), mappings.end()};
}

void AddNewTables(Session& session, Plan& plan, std::vector<TaskTable>& tables) {
  std::vector<store::TableRecord> records;
  for (size_t i = 0; i < plan.tables.size(); ++i) {
    session.Say("table " + plan.tables[i]->name.Text() + " was created after the precheck: it is carried too");
    TaskTable table{plan.tables[i], plan.mappings[i], MakeTableRecord(*plan.tables[i], *plan.mappings[i])};
    records.push_back(table.record);
    tables.push_back(std::move(table));
  }
  session.store().SaveTables(session.record().name, records);
}

// What may come of a database, to be judged at the source.
connector::SelectedTables SelectedOf(const selection::Selection& selection, const std::string& database,
                                     const std::vector<TaskTable>& tables) {
  connector::SelectedTables selected{.database = database};
  const selection::DatabaseRule* rule = selection.RuleOf(database);
  if (rule == nullptr) return selected;
  selected.only_listed = rule->only_listed;
  for (const selection::TableRule& table : rule->tables) selected.listed.push_back(table.table);
  selected.excluded = rule->exclude_tables;
  for (const TaskTable& table : tables) {
    if (table.record.state != "skipped" || table.table->name.database != database) continue;
    std::string name;
    for (const char c : table.table->name.name) {
      if (c == '*' || c == '?' || c == '\\') name += '\\';
      name += c;
    }
    selected.excluded.push_back(std::move(name));
  }
  return selected;
}

// A table that is created later is judged by its schema's rule, which a table's own rule may differ from.
bool FollowsDdl(Task::Context& context, const std::vector<TaskTable>& tables) {
  if (!context.spec.types.incremental) return false;
  if (context.BetweenEngines()) return false;
  const bool any = std::any_of(tables.begin(), tables.end(),
                               [](const TaskTable& table) { return !table.mapping->operations.ddl.empty(); });
  return any || tables.empty();
}

}  // namespace

std::unique_ptr<connector::Snapshot> OpenFirstSnapshot(Session& session, SchemaPhase* schema,
                                                       std::vector<TaskTable>& tables) {
  Task::Context& context = session.context();
  auto catalog = context.source->OpenCatalog({session.stop(), "first cut"});
  SelectedObjects now = ListSelected(context, *catalog);
  for (int round = 0; round < kRounds; ++round) {
    std::set<model::ObjectName> known;
    for (const TaskTable& table : tables) known.insert(table.table->name);
    std::vector<model::ObjectName> created;
    std::copy_if(now.tables.begin(), now.tables.end(), std::back_inserter(created),
                 [&](const model::ObjectName& name) { return !known.contains(name); });
    Plan plan;
    plan.databases = now.databases;
    plan.tables = catalog->DescribeTables(created);
    if (!plan.tables.empty()) plan.mappings = MapNewTables(context, tables, plan.tables);
    plan.objects = now.objects;
    if (schema != nullptr) schema->Extend(plan);
    if (!plan.tables.empty()) AddNewTables(session, plan, tables);

    connector::SnapshotRequest request;
    request.task = session.task_id();
    request.readers = session.limits().readers;
    request.with_position = context.spec.types.incremental;
    request.with_ddl = FollowsDdl(context, tables);
    for (const auto& [database, unused] : now.databases) {
      request.selected.push_back(SelectedOf(*context.selection, database, tables));
    }
    for (const TaskTable& table : tables) {
      if (table.record.state == "skipped") continue;
      request.tables.push_back(table.table);
      request.mappings.push_back(table.mapping);
    }
    auto snapshot = context.source->OpenSnapshot(request, {session.stop(), "read"});
    SelectedObjects after = ListSelected(context, *catalog);
    if (SameObjects(now, after)) return snapshot;
    session.Say("objects were created or dropped at the source at this moment: taking the cut again");
    now = std::move(after);
  }
  throw Error(kTablesFailed)
      .Cause("tables or other objects of the selection are created and dropped all the time: no cut could be taken")
      .Remedy("Leave them out of `objects`, or stop creating tables for the moment in which the task starts.")
      .Side("source");
}

}  // namespace sluice::task
