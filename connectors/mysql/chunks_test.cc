#include "connectors/mysql/chunks.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::mysql {
namespace {

using model::Column;
using model::Key;
using model::Table;
using model::TypeKind;

Column MakeColumn(std::string name, TypeKind kind, bool nullable = false) {
  Column column;
  column.name = std::move(name);
  column.type.kind = kind;
  column.nullable = nullable;
  return column;
}

Key MakeKey(std::string name, std::vector<uint32_t> columns, bool primary, bool unique = true) {
  Key key;
  key.name = std::move(name);
  key.primary = primary;
  key.unique = unique;
  for (const uint32_t column : columns) key.parts.push_back({.column = column, .prefix_length = 0});
  return key;
}

Table Composite() {
  Table table;
  table.name = {"shop", "orders"};
  table.columns = {MakeColumn("a", TypeKind::kInteger), MakeColumn("b", TypeKind::kVarchar),
                   MakeColumn("c", TypeKind::kDate)};
  table.columns[1].type.charset = "utf8mb4";
  table.keys = {MakeKey("PRIMARY", {0, 1, 2}, true)};
  return table;
}

TEST(Chunks, LiteralsCompareAsTheColumnDoes) {
  Column text = MakeColumn("t", TypeKind::kVarchar);
  text.type.charset = "latin1";
  EXPECT_EQ(KeyLiteral(text, "\xe9,'"), "_latin1 x'E92C27'");
  EXPECT_EQ(KeyLiteral(text, ""), "_latin1 x''");
  EXPECT_EQ(KeyLiteral(MakeColumn("b", TypeKind::kVarbinary), std::string_view("\0\n", 2)), "_binary x'000A'");
  EXPECT_EQ(KeyLiteral(MakeColumn("i", TypeKind::kInteger), "-42"), "-42");
  EXPECT_EQ(KeyLiteral(MakeColumn("f", TypeKind::kFloat32), "0.10000000149011612"), "0.10000000149011612e0");
  EXPECT_EQ(KeyLiteral(MakeColumn("f", TypeKind::kFloat64), "1e300"), "1e300");
  EXPECT_EQ(KeyLiteral(MakeColumn("d", TypeKind::kDateTime), "2024-02-29 12:00:00.5"), "'2024-02-29 12:00:00.5'");
  EXPECT_EQ(KeyExpression(MakeColumn("e", TypeKind::kEnum)), "`e`+0");
  EXPECT_EQ(KeyExpression(MakeColumn("f", TypeKind::kFloat32)), "`f`*1e0");
}

TEST(Chunks, ConditionsOfAllColumns) {
  const Table table = Composite();
  const Key& key = table.keys[0];
  EXPECT_EQ(RangeCondition(table, key, "", ""), "");
  EXPECT_EQ(RangeCondition(table, key, "1,_utf8mb4 x'41','2020-01-01'", ""),
            "(`a` > 1 OR (`a` = 1 AND `b` > _utf8mb4 x'41') OR (`a` = 1 AND `b` = _utf8mb4 x'41' AND `c` > "
            "'2020-01-01'))");
  EXPECT_EQ(RangeCondition(table, MakeKey("PRIMARY", {0}, true), "1", "9"), "(`a` > 1) AND (`a` <= 9)");
  EXPECT_EQ(RangeCondition(table, MakeKey("PRIMARY", {0, 2}, true), "", "9,'x'"),
            "(`a` < 9 OR (`a` = 9 AND `c` <= 'x'))");
}

TEST(Chunks, KeyToSplitBy) {
  Table table = Composite();
  EXPECT_EQ(SplitKey(table)->name, "PRIMARY");
  table.keys = {MakeKey("k", {0}, false, false)};
  EXPECT_EQ(SplitKey(table), nullptr);  // not unique
  table.keys = {MakeKey("wide", {0, 1}, false), MakeKey("u", {2}, false)};
  EXPECT_EQ(SplitKey(table)->name, "u");
  table.columns[2].nullable = true;  // NULL may stand there many times
  EXPECT_EQ(SplitKey(table)->name, "wide");
  table.keys[0].parts[1].prefix_length = 10;
  EXPECT_EQ(SplitKey(table), nullptr);
  table.keys = {MakeKey("f", {0}, false)};
  table.keys[0].has_expression = true;
  EXPECT_EQ(SplitKey(table), nullptr);
}

// Every value belongs to exactly one chunk.
void ExpectCovered(const std::vector<connector::Chunk>& chunks) {
  ASSERT_FALSE(chunks.empty());
  EXPECT_EQ(chunks.front().lower, "");
  EXPECT_EQ(chunks.back().upper, "");
  for (size_t i = 0; i < chunks.size(); ++i) {
    EXPECT_EQ(chunks[i].number, i);
    if (i != 0) {
      EXPECT_EQ(chunks[i].lower, chunks[i - 1].upper);
    }
  }
}

TEST(Chunks, EvenSplits) {
  auto chunks = SplitEvenly("1", "1000", false, 4, 1000);
  ExpectCovered(chunks);
  ASSERT_EQ(chunks.size(), 4u);
  EXPECT_EQ(chunks[0].upper, "250");
  EXPECT_EQ(chunks[1].upper, "500");
  EXPECT_EQ(chunks[0].rows_estimated, 250u);
}

TEST(Chunks, EvenSplitsAtTheEndsOfTheTypes) {
  auto chunks = SplitEvenly("-9223372036854775808", "9223372036854775807", false, 4, 100);
  ExpectCovered(chunks);
  ASSERT_EQ(chunks.size(), 4u);
  EXPECT_EQ(chunks[1].upper, "-1");
  chunks = SplitEvenly("0", "18446744073709551615", true, 2, 100);
  ExpectCovered(chunks);
  EXPECT_EQ(chunks[0].upper, "9223372036854775807");
  chunks = SplitEvenly("-10", "-7", false, 100, 100);
  ExpectCovered(chunks);
  EXPECT_EQ(chunks.size(), 3u);
  chunks = SplitEvenly("5", "5", false, 8, 100);
  ExpectCovered(chunks);
  EXPECT_EQ(chunks.size(), 1u);
}

}  // namespace
}  // namespace sluice::mysql
