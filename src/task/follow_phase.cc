#include "task/follow_phase.h"

#include <fmt/format.h>
#include <pthread.h>

#include <functional>
#include <thread>

namespace sluice::task {
namespace {

// Ends the apply when another number of writers is wanted than it was begun with, or when it is asked to end.
class WritersWatch {
 public:
  WritersWatch(Session& session, uint32_t writers, std::stop_token end)
      : by_session_(session.stop(), [this] { end_.request_stop(); }),
        by_caller_(std::move(end), [this] { end_.request_stop(); }),
        watch_([this, &session, writers](std::stop_token own) {
          pthread_setname_np(pthread_self(), "writers-watch");
          const auto differs = [&](const pipeline::Limits& now) { return now.writers != writers; };
          if (session.live_limits().WaitUntil(differs, std::move(own))) end_.request_stop();
        }) {}

  std::stop_token end() const { return end_.get_token(); }

 private:
  std::stop_source end_;
  std::stop_callback<std::function<void()>> by_session_;
  std::stop_callback<std::function<void()>> by_caller_;
  std::jthread watch_;
};

// From the stored progress, with the limits as they are now.
pipeline::ApplyOutcome RunWithLimits(Session& session, const std::vector<TaskTable>& tables, bool until_caught_up,
                                     const pipeline::Limits& limits, std::stop_token end) {
  Task::Context& context = session.context();
  std::set<model::ObjectName> skipped;
  pipeline::ApplyRequest request;
  for (const TaskTable& table : tables) {
    if (table.record.state == "skipped") {
      skipped.insert(table.table->name);
      continue;
    }
    request.tables.push_back(table.table);
    request.mappings.push_back(table.mapping);
  }
  const TaskNames names(*context.selection, std::move(skipped));
  session.Persist([&] {
    auto bookkeeping = context.destination->OpenBookkeeping({session.stop(), "bookkeeping"});
    bookkeeping->Prepare();
    request.start = pipeline::JoinProgress(bookkeeping->LoadProgress(session.task_id()));
    request.source_server = context.source->Server();
    request.neutral = context.BetweenEngines();
  });
  if (request.start.low.empty()) {
    throw Error(kWrongState)
        .Object("task " + session.record().name)
        .Cause("the destination's database `sluice` no longer holds this task's checkpoint")
        .Remedy(
            "It was removed or another server answers at the destination's address. Restore it, or begin anew with "
            "`sluice run --restart`.")
        .Side("destination");
  }
  request.task = session.task_id();
  request.source = context.source.get();
  request.destination = context.destination.get();
  request.names = &names;
  request.windows = MakeWindows(tables);
  request.limits = limits;
  request.rate = &session.rate();
  request.progress = &session.live().progress;
  request.stop_when_caught_up = until_caught_up;
  request.not_delayed_within = context.spec.not_delayed_within;
  request.give_up = context.spec.give_up;
  request.on_retry = [&](const ErrorInfo& error, milliseconds pause) { session.SayRetry(error, pause); };
  request.on_ddl_skipped = [&](const model::DdlChange& ddl, const std::string& why) {
    session.Say(fmt::format("not carried ({}): {}", why, ddl.statement.substr(0, 300)));
  };
  request.on_ddl_applied = [&](const model::DdlChange&, const std::vector<std::string>& statements) {
    for (const std::string& statement : statements) session.Say("applied: " + statement.substr(0, 300));
  };
  request.on_notice = [&](const std::string& line) { session.Say(line); };
  return pipeline::RunApply(request, std::move(end));
}

}  // namespace

// The lanes cannot be changed under way, since who waits for whom depends on them: they end as at a stop, with what is
// in flight committed, and begin again from the stored progress. It costs a moment of delay and no change.
pipeline::ApplyOutcome RunFollowPhase(Session& session, const std::vector<TaskTable>& tables, bool until_caught_up,
                                      std::stop_token end) {
  for (;;) {
    const pipeline::Limits limits = session.limits();
    const WritersWatch watch(session, limits.writers, end);
    pipeline::ApplyOutcome outcome = RunWithLimits(session, tables, until_caught_up, limits, watch.end());
    session.live().progress.applied_position.Set(outcome.position.json);
    const bool asked_to_end = session.stop().stop_requested() || end.stop_requested();
    if (outcome.caught_up || asked_to_end || !watch.end().stop_requested()) return outcome;
    session.Say(fmt::format("following changes with {} writer(s) from now on", session.limits().writers));
  }
}

}  // namespace sluice::task
