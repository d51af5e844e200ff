#include "cli/report_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/format.h"

namespace sluice::cli {
namespace {

constexpr size_t kDifferencesShown = 10;

std::string KeyText(const std::vector<std::string>& key) {
  if (key.empty()) return "(a row without a key)";
  std::string text;
  for (const std::string& part : key) {
    if (!text.empty()) text += ", ";
    text += Cut(Printable(part), 60);
  }
  return "key " + text;
}

std::string DifferenceLine(const pipeline::Difference& difference) {
  switch (difference.kind) {
    case pipeline::DifferenceKind::kMissing:
      return "missing    " + KeyText(difference.key);
    case pipeline::DifferenceKind::kExtra:
      return "extra      " + KeyText(difference.key);
    case pipeline::DifferenceKind::kDifferent:
      break;
  }
  std::string line = "different  " + KeyText(difference.key);
  if (!difference.columns.empty()) line += ": " + Printable(difference.columns);
  return line;
}

}  // namespace

std::string ShellWord(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c >= 0x80 ||
           std::string_view("-_./:=@%+,").find(static_cast<char>(c)) != std::string::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string CommandLine(std::string_view verb, const TextStyle& style) {
  const bool takes_name = verb.starts_with("schema") || verb.starts_with("status") || verb.starts_with("stop") ||
                          verb.starts_with("limits");
  return fmt::format("sluice {} {}", verb, takes_name ? style.program_line : style.file_line);
}

std::string ErrorText(const ErrorInfo& error, const TextStyle& style) {
  std::string out = Coloured(style.terminal, Colour::kRed, fmt::format("[{}] {}", error.code, Printable(error.title)));
  out += "\n";
  const auto line = [&](std::string_view label, const std::string& text) {
    if (text.empty()) return;
    std::string rest = PrintableLines(text);
    if (rest.find('\n') == std::string::npos) {
      out += fmt::format("  {} {}\n", PadRight(label, 7), rest);
    } else {
      out += fmt::format("  {}\n{}", label, Indent(rest, 4));
    }
  };
  std::string where = error.stage;
  if (!error.side.empty()) where += (where.empty() ? "" : ", ") + error.side;
  line("where:", where);
  line("object:", error.object);
  line("cause:", error.cause);
  if (error.native_code != 0) line("server:", fmt::format("{} {}", error.native_code, error.native_message));
  line("to do:", error.remedy);
  return out;
}

std::string PreviewText(const std::vector<task::PreviewLine>& lines, const TextStyle& style) {
  std::vector<std::vector<std::string>> rows = {{"kind", "source", "destination", "note"}};
  size_t renamed = 0;
  size_t left_out = 0;
  size_t tables = 0;
  for (const task::PreviewLine& line : lines) {
    std::string destination = Printable(line.destination);
    if (destination.empty()) destination = style.terminal.utf8 ? "—" : "-";
    rows.push_back({line.kind, Printable(line.source), destination, Printable(line.note)});
    if (line.kind == "table") ++tables;
    if (line.destination.empty()) {
      ++left_out;
    } else if (line.destination != line.source) {
      ++renamed;
    }
  }
  std::string out = AlignedTable(rows, {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft});
  out += fmt::format("\n{} ({}), {} under another name, {} left out.\n", CountOf(lines.size(), "object", "objects"),
                     CountOf(tables, "table", "tables"), Count(renamed), Count(left_out));
  return out;
}

std::string VerifyLine(const pipeline::VerifyTableResult& result, const TextStyle& style) {
  std::string name = Printable(result.source.Text());
  if (result.destination != result.source) {
    name += (style.terminal.utf8 ? " → " : " -> ") + Printable(result.destination.Text());
  }
  if (result.error) {
    return fmt::format("{}  {}: {}", Coloured(style.terminal, Colour::kRed, "not compared"), name,
                       Printable(result.error->OneLine()));
  }
  if (result.Equal()) {
    return fmt::format("{}  {}: {}", Coloured(style.terminal, Colour::kGreen, PadRight("equal", 12)), name,
                       CountOf(result.rows_source, "row", "rows"));
  }
  return fmt::format("{}  {}: {} missing, {} extra, {} different (source {}, destination {} rows)",
                     Coloured(style.terminal, Colour::kRed, PadRight("DIFFERENT", 12)), name, Count(result.missing),
                     Count(result.extra), Count(result.different), Count(result.rows_source),
                     Count(result.rows_destination));
}

std::string VerifySummary(const task::VerifyReport& report, const std::string& repair_sql, const TextStyle& style) {
  const std::vector<pipeline::VerifyTableResult>& results = report.tables;
  size_t equal = 0;
  size_t errors = 0;
  uint64_t rows = 0;
  uint64_t missing = 0;
  uint64_t extra = 0;
  uint64_t different = 0;
  std::string out;
  for (const pipeline::VerifyTableResult& result : results) {
    rows += result.rows_source;
    missing += result.missing;
    extra += result.extra;
    different += result.different;
    if (result.Equal()) ++equal;
    if (result.error) ++errors;
    if (result.differences.empty()) continue;
    out += fmt::format("\n{}\n", Printable(result.source.Text()));
    if (!result.note.empty()) out += "  " + result.note + "\n";
    size_t shown = 0;
    for (const pipeline::Difference& difference : result.differences) {
      if (shown++ == kDifferencesShown) break;
      out += "  " + DifferenceLine(difference) + "\n";
    }
    const uint64_t all = result.missing + result.extra + result.different;
    if (all > kDifferencesShown) out += fmt::format("  and {} more\n", Count(all - kDifferencesShown));
  }
  if (!out.empty()) out += "\n";
  const uint64_t differences = missing + extra + different;
  if (differences == 0 && errors == 0) {
    return out +
           Coloured(style.terminal, Colour::kGreen,
                    fmt::format("Both sides are equal: {}, {}.", CountOf(results.size(), "table", "tables"),
                                CountOf(rows, "row", "rows"))) +
           "\n";
  }
  std::string end;
  if (differences > 0) {
    end = fmt::format("{}: {} missing, {} extra, {} different at the destination; {} of {} equal.",
                      CountOf(differences, "difference", "differences"), Count(missing), Count(extra), Count(different),
                      Count(equal), CountOf(results.size(), "table", "tables"));
  }
  if (errors > 0) {
    end += (end.empty() ? "" : " ") + fmt::format("{} could not be compared.", CountOf(errors, "table", "tables"));
  }
  out += Coloured(style.terminal, Colour::kRed, end) + "\n";
  if (differences > 0 && report.changes_wait) {
    out += "No process applies the task's changes now: what they are about differs until they are applied.\n";
  }
  if (differences > 0 && !repair_sql.empty()) {
    out += fmt::format("Statements that mend the destination: {}\nRead them before you run them there.\n", repair_sql);
  } else if (differences > 0) {
    out += "Write what would mend the destination: " + CommandLine("verify --repair-sql repair.sql", style) + "\n";
  }
  return out;
}

}  // namespace sluice::cli
