// The limits of a task, for people.
#include <fmt/format.h>

#include <algorithm>

#include "cli/format.h"
#include "cli/report_text.h"

namespace sluice::cli {
namespace {

std::string Megabytes(uint64_t bytes) {
  return fmt::format("{}", static_cast<double>(bytes) / 1e6);
}

std::string OrNone(uint64_t value, const std::string& text) {
  return value == 0 ? "no limit" : text;
}

// One limit: what holds, and where that is not what was asked for or what the task file says.
struct Row {
  const char* name;   // as the note calls it
  const char* label;  // as a person does
  uint64_t pipeline::Limits::*wide = nullptr;
  uint32_t pipeline::Limits::*narrow = nullptr;

  uint64_t Value(const pipeline::Limits& limits) const { return wide != nullptr ? limits.*wide : limits.*narrow; }
  std::string Text(const pipeline::Limits& limits) const {
    const uint64_t value = Value(limits);
    if (narrow != nullptr) return Count(value);
    return OrNone(value, std::string(name) == "bytes_per_second" ? Megabytes(value) : Count(value));
  }
};

constexpr Row kRows[] = {{"rows_per_second", "rows/s", &pipeline::Limits::rows_per_second, nullptr},
                         {"bytes_per_second", "MB/s", &pipeline::Limits::bytes_per_second, nullptr},
                         {"readers", "readers", nullptr, &pipeline::Limits::readers},
                         {"writers", "writers", nullptr, &pipeline::Limits::writers}};

bool Touches(const task::LimitsChange& change, std::string_view name) {
  return change.reset || (name == "readers" && change.readers) || (name == "writers" && change.writers);
}

}  // namespace

std::string LimitsSummary(const pipeline::Limits& limits) {
  std::string text;
  if (limits.rows_per_second > 0) text += Count(limits.rows_per_second) + " rows/s, ";
  if (limits.bytes_per_second > 0) text += Megabytes(limits.bytes_per_second) + " MB/s, ";
  return text + fmt::format("{}, {}", CountOf(limits.readers, "reader", "readers"),
                            CountOf(limits.writers, "writer", "writers"));
}

std::string LimitsText(const std::string& name, const task::LimitsReport& report, const task::LimitsChange& change) {
  const std::string task = Printable(name);
  if (!report.known) return fmt::format("{} was never run: its limits are those of its task file.\n", task);
  std::string out = report.running ? fmt::format("{}, in force now\n", task)
                                   : fmt::format("{} does not run; in force from the next run on\n", task);
  for (const Row& row : kRows) {
    std::string text = row.Text(report.limits);
    if (std::find(report.changed.begin(), report.changed.end(), row.name) != report.changed.end()) {
      text += fmt::format("  (changed here; the task file says {})", row.Text(report.file));
    }
    out += fmt::format("  {} {}\n", PadRight(row.label, 12), text);
  }
  out += fmt::format("  {} {}  (of the task file; what it says holds from the next run on)\n", PadRight("memory", 12),
                     Bytes(report.limits.memory_bytes));
  for (const auto& [limit, note] : report.notes) {
    // What a limit does in this phase is told when somebody changes it; what is not met is told always.
    const auto* row =
        std::find_if(std::begin(kRows), std::end(kRows), [&wanted = limit](const Row& r) { return r.name == wanted; });
    const bool unmet = row != std::end(kRows) && row->Value(report.limits) != row->Value(report.wanted);
    if (unmet || Touches(change, limit)) out += fmt::format("  {}: {}.\n", limit, note);
  }
  return out;
}

}  // namespace sluice::cli
