// The end of a task with everything that Sluice keeps of it at both servers.
//
// Order: the task is stopped for good first, then what it has at the source and its records at the destination go, then
// the store says so. Whatever interrupts it, the task cannot go on without its records, and the command can be
// repeated. From an older copy of the state directory nothing is removed: another one may be at work with it.
#include "base/check.h"
#include "base/log.h"
#include "task/context.h"
#include "task/ownership.h"

namespace sluice::task {

std::vector<std::string> Task::ReleaseSource(const std::string& state_directory, std::stop_token stop) {
  const auto store = store::Store::Open(state_directory);
  const store::TaskRecord record = MustFindTask(*store, context_->spec.name, state_directory);
  Check(record.final_stop, "a task that has ended for good");
  RefuseChangedFile(record, context_->spec, "Put them back as they were, since the source may be another server.");
  try {
    RefuseForeign(*store, record, *context_->destination->OpenBookkeeping({stop, "release"}));
  } catch (const Error& error) {
    if (error.info().code == kRunElsewhere.id || error.info().code == kStopped.id) throw;
    LogWarning("task", "asking the destination who owns the task: " + error.info().OneLine());  // it may be gone
  }
  return context_->source->ReleaseSource(record.id, {std::move(stop), "release"});
}

ReleaseOutcome Task::Release(const ReleaseOptions& options, std::stop_token stop) {
  const std::string& name = context_->spec.name;
  const auto store = store::Store::Open(options.state_directory);
  const store::TaskRecord before = MustFindTask(*store, name, options.state_directory);
  RefuseChangedFile(before, context_->spec,
                    "Put them back as they were, since the destination may be another server; then release the task.");
  RefuseForeign(*store, before, *context_->destination->OpenBookkeeping({stop, "bookkeeping"}));
  ReleaseOutcome outcome;
  outcome.was_running = store->IsLocked(name);
  Stop(name, options.state_directory, true, Deadline::After(options.timeout), stop);
  const auto lock = store->Lock(name);
  outcome.source_objects = context_->source->ReleaseSource(before.id, {stop, "release"});
  const connector::Bookkeeping::Released released =
      context_->destination->OpenBookkeeping({stop, "bookkeeping"})->Release(before.id);
  outcome.records = released.chunks + released.progress + released.notes;
  outcome.database_removed = released.database;
  outcome.other_tasks = released.others;
  outcome.foreign_tables = released.foreign;
  store->SaveText(name, kEndedText, kReleased);
  for (const store::ObjectRecord& object : store->Objects(name)) outcome.objects_left += object.state == "done" ? 1 : 0;
  return outcome;
}

}  // namespace sluice::task
