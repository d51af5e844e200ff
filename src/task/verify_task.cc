// The comparison of a task's tables at both sides.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "task/context.h"
#include "task/load_phase.h"
#include "task/task_limits.h"

namespace sluice::task {
namespace {

using pipeline::VerifyPair;

// Columns in the same order at both sides, those of the row's key first.
VerifyPair MakePair(const model::TablePtr& source, const model::TablePtr& destination,
                    const model::TableMappingPtr& mapping) {
  VerifyPair pair;
  pair.mapping = mapping;
  pair.source.table = source;
  pair.source.filter = mapping->filter;
  pair.destination.table = destination;
  std::vector<std::pair<uint32_t, uint32_t>> columns;  // source, destination
  for (const model::ColumnMapping& column : mapping->columns) {
    const auto from = source->FindColumn(column.source);
    const auto to = destination->FindColumn(column.destination);
    if (!from || !to) {
      throw Error(kWrongState)
          .Object("table " + destination->name.Text())
          .Cause(fmt::format("column {} is not there", from ? column.destination : column.source))
          .Remedy("Let the task carry the change of the table first, or compare after it has caught up.")
          .Side(from ? "destination" : "source");
    }
    columns.emplace_back(*from, *to);
  }
  std::vector<std::pair<uint32_t, uint32_t>> ordered;
  if (const model::Key* key = source->CommittedKey()) {
    for (const model::KeyPart& part : key->parts) {
      for (const auto& column : columns) {
        if (column.first == part.column) ordered.push_back(column);
      }
    }
    // A key of which a column is not carried does not identify a row at the destination.
    if (ordered.size() != key->parts.size()) ordered.clear();
  }
  pair.source.key_columns = pair.destination.key_columns = ordered.size();
  for (const auto& column : columns) {
    if (std::find(ordered.begin(), ordered.end(), column) == ordered.end()) ordered.push_back(column);
  }
  for (const auto& [from, to] : ordered) {
    pair.source.columns.push_back(from);
    pair.destination.columns.push_back(to);
  }
  return pair;
}

// The statements that would mend the destination, written as differences are found.
class RepairFile {
 public:
  RepairFile(const std::string& path, const std::string& task, bool changes_wait)
      : path_(path), out_(path, std::ios::trunc) {
    out_ << "-- What would make the destination of task " << task << " equal to its source.\n";
    if (changes_wait) {
      out_ << "-- No process applied the task's changes: what they are about is among it, and does not fit once it was "
              "run here.\n";
    }
    Check();
  }
  void Add(const pipeline::Difference& difference) {
    out_ << difference.repair << '\n';
    Check();
  }
  // What is buffered may not fit any more.
  void Close() {
    out_.close();
    Check();
  }

