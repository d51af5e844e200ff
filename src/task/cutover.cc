// The switch-over, drained.
//
// Protocol
//  0. Refuse while views or routines are failed; nothing is touched then.
//  1. Ask the process that runs the task to stop, and take its place (the lock; at the destination: ownership.h).
//     Withdraw triggers of an earlier attempt, create objects that were retried.
//  2. Apply until not delayed. Have foreign keys checked that waited for rows, which may take its time, and tell which
//     are missing. Apply again where there were any, then tell the operator to stop writing to the source.
//  3. Apply again and again until no selected change has come for `quiet_for`, and no transaction that has written is
//     open: writes are stopped, and all are applied. Bring sequences to where they stand at the source.
//  4. Create the triggers: from now on they may fire, since Sluice applies nothing any more. Take the task over once
//     more: if another run had it meanwhile, this fails, and a copy of the state directory of before is refused from
//     now on.
//  5. Where a way back is wanted, its changes begin here: Sluice has written its last at the destination, the
//     application has not written yet. So the way back has all of the application's changes and none of ours, and
//     nothing goes round in a circle.
//  6. End the task for good, and remove what it kept at the source: a replication slot that nobody reads holds back the
//     source's log.
#include <fmt/format.h>
#include <pthread.h>

#include <set>
#include <thread>

#include "base/log.h"
#include "task/follow_phase.h"
#include "task/foreign_keys.h"
#include "task/load_phase.h"
#include "task/schema_phase.h"
#include "task/sequences.h"
#include "task/session.h"

