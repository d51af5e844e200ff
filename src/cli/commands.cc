#include "cli/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "cli/codes.h"
#include "cli/format.h"
#include "cli/json_text.h"
#include "cli/task_reference.h"
#include "connector/registry.h"
#include "store/store.h"

namespace sluice::cli {

using Json = nlohmann::ordered_json;

TextStyle CommandContext::Style(const std::string& task) const {
  TextStyle style;
  style.terminal = out;
  style.columns = out.interactive ? SizeOf(out).columns : 100;
  if (invocation.state_directory != DefaultStateDirectory()) {
    style.program_line = "--state " + ShellWord(invocation.state_directory) + " ";
  }
  std::error_code ignored;
  const bool is_file = std::filesystem::is_regular_file(task, ignored);
  style.file_line = style.program_line + (is_file ? ShellWord(task) : "TASK.yaml");
  style.program_line += ShellWord(task);
  return style;
}

void CommandContext::Print(std::string_view text) const {
  WriteAll(out.fd, text);
}

int ExitStatusOf(const ErrorInfo& error, Command command) {
  const std::string origin = error.code.substr(0, 2);
  if (error.code == kStopped.id) return command == Command::kRun ? kDone : kInterruptedStatus;
  if (error.code == kUnexpected.id || error.code == kOutOfMemory.id) return kMigrationFailed;
  if (origin == "CL" || origin == "TF" || origin == "SE") return kBadUsage;
  if (error.code == task::kPrecheckFailed.id) return kPrecheckFailedStatus;
  for (const ErrorCode& code : {task::kFrozenChanged, task::kTaskStopped, task::kNoSuchTask, task::kNoSuchObject,
                                task::kWrongState, task::kObjectsInTheWay, task::kRunElsewhere, store::kTaskRuns}) {
    if (error.code == code.id && error.side.empty()) return kBadUsage;
  }
  if (command == Command::kPrecheck) return kPrecheckFailedStatus;
  return kMigrationFailed;
}

void StartCommandLog(const Invocation& invocation, const std::string& task_name) {
  LogOptions options;
  options.level = invocation.log_level;
  options.json = invocation.log_json;
  if (invocation.log_file == "-") {
    options.file.clear();
  } else if (!invocation.log_file.empty()) {
    options.file = invocation.log_file;
  } else if (!task_name.empty()) {
    store::MakeStateDirectory(invocation.state_directory);
    std::string file = task_name;
    std::replace(file.begin(), file.end(), '/', '_');
    options.file = invocation.state_directory + "/" + file + ".log";
  } else {
    return;  // warnings to standard error
  }
  try {
    StartLog(options);
  } catch (const std::exception& error) {
    throw Error(kLogFile)
        .Object(options.file)
        .Cause(error.what())
        .Remedy("Give a file that can be written by --log-file FILE, or - for standard error.");
  }
}

int RunValidate(const CommandContext& context) {
  const std::string& file = context.invocation.operands.front();
  StartCommandLog(context.invocation, "");
  const task::ParsedTaskFile parsed = task::ParseTaskFile(file).ValueOrThrow();
  if (!parsed.mistakes.empty() && !context.invocation.json) throw Error(task::LoadTaskFile(file).error());
  const task::TaskSpec& spec = parsed.spec;
  if (!context.invocation.json) {
    context.Print(fmt::format("{} is right: task {}, {} {} to {} {}.\n", file, Printable(spec.name), spec.source.engine,
                              spec.source.Address(), spec.destination.engine, spec.destination.Address()));
    return kDone;
  }
  Json json = {{"valid", parsed.mistakes.empty()}, {"file", file}};
  if (!parsed.mistakes.empty()) {
    json["mistakes"] = Json::array();
    for (const task::Mistake& mistake : parsed.mistakes) {
      json["mistakes"].push_back({{"line", mistake.line}, {"column", mistake.column}, {"message", mistake.message}});
    }
    json["error"] = ToJson(task::LoadTaskFile(file).error());
    context.Print(JsonDocument(json));
    return kBadUsage;
  }
  const auto side = [](const connector::Endpoint& endpoint) {
    return Json{{"engine", endpoint.engine}, {"host", endpoint.host}, {"port", endpoint.port}, {"user", endpoint.user}};
  };
  json["name"] = spec.name;
  json["source"] = side(spec.source);
  json["destination"] = side(spec.destination);
  json["types"] = ToJson(spec.types);
  context.Print(JsonDocument(json));
  return kDone;
}

int RunPrecheck(const CommandContext& context) {
  const std::string& file = context.invocation.operands.front();
  StartCommandLog(context.invocation, "");
  task::Task task(task::LoadTaskFile(file).ValueOrThrow());
  const task::PrecheckReport report = task.Precheck(context.signals.token(), context.invocation.state_directory);
  context.Print(context.invocation.json ? JsonDocument(ToJson(report)) : PrecheckText(report, context.Style(file)));
  return report.Failed() ? kPrecheckFailedStatus : kDone;
}

int RunPreview(const CommandContext& context) {
  const std::string& file = context.invocation.operands.front();
  StartCommandLog(context.invocation, "");
  task::TaskSpec spec = task::LoadTaskFile(file).ValueOrThrow();
  const std::string name = spec.name;
  task::Task task(std::move(spec));
  const std::vector<task::PreviewLine> lines = task.Preview(context.signals.token());
  if (!context.invocation.json) {
    context.Print(PreviewText(lines, context.Style(file)));
    return kDone;
  }
  Json objects = Json::array();
  for (const task::PreviewLine& line : lines) {
    Json one = {{"kind", line.kind}, {"source", line.source}};
    one["destination"] = line.destination.empty() ? Json(nullptr) : Json(line.destination);
    one["note"] = line.note.empty() ? Json(nullptr) : Json(line.note);
    objects.push_back(std::move(one));
  }
  context.Print(JsonDocument({{"name", name}, {"objects", std::move(objects)}}));
  return kDone;
}

int RunStatus(const CommandContext& context) {
  const std::string& operand = context.invocation.operands.front();
  StartCommandLog(context.invocation, "");
  const task::StatusReport report = task::Task::Status(TaskNameOf(operand), context.invocation.state_directory);
  context.Print(context.invocation.json ? JsonDocument(ToJson(report))
                                        : StatusText(report, NowMicros(), context.Style(operand)));
  return kDone;
}

int RunPairs(const CommandContext& context) {
  StartCommandLog(context.invocation, "");
  const auto title = [](std::string_view engine) {
    const connector::Connector* found = connector::FindConnector(engine);
    return found == nullptr ? std::string(engine) : found->title;
  };
  Json pairs = Json::array();
  std::vector<std::vector<std::string>> rows = {{"source", "destination", "types", "versions"}};
  for (const connector::Pair& pair : connector::Pairs()) {
    Json types = ToJson(pair.types);
    std::string text;
    for (const Json& type : types) text += (text.empty() ? "" : ", ") + type.get<std::string>();
    rows.push_back({std::string(pair.source), std::string(pair.destination), text, std::string(pair.versions)});
    pairs.push_back({{"source", pair.source},
                     {"source_title", title(pair.source)},
                     {"destination", pair.destination},
                     {"destination_title", title(pair.destination)},
                     {"types", std::move(types)},
                     {"versions", pair.versions}});
  }
  context.Print(context.invocation.json ? JsonDocument({{"pairs", std::move(pairs)}})
                                        : AlignedTable(rows, {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft}));
  return kDone;
}

int RunTasks(const CommandContext& context) {
  const std::string& directory = context.invocation.state_directory;
  StartCommandLog(context.invocation, "");
  std::vector<std::pair<store::TaskRecord, bool>> tasks;
  std::error_code error;
  // A directory that is not there holds no tasks; looking must not create it.
  if (std::filesystem::is_directory(directory, error)) {
    const auto store = store::Store::Open(directory);
    for (const store::TaskRecord& task : store->Tasks()) tasks.emplace_back(task, store->IsLocked(task.name));
  }
  if (!context.invocation.json) {
    context.Print(TasksText(tasks, directory));
    return kDone;
  }
  Json list = Json::array();
  for (const auto& [task, running] : tasks) {
    list.push_back({{"name", task.name},
                    {"state", store::Name(task.state)},
                    {"phase", task.phase},
                    {"running", running},
                    {"stopped_for_good", task.final_stop},
                    {"updated", IsoTime(task.updated_micros)}});
  }
  context.Print(JsonDocument({{"state_directory", directory}, {"tasks", std::move(list)}}));
  return kDone;
}

}  // namespace sluice::cli
