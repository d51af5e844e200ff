// A task from where it stands to where it is wanted: precheck, schema, full load, changes.
#include <fmt/format.h>

#include "base/time.h"
#include "model/table_json.h"
#include "task/context.h"
#include "task/follow_phase.h"
#include "task/foreign_keys.h"
#include "task/load_phase.h"
#include "task/ownership.h"
#include "task/schema_phase.h"
#include "task/sequences.h"
#include "task/session.h"
#include "task/task_limits.h"

namespace sluice::task {
namespace {

using connector::SchemaStage;
using store::TaskState;

constexpr const char* kEndpointsText = "endpoints";  // of the store: the servers that the task has begun with

std::string EndpointsText(const TaskSpec& spec) {
  const auto text = [](const connector::Endpoint& at) {
    return fmt::format("{}:{}{}{}", at.host, at.port, at.database.empty() ? "" : "/", at.database);
  };
  return fmt::format("source {}, destination {}", text(spec.source), text(spec.destination));
}

class Runner {
 public:
  Runner(Task::Context& context, const RunOptions& options, std::stop_token stop)
      : options_(options), session_(context, options.state_directory, options.live, options.say, std::move(stop)) {}

  RunOutcome Run() {
    try {
      if (options_.restart) RefuseRestart();
      if (options_.restart) Restart();
      RefuseWrongState();
      if (session_.record().state == TaskState::kCompleted) return {.end = RunEnd::kAlreadyCompleted};
      session_.StartSupervisor();
      return Migrate();
    } catch (Error& error) {
      if (error.info().code == kStopped.id) return Stopped();
      // These leave the task as it was: nothing was tried.
      if (error.info().code == kTaskStopped.id || error.info().code == kFrozenChanged.id) throw;
      if (error.info().code == kPrecheckFailed.id) throw;
      if (error.info().code == kRunElsewhere.id) {
        if (session_.record().spec_hash.empty()) session_.SetState(TaskState::kDraft, "");
        throw;
      }
      session_.Fail(error);
      throw;
    }
  }

 private:
  const connector::MigrationTypes& types() { return session_.context().spec.types; }

  // What has ended for good never resumes: it could overwrite data that was written at the destination since.
  void RefuseWrongState() {
    const store::TaskRecord& record = session_.record();
    const std::string ended = session_.store().Text(record.name, kEndedText).value_or("");
    if (ended == kStoppedForGood || ended == kReleased ||
        (record.final_stop && record.state != TaskState::kCompleted)) {
      throw Error(kTaskStopped)
          .Object("task " + record.name)
          .Cause(fmt::format("it was {}: going on could overwrite what was written to the destination since",
                             ended == kReleased ? "released" : "stopped for good"))
          .Remedy(
              fmt::format("Give the task another name{} begin anew with `sluice run --restart TASK.yaml`. In either "
                          "case drop or rename what it has created at the destination before.",
                          ended == kReleased ? ", or" : ", or release it (`sluice release TASK.yaml`) and"));
    }
    RefuseChangedFile(record, session_.context().spec,
                      "Put them back, or begin anew with `sluice run --restart`, or give this task another `name`. "
                      "Passwords and limits may be changed.");
  }

  // Restart drops tables. Those of a task that has ended for good may be in use by now, and at another server there may
  // be tables of the same names that are not the task's.
  void RefuseRestart() {
    const store::TaskRecord& record = session_.record();
    const std::string ended = session_.store().Text(record.name, kEndedText).value_or("");
    if (ended == kReleased) return;
    const std::string begun = session_.store().Text(record.name, kEndpointsText).value_or("");
    const std::string now = EndpointsText(session_.context().spec);
    if (!record.spec_hash.empty() && !begun.empty() && begun != now) {
      throw Error(kFrozenChanged)
          .Object("task " + record.name)
          .Cause(fmt::format("it has begun with {}; the task file says {} now, where beginning anew could drop tables "
                             "that are not the task's",
                             begun, now))
          .Remedy(
              "Give the task another `name`. Or put the servers back, and run `sluice release TASK.yaml`, which "
              "removes what Sluice keeps there; then begin anew with the others.");
    }
    const bool writes_tables = types().schema || types().full;
    if (!record.final_stop || !writes_tables) return;
    throw Error(kTaskStopped)
        .Object("task " + record.name)
        .Cause(fmt::format("it was {}: beginning anew would drop its tables at the destination, which may be in use",
                           ended == kSwitchedOver ? "switched over" : "stopped for good"))
        .Remedy(
            "Run `sluice release TASK.yaml`, drop or rename the tables yourself, then `sluice run --restart "
            "TASK.yaml`. Or give the task another name.");
  }

