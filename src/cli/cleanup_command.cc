// `cleanup`: what Sluice keeps at a source.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/format.h"
#include "cli/json_text.h"
#include "cli/report_text.h"
#include "cli/reporter.h"

namespace sluice::cli {

using Json = nlohmann::ordered_json;

std::string CleanupText(const std::string& place, const task::CleanupReport& report) {
  std::string out;
  for (const std::string& what : report.removed) out += fmt::format("removed      {}\n", Printable(what));
  if (report.entries.empty()) {
    return out + fmt::format("Nothing of Sluice's {} at {}.\n", report.removed.empty() ? "stands" : "is left",
                             Printable(place));
  }
  out += fmt::format("At {} Sluice keeps:\n", Printable(place));
  bool gone = false;
  for (const task::CleanupReport::Entry& entry : report.entries) {
    const connector::SourceObject& object = entry.object;
    out += fmt::format("  {} {}", object.kind, Printable(object.name));
    if (object.log_bytes > 0) out += fmt::format(", holds back {} of log", Bytes(object.log_bytes));
    if (object.in_use) out += ", in use";
    out += entry.known.empty() ? ": of no task of this state directory\n"
                               : fmt::format(": of task {}\n", Printable(entry.known));
    gone = gone || (entry.known.empty() && !object.in_use);
  }
  if (gone) {
    out +=
        "What is of no task here may belong to a Sluice with another state directory. If not, remove it:\n"
        "  sluice cleanup TASK.yaml --remove NAME\n";
  }
  return out;
}

int RunCleanup(const CommandContext& context) {
  const Invocation& invocation = context.invocation;
  task::TaskSpec spec = task::LoadTaskFile(invocation.operands.front()).ValueOrThrow();
  StartCommandLog(invocation, "");
  const std::string place = spec.source.Address();
  const task::CleanupReport report =
      task::Task(std::move(spec)).Cleanup(invocation.state_directory, invocation.remove, context.signals.token());
  if (!invocation.json) {
    context.Print(CleanupText(place, report));
    return kDone;
  }
  Json entries = Json::array();
  for (const task::CleanupReport::Entry& entry : report.entries) {
    entries.push_back({{"kind", entry.object.kind},
                       {"name", entry.object.name},
                       {"task", entry.known.empty() ? Json(nullptr) : Json(entry.known)},
                       {"in_use", entry.object.in_use},
                       {"log_bytes", entry.object.log_bytes}});
  }
  context.Print(JsonDocument({{"source", place}, {"removed", report.removed}, {"objects", std::move(entries)}}));
  return kDone;
}

}  // namespace sluice::cli
