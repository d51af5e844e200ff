#include "task/foreign_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "connector/cascades.h"
#include "pipeline/ddl_barrier.h"

namespace sluice::task {
namespace {

// The tables with foreign keys as they are at the source by now, and their names at the destination.
connector::PrecheckRequest Referring(const std::vector<model::TablePtr>& now, const model::NameMap& names) {
  connector::PrecheckRequest request;
  request.names = &names;
  for (const model::TablePtr& table : now) {
    if (table->foreign_keys.empty()) continue;
    model::TableMappingPtr mapping = names.MapTable(*table);
    if (mapping == nullptr) continue;
    request.tables.push_back(table);
    request.mappings.push_back(std::move(mapping));
  }
  return request;
}

}  // namespace

bool SettleForeignKeys(Session& session) {
  Task::Context& context = session.context();
  if (!context.BetweenEngines()) return false;
  bool any = false;
  session.Persist([&] {
    any = pipeline::RunLater(*context.destination, session.task_id(), {session.stop(), "foreign keys"},
                             [&](const std::string& line) { session.Say(line); });
  });
  return any;
}

void SayMissingForeignKeys(Session& session, const std::vector<TaskTable>& tables) {
  Task::Context& context = session.context();
  // In tables of the user's own there are those that the user wants.
  if (!context.BetweenEngines() || !context.spec.types.schema) return;
  std::set<model::ObjectName> skipped;
  pipeline::ApplyRequest known;
  known.task = session.task_id();
  for (const TaskTable& table : tables) {
    if (table.record.state == "skipped") {
      skipped.insert(table.table->name);
    } else {
      known.tables.push_back(table.table);
    }
  }
  const TaskNames names(*context.selection, std::move(skipped));
  const connector::SessionContext reading{session.stop(), "foreign keys"};
  session.Persist([&] {
    std::set<model::ObjectName> ignored;
    const std::vector<model::TablePtr> now =
        pipeline::CurrentDefinitions(known, *context.destination->OpenBookkeeping(reading), ignored);
    const connector::PrecheckRequest request = Referring(now, names);
    std::vector<model::ObjectName> destinations;
    for (const model::TableMappingPtr& mapping : request.mappings) destinations.push_back(mapping->destination);
    const auto there = context.destination->OpenCatalog(reading)->DescribeTables(destinations);
    for (const connector::KeyMissing& missing : connector::KeysMissing(request, there)) {
      const model::ObjectName& referenced = missing.key->referenced;
      const bool has_parent =
          std::any_of(now.begin(), now.end(), [&](const model::TablePtr& table) { return table->name == referenced; });
      session.Say(fmt::format("not at the destination: foreign key {} of table {}, which refers to table {}{}",
                              missing.key->name, missing.table->name.Text(), referenced.Text(),
                              has_parent ? "" : ": that one is not there, at the source neither"));
    }
  });
}

}  // namespace sluice::task
