#include "cli/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "cli/utf8.h"

namespace sluice::cli {
namespace {

constexpr std::string_view kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

std::string Scaled(double value, std::string_view suffix) {
  static constexpr std::string_view kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  // 999.95 and more would print as 1000.0 of the smaller unit.
  while (value >= 999.5 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  const bool decimal = unit > 0 && value < 99.95;
  return fmt::format("{:.{}f} {}{}", value, decimal ? 1 : 0, kUnits[unit], suffix);
}

}  // namespace

std::string Count(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string CountOf(uint64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", Count(number), number == 1 ? one : many);
}

std::string Bytes(uint64_t bytes) {
  return Scaled(static_cast<double>(bytes), "");
}

std::string BytesPerSecond(double rate) {
  return Scaled(std::max(rate, 0.0), "/s");
}

std::string PerSecond(double rate) {
  if (!(rate > 0)) return "0";
  if (rate < 9.95) return fmt::format("{:.1f}", rate);
  return Count(static_cast<uint64_t>(std::llround(rate)));
}

std::string Duration(double seconds) {
  if (!(seconds > 0)) seconds = 0;
  const auto whole = static_cast<uint64_t>(std::llround(std::min(seconds, 1e12)));
  const uint64_t days = whole / 86400;
  const uint64_t hours = whole / 3600 % 24;
  const uint64_t minutes = whole / 60 % 60;
  std::string text;
  if (days > 0) text = CountOf(days, "day", "days") + " ";
  if (days > 0 || hours > 0) return text + fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
  return fmt::format("{}:{:02}", minutes, whole % 60);
}

std::string Delay(int64_t micros) {
  if (micros < 0) micros = 0;
  if (micros < 1'000'000) return fmt::format("{} ms", micros / 1000);
  if (micros < 60'000'000) return fmt::format("{:.1f} s", static_cast<double>(micros / 100'000) / 10);
  return Duration(static_cast<double>(micros) / 1e6);
}

std::string Percent(double fraction) {
  if (!(fraction > 0)) fraction = 0;
  if (fraction >= 1) return "100 %";
  return fmt::format("{} %", static_cast<int>(fraction * 100));
}

std::optional<milliseconds> ParseDuration(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  int64_t factor = 0;
  if (unit.empty() || unit == "s") factor = 1000;
  if (unit == "ms") factor = 1;
  if (unit == "m") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (unit == "d") factor = 86'400'000;
  if (factor == 0 || number > 10'000'000'000 / factor * 1000) return std::nullopt;
  return milliseconds(number * factor);
}

std::string Bar(double fraction, size_t cells, bool utf8) {
  if (!(fraction > 0)) fraction = 0;
  if (fraction > 1) fraction = 1;
  std::string bar;
  if (!utf8) {
    const auto full = static_cast<size_t>(fraction * static_cast<double>(cells));
    return std::string(full, '#') + std::string(cells - full, '.');
  }
  const auto eighths = static_cast<size_t>(fraction * static_cast<double>(cells) * 8);
  for (size_t i = 0; i < eighths / 8; ++i) bar += "█";
  bar += kEighths[eighths % 8];
  const size_t used = (eighths + 7) / 8;
  for (size_t i = used; i < cells; ++i) bar += "░";
  return bar;
}

std::string Indent(std::string_view text, size_t spaces) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) out += std::string(spaces, ' ');
    out += text.substr(0, end);
    out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string Wrap(std::string_view text, size_t columns, size_t indent, size_t used) {
  std::string out;
  size_t column = used;
  bool begun = false;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const size_t width = DisplayWidth(word);
    if (begun && column + 1 + width > columns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (begun) {
      out += ' ';
      ++column;
    }
    out += word;
    column += width;
    begun = true;
  }
  return out;
}

std::string PadRight(std::string_view text, size_t width) {
  const size_t used = DisplayWidth(text);
  return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

std::string PadLeft(std::string_view text, size_t width) {
  const size_t used = DisplayWidth(text);
  return std::string(used < width ? width - used : 0, ' ') + std::string(text);
}

std::string AlignedTable(const std::vector<std::vector<std::string>>& rows, const std::vector<Align>& aligns) {
  std::vector<size_t> widths(aligns.size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  const auto line = [&](const std::vector<std::string>& row) {
    std::string text;
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      if (i > 0) text += "  ";
      text += aligns[i] == Align::kRight ? PadLeft(row[i], widths[i]) : PadRight(row[i], widths[i]);
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text + "\n";
  };
  std::string out;
  for (size_t i = 0; i < rows.size(); ++i) {
    out += line(rows[i]);
    if (i > 0) continue;
    std::vector<std::string> rule;
    for (const size_t width : widths) rule.emplace_back(width, '-');
    out += line(rule);
  }
  return out;
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace sluice::cli