namespace sluice::task {
namespace {

using connector::SchemaStage;

// A view or routine that is missing does not hold up the data, but the application would miss it. Triggers are created
// in the switch-over itself: one that failed is tried again there.
void RefuseFailedObjects(store::Store& store, const std::string& task) {
  std::string names;
  std::string commands;
  size_t failed = 0;
  for (const store::ObjectRecord& object : store.Objects(task)) {
    if (object.state != "failed" || object.stage == connector::Name(SchemaStage::kTriggers)) continue;
    ++failed;
    names += (names.empty() ? "" : ", ") + object.label;
    commands += fmt::format("\n  sluice schema retry {0} '{1}' [--statement FILE.sql]\n  sluice schema skip {0} '{1}'",
                            task, object.label);
  }
  if (failed == 0) return;
  throw Error(kObjectsInTheWay)
      .Object(names)
      .Cause(
          fmt::format("the destination refused {} statement(s) of the task; the application would miss what they make. "
                      "Nothing was stopped or changed",
                      failed))
      .Remedy(fmt::format("Mend the cause, or give another statement, or leave the object out; then cut over again:{}",
                          commands));
}

void RefuseWrongState(const store::TaskRecord& record) {
  if (record.phase == "incremental" && !record.final_stop) return;
  throw Error(kWrongState)
      .Object("task " + record.name)
      .Cause(fmt::format("it is {} in phase \"{}\"; only a task that follows changes can be switched over",
                         store::Name(record.state), record.phase))
      .Remedy("Let `sluice run` reach the incremental phase first.");
}

std::unique_ptr<Session> TakeOver(Task::Context& context, const CutoverOptions& options, Deadline deadline,
                                  std::stop_token stop) {
  const auto store = store::Store::Open(options.state_directory);
  const std::string& name = context.spec.name;
  const store::TaskRecord record = MustFindTask(*store, name, options.state_directory);
  RefuseWrongState(record);
  RefuseChangedFile(record, context.spec, "Put them back as they were, then switch over again. Nothing was stopped.");
  RefuseFailedObjects(*store, name);
  if (store->IsLocked(name)) Task::Stop(name, options.state_directory, false, deadline, stop);
  auto session = std::make_unique<Session>(context, options.state_directory, nullptr, options.say, std::move(stop));
  RefuseWrongState(session->record());  // another switch-over may have come to its end meanwhile
  return session;
}

// What was retried since the last run, before the application is asked to stop.
void CreateRetriedObjects(Session& session) {
  SchemaPhase schema(session, true);
  schema.WithdrawTriggers();
  schema.Execute(SchemaStage::kObjects, 1, session.stop());
  schema.ThrowIfFailed({SchemaStage::kObjects});
}

// What of the source has been seen while it was drained.
struct Seen {
  bool settled = false;  // foreign keys were
  bool told = false;     // the operator was asked to stop writing
  uint64_t rows = 0;
  Clock::time_point quiet_since{};
  bool nothing_open = false;  // since `quiet_since`
  std::vector<connector::OpenTransaction> open;
  std::vector<std::string> not_seen;  // said already
};

Error NotDrained(const std::string& task, const Seen& seen) {
  if (!seen.open.empty()) {
    std::string names;
    std::string ended;
    for (const connector::OpenTransaction& transaction : seen.open) {
      names += (names.empty() ? "" : ", ") + transaction.what;
      ended += "\n  " + transaction.ended;
    }
    return Error(kCutoverTimeout)
        .Object("task " + task)
        .Cause("at the source there are transactions that have written and not ended: " + names +
               ". What they have written is not in the log before they are committed, and would be missing")
        .Remedy("Have them ended, then run the switch-over again:" + ended)
        .Side("source");
  }
  if (!seen.told) {
    return Error(kCutoverTimeout)
        .Object("task " + task)
        .Cause("the destination did not catch up with the source in this time; nobody was asked to stop writing")
        .Remedy(
            "Let the task go on (sluice run TASK.yaml) until `sluice status` says that it is not delayed, then switch "
            "over. Or give it more time with --timeout.");
  }
  return Error(kCutoverTimeout)
      .Object("task " + task)
      .Cause("changes to selected tables still arrive from the source")
      .Remedy(
          "Stop the application, or make the source read-only (SET GLOBAL read_only = ON;), and run the "
          "switch-over again. Until then the task can go on: sluice run TASK.yaml")
      .Side("source");
}

// Nobody writes any more, but a transaction that was begun before may still be committed.
void LookForOpen(Session& session, const std::vector<std::string>& databases, Seen& seen) {
  const bool was_open = !seen.open.empty();
  try {
    connector::OpenTransactions now =
        session.context().source->OpenTransactionsIn(databases, {session.stop(), "switch-over"});
    seen.open = std::move(now.found);
    if (now.not_seen != seen.not_seen) {
      seen.not_seen = std::move(now.not_seen);
      for (const std::string& what : seen.not_seen) {
        session.Say("the account may not see at the source, and they are not waited for: " + what);
      }
    }
  } catch (const Error& error) {
    if (error.info().retry == RetryClass::kNever) throw;
    LogWarning("task", "looking for open transactions: " + error.info().OneLine());  // again in the next round
    return;
  }
  seen.nothing_open = seen.open.empty();
  if (seen.nothing_open || was_open) return;
  std::string names;
  for (const connector::OpenTransaction& transaction : seen.open)
    names += (names.empty() ? "" : ", ") + transaction.what;
  session.Say("waiting for transactions that have written at the source and not ended: " + names);
}

// Steps 2 and 3. Returns the position up to which the source is applied.
std::string Drain(Session& session, const std::vector<TaskTable>& tables, const CutoverOptions& options,
                  Deadline deadline) {
  const auto rows = [&] {
    const pipeline::Progress& progress = session.live().progress;
    return progress.inserts + progress.updates + progress.deletes + progress.ddl;
  };
  std::stop_source end;
  const std::jthread timer([&](std::stop_token own) {
    pthread_setname_np(pthread_self(), "timeout");
    while (!deadline.Passed() && SleepFor(own, deadline.Left())) continue;
    if (deadline.Passed()) end.request_stop();
  });
  std::set<std::string> databases;
  for (const TaskTable& table : tables) databases.insert(table.table->name.database);
  Seen seen;
  for (;;) {
    const pipeline::ApplyOutcome applied = RunFollowPhase(session, tables, true, end.get_token());
    ThrowIfStopped(session.stop());
    if (!applied.caught_up) throw NotDrained(session.record().name, seen);
    if (!seen.settled) {
      seen.settled = true;
      const bool took_time = SettleForeignKeys(session);
      SayMissingForeignKeys(session, tables);
      if (took_time) continue;
    }
    if (!seen.told)
      session.Say("not delayed; stop writing to the source now, Sluice waits until nothing comes any more");
    if (!seen.told || rows() != seen.rows) {
      seen.told = true;
      seen.rows = rows();
      seen.quiet_since = Clock::now();
      seen.nothing_open = false;
      seen.open.clear();
    }
    if (Clock::now() - seen.quiet_since >= options.quiet_for) {
      // What had not ended when it was looked for may have been committed since: applied once more after that.
      if (seen.nothing_open) return applied.position.json;
      LookForOpen(session, {databases.begin(), databases.end()}, seen);
    }
    if (deadline.Passed()) throw NotDrained(session.record().name, seen);
    SleepFor(session.stop(), milliseconds(200));
  }
}

// The switch-over is done by now: what cannot be removed is told, with the way to remove it later.
void RemoveFromSource(Session& session) {
  try {
    for (const std::string& what :
         session.context().source->ReleaseSource(session.task_id(), {session.stop(), "switch-over"})) {
      session.Say("removed at the source: " + what);
    }
  } catch (const Error& error) {
    session.Say("what the task kept at the source could not be removed; `sluice release` tries again: " +
                error.info().OneLine());
  }
}

}  // namespace

CutoverOutcome Task::Cutover(const CutoverOptions& options, std::stop_token stop) {
  const Deadline deadline = Deadline::After(options.timeout);
  const std::unique_ptr<Session> session = TakeOver(*context_, options, deadline, stop);
  CutoverOutcome outcome;
  bool beginning_reverse = false;  // its failure is not this task's
  try {
    session->StartSupervisor();
    session->live().phase = 3;
    session->SetState(store::TaskState::kMigrating, "incremental");
    session->Persist([&] { session->TakeOver(false); });
    const std::vector<TaskTable> tables = LoadTaskTables(session->store(), session->record().name);
    if (context_->spec.types.schema) CreateRetriedObjects(*session);
    outcome.source_position = Drain(*session, tables, options, deadline);
    session->record().position = outcome.source_position;
    CarrySequences(*session);
    if (context_->spec.types.schema) {
      SchemaPhase schema(*session, true);
      session->Say("creating triggers");
      schema.Execute(SchemaStage::kTriggers, 1, session->stop());
      schema.ThrowIfFailed({SchemaStage::kTriggers});
      for (const store::ObjectRecord& object : session->store().Objects(session->record().name)) {
        if (object.stage == connector::Name(SchemaStage::kTriggers) && object.state == "done") {
          outcome.triggers.push_back(object.label);
        }
      }
    }
    session->Persist([&] { session->TakeOver(false); });
    if (options.begin_reverse) {
      beginning_reverse = true;
      options.begin_reverse(session->stop());
      beginning_reverse = false;
    }
    if (context_->destination_log) {
      try {
        outcome.destination_position = context_->destination_log->CurrentPosition(session->stop()).json;
      } catch (const Error& error) {
        session->Say("the destination's own log position could not be read: " + error.info().OneLine());
      }
    }
    ThrowIfStopped(session->stop());
    session->store().SaveText(session->record().name, kEndedText, kSwitchedOver);
    session->record().final_stop = true;
    session->live().phase = 4;
    session->SetState(store::TaskState::kCompleted, "");
    RemoveFromSource(*session);
    return outcome;
  } catch (Error& error) {
    const std::string& code = error.info().code;
    if (beginning_reverse || code == kStopped.id || code == kCutoverTimeout.id || code == kRunElsewhere.id) {
      session->SetState(store::TaskState::kPaused, "incremental");
    } else {
      session->Fail(error);
    }
    throw;
  }
}

}  // namespace sluice::task
