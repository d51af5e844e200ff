// A command line, understood: which command, on which task, with which options.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/stop.h"
#include "task/task.h"

namespace sluice::cli {

enum class Command {
  kValidate,
  kPrecheck,
  kPreview,
  kRun,
  kStatus,
  kVerify,
  kCutover,
  kReverse,
  kStop,
  kLimits,
  kRelease,
  kCleanup,
  kPairs,
  kTasks,
  kSchemaList,
  kSchemaRetry,
  kSchemaSkip,
};

struct Invocation {
  Command command = Command::kPairs;
  std::vector<std::string> operands;  // task file or name; for schema retry and skip also the object
  bool json = false;
  std::string state_directory;  // resolved, never empty
  std::string log_file;         // empty: the command's own choice; "-": standard error
  LogLevel log_level = LogLevel::kInfo;
  bool log_json = false;

  bool until_caught_up = false;         // run
  bool restart = false;                 // run
  bool final = false;                   // stop
  std::optional<milliseconds> timeout;  // stop, limits, release, cutover
  task::LimitsChange limits;            // limits
  std::vector<std::string> remove;      // cleanup
  std::string repair_sql;               // verify
  std::string reverse_file;             // cutover
  std::string output;                   // reverse
  std::string task;                     // schema: --task
  std::string statement_file;           // schema retry
  bool all = false;                     // schema retry, skip
};

// Either something to do, or something to print and a status to end with.
struct Parsed {
  std::optional<Invocation> invocation;
  int status = 0;
  std::string text;                // help or version, for standard output
  std::optional<ErrorInfo> error;  // what is wrong with the command line
  bool json = false;               // as far as it can be told
};

Parsed ParseCommandLine(int argc, char** argv);

// $SLUICE_STATE, else $XDG_STATE_HOME/sluice, else ~/.local/state/sluice.
std::string DefaultStateDirectory();

}  // namespace sluice::cli