  // Forgets what was done. What this task itself had created at the destination is dropped: it was not there before.
  void Restart() {
    store::TaskRecord& record = session_.record();
    const bool released = session_.store().Text(record.name, kEndedText).value_or("") == kReleased;
    // What a released task had created belongs to its user.
    if (!record.spec_hash.empty() && !released) {
      if (KeepsRecords()) session_.TakeOver(true);
      if (!session_.store().Objects(record.name).empty()) {
        session_.Say("beginning anew: dropping what the task had created at the destination");
        SchemaPhase(session_, true).DropCreated();
      }
      auto bookkeeping = session_.context().destination->OpenBookkeeping({session_.stop(), "bookkeeping"});
      bookkeeping->Prepare();
      bookkeeping->RemoveTask(record.id);
      for (const std::string& what :
           session_.context().source->ReleaseSource(record.id, {session_.stop(), "restart"})) {
        session_.Say("removed at the source: " + what);
      }
    }
    const std::string id = record.id;
    auto kept = LimitTexts(session_.store(), record.name);
    const auto owners = session_.store().Text(record.name, kOwnersText);
    if (owners && !released) kept.emplace_back(kOwnersText, *owners);
    session_.store().RemoveTask(record.name);
    for (const auto& [name, text] : kept) session_.store().SaveText(record.name, name, text);
    record = {};
    record.name = session_.context().spec.name;
    record.id = id;
    record.created_micros = NowMicros();
    session_.Save();
  }

  // A task of `schema` alone has no records at the destination, and no owner: statements that come twice are found
  // done.
  bool KeepsRecords() { return types().full || types().incremental; }

  RunOutcome Migrate() {
    const bool resumed = !session_.record().spec_hash.empty();
    if (!resumed) {
      BeginOrAgain();
    } else {
      if (KeepsRecords()) session_.Persist([&] { session_.TakeOver(false); });
      session_.Say("going on where the task was");
    }
    std::unique_ptr<SchemaPhase> schema;
    if (types().schema) schema = std::make_unique<SchemaPhase>(session_, resumed);
    if (schema) StartTables(*schema);
    std::vector<TaskTable> tables = LoadTaskTables(session_.store(), session_.record().name);
    if (types().full) {
      Load(schema.get(), tables);
    } else if (types().incremental) {
      BeginChanges(session_, tables);
    }
    if (options_.only_begin) return Prepared();
    if (schema) CreateLateObjects(*schema);
    if (types().full && !session_.stop().stop_requested()) CarrySequences(session_);
    if (types().incremental) return Follow(tables, schema.get());
    if (schema) schema->ThrowIfFailed({std::begin(connector::kSchemaStages), std::end(connector::kSchemaStages)});
    session_.live().phase = 4;
    session_.SetState(TaskState::kCompleted, "");
    return {.end = RunEnd::kCompleted, .position = "", .not_migrated = NotMigrated(tables, schema.get())};
  }

  // A connection that is lost on the way is opened anew; a server that cannot be reached at all is told soon.
  void BeginOrAgain() {
    constexpr int kAttempts = 3;
    constexpr milliseconds kPause{500};
    for (int attempt = 1;; ++attempt) {
      try {
        return Begin();
      } catch (const Error& error) {
        if (error.info().retry != RetryClass::kReconnect || attempt == kAttempts) throw;
        session_.Say(fmt::format("trying again: [{}] {}", error.info().code, error.info().title));
      }
      SleepFor(session_.stop(), kPause);
      ThrowIfStopped(session_.stop());
    }
  }

  // Plan, precheck, and what is decided is written down: from here on it is frozen.
  void Begin() {
    Task::Context& context = session_.context();
    session_.SetState(TaskState::kPrechecking, "precheck");
    Plan plan;
    const PrecheckReport report = PlanAndPrecheck(context, session_.task_id(), false, &plan, session_.stop());
    session_.store().SaveText(session_.record().name, "precheck", ToJson(report));
    if (report.Failed()) {
      session_.SetState(TaskState::kPrecheckFailed, "precheck");
      throw FailedPrecheck(report);
    }
    for (const connector::PrecheckItem& item : report.items) {
      if (item.status == connector::PrecheckStatus::kWarning) {
        session_.Say(
            fmt::format("warning: {}{}{}: {}", item.title, item.object.empty() ? "" : " ", item.object, item.cause));
      }
    }
    session_.Say(fmt::format("precheck passed: {} tables, {} other objects", plan.tables.size(), plan.objects.size()));
    if (KeepsRecords()) Own();
    // What an attempt that was interrupted before its end wrote down may be of another file.
    session_.store().RemovePlan(session_.record().name);
    session_.store().SaveText(session_.record().name, kEndpointsText, EndpointsText(context.spec));
    std::vector<store::TableRecord> records;
    for (size_t i = 0; i < plan.tables.size(); ++i) {
      records.push_back(MakeTableRecord(*plan.tables[i], *plan.mappings[i]));
    }
    session_.store().SaveTables(session_.record().name, records);
    if (types().schema) SchemaPhase(session_, false).Prepare(plan);
    session_.record().spec_hash = context.spec.frozen_hash;
    session_.SetState(TaskState::kMigrating, types().schema ? "schema" : types().full ? "full" : "incremental");
  }

