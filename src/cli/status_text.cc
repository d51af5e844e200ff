// How far a task is, and what is left to do for the operator.
#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "cli/format.h"
#include "cli/json_text.h"
#include "cli/progress_facts.h"
#include "cli/report_text.h"

namespace sluice::cli {
namespace {

struct Tally {
  size_t total = 0;
  size_t done = 0;
  size_t failed = 0;
  size_t skipped = 0;
  size_t waiting = 0;  // triggers of a task that follows changes
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

Tally TallyObjects(const task::StatusReport& report) {
  Tally tally;
  for (const store::ObjectRecord& object : report.objects) {
    ++tally.total;
    if (object.state == "done") ++tally.done;
    if (object.state == "failed") ++tally.failed;
    if (object.state == "skipped") ++tally.skipped;
    if (object.state == "pending" && object.kind == "trigger" && report.task.phase == "incremental") {
      ++tally.waiting;
    }
  }
  return tally;
}

Tally TallyTables(const task::StatusReport& report) {
  Tally tally;
  for (const store::TableRecord& table : report.tables) {
    ++tally.total;
    if (table.state == "loaded") ++tally.done;
    if (table.state == "failed") ++tally.failed;
    if (table.state == "skipped") ++tally.skipped;
    tally.rows += table.rows;
    tally.bytes += table.bytes;
  }
  return tally;
}

std::string Rest(const Tally& tally) {
  std::string text;
  if (tally.failed > 0) text += fmt::format(", {} failed", Count(tally.failed));
  if (tally.skipped > 0) text += fmt::format(", {} skipped", Count(tally.skipped));
  if (tally.waiting > 0) {
    text += fmt::format(", {} at the switch-over", CountOf(tally.waiting, "trigger", "triggers"));
  }
  return text;
}

std::string Line(std::string_view label, std::string_view text) {
  return fmt::format("  {} {}\n", PadRight(label, 12), text);
}

std::string ObjectsLine(const Tally& tally) {
  return Line("objects", fmt::format("{} of {} created{}", Count(tally.done), Count(tally.total), Rest(tally)));
}

std::string StateText(const task::StatusReport& report) {
  std::string text(store::Name(report.task.state));
  if (!report.task.phase.empty()) text += fmt::format(" ({})", report.task.phase);
  text += report.running ? ", running" : ", not running";
  if (!report.ended.empty()) text += report.ended == "stopped" ? ", stopped for good" : ", " + report.ended;
  return text;
}

std::string DelayLine(const task::StatusReport& report) {
  const ProgressFacts facts = ReadProgressFacts(report.progress_json);
  if (report.task.phase != "incremental") return "";
  const std::string delay = facts.not_delayed    ? "not delayed"
                            : facts.delay_micros ? Delay(*facts.delay_micros) + " behind"
                                                 : "delayed";
  return Line("delay", report.running ? delay : delay + " when it last ran");
}

std::string ChangesText(uint64_t transactions, uint64_t inserts, uint64_t updates, uint64_t deletes, uint64_t ddl) {
  std::string text =
      fmt::format("{}: {} inserted, {} updated, {} deleted", CountOf(transactions, "transaction", "transactions"),
                  Count(inserts), Count(updates), Count(deletes));
  if (ddl > 0) text += fmt::format(", {}", CountOf(ddl, "schema change", "schema changes"));
  return text;
}

// What the running process says about the changes, or said last.
std::string ChangesLines(const task::StatusReport& report) {
  const ProgressFacts facts = ReadProgressFacts(report.progress_json);
  const std::string& applied = facts.position.empty() ? report.task.position : facts.position;
  std::string out;
  if (report.task.phase == "incremental" && !facts.position.empty()) {
    out += Line("changes", (report.running ? "this run: " : "last run: ") +
                               ChangesText(facts.transactions, facts.inserts, facts.updates, facts.deletes, facts.ddl));
  }
  if (!applied.empty()) out += Line("position", Printable(PositionText(applied)));
  if (report.task.phase == "incremental" && !facts.source_position.empty()) {
    out += Line(report.running ? "source at" : "source was", Printable(PositionText(facts.source_position)));
  }
  return out;
}

// What must not be overlooked, above everything else.
std::string AttentionLine(const task::StatusReport& report, const TextStyle& style) {
  const size_t objects = TallyObjects(report).failed;
  const size_t tables = TallyTables(report).failed;
  if (objects + tables == 0) return "";
  std::string text = objects > 0 ? CountOf(objects, "object", "objects") : "";
  if (tables > 0) text += (text.empty() ? "" : " and ") + CountOf(tables, "table", "tables");
  text += " failed, see below";
  if (report.task.phase == "incremental" && !report.task.final_stop) {
    text += "; `cutover` waits until they are mended or skipped";
  }
  return Line(Coloured(style.terminal, Colour::kRed, "attention"), text);
}

// Commands that make sense now.
std::string NextLines(const task::StatusReport& report, const TextStyle& style) {
  std::vector<std::string> commands;
  const bool over = report.task.final_stop || report.task.state == store::TaskState::kCompleted;
  if (!over && !report.running) commands.push_back(CommandLine("run", style));
  if (!over && report.task.phase == "incremental") {
    commands.push_back(CommandLine("verify", style));
    if (TallyObjects(report).failed == 0) commands.push_back(CommandLine("cutover", style));
  }
  if (over && report.ended != "released") commands.push_back(CommandLine("release", style));
  std::string out;
  for (const std::string& command : commands) out += Line(out.empty() ? "next" : "", command);
  return out;
}

std::string LoadSummary(const task::StatusReport& status, const Sample& sample) {
  const Tally tables = TallyTables(status);
  std::string text =
      fmt::format("{} of {} copied{}", Count(tables.done), CountOf(tables.total, "table", "tables"), Rest(tables));
  text += fmt::format(", {}", CountOf(std::max(tables.rows, sample.rows), "row", "rows"));
  if (tables.bytes > 0) text += fmt::format(", {}", Bytes(tables.bytes));
  std::string out = Line("tables", text);
  if (sample.rows_now > 0 && sample.load_seconds > 0) {
    const double seconds = sample.load_seconds;
    out += Line("", fmt::format("this run: {} in {}, {} rows/s, {}", CountOf(sample.rows_now, "row", "rows"),
                                Duration(seconds), PerSecond(static_cast<double>(sample.rows_now) / seconds),
                                BytesPerSecond(static_cast<double>(sample.bytes_now) / seconds)));
  }
  return out;
}

std::string ChangesSummary(const Sample& sample) {
  return Line("changes", "this run: " + ChangesText(sample.transactions, sample.inserts, sample.updates, sample.deletes,
                                                    sample.ddl));
}

std::string NotMigrated(const std::vector<std::string>& objects) {
  std::string out;
  for (const std::string& object : objects) out += Line(out.empty() ? "not migrated" : "", Printable(object));
  return out;
}

std::string Headline(const task::RunOutcome& outcome, const task::StatusReport& status, const TextStyle& style) {
  const std::string name = Printable(status.task.name);
  switch (outcome.end) {
    case task::RunEnd::kCompleted:
      return fmt::format("{} is completed.", name);
    case task::RunEnd::kCaughtUp:
      return fmt::format("{} is not delayed: the destination has every change.", name);
    case task::RunEnd::kAlreadyCompleted:
      if (status.task.final_stop) {
        return fmt::format("{} is {}; there is nothing to do, and it never goes on.", name,
                           status.ended == "switched over" ? "switched over" : "completed and stopped for good");
      }
      return fmt::format("{} is completed already; there is nothing to do. `{}` begins anew.", name,
                         CommandLine("run --restart", style));
    case task::RunEnd::kStopped:
    case task::RunEnd::kPrepared:
      break;
  }
  if (status.task.final_stop) return fmt::format("{} is stopped for good and cannot be continued.", name);
  return fmt::format("{} is stopped, its checkpoint is written. `{}` goes on.", name, CommandLine("run", style));
}

}  // namespace

std::string StatusText(const task::StatusReport& report, int64_t now_micros, const TextStyle& style) {
  std::string out = fmt::format("{}\n", Coloured(style.terminal, Colour::kBold, Printable(report.task.name)));
  out += Line("state", StateText(report));
  out += AttentionLine(report, style);
  out += DelayLine(report);
  if (!report.objects.empty()) out += ObjectsLine(TallyObjects(report));
  if (!report.tables.empty()) {
    const Tally tables = TallyTables(report);
    out += Line("tables", fmt::format("{} of {} copied{}, {}, {}", Count(tables.done), Count(tables.total),
                                      Rest(tables), CountOf(tables.rows, "row", "rows"), Bytes(tables.bytes)));
  }
  out += ChangesLines(report);
  if (report.limits.known && report.task.state != store::TaskState::kCompleted) {
    out += Line("limits", LimitsSummary(report.limits.limits));
  }
  // A running process tells about itself more often than its state changes.
  const int64_t told = report.running ? ReadProgressFacts(report.progress_json).updated_micros : 0;
  const int64_t updated = std::max(report.task.updated_micros, told);
  if (updated > 0) {
    const double age = static_cast<double>(now_micros - updated) / 1e6;
    out += Line("updated", fmt::format("{} ({} ago)", IsoTime(updated), Duration(age)));
  }
  if (!report.task.error.empty()) out += "  last error\n" + Indent(PrintableLines(report.task.error), 4);
  out += FailuresText(report, style);
  out += NextLines(report, style);
  return out;
}

std::string ObjectsText(const task::StatusReport& report, const TextStyle& style) {
  std::vector<std::vector<std::string>> rows = {{"state", "kind", "object", "label"}};
  for (const store::ObjectRecord& object : report.objects) {
    std::string name = Printable(object.object);
    if (name.ends_with('.')) name.pop_back();  // a database
    rows.push_back({object.state, object.kind, name, Printable(object.label)});
  }
  std::string out = AlignedTable(rows, {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft});
  const Tally tally = TallyObjects(report);
  out +=
      fmt::format("\n{} of {} created{}.\n", Count(tally.done), CountOf(tally.total, "object", "objects"), Rest(tally));
  return out + FailuresText(report, style);
}

std::string TasksText(const std::vector<std::pair<store::TaskRecord, bool>>& tasks_and_running,
                      const std::string& state_directory) {
  if (tasks_and_running.empty()) return fmt::format("No task in {}.\n", state_directory);
  std::vector<std::vector<std::string>> rows = {{"task", "state", "phase", "running", "updated"}};
  for (const auto& [task, running] : tasks_and_running) {
    rows.push_back({Printable(task.name), std::string(store::Name(task.state)), task.phase, running ? "yes" : "no",
                    IsoTime(task.updated_micros)});
  }
  return AlignedTable(rows, {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft});
}

std::string FailuresText(const task::StatusReport& status, const TextStyle& style) {
  std::string out;
  std::string first_label;
  for (const store::ObjectRecord& object : status.objects) {
    if (object.state != "failed") continue;
    if (first_label.empty()) first_label = object.label;
    out += Line(Coloured(style.terminal, Colour::kRed, "failed"), Printable(object.label));
    out += Indent(PrintableLines(object.error), 4);
    out += "    statement:\n" + Indent(PrintableLines(object.sql), 6);
  }
  for (const store::TableRecord& table : status.tables) {
    if (table.state != "failed") continue;
    out += Line(Coloured(style.terminal, Colour::kRed, "failed"), "table " + Printable(table.table));
    out += Indent(PrintableLines(table.error), 4);
  }
  if (first_label.empty()) return out;
  const std::string label = ShellWord(first_label);
  out += "  Mend the cause, or give another statement, or leave the object out; then run again:\n";
  out += fmt::format("    {} {}\n", CommandLine("schema retry", style), label);
  out += fmt::format("    {} {} --statement FILE.sql\n", CommandLine("schema retry", style), label);
  out += fmt::format("    {} {}\n", CommandLine("schema skip", style), label);
  return out;
}

std::string RunSummary(const task::RunOutcome& outcome, const task::StatusReport& status, const Sample& sample,
                       const connector::MigrationTypes& types, const Accounts& accounts, const TextStyle& style) {
  std::string out = Coloured(style.terminal, Colour::kBold, Headline(outcome, status, style)) + "\n";
  if (outcome.end == task::RunEnd::kAlreadyCompleted) return out;
  if (types.schema && !status.objects.empty()) out += ObjectsLine(TallyObjects(status));
  if (types.full && !status.tables.empty()) out += LoadSummary(status, sample);
  if (types.incremental && sample.phase >= 3) out += ChangesSummary(sample);
  const std::string position = outcome.position.empty() ? status.task.position : outcome.position;
  if (!position.empty()) out += Line("position", Printable(PositionText(position)));
  out += Line("time", Duration(sample.elapsed_seconds));
  out += NotMigrated(outcome.not_migrated);
  const std::string failures = FailuresText(status, style);
  out += failures;
  if (outcome.end == task::RunEnd::kCompleted || outcome.end == task::RunEnd::kCaughtUp) {
    out += Line("next", CommandLine("verify", style));
    if (outcome.end == task::RunEnd::kCaughtUp) {
      out += Line("", CommandLine("run", style) + "  (goes on following)");
      if (failures.empty()) out += Line("", CommandLine("cutover", style));
    }
  }
  if (outcome.end == task::RunEnd::kCompleted) {
    const std::vector<std::string> reminders = Reminders(accounts, status.objects);
    for (const std::string& reminder : reminders) out += Line(&reminder == &reminders[0] ? "remember" : "", reminder);
  }
  return out;
}

}  // namespace sluice::cli
