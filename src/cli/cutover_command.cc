// `sluice cutover`, and `sluice reverse`, which prepares its way back.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/codes.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/json_text.h"
#include "cli/reporter.h"
#include "cli/terminal.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

// Before anything is stopped: a way back that cannot begin is found out now.
void PrecheckReverse(const CommandContext& context, const task::TaskSpec& spec, const std::string& file) {
  task::TaskSpec reverse = task::LoadTaskFile(file).ValueOrThrow();
  const auto same = [](const connector::Endpoint& a, const connector::Endpoint& b) {
    return a.engine == b.engine && a.host == b.host && a.port == b.port;
  };
  const bool is_way_back = same(reverse.source, spec.destination) && same(reverse.destination, spec.source) &&
                           reverse.types.incremental && !reverse.types.full && !reverse.types.schema;
  if (!is_way_back || reverse.name == spec.name) {
    throw Error(kNoWayBack)
        .Object(file)
        .Cause(
            "it does not go from this task's destination to its source with `types: [incremental]` under another name")
        .Remedy("`sluice reverse --output FILE TASK.yaml` writes one that does.");
  }
  if (const auto store = store::Store::Open(context.invocation.state_directory); store->IsLocked(reverse.name)) {
    throw Error(task::kWrongState)
        .Object("the way back, " + file)
        .Cause("it is running already, from an earlier switch-over. Nothing was stopped or changed")
        .Remedy(fmt::format("Stop it (`sluice stop {}`): this switch-over begins it anew.", ShellWord(file)));
  }
  const task::PrecheckReport report =
      task::Task(std::move(reverse)).Precheck(context.signals.token(), context.invocation.state_directory);
  if (!report.Failed()) return;
  TextStyle style = context.Style(file);
  style.terminal = DetectTerminal(2);
  WriteAll(2, PrecheckText(report, style));
  throw Error(task::kPrecheckFailed)
      .Object("the way back, " + file)
      .Cause("its precheck failed (above). Nothing was stopped or changed")
      .Remedy(fmt::format("Mend it, see it with `sluice precheck {}`, and switch over again.", ShellWord(file)));
}

void WriteNewFile(const std::string& path, const std::string& text) {
  // It may hold passwords, as its model may. A file that is there was perhaps edited: it stays.
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    throw Error(kOutputFile)
        .Object(path)
        .Cause(std::strerror(errno))
        .Remedy("Give the name of a file that is not there.");
  }
  WriteAll(file, text);
  ::close(file);
}

}  // namespace

int RunReverse(const CommandContext& context) {
  const std::string& file = context.invocation.operands.front();
  StartCommandLog(context.invocation, "");
  task::Task task(task::LoadTaskFile(file).ValueOrThrow());
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  const std::string reverse = task.ReverseTaskFile(text.str(), context.signals.token());
  const std::string& output = context.invocation.output;
  if (!output.empty()) WriteNewFile(output, reverse);
  if (context.invocation.json) {
    context.Print(JsonDocument({{"file", output.empty() ? Json(nullptr) : Json(output)}, {"text", reverse}}));
  } else if (output.empty()) {
    context.Print(reverse);
  } else {
    context.Print(fmt::format("{} is written. Look through it, then: sluice precheck {}\n", output, ShellWord(output)));
  }
  return kDone;
}

int RunCutover(const CommandContext& context) {
  const std::string& file = context.invocation.operands.front();
  task::TaskSpec spec = task::LoadTaskFile(file).ValueOrThrow();
  StartCommandLog(context.invocation, spec.name);
  const std::string name = spec.name;
  ReporterOptions reporting;
  reporting.view.name = spec.name;
  reporting.view.types = spec.types;
  // The operator has to be told when to stop writing in any case.
  reporting.view.terminal = context.invocation.json ? DetectTerminal(2) : context.out;
  Reporter reporter(std::move(reporting), nullptr, context.signals);
  task::CutoverOptions options;
  options.state_directory = context.invocation.state_directory;
  if (context.invocation.timeout) options.timeout = *context.invocation.timeout;
  options.say = [&](const std::string& line) { reporter.Say(line); };
  const std::string& reverse = context.invocation.reverse_file;
  if (!reverse.empty()) {
    PrecheckReverse(context, spec, reverse);
    options.begin_reverse = [&](std::stop_token stop) {
      task::RunOptions run;
      run.state_directory = context.invocation.state_directory;
      run.only_begin = true;
      run.restart = true;  // an earlier switch-over, in a rehearsal or cut short, began it at another point
      run.say = [&](const std::string& line) { reporter.Say("way back: " + line); };
      const task::RunOutcome begun = task::Task(task::LoadTaskFile(reverse).ValueOrThrow()).Run(run, stop);
      if (begun.end != task::RunEnd::kPrepared) throw Error(kStopped);
    };
  }
  const Accounts accounts = AccountsOf(spec);
  const TextStyle style = context.Style(file);
  reporter.Start();
  const task::CutoverOutcome outcome = task::Task(std::move(spec)).Cutover(options, context.signals.token());
  reporter.Finish();
  const std::vector<std::string> reminders =
      Reminders(accounts, task::Task::Status(name, context.invocation.state_directory).objects);
  if (context.invocation.json) {
    Json json = {{"name", name}, {"completed", true}, {"triggers", outcome.triggers}};
    json["remember"] = reminders;
    json["source_position"] = ParsedOrText(outcome.source_position);
    json["destination_position"] = ParsedOrText(outcome.destination_position);
    json["reverse"] = reverse.empty() ? Json(nullptr) : Json(reverse);
    context.Print(reverse.empty() ? JsonDocument(json) : JsonLine(json));
    return reverse.empty() ? kDone : RunTaskFile(context, reverse);
  }
  std::string text =
      fmt::format("{} is switched over: the destination has every change of the source.\n", Printable(name));
  text += fmt::format("  triggers     {} created\n", Count(outcome.triggers.size()));
  text += fmt::format("  source       applied up to {}\n", Printable(PositionText(outcome.source_position)));
  if (reverse.empty() && !outcome.destination_position.empty()) {
    text += fmt::format("  way back     a reverse task begins at {}\n",
                        Printable(PositionText(outcome.destination_position)));
  }
  text +=
      "  next         point the application at the destination; keep the source unchanged until "
      "you are sure\n";
  for (const std::string& reminder : reminders) {
    text += fmt::format("  {} {}\n", PadRight(&reminder == &reminders[0] ? "remember" : "", 12), reminder);
  }
  text += fmt::format("  clean up     {}  (once you are sure: removes what Sluice keeps at both servers)\n",
                      CommandLine("release", style));
  if (reverse.empty()) {
    context.Print(text);
    return kDone;
  }
  text += fmt::format(
      "  way back     begun: what is written at the destination goes to the source from now on. It runs here until it\n"
      "               is stopped; `sluice run {}` goes on with it\n",
      ShellWord(reverse));
  context.Print(text);
  return RunTaskFile(context, reverse);
}

}  // namespace sluice::cli
