#include "cli/progress_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/format.h"

namespace sluice::cli {
namespace {

constexpr int kSchema = 1;
constexpr int kFull = 2;
constexpr int kIncremental = 3;
constexpr int kFinished = 4;

constexpr size_t kLabelWidth = 12;
constexpr size_t kBusiestShown = 6;
constexpr double kStillAfterSeconds = 5;

size_t BarCells(const TerminalSize& size) {
  if (size.columns >= 110) return 30;
  return size.columns >= 80 ? 20 : 10;
}

std::string Line(std::string_view label, std::string_view text) {
  return fmt::format("{} {}", PadRight(label, kLabelWidth), text);
}

// The pieces behind a label, two spaces apart; what does not fit goes on in the next line.
void AppendPieces(std::string_view label, const std::vector<std::string>& pieces, const ViewOptions& options,
                  std::vector<std::string>& lines) {
  std::string line = Line(label, pieces.front());
  for (size_t i = 1; i < pieces.size(); ++i) {
    if (DisplayWidth(line) + 2 + DisplayWidth(pieces[i]) >= options.size.columns) {
      lines.push_back(line);
      line = Line("", pieces[i]);
    } else {
      line += "  " + pieces[i];
    }
  }
  lines.push_back(line);
}

std::string BarText(double fraction, const ViewOptions& options) {
  return fmt::format("{} {}", Bar(fraction, BarCells(options.size), options.terminal.utf8),
                     PadLeft(Percent(fraction), 5));
}

double SchemaFraction(const Sample& sample) {
  if (sample.objects_total == 0) return sample.phase > kSchema ? 1 : 0;
  // What is left then is not for now.
  if (sample.phase >= kIncremental && sample.objects_failed == 0) return 1;
  return static_cast<double>(sample.objects_done) / static_cast<double>(sample.objects_total);
}

std::string SchemaText(const Sample& sample) {
  std::string text =
      fmt::format("{} of {}", Count(sample.objects_done), CountOf(sample.objects_total, "object", "objects"));
  if (sample.objects_failed > 0) text += fmt::format(", {} failed", Count(sample.objects_failed));
  const uint32_t settled = sample.objects_done + sample.objects_failed;
  if (sample.phase == kIncremental && settled < sample.objects_total) {
    text += ", the rest at the switch-over or skipped";
  }
  return text;
}

std::vector<std::string> LoadPieces(const Sample& sample, bool active, const ViewOptions& options) {
  std::vector<std::string> pieces = {
      BarText(active ? sample.LoadFraction() : 1, options),
      fmt::format("{} of {} rows", Count(sample.rows), Count(std::max(sample.rows, sample.rows_total)))};
  if (!active) return pieces;
  pieces.push_back(PerSecond(sample.rows_per_second) + " rows/s");
  pieces.push_back(BytesPerSecond(sample.bytes_per_second));
  if (sample.seconds_left) pieces.push_back(Duration(*sample.seconds_left) + " left");
  return pieces;
}

std::string TableLine(const TableSample& table, const ViewOptions& options) {
  const size_t total = std::max(table.rows, table.rows_estimated);
  const double fraction = total == 0 ? 0 : std::min(0.99, static_cast<double>(table.rows) / static_cast<double>(total));
  const size_t name_width = std::clamp<size_t>(options.size.columns / 3, kLabelWidth, 36);
  const std::string name = Cut(Printable(table.name), name_width, options.terminal.utf8);
  return fmt::format("  {} {} {}  {} of {} rows  {} rows/s", PadRight(name, name_width),
                     Bar(fraction, 10, options.terminal.utf8), PadLeft(Percent(fraction), 5), Count(table.rows),
                     Count(total), PerSecond(table.rows_per_second));
}

std::string TablesLine(const Sample& sample) {
  std::string text =
      fmt::format("  {} of {} finished", Count(sample.tables_finished), CountOf(sample.tables, "table", "tables"));
  if (sample.tables_active > kBusiestShown) {
    text += fmt::format(", {} more being copied", Count(sample.tables_active - kBusiestShown));
  }
  if (sample.tables_indexing > 0) text += fmt::format(", {} getting indexes", Count(sample.tables_indexing));
  const size_t started = sample.tables_finished + sample.tables_indexing + sample.tables_active;
  if (sample.tables > started) text += fmt::format(", {} waiting", Count(sample.tables - started));
  return text;
}

void AppendFull(const Sample& sample, const ViewOptions& options, std::vector<std::string>& lines) {
  const bool active = sample.phase == kFull;
  if (sample.phase < kFull) {
    lines.push_back(Line("Full load", "waiting"));
    return;
  }
  AppendPieces("Full load", LoadPieces(sample, active, options), options, lines);
  if (!active) return;
  // The busiest, but in the order of the task: lines that change places cannot be read.
  std::vector<TableSample> shown(
      sample.busiest.begin(),
      sample.busiest.begin() + static_cast<std::ptrdiff_t>(std::min(sample.busiest.size(), kBusiestShown)));
  std::sort(shown.begin(), shown.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  for (const TableSample& table : shown) lines.push_back(TableLine(table, options));
  if (sample.tables > 0) lines.push_back(TablesLine(sample));
}

void AppendChanges(const Sample& sample, const ViewOptions& options, std::vector<std::string>& lines) {
  if (sample.phase < kIncremental) {
    lines.push_back(Line("Incremental", "waiting"));
    return;
  }
  const std::string delay = DelayText(sample, options.not_delayed_within_micros);
  const Colour colour = delay == "not delayed" ? Colour::kGreen : Colour::kYellow;
  AppendPieces("Incremental",
               {Coloured(options.terminal, colour, PadRight(delay, 13)),
                PerSecond(sample.transactions_per_second) + " transactions/s",
                PerSecond(sample.changes_per_second) + " rows/s", BytesPerSecond(sample.change_bytes_per_second)},
               options, lines);
  std::vector<std::string> rows = {Count(sample.inserts) + " inserted", Count(sample.updates) + " updated",
                                   Count(sample.deletes) + " deleted"};
  if (sample.ddl > 0) rows.push_back(CountOf(sample.ddl, "schema change", "schema changes"));
  AppendPieces("", rows, options, lines);
  if (!sample.position.empty()) lines.push_back(Line("", "at " + Printable(sample.position)));
}

// Why nothing moves, in the words of the phase.
std::string StillReason(const Sample& sample, const ViewOptions& options) {
  if (sample.still_seconds < kStillAfterSeconds || sample.phase == kFinished) return "";
  if (sample.phase == kIncremental && sample.caught_up) return "nothing to apply: the source is idle";
  std::string doing = "waiting for the servers";
  if (options.verify) {
    doing = "reading both sides";
  } else if (sample.phase == kSchema) {
    doing = "the destination is working on a statement";
  } else if (sample.phase == kFull && sample.tables_indexing > 0) {
    doing = "the destination is creating indexes";
  }
  std::string text = fmt::format("no progress for {}: {}", Duration(sample.still_seconds), doing);
  if (!options.last_message.empty()) text += "; last: " + Printable(options.last_message);
  return text;
}

std::string StatusLine(const Sample& sample, const ViewOptions& options) {
  static constexpr std::string_view kSpinner[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
  static constexpr std::string_view kPlainSpinner[] = {"|", "/", "-", "\\"};
  const auto tick = static_cast<size_t>(sample.elapsed_seconds * 5);
  const std::string_view spinner =
      options.terminal.utf8 ? kSpinner[tick % std::size(kSpinner)] : kPlainSpinner[tick % std::size(kPlainSpinner)];
  std::string text = fmt::format("{} {}", spinner, Duration(sample.elapsed_seconds));
  const std::string still = StillReason(sample, options);
  if (options.stopping) {
    text += "  stopping: what is in flight is being finished; once more to end at once";
  } else if (!still.empty()) {
    text += "  " + still;
  } else {
    text += options.verify ? "  Ctrl-C ends it" : "  Ctrl-C stops; the same command goes on later";
  }
  return Coloured(options.terminal, Colour::kDim, text);
}

std::vector<std::string> RenderVerify(const Sample& sample, const ViewOptions& options) {
  const double fraction =
      sample.rows_to_verify == 0
          ? 0
          : std::min(0.99, static_cast<double>(sample.rows_verified) / static_cast<double>(sample.rows_to_verify));
  std::vector<std::string> pieces = {BarText(fraction, options),
                                     fmt::format("{} of {} rows", Count(sample.rows_verified),
                                                 Count(std::max(sample.rows_verified, sample.rows_to_verify))),
                                     PerSecond(sample.verified_per_second) + " rows/s"};
  if (sample.verified_per_second > 0 && sample.rows_to_verify > sample.rows_verified) {
    const auto left = static_cast<double>(sample.rows_to_verify - sample.rows_verified);
    pieces.push_back(Duration(left / sample.verified_per_second) + " left");
  }
  std::vector<std::string> lines;
  AppendPieces("Verify", pieces, options, lines);
  lines.push_back(StatusLine(sample, options));
  return lines;
}

std::string PhaseText(const Sample& sample) {
  switch (sample.phase) {
    case kSchema:
      return "schema";
    case kFull:
      return "full load";
    case kIncremental:
      return "incremental";
    case kFinished:
      return "finished";
    default:
      return "starting";
  }
}

}  // namespace

std::string DelayText(const Sample& sample, int64_t not_delayed_within_micros) {
  if (sample.caught_up && sample.delay_micros < not_delayed_within_micros) return "not delayed";
  return Delay(sample.delay_micros) + " behind";
}

std::vector<std::string> RenderBlock(const Sample& sample, const ViewOptions& options) {
  if (options.verify) return RenderVerify(sample, options);
  std::vector<std::string> lines;
  lines.push_back(Coloured(options.terminal, Colour::kBold, Printable(options.name)) + "  " + PhaseText(sample));
  if (options.types.schema) {
    AppendPieces("Schema", {BarText(SchemaFraction(sample), options), SchemaText(sample)}, options, lines);
  }
  if (options.types.full) AppendFull(sample, options, lines);
  if (options.types.incremental) AppendChanges(sample, options, lines);
  lines.push_back(StatusLine(sample, options));
  return lines;
}

std::string RenderLine(const Sample& sample, const ViewOptions& options) {
  std::string text;
  if (options.verify) {
    text = fmt::format("verify: {} of {} rows, {} rows/s", Count(sample.rows_verified),
                       Count(std::max(sample.rows_verified, sample.rows_to_verify)),
                       PerSecond(sample.verified_per_second));
  } else if (sample.phase == kSchema) {
    text = "schema: " + SchemaText(sample);
  } else if (sample.phase == kFull) {
    text = fmt::format("full load: {}, {} of {} rows, {} rows/s, {}", Percent(sample.LoadFraction()),
                       Count(sample.rows), Count(std::max(sample.rows, sample.rows_total)),
                       PerSecond(sample.rows_per_second), BytesPerSecond(sample.bytes_per_second));
    text +=
        fmt::format(", {} of {} finished", Count(sample.tables_finished), CountOf(sample.tables, "table", "tables"));
    if (sample.tables_indexing > 0) text += fmt::format(", {} getting indexes", Count(sample.tables_indexing));
    if (sample.seconds_left) text += fmt::format(", {} left", Duration(*sample.seconds_left));
  } else if (sample.phase == kIncremental) {
    text = fmt::format("incremental: {}, {} transactions/s, {} rows/s, {}; {} inserted, {} updated, {} deleted",
                       DelayText(sample, options.not_delayed_within_micros), PerSecond(sample.transactions_per_second),
                       PerSecond(sample.changes_per_second), BytesPerSecond(sample.change_bytes_per_second),
                       Count(sample.inserts), Count(sample.updates), Count(sample.deletes));
    if (!sample.position.empty()) text += "; at " + Printable(sample.position);
  } else {
    text = PhaseText(sample);
  }
  const std::string still = StillReason(sample, options);
  if (options.stopping) return text + " (stopping)";
  return still.empty() ? text : text + " (" + still + ")";
}

}  // namespace sluice::cli
