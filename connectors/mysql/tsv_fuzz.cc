// Any bytes as rows of another engine, and as a cell: rows are walked to their end, and a cell that was escaped is
// read back as it was.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "connectors/mysql/tsv.h"

namespace sluice::mysql {
namespace {

void TryRows(std::string_view text) {
  TsvReader reader(text);
  std::vector<std::optional<std::string>> cells;
  std::vector<std::string_view> raw;
  std::string sql;
  size_t bytes = 0;
  for (std::string_view row; reader.NextRow(row);) {
    bytes += row.size();
    TsvReader::Split(row, cells);
    TsvReader::SplitRaw(row, raw);
    Check(cells.size() == raw.size(), "both ways find the same cells");
    for (const std::string_view cell : raw) AppendTsvAsSql(sql, cell);
  }
  Check(bytes <= text.size(), "rows are parts of the block");
}

void TryCell(std::string_view cell) {
  for (const bool neutral : {false, true}) {
    std::string row;
    neutral ? AppendNeutralCell(row, cell) : AppendTsvCell(row, cell);
    std::vector<std::optional<std::string>> cells;
    row += "\t\\N\n";
    TsvReader reader(row);
    std::string_view line;
    Check(reader.NextRow(line), "a row");
    TsvReader::Split(line, cells);
    Check(cells.size() == 2 && cells[0] == cell && !cells[1], "a cell is read back as it was");
  }
}

}  // namespace
}  // namespace sluice::mysql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 8192) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sluice::mysql::TryRows(text);
  sluice::mysql::TryCell(text);
  return 0;
}
