// `sluice schema list|retry|skip`.
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/codes.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/json_text.h"
#include "cli/task_reference.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string ReadStatement(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  std::string statement = text.str();
  while (!statement.empty() && (std::isspace(static_cast<unsigned char>(statement.back())) != 0)) statement.pop_back();
  if (!file || statement.empty()) {
    throw Error(kFileUnreadable)
        .Object(path)
        .Cause(file ? "it is empty" : "it does not exist or may not be read")
        .Remedy("Write one SQL statement into the file, without DELIMITER lines.");
  }
  return statement;
}

int List(const CommandContext& context) {
  const ObjectReference reference = ResolveObject(context.invocation, false);
  const task::StatusReport report = task::Task::Status(reference.name, context.invocation.state_directory);
  if (context.invocation.json) {
    Json all = ToJson(report);
    context.Print(JsonDocument({{"name", reference.name}, {"objects", all["objects"]}, {"tables", all["tables"]}}));
  } else {
    context.Print(ObjectsText(report, context.Style(reference.task)));
  }
  return kDone;
}

std::vector<std::string> FailedObjects(const std::string& name, const std::string& state_directory) {
  const task::StatusReport report = task::Task::Status(name, state_directory);
  std::vector<std::string> objects;
  for (const store::ObjectRecord& object : report.objects) {
    if (object.state == "failed") objects.push_back(object.label);
  }
  for (const store::TableRecord& table : report.tables) {
    if (table.state == "failed") objects.push_back(table.table);
  }
  return objects;
}

// When what was changed has an effect.
std::string NextAfterChange(const CommandContext& context, const ObjectReference& reference, bool retry) {
  const task::StatusReport report = task::Task::Status(reference.name, context.invocation.state_directory);
  const TextStyle style = context.Style(reference.task);
  const std::string run = CommandLine("run", style);
  if (report.task.phase != "incremental") return fmt::format("`{}` goes on.\n", run);
  const std::string cutover = CommandLine("cutover", style);
  if (!report.running) return fmt::format("`{}` goes on, or `{}` ends the task.\n", run, cutover);
  return retry ? fmt::format("`{}` tries it, or the next `run`; the process that runs the task goes on.\n", cutover)
               : fmt::format("The process that runs the task goes on; `{}` ends it.\n", cutover);
}

int Change(const CommandContext& context, bool retry) {
  const Invocation& invocation = context.invocation;
  const std::string& state = invocation.state_directory;
  const ObjectReference reference = ResolveObject(invocation, !invocation.all);
  std::optional<std::string> statement;
  if (!invocation.statement_file.empty()) {
    if (invocation.all) {
      throw Error(kUsage).Cause("--statement goes with one object").Remedy("Name the object instead of --all.");
    }
    statement = ReadStatement(invocation.statement_file);
  }
  const std::vector<std::string> objects =
      invocation.all ? FailedObjects(reference.name, state) : std::vector<std::string>{reference.object};
  for (const std::string& object : objects) {
    if (retry) {
      task::Task::RetryObject(reference.name, state, object, statement);
    } else {
      task::Task::SkipObject(reference.name, state, object);
    }
  }
  if (invocation.json) {
    context.Print(JsonDocument({{"name", reference.name}, {"action", retry ? "retry" : "skip"}, {"objects", objects}}));
    return kDone;
  }
  std::string text;
  for (const std::string& object : objects) {
    text += fmt::format("{} {}.\n", Printable(object), retry ? "will be tried again" : "is left out");
  }
  if (objects.empty()) text = "No object has failed.\n";
  if (!objects.empty()) text += NextAfterChange(context, reference, retry);
  context.Print(text);
  return kDone;
}

}  // namespace

int RunSchema(const CommandContext& context) {
  StartCommandLog(context.invocation, "");
  switch (context.invocation.command) {
    case Command::kSchemaList:
      return List(context);
    case Command::kSchemaRetry:
      return Change(context, true);
    default:
      return Change(context, false);
  }
}

}  // namespace sluice::cli
