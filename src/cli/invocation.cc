#include "cli/invocation.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "cli/codes.h"
#include "cli/format.h"
#include "cli/version.h"
#include "task/task_limits.h"

namespace sluice::cli {
namespace {

constexpr const char* kFooter = R"(
A first migration:
  sluice validate shop.yaml          is the task file right?
  sluice precheck shop.yaml          are both servers ready? prints what to do where they are not
  sluice preview shop.yaml           every name as it will be at the destination
  sluice run shop.yaml               migrates, with progress; go on with the same command after a stop
  sluice verify shop.yaml            compares both sides row by row
  sluice cutover shop.yaml           drains, creates the triggers, ends the task
  sluice release shop.yaml           removes what Sluice keeps at both servers

Exit status:
  0 done   2 usage or task file   3 precheck failed   4 migration failed   5 verify found differences
  130 ended by a signal before the command was done

`sluice COMMAND --help` tells more, docs/cli.md everything.)";

struct CommandText {
  Command command;
  const char* name;
  const char* summary;
  const char* footer;  // examples
};

constexpr CommandText kCommands[] = {
    {Command::kValidate, "validate", "Check a task file without connecting anywhere",
     "Every mistake is shown with its line and column.\n\nExample:\n  sluice validate shop.yaml"},
    {Command::kPrecheck, "precheck", "Check that both servers are ready for the task",
     "Nothing is changed on either side. Ends with 3 when an item failed.\n\nExample:\n  sluice "
     "precheck shop.yaml"},
    {Command::kPreview, "preview", "Show every object and its name at the destination",
     "Example:\n  sluice preview shop.yaml"},
    {Command::kRun, "run", "Migrate; a task that was begun goes on where it was",
     "SIGTERM, SIGINT (Ctrl-C) and `sluice stop` end it in seconds with its checkpoint written; "
     "the same command goes\n"
     "on later. A second signal ends it at once, which is safe too.\n\n"
     "Examples:\n  sluice run shop.yaml\n  sluice run --until caught-up shop.yaml\n"
     "  sluice run --json shop.yaml > events.jsonl"},
    {Command::kStatus, "status", "Show how far a task is",
     "Takes a task file or the name of a task in the state directory.\n\n"
     "Examples:\n  sluice status shop.yaml\n  sluice status --json shop-move"},
    {Command::kVerify, "verify", "Compare source and destination row by row",
     "Ends with 5 when there are differences. May run while changes flow.\n\n"
     "Examples:\n  sluice verify shop.yaml\n  sluice verify --repair-sql repair.sql shop.yaml"},
    {Command::kCutover, "cutover", "Switch over: drain, create the triggers, end the task",
     "Stop the application's writes when it says so. Refuses, and stops nothing, while views or routines are failed.\n"
     "With --reverse the way back begins at exactly this point, and runs in the foreground as `sluice run FILE` "
     "would:\n"
     "what is written at the destination from now on goes to the source too. FILE is the task file that `sluice "
     "reverse`\n"
     "writes.\n\n"
     "Examples:\n  sluice cutover --timeout 30m shop.yaml\n"
     "  sluice cutover --reverse shop-reverse.yaml shop.yaml"},
    {Command::kReverse, "reverse", "Write the task file of the way back, for `cutover --reverse`",
     "Source and destination and all names are swapped; it follows changes only. Look through it before the\n"
     "switch-over: the accounts are those of the other direction, and `sluice precheck` tells what they lack.\n\n"
     "Example:\n  sluice reverse --output shop-reverse.yaml shop.yaml"},
    {Command::kStop, "stop", "Ask the running process of a task to stop, and wait until it has",
     "Takes a task file or a task's name. `sluice run` goes on later, unless --final is given: then it refuses the "
     "task.\n"
     "`sluice release` also removes what Sluice keeps at both servers.\n\n"
     "Examples:\n  sluice stop shop.yaml\n  sluice stop --final shop-move"},
    {Command::kLimits, "limits", "Show or change the limits of a task, also while it runs",
     "Without options it shows what holds. What is changed holds at once, as far as that can be (the answer says "
     "where\n"
     "it cannot), and for later runs until it is changed again: here, or in the task file.\n\n"
     "Examples:\n  sluice limits shop.yaml\n  sluice limits shop.yaml --megabytes-per-second 20 --writers 2\n"
     "  sluice limits shop-move --rows-per-second 0 --reset"},
    {Command::kRelease, "release", "Stop a task for good and remove what Sluice keeps at both servers",
     "The migrated objects and their rows stay. The task can never be continued. Needs the task file, since it "
     "connects\n"
     "to the destination.\n\nExample:\n  sluice release shop.yaml"},
    {Command::kCleanup, "cleanup", "List what Sluice keeps at a source, and remove what is left of tasks that are gone",
     "A replication slot that nobody reads holds back the source's log until its disk is full. Without --remove it "
     "only\n"
     "lists; tasks that the state directory knows are told apart.\n\n"
     "Examples:\n  sluice cleanup shop.yaml\n  sluice cleanup shop.yaml --remove sluice_old_1f2e3d4c5b6a7980"},
    {Command::kPairs, "pairs", "List the pairs of engines that can be migrated", "Example:\n  sluice pairs"},
    {Command::kTasks, "tasks", "List the tasks in the state directory", "Example:\n  sluice tasks"},
};

constexpr CommandText kSchemaCommands[] = {
    {Command::kSchemaList, "list", "Show every schema object of a task with its state",
     "Example:\n  sluice schema list shop.yaml"},
    {Command::kSchemaRetry, "retry", "Have a failed object tried again at the next `run` or `cutover`",
     "OBJECT is the object's label or name as `sluice schema list` shows it. The task may come "
     "before or after it, or\n"
     "by --task; when the state directory holds a single task, that is taken.\n\n"
     "Examples:\n  sluice schema retry shop.yaml shop.v_orders\n"
     "  sluice schema retry shop.v_orders --statement v_orders.sql\n  sluice schema retry --all "
     "shop.yaml"},
    {Command::kSchemaSkip, "skip", "Leave a failed object out",
     "It is then reported as not migrated.\n\nExample:\n  sluice schema skip shop.yaml "
     "shop.v_orders"},
};

// What CLI11 fills in; texts that still have to be understood.
struct Raw {
  Invocation invocation;
  std::string state;
  std::string level = "info";
  std::string until;
  std::string timeout;
  std::optional<double> megabytes;
  std::string first;  // words of `schema retry` and `schema skip`, in the order given
  std::string second;
  bool version = false;
};

void AddCommon(CLI::App& app, Raw& raw) {
  const std::string group = "Common options";
  app.add_flag("--json", raw.invocation.json, "Print JSON instead of text")->group(group);
  app.add_option("--state", raw.state, "Directory that keeps the tasks' state")->type_name("DIR")->group(group);
  app.add_option("--log-file", raw.invocation.log_file, "Where the log goes; - is standard error")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--log-level", raw.level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->type_name("LEVEL")
      ->group(group);
  app.add_flag("--log-json", raw.invocation.log_json, "Log one JSON object a line")->group(group);
}

void AddOperands(CLI::App& app, Command command, Raw& raw) {
  auto& operands = raw.invocation.operands;
  switch (command) {
    case Command::kTasks:
      return;
    case Command::kPairs:
      app.add_option("TASK.yaml", operands, "Taken as by the other commands, and not needed")
          ->expected(0, 1)
          ->type_name("");
      return;
    case Command::kStatus:
    case Command::kStop:
    case Command::kLimits:
      app.add_option("TASK", operands, "Task file, or name of a task")->expected(1)->required()->type_name("");
      return;
    case Command::kSchemaList:
      app.add_option("TASK", operands, "Task file, or name of a task")->expected(0, 1)->type_name("");
      app.add_option("--task", raw.invocation.task, "The same, as an option")->type_name("TASK");
      return;
    case Command::kSchemaRetry:
    case Command::kSchemaSkip:
      app.add_option("TASK", raw.first, "Task file, or name of a task")->type_name("");
      app.add_option("OBJECT", raw.second, "The object, by label or name")->type_name("");
      app.add_option("--task", raw.invocation.task, "The task, as an option")->type_name("TASK");
      app.add_flag("--all", raw.invocation.all, "Every object that has failed");
      return;
    default:
      app.add_option("TASK.yaml", operands, "Task file")->expected(1)->required()->type_name("");
      return;
  }
}

void AddLimits(CLI::App& app, Raw& raw) {
  task::LimitsChange& limits = raw.invocation.limits;
  const auto sessions = CLI::Range(1u, task::kSessionsMax);
  app.add_option("--rows-per-second", limits.rows_per_second, "Rows copied or applied a second; 0: no limit")
      ->check(CLI::Range(uint64_t{0}, task::kRowsPerSecondMax))
      ->type_name("N");
  app.add_option("--megabytes-per-second", raw.megabytes, "Megabytes (1,000,000 bytes) a second; 0: no limit")
      ->check(CLI::Range(0.0, task::kMegabytesPerSecondMax))
      ->type_name("N");
  app.add_option("--readers", limits.readers, "Sessions that read tables")->check(sessions)->type_name("N");
  app.add_option("--writers", limits.writers, "Sessions that write at the destination")
      ->check(sessions)
      ->type_name("N");
  app.add_flag("--reset", limits.reset, "Back to those of the task file, but for the ones given here");
  app.add_option("--timeout", raw.timeout, "How long to wait for the running process (default 10s)")->type_name("TIME");
}

void AddOptions(CLI::App& app, Command command, Raw& raw) {
  Invocation& invocation = raw.invocation;
  switch (command) {
    case Command::kRun:
      app.add_option("--until", raw.until, "caught-up: end when the incremental phase has no delay")
          ->check(CLI::IsMember({"caught-up"}))
          ->type_name("WHEN");
      app.add_flag("--restart", invocation.restart,
                   "Begin anew: forget what was done and drop what the task had created at the destination");
      return;
    case Command::kVerify:
      app.add_option("--repair-sql", invocation.repair_sql, "Write statements that would mend the destination")
          ->type_name("FILE");
      return;
    case Command::kCutover:
      app.add_option("--timeout", raw.timeout, "How long draining may take, e.g. 90s, 30m, 2h (default 1h)")
          ->type_name("TIME");
      app.add_option("--reverse", invocation.reverse_file, "Begin the way back with this task file")->type_name("FILE");
      return;
    case Command::kReverse:
      app.add_option("--output", invocation.output, "Where to write it (default: standard output)")->type_name("FILE");
      return;
    case Command::kStop:
      app.add_flag("--final", invocation.final, "For good: the task can never be continued");
      app.add_option("--timeout", raw.timeout, "How long to wait for it, e.g. 90s (default 60s)")->type_name("TIME");
      return;
    case Command::kRelease:
      app.add_option("--timeout", raw.timeout, "How long to wait for the running process, e.g. 90s (default 60s)")
          ->type_name("TIME");
      return;
    case Command::kCleanup:
      app.add_option("--remove", invocation.remove, "Remove this (a name of the list; may be given several times)")
          ->type_name("NAME");
      return;
    case Command::kLimits:
      AddLimits(app, raw);
      return;
    case Command::kSchemaRetry:
      app.add_option("--statement", invocation.statement_file, "File with the statement to use instead")
          ->type_name("FILE");
      return;
    default:
      return;
  }
}

template <size_t kSize>
void AddCommands(CLI::App& parent, const CommandText (&commands)[kSize], Raw& raw) {
  for (const CommandText& text : commands) {
    CLI::App* app = parent.add_subcommand(text.name, text.summary);
    app->footer(std::string("\n") + text.footer);
    app->callback([&raw, command = text.command] { raw.invocation.command = command; });
    AddOperands(*app, text.command, raw);
    AddOptions(*app, text.command, raw);
    AddCommon(*app, raw);
  }
}

ErrorInfo UsageError(std::string cause, std::string remedy) {
  return Error(kUsage).Cause(std::move(cause)).Remedy(std::move(remedy)).info();
}

// "Did you mean": for a first word that is no command.
std::optional<ErrorInfo> MisspeltCommand(int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return std::nullopt;
  const std::string word = argv[1];
  std::string best;
  size_t best_distance = 3;
  for (const CommandText& text : kCommands) {
    if (word == text.name) return std::nullopt;
    const size_t distance = EditDistance(word, text.name);
    if (distance < best_distance) best = text.name, best_distance = distance;
  }
  if (word == "schema") return std::nullopt;
  return UsageError(
      fmt::format("there is no command `{}`{}", word, best.empty() ? "" : fmt::format("; did you mean `{}`?", best)),
      "`sluice --help` lists the commands.");
}

// Texts to values; the first that cannot be understood.
std::optional<ErrorInfo> Complete(Raw& raw) {
  Invocation& invocation = raw.invocation;
  invocation.state_directory = raw.state.empty() ? DefaultStateDirectory() : raw.state;
  invocation.until_caught_up = !raw.until.empty();
  for (std::string* word : {&raw.first, &raw.second}) {
    if (!word->empty()) invocation.operands.push_back(std::move(*word));
  }
  if (raw.megabytes && !std::isfinite(*raw.megabytes)) {
    return UsageError("--megabytes-per-second is no number", "Give megabytes, or 0 for no limit.");
  }
  // Less than a byte would round to "none".
  if (raw.megabytes) invocation.limits.bytes_per_second = static_cast<uint64_t>(std::ceil(*raw.megabytes * 1e6));
  if (raw.level == "debug") invocation.log_level = LogLevel::kDebug;
  if (raw.level == "warning") invocation.log_level = LogLevel::kWarning;
  if (raw.level == "error") invocation.log_level = LogLevel::kError;
  if (!raw.timeout.empty()) {
    invocation.timeout = ParseDuration(raw.timeout);
    if (!invocation.timeout) {
      return UsageError(fmt::format("--timeout {} is no length of time", raw.timeout),
                        "Give seconds, or a number with s, m, h or d: --timeout 30m");
    }
  }
  return std::nullopt;
}

bool WantsJson(int argc, char** argv) {
  return std::any_of(argv, argv + argc, [](const char* word) { return std::strcmp(word, "--json") == 0; });
}

}  // namespace

