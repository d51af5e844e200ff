// Commands that speak to the process that runs a task, or that end the task: `stop`, `limits`, `release`.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/format.h"
#include "cli/json_text.h"
#include "cli/report_text.h"
#include "cli/reporter.h"
#include "cli/task_reference.h"
#include "connector/registry.h"

namespace sluice::cli {

using Json = nlohmann::ordered_json;

namespace {

// Of a task that is stopped for good. With its name alone nobody knows where the source is; `release` does it later.
std::vector<std::string> ReleaseSource(const CommandContext& context) {
  const std::string& operand = context.invocation.operands.front();
  if (!std::filesystem::is_regular_file(operand)) return {};
  try {
    task::Task task(task::LoadTaskFile(operand).ValueOrThrow());
    return task.ReleaseSource(context.invocation.state_directory, context.signals.token());
  } catch (const Error& error) {
    WriteAll(2, fmt::format("what the task kept at the source could not be removed; `sluice release` tries again: {}\n",
                            error.info().OneLine()));
    return {};
  }
}

}  // namespace

int RunStop(const CommandContext& context) {
  const Invocation& invocation = context.invocation;
  const std::string& operand = invocation.operands.front();
  StartCommandLog(invocation, "");
  const std::string name = TaskNameOf(operand);
  const milliseconds timeout = invocation.timeout.value_or(milliseconds(60'000));
  task::Task::Stop(name, invocation.state_directory, invocation.final, Deadline::After(timeout),
                   context.signals.token());
  const std::vector<std::string> removed = invocation.final ? ReleaseSource(context) : std::vector<std::string>();
  if (invocation.json) {
    context.Print(JsonDocument(
        {{"name", name}, {"stopped", true}, {"final", invocation.final}, {"source_objects_removed", removed}}));
    return kDone;
  }
  const TextStyle style = context.Style(operand);
  if (!invocation.final) {
    if (task::Task::Status(name, invocation.state_directory).task.final_stop) {
      context.Print(fmt::format("{} has ended for good: it does not run, and never goes on.\n", Printable(name)));
      return kDone;
    }
    context.Print(fmt::format("{} is stopped; `{}` goes on.\n", Printable(name), CommandLine("run", style)));
    return kDone;
  }
  for (const std::string& what : removed) context.Print(fmt::format("removed at the source: {}\n", what));
  context.Print(
      fmt::format("{} is stopped for good: `run` and `run --restart` refuse it from now on.\n"
                  "What was migrated stays. `{}` removes what Sluice keeps at both servers.\n",
                  Printable(name), CommandLine("release", style)));
  return kDone;
}

int RunLimits(const CommandContext& context) {
  const Invocation& invocation = context.invocation;
  StartCommandLog(invocation, "");
  const std::string name = TaskNameOf(invocation.operands.front());
  const Deadline deadline = Deadline::After(invocation.timeout.value_or(milliseconds(10'000)));
  const task::LimitsReport report = invocation.limits.Empty()
                                        ? task::Task::Limits(name, invocation.state_directory)
                                        : task::Task::ChangeLimits(name, invocation.state_directory, invocation.limits,
                                                                   deadline, context.signals.token());
  if (!invocation.json) {
    context.Print(LimitsText(name, report, invocation.limits));
    return kDone;
  }
  context.Print(JsonDocument({{"name", name}, {"running", report.running}, {"limits", ToJson(report)}}));
  return kDone;
}

int RunRelease(const CommandContext& context) {
  const Invocation& invocation = context.invocation;
  const std::string& file = invocation.operands.front();
  task::TaskSpec spec = task::LoadTaskFile(file).ValueOrThrow();
  StartCommandLog(invocation, spec.name);
  const std::string name = spec.name;
  const std::string place = spec.destination.Address();
  const std::string group = connector::FindConnector(spec.destination.engine)->group;  // a task file has no other
  task::ReleaseOptions options;
  options.state_directory = invocation.state_directory;
  if (invocation.timeout) options.timeout = *invocation.timeout;
  const task::ReleaseOutcome outcome = task::Task(std::move(spec)).Release(options, context.signals.token());
  if (invocation.json) {
    context.Print(JsonDocument({{"name", name},
                                {"released", true},
                                {"was_running", outcome.was_running},
                                {"records_removed", outcome.records},
                                {"database_removed", outcome.database_removed},
                                {"other_tasks", outcome.other_tasks},
                                {"foreign_tables", outcome.foreign_tables},
                                {"objects_left", outcome.objects_left},
                                {"source_objects_removed", outcome.source_objects}}));
    return kDone;
  }
  context.Print(ReleaseText(name, place, group, outcome));
  return kDone;
}

}  // namespace sluice::cli
