#include "connectors/mysql/tsv.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::mysql {
namespace {

std::string Escaped(std::string_view cell) {
  std::string out;
  AppendTsvCell(out, cell);
  return out;
}

std::vector<std::optional<std::string>> Cells(std::string_view row) {
  std::vector<std::optional<std::string>> cells;
  TsvReader::Split(row, cells);
  return cells;
}

TEST(Tsv, EscapesOnlyWhatLoadDataWouldMistake) {
  EXPECT_EQ(Escaped("plain text, 'quotes' \"too\" \r and \x1a"), "plain text, 'quotes' \"too\" \r and \x1a");
  EXPECT_EQ(Escaped("a\tb\nc\\d"), "a\\tb\\nc\\\\d");
  EXPECT_EQ(Escaped(""), "");
  EXPECT_EQ(Escaped(std::string_view("\0x", 2)), std::string_view("\0x", 2));
}

TEST(Tsv, TextThatLooksLikeNullIsNotNull) {
  std::string row = Escaped("\\N");
  row += '\t';
  AppendTsvNull(row);
  const auto cells = Cells(row);
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(cells[0], "\\N");
  EXPECT_EQ(cells[1], std::nullopt);
}

TEST(Tsv, FindsSpecialBytesAtEveryPlace) {
  for (size_t size = 1; size < 70; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (const char special : {'\\', '\t', '\n'}) {
        std::string cell(size, 'x');
        cell[at] = special;
        EXPECT_FALSE(IsPlainTsv(cell));
        EXPECT_EQ(Cells(Escaped(cell)).at(0), cell);
      }
    }
    EXPECT_TRUE(IsPlainTsv(std::string(size, '\x80')));
  }
}

TEST(Tsv, AnyBytesComeBack) {
  std::minstd_rand random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::optional<std::string>> rows[3];
    std::string block;
    for (auto& row : rows) {
      for (int i = 0; i < 4; ++i) {
        if (i != 0) block += '\t';
        if (random() % 5 == 0) {
          row.push_back(std::nullopt);
          AppendTsvNull(block);
          continue;
        }
        std::string cell(random() % 40, '\0');
        const char kinds[] = "\\\t\n\0N'a";
        for (char& c : cell) c = random() % 3 == 0 ? kinds[random() % 7] : static_cast<char>(random());
        AppendTsvCell(block, cell);
        row.push_back(std::move(cell));
      }
      block += '\n';
    }
    TsvReader reader(block);
    std::string_view line;
    for (const auto& row : rows) {
      ASSERT_TRUE(reader.NextRow(line));
      EXPECT_EQ(Cells(line), row);
    }
    EXPECT_FALSE(reader.NextRow(line));
  }
}

TEST(Tsv, RawCellsKeepTheirEscapes) {
  std::vector<std::string_view> cells;
  TsvReader::SplitRaw("a\\tb\t\\N\t", cells);
  EXPECT_EQ(cells, (std::vector<std::string_view>{"a\\tb", "\\N", ""}));
}

TEST(Tsv, BecomesTheInsideOfAnSqlLiteral) {
  std::string sql;
  AppendTsvAsSql(sql, Escaped(std::string_view("it's\n\0\\", 7)));
  EXPECT_EQ(sql, "it\\'s\\n\\0\\\\");
}

}  // namespace
}  // namespace sluice::mysql
