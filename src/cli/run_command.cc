// `sluice run`.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/json_text.h"
#include "cli/reporter.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

const char* Text(task::RunEnd end) {
  switch (end) {
    case task::RunEnd::kCompleted:
      return "completed";
    case task::RunEnd::kCaughtUp:
      return "caught_up";
    case task::RunEnd::kStopped:
      return "stopped";
    case task::RunEnd::kAlreadyCompleted:
      return "already_completed";
    case task::RunEnd::kPrepared:
      return "prepared";
  }
  return "completed";
}

struct Ending {
  task::RunOutcome outcome;
  std::optional<ErrorInfo> error;
  int status = kDone;
};

Ending Migrate(const CommandContext& context, task::TaskSpec spec, task::LiveState& live, Reporter& reporter) {
  Ending ending;
  task::RunOptions options;
  options.state_directory = context.invocation.state_directory;
  options.restart = context.invocation.restart;
  options.until_caught_up = context.invocation.until_caught_up;
  options.live = &live;
  options.say = [&](const std::string& line) { reporter.Say(line); };
  try {
    task::Task task(std::move(spec));
    ending.outcome = task.Run(options, context.signals.token());
  } catch (const Error& error) {
    if (error.info().code == kStopped.id) {
      ending.outcome.end = task::RunEnd::kStopped;
    } else {
      ending.error = error.info();
      ending.status = ExitStatusOf(error.info(), Command::kRun);
    }
  }
  return ending;
}

task::StatusReport StatusOrNothing(const std::string& name, const std::string& state_directory) {
  try {
    return task::Task::Status(name, state_directory);
  } catch (const Error&) {
    task::StatusReport report;
    report.task.name = name;
    return report;
  }
}

// The precheck that made the run fail, as the runner kept it.
Json KeptPrecheck(const std::string& name, const std::string& state_directory) {
  try {
    return ParsedOrText(store::Store::Open(state_directory)->Text(name, "precheck").value_or(""));
  } catch (const Error&) {
    return nullptr;
  }
}

void PrintEndJson(const CommandContext& context, const Ending& ending, const std::string& name, const Sample& sample,
                  const Accounts& accounts) {
  Json json = {{"event", "end"},
               {"time", IsoTime(NowMicros())},
               {"name", name},
               {"exit_status", ending.status},
               {"end", ending.error ? "failed" : Text(ending.outcome.end)},
               {"elapsed_seconds", sample.elapsed_seconds}};
  json["error"] = ending.error ? ToJson(*ending.error) : Json(nullptr);
  if (ending.error && ending.error->code == task::kPrecheckFailed.id) {
    json["precheck"] = KeptPrecheck(name, context.invocation.state_directory);
  }
  json["position"] = ParsedOrText(ending.outcome.position);
  json["not_migrated"] = ending.outcome.not_migrated;
  const task::StatusReport status = StatusOrNothing(name, context.invocation.state_directory);
  const bool over = !ending.error && ending.outcome.end == task::RunEnd::kCompleted;
  json["remember"] = over ? Reminders(accounts, status.objects) : std::vector<std::string>();
  json["status"] = ToJson(status);
  context.Print(JsonLine(json));
}

int RunTask(const CommandContext& context, const std::string& file) {
  const Invocation& invocation = context.invocation;
  task::TaskSpec spec = task::LoadTaskFile(file).ValueOrThrow();
  StartCommandLog(invocation, spec.name);
  ReporterOptions options;
  // Log lines on the same terminal would run through the display.
  const bool live_display = context.out.interactive && invocation.log_file != "-";
  options.mode = invocation.json ? ReportMode::kJsonLines : live_display ? ReportMode::kLive : ReportMode::kPlain;
  options.view.name = spec.name;
  options.view.types = spec.types;
  options.view.terminal = context.out;
  options.view.not_delayed_within_micros = spec.not_delayed_within.count() * 1000;
  const std::string name = spec.name;
  const connector::MigrationTypes types = spec.types;
  const Accounts accounts = AccountsOf(spec);
  if (invocation.json) {
    context.Print(
        JsonLine({{"event", "start"}, {"time", IsoTime(NowMicros())}, {"name", name}, {"types", ToJson(types)}}));
  }
  task::LiveState live;
  Reporter reporter(std::move(options), &live, context.signals);
  reporter.Start();
  const Ending ending = Migrate(context, std::move(spec), live, reporter);
  const Sample sample = reporter.Now();
  reporter.Finish();
  if (invocation.json) {
    PrintEndJson(context, ending, name, sample, accounts);
    return ending.status;
  }
  const TextStyle style = context.Style(file);
  const task::StatusReport status = StatusOrNothing(name, invocation.state_directory);
  if (!ending.error) {
    context.Print(RunSummary(ending.outcome, status, sample, types, accounts, style));
    return ending.status;
  }
  const std::string failures = FailuresText(status, style);
  if (!failures.empty()) WriteAll(2, failures);
  WriteAll(2, ErrorText(*ending.error, style));
  return ending.status;
}

}  // namespace

int RunRun(const CommandContext& context) {
  return RunTaskFile(context, context.invocation.operands.front());
}

int RunTaskFile(const CommandContext& context, const std::string& file) {
  if (!context.invocation.json) return RunTask(context, file);
  // A task file with mistakes, a log that cannot be written: a stream of events ends with an "end"
  // all the same.
  try {
    return RunTask(context, file);
  } catch (const Error& error) {
    Json json = {{"event", "end"}, {"time", IsoTime(NowMicros())}, {"end", "failed"}};
    json["exit_status"] = ExitStatusOf(error.info(), Command::kRun);
    json["error"] = ToJson(error.info());
    context.Print(JsonLine(json));
    return ExitStatusOf(error.info(), Command::kRun);
  }
}

}  // namespace sluice::cli
