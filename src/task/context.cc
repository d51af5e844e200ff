#include "task/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "connector/registry.h"

namespace sluice::task {

Task::Context::Context(TaskSpec task_spec) : spec(std::move(task_spec)) {
  const connector::Connector* from = connector::FindConnector(spec.source.engine);
  const connector::Connector* to = connector::FindConnector(spec.destination.engine);
  const connector::Pair* pair = connector::FindPair(spec.source.engine, spec.destination.engine);
  if (from == nullptr || to == nullptr || pair == nullptr || !from->make_source || !to->make_destination) {
    throw Error(kPairNotOffered)
        .Object(spec.source.engine + " to " + spec.destination.engine)
        .Cause("no such pair is offered")
        .Remedy("`sluice pairs` lists what is.");
  }
  selection = selection::Selection::Make(spec.rules).ValueOrThrow();
  spec.source.side = "source";
  spec.destination.side = "destination";
  source = from->make_source(spec.source);
  destination = to->make_destination(spec.destination);
  if (to->make_source) destination_log = to->make_source(spec.destination);
}

bool Task::Context::SameServer(const connector::ServerInfo& source_server,
                               const connector::ServerInfo& destination_server) const {
  return !source_server.identity.empty() && source_server.identity == destination_server.identity &&
         source_server.engine == destination_server.engine;
}

bool Task::Context::BetweenEngines() const {
  return spec.source.engine != spec.destination.engine;
}

namespace {

void CollectMissing(const selection::Selection& selection, const std::vector<std::string>& databases,
                    const std::set<model::ObjectName>& tables, std::vector<model::ObjectName>* missing) {
  for (const std::string& name : selection.NamedDatabases()) {
    if (std::find(databases.begin(), databases.end(), name) == databases.end()) missing->push_back({name, ""});
  }
  for (const model::ObjectName& name : selection.NamedTables()) {
    if (!tables.contains(name)) missing->push_back(name);
  }
}

}  // namespace

std::string MissingText(const Task::Context& context, const model::ObjectName& name) {
  if (name.name.empty()) return context.spec.rules.names.group + " " + name.database;
  return "table " + name.Text();
}

SelectedObjects ListSelected(Task::Context& context, connector::Catalog& catalog) {
  SelectedObjects selected;
  const selection::Selection& selection = *context.selection;
  const std::vector<std::string> databases = catalog.Databases();
  std::set<model::ObjectName> all_tables;
  for (const std::string& database : databases) {
    if (!selection.DatabaseSelected(database)) continue;
    selected.databases.emplace_back(database, selection.MapDatabase(database));
    for (const connector::TableSummary& table : catalog.ListTables(database)) {
      all_tables.insert(table.name);
      if (selection.Selected(table.name)) selected.tables.push_back(table.name);
    }
  }
  CollectMissing(selection, databases, all_tables, &selected.missing);
  if (!context.spec.types.schema) return selected;
  for (const auto& [database, unused] : selected.databases) {
    const bool whole = selection.ObjectsSelected(database);
    for (model::SchemaObject& object : catalog.ListObjects(database)) {
      // Triggers, rules and policies go with their tables; what tables may need goes with any of them.
      const bool of_table = !object.table.name.empty();
      if (of_table && !selection.Selected(object.table)) continue;
      if (!whole && !of_table && !object.before_tables) continue;
      // Views share their names with tables: what excludes a name excludes both.
      const bool view = object.kind == model::ObjectKind::kView || object.kind == model::ObjectKind::kMaterializedView;
      if (view && !selection.Selected(object.name)) continue;
      selected.objects.push_back(std::move(object));
    }
  }
  return selected;
}

Plan MakePlan(Task::Context& context, std::stop_token stop) {
  auto catalog = context.source->OpenCatalog({stop, "plan"});
  SelectedObjects selected = ListSelected(context, *catalog);
  Plan plan;
  plan.databases = std::move(selected.databases);
  plan.objects = std::move(selected.objects);
  plan.missing = std::move(selected.missing);
  plan.tables = catalog->DescribeTables(selected.tables);
  plan.mappings = selection::MapTables(*context.selection, plan.tables).ValueOrThrow();
  for (const model::TablePtr& table : plan.tables) plan.bytes += table->bytes_estimated;
  return plan;
}

Error Collides(const std::string& one, const std::string& other, const std::string& destination) {
  return Error(selection::kNameCollision)
      .Object(one + " and " + other)
      .Cause(fmt::format("Both would be called {} at the destination.", destination))
      .Remedy(
          "Give one of their databases another name with `rename`, leave one of them out with `exclude` or "
          "`views_and_routines: false`, or migrate them in two tasks.");
}

namespace {

// Records, labels and notes have names as texts.
void RefuseSameTexts(const std::vector<model::TableMappingPtr>& mappings) {
  std::map<std::string, const model::TableMapping*> by_source;
  std::map<std::string, const model::TableMapping*> by_destination;
  for (const model::TableMappingPtr& mapping : mappings) {
    const auto [same_source, is_new_source] = by_source.emplace(mapping->source.Text(), mapping.get());
    const auto [same_there, is_new_there] = by_destination.emplace(mapping->destination.Text(), mapping.get());
    if (is_new_source && is_new_there) continue;
    const model::TableMapping& other = is_new_source ? *same_there->second : *same_source->second;
    throw Error(selection::kNameCollision)
        .Object(fmt::format("tables `{}`.`{}` and `{}`.`{}`", other.source.database, other.source.name,
                            mapping->source.database, mapping->source.name))
        .Cause(fmt::format("The records of a task could not tell them apart: with their dots both are {}.",
                           is_new_source ? mapping->destination.Text() : mapping->source.Text()))
        .Remedy("Leave one of them out with `exclude`, and migrate it in a task of its own.");
  }
}

}  // namespace

// What belongs to a table has a name of its own where the engine gives tables such names: the statements tell that.
void RefuseCollisions(const Task::Context& context, const Plan& plan) {
  using model::ObjectKind;
  RefuseSameTexts(plan.mappings);
  if (context.BetweenEngines()) return;  // the others are not carried
  const auto is_relation = [](ObjectKind kind) {
    return kind == ObjectKind::kView || kind == ObjectKind::kMaterializedView || kind == ObjectKind::kSequence;
  };
  // Views share their names with tables. The kind or that they do, the name and the signature; then whose it is.
  std::map<std::tuple<ObjectKind, model::ObjectName, std::string>, std::string> taken;
  for (const model::TableMappingPtr& mapping : plan.mappings) {
    taken[{ObjectKind::kTable, mapping->destination, ""}] = "table " + mapping->source.Text();
  }
  for (const model::SchemaObject& object : plan.objects) {
    const bool is_of_table =
        object.kind == ObjectKind::kTrigger || object.kind == ObjectKind::kRule || object.kind == ObjectKind::kPolicy;
    if (is_of_table || object.kind == ObjectKind::kExtension) continue;
    const bool follows_tables = object.kind == ObjectKind::kView || object.kind == ObjectKind::kMaterializedView;
    const model::ObjectName destination =
        follows_tables ? context.selection->Map(object.name)
                       : model::ObjectName{context.selection->MapDatabase(object.name.database), object.name.name};
    const std::string title = fmt::format("{} {}", model::Name(object.kind), object.name.Text());
    const auto [other, is_new] = taken.emplace(
        std::tuple(is_relation(object.kind) ? ObjectKind::kTable : object.kind, destination, object.signature), title);
    if (!is_new && other->second != title) throw Collides(other->second, title, destination.Text());
  }
}

}  // namespace sluice::task