 private:
  void Check() {
    if (out_) return;
    throw Error(store::kStoreFailed).Object(path_).Cause("the file cannot be written").Remedy("Give another file.");
  }
  std::string path_;
  std::ofstream out_;
};

// What the task's process wrote last: it is at least as far.
pipeline::Applying AskApplying(store::Store& store, const Task::Context& context) {
  pipeline::Applying now;
  if (!store.IsLocked(context.spec.name)) return now;
  const std::string text = store.Text(context.spec.name, "progress").value_or("");
  const nlohmann::json progress = nlohmann::json::parse(text, nullptr, false);
  if (!progress.is_object()) return now;
  now.runs = progress.value("phase", "") == "incremental";
  const auto position = progress.find("position");
  if (position != progress.end() && !position->is_null()) now.applied = {context.spec.source.engine, position->dump()};
  return now;
}

std::map<model::ObjectName, model::TablePtr> Describe(connector::Catalog& catalog,
                                                      const std::vector<model::ObjectName>& names) {
  std::map<model::ObjectName, model::TablePtr> tables;
  for (const model::TablePtr& table : catalog.DescribeTables(names)) tables[table->name] = table;
  return tables;
}

// Tables that the task has copied, that its source has no longer, and that still stand at the destination although a
// DROP TABLE is carried: their rows are compared with nothing. What became a partition is compared with its root.
std::vector<pipeline::VerifyTableResult> LeftBehind(const Task::Context& context,
                                                    std::vector<model::TableMappingPtr> copied, const Plan& plan,
                                                    connector::Catalog& catalog, const std::stop_token& stop) {
  std::set<model::ObjectName> sources;
  std::set<model::ObjectName> destinations;
  for (const model::TableMappingPtr& mapping : plan.mappings) {
    sources.insert(mapping->source);
    destinations.insert(mapping->destination);
  }
  std::erase_if(copied, [&](const model::TableMappingPtr& mapping) {
    const bool is_kept =
        context.spec.types.incremental && !mapping->operations.ddl.contains(model::DdlKind::kDropTable);
    return is_kept || sources.contains(mapping->source) || destinations.contains(mapping->destination) ||
           !context.selection->Selected(mapping->source);
  });
  std::vector<pipeline::VerifyTableResult> results;
  if (copied.empty()) return results;
  std::vector<model::ObjectName> old_names;
  std::vector<model::ObjectName> names;
  for (const model::TableMappingPtr& mapping : copied) {
    old_names.push_back(mapping->source);
    names.push_back(mapping->destination);
  }
  const auto at_source = Describe(*context.source->OpenCatalog({stop, "verify"}), old_names);
  const auto there = Describe(catalog, names);
  for (const model::TableMappingPtr& mapping : copied) {
    if (at_source.contains(mapping->source) || !there.contains(mapping->destination)) continue;
    results.push_back({mapping->source, mapping->destination});
    results.back().error =
        Error(kWrongState)
            .Object("table " + mapping->source.Text())
            .Cause("it is not there any more, and the destination still has " + mapping->destination.Text())
            .Remedy(
                "Let the task apply what its log has (`sluice run`). If the database was dropped, or the task has "
                "ended, drop the table at the destination yourself.")
            .Side("source")
            .info();
  }
  return results;
}

}  // namespace

VerifyReport Task::Verify(const VerifyOptions& options, std::stop_token stop) {
  pipeline::VerifyRequest request;
  std::vector<pipeline::VerifyTableResult> unreadable;
  bool finished = false;
  pipeline::Limits limits = context_->spec.limits;
  std::set<model::ObjectName> skipped;
  std::vector<model::TableMappingPtr> copied;
  const auto store = store::Store::Open(options.state_directory);
  if (const auto record = store->FindTask(context_->spec.name)) {
    finished = record->state == store::TaskState::kCompleted;
    limits = LimitsInForce(*store, context_->spec.name, limits);
    for (const TaskTable& table : LoadTaskTables(*store, context_->spec.name)) {
      if (table.record.state == "skipped") skipped.insert(table.table->name);
      if (table.record.state == "loaded") copied.push_back(table.mapping);
    }
  }
  const Plan plan = MakePlan(*context_, stop);
  std::vector<model::ObjectName> names;
  for (const model::TableMappingPtr& mapping : plan.mappings) names.push_back(mapping->destination);
  auto catalog = context_->destination->OpenCatalog({stop, "verify"});
  const auto there = Describe(*catalog, names);
  for (size_t i = 0; i < plan.tables.size(); ++i) {
    if (skipped.contains(plan.tables[i]->name)) continue;
    pipeline::VerifyTableResult result{plan.mappings[i]->source, plan.mappings[i]->destination};
    try {
      const auto found = there.find(plan.mappings[i]->destination);
      if (found == there.end()) {
        throw Error(kWrongState)
            .Object("table " + plan.mappings[i]->destination.Text())
            .Cause("it does not exist")
            .Remedy("Run the task first.")
            .Side("destination");
      }
      request.tables.push_back(MakePair(plan.tables[i], found->second, plan.mappings[i]));
    } catch (const Error& error) {
      result.error = error.info();
      unreadable.push_back(std::move(result));
      if (options.on_table) options.on_table(unreadable.back());
    }
  }
  for (pipeline::VerifyTableResult& result : LeftBehind(*context_, std::move(copied), plan, *catalog, stop)) {
    unreadable.push_back(std::move(result));
    if (options.on_table) options.on_table(unreadable.back());
  }
  pipeline::Progress own;
  pipeline::RateLimiter rate(limits);
  request.source = context_->source.get();
  request.destination = context_->destination.get();
  request.limits = limits;
  request.rate = &rate;
  request.progress = options.live != nullptr ? &options.live->progress : &own;
  request.changes_flow = context_->spec.types.incremental && !finished;
  VerifyReport report;
  if (request.changes_flow) {
    const auto applying = [&] { return AskApplying(*store, *context_); };
    report.changes_wait = !applying().runs;
    if (!report.changes_wait) request.applying = applying;
  }
  request.on_table = options.on_table;
  std::unique_ptr<RepairFile> repair;
  if (!options.repair_sql.empty()) {
    repair = std::make_unique<RepairFile>(options.repair_sql, context_->spec.name, report.changes_wait);
    request.on_difference = [&](const VerifyPair&, const pipeline::Difference& difference) { repair->Add(difference); };
  }
  report.tables = pipeline::RunVerify(request, stop);
  if (repair != nullptr) repair->Close();
  report.tables.insert(report.tables.end(), unreadable.begin(), unreadable.end());
  return report;
}

}  // namespace sluice::task
