// What the commands print for people. Pure functions, so that tests can look at every line.
#pragma once

#include <string>
#include <vector>

#include "cli/sample.h"
#include "cli/terminal.h"
#include "pipeline/verify.h"
#include "task/task.h"

namespace sluice::cli {

struct TextStyle {
  Terminal terminal;         // colours and characters
  size_t columns = 80;       // to wrap at
  std::string file_line;     // as program_line, for commands that take only a file
  std::string program_line;  // how this task is named to the next command: "--state /s shop.yaml"
};

// `sluice VERB` with the task named as that command takes it.
std::string CommandLine(std::string_view verb, const TextStyle& style);
// For a shell: quoted where it has to be.
std::string ShellWord(const std::string& text);

std::string ErrorText(const ErrorInfo& error, const TextStyle& style);
std::string PrecheckText(const task::PrecheckReport& report, const TextStyle& style);
std::string PreviewText(const std::vector<task::PreviewLine>& lines, const TextStyle& style);

std::string VerifyLine(const pipeline::VerifyTableResult& result, const TextStyle& style);
std::string VerifySummary(const task::VerifyReport& report, const std::string& repair_sql, const TextStyle& style);

std::string StatusText(const task::StatusReport& report, int64_t now_micros, const TextStyle& style);
std::string ObjectsText(const task::StatusReport& report, const TextStyle& style);
std::string TasksText(const std::vector<std::pair<store::TaskRecord, bool>>& tasks_and_running,
                      const std::string& state_directory);

// "200 rows/s, 4 readers, 2 writers"
std::string LimitsSummary(const pipeline::Limits& limits);
// What holds; after a change also what of it does not hold at once.
std::string LimitsText(const std::string& name, const task::LimitsReport& report, const task::LimitsChange& change);

// `place`: the destination's address.
std::string CleanupText(const std::string& place, const task::CleanupReport& report);
// `group`: what groups tables at the destination, "database" or "schema".
std::string ReleaseText(const std::string& name, const std::string& place, const std::string& group,
                        const task::ReleaseOutcome& outcome);

// Accounts that the migration logged in with, for people: "dts at db-old:3306".
struct Accounts {
  std::string source;
  std::string destination;
  std::string source_drop = "DROP USER";  // how such an account is removed
  std::string destination_drop = "DROP USER";
  std::string reassign_objects = {};  // of the destination, see connector::Connector
};
Accounts AccountsOf(const task::TaskSpec& spec);
// What is left to do for the operator once a migration is over.
std::vector<std::string> Reminders(const Accounts& accounts, const std::vector<store::ObjectRecord>& objects);

// The end of a `run` that did not fail.
std::string RunSummary(const task::RunOutcome& outcome, const task::StatusReport& status, const Sample& sample,
                       const connector::MigrationTypes& types, const Accounts& accounts, const TextStyle& style);
// What failed, object by object, with the commands that mend it; empty when nothing did.
std::string FailuresText(const task::StatusReport& status, const TextStyle& style);

}  // namespace sluice::cli
