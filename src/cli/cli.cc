#include "cli/cli.h"

#include <exception>
#include <new>
#include <nlohmann/json.hpp>

#include "cli/codes.h"
#include "cli/commands.h"
#include "cli/json_text.h"

namespace sluice::cli {
namespace {

int Dispatch(const CommandContext& context) {
  switch (context.invocation.command) {
    case Command::kValidate:
      return RunValidate(context);
    case Command::kPrecheck:
      return RunPrecheck(context);
    case Command::kPreview:
      return RunPreview(context);
    case Command::kRun:
      return RunRun(context);
    case Command::kStatus:
      return RunStatus(context);
    case Command::kVerify:
      return RunVerify(context);
    case Command::kCutover:
      return RunCutover(context);
    case Command::kReverse:
      return RunReverse(context);
    case Command::kStop:
      return RunStop(context);
    case Command::kLimits:
      return RunLimits(context);
    case Command::kRelease:
      return RunRelease(context);
    case Command::kCleanup:
      return RunCleanup(context);
    case Command::kPairs:
      return RunPairs(context);
    case Command::kTasks:
      return RunTasks(context);
    case Command::kSchemaList:
    case Command::kSchemaRetry:
    case Command::kSchemaSkip:
      return RunSchema(context);
  }
  return kBadUsage;
}

void PrintError(const ErrorInfo& error, bool json) {
  if (json) {
    nlohmann::ordered_json document = {{"error", ToJson(error)}};
    WriteAll(1, JsonDocument(document));
    return;
  }
  TextStyle style;
  style.terminal = DetectTerminal(2);
  WriteAll(2, ErrorText(error, style));
}

}  // namespace

int Main(int argc, char** argv) {
  const Parsed parsed = ParseCommandLine(argc, argv);
  if (!parsed.invocation) {
    if (parsed.error) PrintError(*parsed.error, parsed.json);
    WriteAll(parsed.status == 0 ? 1 : 2, parsed.text);
    return parsed.status;
  }
  ErrorInfo error;
  try {
    SignalWatcher signals;
    return Dispatch({*parsed.invocation, signals, DetectTerminal(1)});
  } catch (const Error& caught) {
    error = caught.info();
  } catch (const std::bad_alloc&) {
    error = Error(kOutOfMemory)
                .Remedy("Lower `limits: {memory: ...}` in the task file, or run where there is more.")
                .info();
  } catch (const std::exception& caught) {
    error = Error(kUnexpected)
                .Cause(caught.what())
                .Remedy("Report it with the log. What was done is kept; try the command again.")
                .info();
  }
  PrintError(error, parsed.invocation->json);
  return ExitStatusOf(error, parsed.invocation->command);
}

}  // namespace sluice::cli
