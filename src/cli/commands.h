// The commands. Each does its work and prints its outcome; what goes wrong is thrown as Error and
// printed by main, except by `run --json`, whose last line tells it.
#pragma once

#include <string>

#include "cli/invocation.h"
#include "cli/report_text.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "task/task_file.h"

namespace sluice::cli {

// Exit statuses; docs/cli.md.
inline constexpr int kDone = 0;
inline constexpr int kBadUsage = 2;
inline constexpr int kPrecheckFailedStatus = 3;
inline constexpr int kMigrationFailed = 4;
inline constexpr int kDifferencesFound = 5;

struct CommandContext {
  const Invocation& invocation;
  SignalWatcher& signals;
  Terminal out;  // standard output

  // `task`: how the task is named on this command line.
  TextStyle Style(const std::string& task) const;
  void Print(std::string_view text) const;
};

int RunValidate(const CommandContext& context);
int RunPrecheck(const CommandContext& context);
int RunPreview(const CommandContext& context);
int RunRun(const CommandContext& context);
int RunStatus(const CommandContext& context);
int RunVerify(const CommandContext& context);
int RunCutover(const CommandContext& context);
int RunReverse(const CommandContext& context);
int RunStop(const CommandContext& context);
int RunLimits(const CommandContext& context);
int RunRelease(const CommandContext& context);
int RunCleanup(const CommandContext& context);
int RunPairs(const CommandContext& context);
int RunTasks(const CommandContext& context);
int RunSchema(const CommandContext& context);

// `run` of this file, for commands that go on with it.
int RunTaskFile(const CommandContext& context, const std::string& file);

// The status that a command which failed with this error ends with.
int ExitStatusOf(const ErrorInfo& error, Command command);

// Starts the log where the command line wants it; a command that works for long logs to
// STATE/NAME.log otherwise.
void StartCommandLog(const Invocation& invocation, const std::string& task_name);

}  // namespace sluice::cli
