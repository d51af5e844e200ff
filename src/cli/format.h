// Numbers, times, bars and tables as people read them. Pure functions: no terminal, no locale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stop.h"

namespace sluice::cli {

std::string Count(uint64_t number);  // "1,203,400"
std::string CountOf(uint64_t number, std::string_view one,
                    std::string_view many);  // "1 table", "2 tables"
std::string Bytes(uint64_t bytes);           // decimal units: "999 B", "1.5 kB", "384 MB"
std::string BytesPerSecond(double rate);     // "34.1 MB/s"
std::string PerSecond(double rate);          // "182,000", below 10 with one decimal: "2.5"
std::string Duration(double seconds);        // "0:04", "1:02:33", "3 days 4:05:06"
std::string Delay(int64_t micros);           // "120 ms", "1.2 s", "3:05"
std::string Percent(double fraction);        // "43 %", never "100 %" before it is

// "90", "90s", "15m", "2h", "1d"; nothing when it is none of these.
std::optional<milliseconds> ParseDuration(std::string_view text);

// `cells` wide. With UTF-8, eighths of a cell are drawn.
std::string Bar(double fraction, size_t cells, bool utf8);

// Columns that the text takes on a terminal: escape sequences none, East Asian wide characters two.
size_t DisplayWidth(std::string_view text);
// Names and messages come from servers: control characters and broken UTF-8 become "?", so that
// nothing they hold can steer the terminal.
std::string Printable(std::string_view text);
// As Printable, but line breaks are kept.
std::string PrintableLines(std::string_view text);
// Cut to `width` columns, an ellipsis at the end if something was lost.
std::string Cut(std::string_view text, size_t width, bool utf8 = true);
std::string PadRight(std::string_view text, size_t width);
std::string PadLeft(std::string_view text, size_t width);
// Words of `text` in lines of at most `columns`, all but the first behind `indent` spaces; `used`
// columns of the first are taken already. No line feed at the end.
std::string Wrap(std::string_view text, size_t columns, size_t indent, size_t used);
// Every line of `text` behind `spaces` spaces.
std::string Indent(std::string_view text, size_t spaces);

enum class Align { kLeft, kRight };
// Lines with columns two spaces apart; the first row is the header, underlined by dashes. Trailing
// blanks are cut.
std::string AlignedTable(const std::vector<std::vector<std::string>>& rows, const std::vector<Align>& aligns);

// How many single-character edits turn one into the other; for suggestions.
size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace sluice::cli
