// The precheck of a task: what both connectors find, plus what only the plan knows.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "task/context.h"

namespace sluice::task {
namespace {

using connector::PrecheckItem;
using connector::PrecheckStatus;

// A side that cannot be reached is one failed item, not the end of the report.
template <typename Check>
void Collect(PrecheckReport* report, const std::string& side, const Check& check) {
  try {
    for (PrecheckItem& item : check()) {
      if (item.side.empty()) item.side = side;
      report->items.push_back(std::move(item));
    }
  } catch (const Error& error) {
    if (error.info().code == kStopped.id) throw;
    report->connection_lost = report->connection_lost || error.info().retry == RetryClass::kReconnect;
    report->items.push_back({.id = "connection." + side,
                             .title = fmt::format("[{}] {}", error.info().code, error.info().title),
                             .side = side,
                             .status = PrecheckStatus::kFailed,
                             .object = error.info().object,
                             .cause = error.info().cause,
                             .remedy = error.info().remedy});
  }
}

PrecheckItem MissingItem(const std::string& what) {
  return {.id = "objects.exist",
          .title = "Objects named in the task file exist",
          .side = "source",
          .status = PrecheckStatus::kFailed,
          .object = what,
          .cause = "the task file names it, but the source does not have it (or the account may not see it)",
          .remedy = "Correct the name in `objects`. A right that the account lacks to see it is an item of its own."};
}

const char* Text(PrecheckStatus status) {
  switch (status) {
    case PrecheckStatus::kPassed:
      return "passed";
    case PrecheckStatus::kWarning:
      return "warning";
    case PrecheckStatus::kFailed:
      return "failed";
  }
  return "failed";
}

}  // namespace

bool PrecheckReport::Failed() const {
  return Count(PrecheckStatus::kFailed) > 0;
}

size_t PrecheckReport::Count(PrecheckStatus status) const {
  size_t count = 0;
  for (const PrecheckItem& item : items) count += item.status == status ? 1 : 0;
  return count;
}

namespace {

PrecheckReport RunPrecheck(Task::Context& context, const std::string& task, const Plan& plan, bool resuming,
                           std::stop_token stop) {
  PrecheckReport report;
  connector::PrecheckRequest request;
  request.task = task;
  request.types = context.spec.types;
  request.tables = plan.tables;
  request.mappings = plan.mappings;
  request.objects = plan.objects;
  request.missing = plan.missing;
  request.names = context.selection.get();
  for (const auto& [unused, destination] : plan.databases) request.destination_databases.push_back(destination);
  request.source_bytes = plan.bytes;
  request.resuming = resuming;

  bool both = true;
  const auto server = [&](const std::string& side, auto& half, connector::ServerInfo* info) {
    Collect(&report, side, [&]() -> std::vector<PrecheckItem> {
      *info = half.Server();
      return {{.id = "connection." + side,
               .title = fmt::format("Connected to {} {}", info->flavour, info->version_text),
               .side = side}};
    });
    both = both && !info->engine.empty();
  };
  server("source", *context.source, &request.source);
  server("destination", *context.destination, &request.destination);
  for (const model::ObjectName& name : plan.missing) report.items.push_back(MissingItem(MissingText(context, name)));
  if (plan.tables.empty() && plan.missing.empty()) {
    report.items.push_back({.id = "objects.any",
                            .title = "Something is selected",
                            .side = "source",
                            .status = PrecheckStatus::kFailed,
                            .cause = "no table of the source fits `objects`",
                            .remedy = "`sluice preview` shows what is selected; correct `objects`."});
  }
  if (!both) return report;
  request.same_server = context.SameServer(request.source, request.destination);
  Collect(&report, "source", [&] { return context.source->Precheck(request, {stop, "precheck"}); });
  Collect(&report, "destination", [&] { return context.destination->Precheck(request, {stop, "precheck"}); });
  return report;
}

}  // namespace

std::string ToJson(const PrecheckReport& report) {
  nlohmann::json items = nlohmann::json::array();
  for (const PrecheckItem& item : report.items) {
    items.push_back({{"id", item.id},
                     {"title", item.title},
                     {"side", item.side},
                     {"status", Text(item.status)},
                     {"object", item.object},
                     {"cause", item.cause},
                     {"remedy", item.remedy}});
  }
  return nlohmann::json({{"items", std::move(items)}, {"failed", report.Failed()}})
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

PrecheckReport PlanAndPrecheck(Task::Context& context, const std::string& task, bool resuming, Plan* plan,
                               std::stop_token stop) {
  try {
    *plan = MakePlan(context, stop);
    if (!resuming) RefuseCollisions(context, *plan);
  } catch (const Error& error) {
    // Rules that cannot be used are the task file's mistakes; anything else is the source's answer.
    if (error.info().code == kStopped.id || error.info().side.empty()) throw;
    PrecheckReport report;
    Collect(&report, "source", [&]() -> std::vector<PrecheckItem> { throw error; });
    Collect(&report, "destination", [&]() -> std::vector<PrecheckItem> {
      const connector::ServerInfo info = context.destination->Server();
      return {{.id = "connection.destination",
               .title = fmt::format("Connected to {} {}", info.flavour, info.version_text),
               .side = "destination"}};
    });
    return report;
  }
  return RunPrecheck(context, task, *plan, resuming, stop);
}

PrecheckReport Task::Precheck(std::stop_token stop, const std::string& state_directory) {
  bool resuming = false;
  std::string task;
  if (!state_directory.empty()) {
    const auto record = store::Store::Open(state_directory)->FindTask(context_->spec.name);
    resuming = record && !record->spec_hash.empty();
    if (record) task = record->id;
  }
  Plan plan;
  return PlanAndPrecheck(*context_, task, resuming, &plan, std::move(stop));
}

}  // namespace sluice::task