std::string DefaultStateDirectory() {
  const auto environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string own = environment("SLUICE_STATE"); !own.empty()) return own;
  if (const std::string xdg = environment("XDG_STATE_HOME"); !xdg.empty()) return xdg + "/sluice";
  std::string home = environment("HOME");
  if (home.empty()) {
    const passwd* user = getpwuid(getuid());
    home = user == nullptr ? "." : user->pw_dir;
  }
  return home + "/.local/state/sluice";
}

Parsed ParseCommandLine(int argc, char** argv) {
  Parsed parsed;
  parsed.json = WantsJson(argc, argv);
  Raw raw;
  CLI::App app("Moves a database to another server: schema, data and every change.\n", "sluice");
  app.footer(kFooter);
  app.require_subcommand(0, 1);
  app.add_flag("--version", raw.version, "Print the version");
  AddCommon(app, raw);
  AddCommands(app, kCommands, raw);
  CLI::App* schema = app.add_subcommand("schema", "Look at and mend the schema objects of a task");
  schema->require_subcommand(1);
  AddCommands(*schema, kSchemaCommands, raw);
  try {
    parsed.error = MisspeltCommand(argc, argv);
    if (!parsed.error) app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    parsed.text = app.help();
    return parsed;
  } catch (const CLI::ParseError& error) {
    const CLI::App* at = &app;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    const std::string name =
        at == &app ? "sluice" : (at->get_parent() == schema ? "sluice schema " : "sluice ") + at->get_name();
    parsed.error = UsageError(error.what(), fmt::format("`{} --help` tells how it is used.", name));
  }
  if (!parsed.error && raw.version) {
    parsed.text = std::string("sluice ") + kVersion + "\n";
    return parsed;
  }
  if (!parsed.error && app.get_subcommands().empty()) {
    parsed.text = app.help();
    parsed.status = argc > 1 ? 2 : 0;
    return parsed;
  }
  if (!parsed.error) parsed.error = Complete(raw);
  if (parsed.error) {
    parsed.status = 2;
    return parsed;
  }
  parsed.invocation = std::move(raw.invocation);
  return parsed;
}

}  // namespace sluice::cli
