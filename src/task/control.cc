// What other processes ask of a task through the store: status, stop, and the fixing of failed objects.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "task/context.h"
#include "task/task.h"
#include "task/task_limits.h"

namespace sluice::task {
namespace {

using store::ObjectRecord;
using store::TableRecord;

Error NoSuchObject(const std::string& object) {
  return Error(kNoSuchObject)
      .Object(object)
      .Remedy("`sluice schema list` prints the labels; give one of them, or the name of the object as database.name.");
}

// Objects by label, or by the name at the destination when that names just failed ones.
std::vector<ObjectRecord> FindObjects(store::Store& store, const std::string& task, const std::string& object) {
  std::vector<ObjectRecord> found;
  for (ObjectRecord& record : store.Objects(task)) {
    if (record.label == object) return {std::move(record)};
    if (record.object == object && record.state != "done") found.push_back(std::move(record));
  }
  return found;
}

std::string SourceOf(const ObjectRecord& record) {
  const nlohmann::json source = nlohmann::json::parse(record.context).at("source");
  return source.at(0).get<std::string>() + "." + source.at(1).get<std::string>();
}

// The process that creates and copies keeps the states in its own memory and would write over what is said here.
void RefuseWhileCopied(store::Store& store, const store::TaskRecord& task, const std::string& object) {
  if (task.phase == "incremental" || !store.IsLocked(task.name)) return;
  throw Error(kWrongState)
      .Object(object)
      .Cause("a process works on the task just now")
      .Remedy(fmt::format("Stop it before (`sluice stop {0}`), and run the task again afterwards.", task.name));
}

// Source names of the tables whose creation is among these objects: without it their rows have nowhere to go.
std::set<std::string> TablesWithoutHome(const std::vector<ObjectRecord>& objects) {
  std::set<std::string> tables;
  for (const ObjectRecord& record : objects) {
    if (record.kind == "table" && record.stage == "before_load") tables.insert(SourceOf(record));
  }
  return tables;
}

}  // namespace

store::TaskRecord MustFindTask(store::Store& store, const std::string& name, const std::string& state_directory) {
  const auto record = store.FindTask(name);
  if (record) return *record;
  throw Error(kNoSuchTask)
      .Object("task " + name)
      .Cause("the state directory " + state_directory + " does not know it")
      .Remedy("Check --state, or start the task: sluice run TASK.yaml");
}

void RefuseChangedFile(const store::TaskRecord& record, const TaskSpec& spec, const std::string& remedy) {
  if (record.spec_hash.empty() || record.spec_hash == spec.frozen_hash) return;
  throw Error(kFrozenChanged)
      .Object("task " + record.name)
      .Cause("endpoints, types, objects or mapping of the task file are not those that the task was started with")
      .Remedy(remedy);
}

StatusReport Task::Status(const std::string& name, const std::string& state_directory) {
  const auto store = store::Store::Open(state_directory);
  StatusReport report;
  report.task = MustFindTask(*store, name, state_directory);
  report.running = store->IsLocked(name);
  report.progress_json = store->Text(name, "progress").value_or("{}");
  report.objects = store->Objects(name);
  report.tables = store->Tables(name);
  report.ended = store->Text(name, kEndedText).value_or("");
  if (report.ended.empty() && report.task.final_stop) report.ended = kStoppedForGood;
  report.limits = ReportLimits(*store, name);
  return report;
}

void Task::Stop(const std::string& name, const std::string& state_directory, bool final, Deadline deadline,
                std::stop_token stop) {
  const auto store = store::Store::Open(state_directory);
  MustFindTask(*store, name, state_directory);
  if (store->IsLocked(name)) store->Request(name, "stop");
  for (Deadline again = Deadline::After(milliseconds(2000)); store->IsLocked(name);) {
    if (deadline.Passed()) {
      throw Error(kWrongState)
          .Object("task " + name)
          .Cause("the process that runs it did not stop in time")
          .Remedy(
              "Look at its terminal or log; as a last resort end it with SIGKILL: nothing is lost, `sluice run` goes "
              "on.");
    }
    // A process that is just starting drops what was asked before it: ask again.
    if (again.Passed()) {
      store->Request(name, "stop");
      again = Deadline::After(milliseconds(2000));
    }
    SleepFor(stop, milliseconds(50));
    ThrowIfStopped(stop);
  }
  if (!final) return;
  const auto lock = store->Lock(name);
  store::TaskRecord record = MustFindTask(*store, name, state_directory);
  // What is done stays done; what was on its way must not be taken for it.
  if (record.state != store::TaskState::kCompleted) store->SaveText(name, kEndedText, kStoppedForGood);
  record.final_stop = true;
  record.state = store::TaskState::kCompleted;
  store->SaveTask(record);
}

void Task::RetryObject(const std::string& name, const std::string& state_directory, const std::string& object,
                       const std::optional<std::string>& statement) {
  const auto store = store::Store::Open(state_directory);
  const store::TaskRecord task = MustFindTask(*store, name, state_directory);
  RefuseWhileCopied(*store, task, object);
  std::vector<ObjectRecord> found = FindObjects(*store, name, object);
  if (!found.empty()) {
    if (statement && found.size() > 1) throw NoSuchObject(object + " (several statements: name one by its label)");
    for (ObjectRecord& record : found) {
      if (record.state == "done") {
        throw Error(kWrongState)
            .Object(record.label)
            .Cause("it was created")
            .Remedy("Change it at the destination itself; only what has failed or was skipped is tried again.");
      }
      record.state = "pending";
      record.error.clear();
      if (statement) record.sql = *statement;
    }
    store->SaveObjects(name, found);
    return;
  }
  for (TableRecord& table : store->Tables(name)) {
    if (table.table != object) continue;
    table.state = "pending";
    table.error.clear();
    store->SaveTables(name, {table});
    return;
  }
  throw NoSuchObject(object);
}

void Task::SkipObject(const std::string& name, const std::string& state_directory, const std::string& object) {
  const auto store = store::Store::Open(state_directory);
  const store::TaskRecord task = MustFindTask(*store, name, state_directory);
  RefuseWhileCopied(*store, task, object);
  std::vector<ObjectRecord> found = FindObjects(*store, name, object);
  const std::set<std::string> tables = TablesWithoutHome(found);
  // Indexes and foreign keys of a table that is left out have nothing to stand on.
  for (ObjectRecord& record : store->Objects(name)) {
    if (record.state != "done" && tables.contains(SourceOf(record))) found.push_back(std::move(record));
  }
  for (ObjectRecord& record : found) record.state = "skipped";
  bool any = !found.empty();
  std::vector<TableRecord> skipped;
  for (TableRecord& table : store->Tables(name)) {
    if (table.table != object && !tables.contains(table.table)) continue;
    if (task.phase == "incremental") {
      throw Error(kWrongState)
          .Object("table " + table.table)
          .Cause("changes are followed already")
          .Remedy("Begin anew with `sluice run --restart` without the table in `objects`.");
    }
    table.state = "skipped";
    skipped.push_back(std::move(table));
    any = true;
  }
  if (!any) throw NoSuchObject(object);
  store->SaveObjects(name, found);
  store->SaveTables(name, skipped);
}

}  // namespace sluice::task