  void Own() {
    session_.TakeOver(options_.restart);
    if (!options_.restart) return;
    // A copy of another state directory may not know what was done.
    auto bookkeeping = session_.context().destination->OpenBookkeeping({session_.stop(), "bookkeeping"});
    bookkeeping->RemoveTask(session_.task_id());
  }

  // Where `only_begin` ends: changes have their beginning, and wait.
  RunOutcome Prepared() {
    session_.SetState(TaskState::kPaused, "incremental");
    return {.end = RunEnd::kPrepared, .position = "", .not_migrated = {}};
  }

  static Error FailedPrecheck(const PrecheckReport& report) {
    std::string text;
    std::string remedies;
    for (const connector::PrecheckItem& item : report.items) {
      if (item.status != connector::PrecheckStatus::kFailed) continue;
      text += fmt::format("\n    {}: {}{}{}: {}", item.side, item.title, item.object.empty() ? "" : ": ", item.object,
                          item.cause);
      if (!item.remedy.empty()) text += "\n      mend: " + item.remedy;
    }
    return Error(kPrecheckFailed)
        .Cause(fmt::format("{} item(s) failed:{}", report.Count(connector::PrecheckStatus::kFailed), text))
        .Remedy("Mend them and run the task again; `sluice precheck` shows the whole report.")
        .Retry(report.connection_lost ? RetryClass::kReconnect : RetryClass::kNever);
  }

  void StartTables(SchemaPhase& schema) {
    session_.live().phase = 1;
    session_.SetState(TaskState::kMigrating, "schema");
    schema.StartTables(session_.limits().writers);
    if (types().full) return;  // which begins with the tables that stand
    schema.FinishTables();
    schema.ThrowIfFailed({SchemaStage::kTypes, SchemaStage::kBeforeLoad});
  }

  void Load(SchemaPhase* schema, std::vector<TaskTable>& tables) {
    session_.live().phase = 2;
    session_.SetState(TaskState::kMigrating, "full");
    RunLoadPhase(session_, schema, tables);
    if (schema == nullptr) return;
    schema->FinishTables();
    schema->ThrowIfFailed({SchemaStage::kTypes, SchemaStage::kBeforeLoad, SchemaStage::kIndexes});
  }

  // Foreign keys must stand before changes are followed: the destination carries out the cascades. Views and routines
  // that fail do not hold the data up; they are reported until they are mended or skipped.
  void CreateLateObjects(SchemaPhase& schema) {
    schema.Execute(SchemaStage::kForeignKeys, 1, session_.stop());
    schema.ThrowIfFailed({SchemaStage::kForeignKeys});
    schema.Execute(SchemaStage::kObjects, 1, session_.stop());
    if (!types().incremental) schema.Execute(SchemaStage::kTriggers, 1, session_.stop());
    for (const std::string& label : schema.FailedLabels()) {
      session_.Say("could not be created: " + label + " (see `sluice schema list`)");
    }
  }

  RunOutcome Follow(const std::vector<TaskTable>& tables, SchemaPhase* schema) {
    session_.live().phase = 3;
    session_.SetState(TaskState::kMigrating, "incremental");
    if (schema != nullptr) schema->WithdrawTriggers();
    session_.Say("following changes");
    const pipeline::ApplyOutcome applied = RunFollowPhase(session_, tables, options_.until_caught_up);
    if (applied.caught_up) SettleForeignKeys(session_);
    session_.record().position = applied.position.json;
    session_.SetState(TaskState::kPaused, "incremental");
    return {.end = applied.caught_up ? RunEnd::kCaughtUp : RunEnd::kStopped,
            .position = applied.position.json,
            .not_migrated = NotMigrated(tables, schema)};
  }

  static std::vector<std::string> NotMigrated(const std::vector<TaskTable>& tables, const SchemaPhase* schema) {
    std::vector<std::string> labels;
    if (schema != nullptr) {
      labels = schema->SkippedLabels();
      for (const std::string& label : schema->FailedLabels()) labels.push_back(label);
    }
    for (const TaskTable& table : tables) {
      if (table.record.state == "skipped") labels.push_back("rows of table " + table.table->name.Text());
    }
    return labels;
  }

  RunOutcome Stopped() {
    const bool begun = !session_.record().spec_hash.empty();
    session_.SetState(begun ? TaskState::kPaused : TaskState::kDraft, begun ? session_.record().phase : "");
    return {.end = RunEnd::kStopped, .position = session_.record().position, .not_migrated = {}};
  }

  const RunOptions& options_;
  Session session_;
};

}  // namespace

Task::Task(TaskSpec spec) : context_(std::make_unique<Context>(std::move(spec))) {}
Task::~Task() = default;

RunOutcome Task::Run(const RunOptions& options, std::stop_token stop) {
  return Runner(*context_, options, std::move(stop)).Run();
}

}  // namespace sluice::task
