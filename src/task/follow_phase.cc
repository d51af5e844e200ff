#include "task/follow_phase.h"

#include <fmt/format.h>

namespace sluice::task {

pipeline::ApplyOutcome RunFollowPhase(Session& session, const std::vector<TaskTable>& tables, bool until_caught_up) {
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
  request.limits = session.limits();
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
  return pipeline::RunApply(request, session.stop());
}

}  // namespace sluice::task
