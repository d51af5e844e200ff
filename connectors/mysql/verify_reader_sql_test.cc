#include "connectors/mysql/verify_reader_sql.h"

#include <gtest/gtest.h>

namespace sluice::mysql {
namespace {

using connector::VerifyReader;
using connector::VerifyTable;
using model::TypeKind;
using Row = VerifyReader::TextRow;

VerifyTable Table(std::initializer_list<std::pair<const char*, TypeKind>> columns, size_t key_columns,
                  size_t more_unique_keys = 0) {
  auto table = std::make_shared<model::Table>();
  table->name = {"shop", "t"};
  VerifyTable verify;
  verify.peer.engine = "mysql";
  model::Key key;
  key.primary = key.unique = true;
  for (const auto& [name, kind] : columns) {
    model::Column column;
    column.name = name;
    column.type.kind = kind;
    column.nullable = table->columns.size() >= key_columns;
    const auto index = static_cast<uint32_t>(table->columns.size());
    verify.columns.push_back(index);
    if (index < key_columns) key.parts.push_back({index, 0});
    table->columns.push_back(column);
  }
  if (key_columns != 0) table->keys.push_back(key);
  for (size_t i = 0; i < more_unique_keys; ++i) {
    model::Key unique;
    unique.unique = true;
    table->keys.push_back(unique);
  }
  verify.table = table;
  verify.key_columns = key_columns;
  return verify;
}

TEST(VerifySqlTest, SelectsWhatIsExact) {
  const VerifyTable table = Table({{"id", TypeKind::kInteger}, {"f`x", TypeKind::kFloat32}, {"b", TypeKind::kBit}}, 1);
  EXPECT_EQ(VerifySelect(table), "SELECT `id`,`f``x`*1e0,`b`+0 FROM `shop`.`t`");
}

TEST(VerifySqlTest, ChunksOfOneAndTwoColumns) {
  const VerifyTable one = Table({{"id", TypeKind::kInteger}}, 1);
  EXPECT_EQ(ChunkCondition(one, {0, "", "", 0}), "");
  EXPECT_EQ(ChunkCondition(one, {0, "5", "", 0}), "((`id`>5))");
  EXPECT_EQ(ChunkCondition(one, {0, "5", "9", 0}), "((`id`>5)) AND ((`id`<=9))");
  const VerifyTable two = Table({{"a", TypeKind::kInteger}, {"b", TypeKind::kVarchar}}, 2);
  EXPECT_EQ(ChunkCondition(two, {0, "5,'x,y'", "", 0}), "(`a`>=5 AND ((`a`>5) OR (`a`=5 AND `b`>'x,y')))");
  EXPECT_EQ(ChunkCondition(two, {0, "", "5,'x'", 0}), "(`a`<=5 AND ((`a`<5) OR (`a`=5 AND `b`<='x')))");
}

TEST(VerifySqlTest, BoundsSurviveCommasAndQuotes) {
  const std::vector<std::string> literals{"1", "'a,\\'b\\\\'", "x'2C'"};
  EXPECT_EQ(SplitBound(JoinBound(literals)), literals);
}

TEST(VerifySqlTest, ChunksAreCutAlongWhatSortsAlike) {
  EXPECT_EQ(BoundColumns(Table({{"a", TypeKind::kInteger}, {"b", TypeKind::kVarchar}}, 2)), 2u);
  EXPECT_EQ(BoundColumns(Table({{"a", TypeKind::kInteger}, {"b", TypeKind::kEnum}}, 2)), 1u);
  EXPECT_EQ(BoundColumns(Table({{"a", TypeKind::kFloat64}}, 1)), 0u);
  EXPECT_EQ(BoundColumns(Table({{"a", TypeKind::kInteger}}, 0)), 0u);
}

TEST(VerifySqlTest, BetweenEnginesChunksAreCutAlongWhatAllSortAlike) {
  VerifyTable table = Table({{"a", TypeKind::kInteger}, {"b", TypeKind::kVarchar}}, 2);
  table.peer.engine = "postgresql";
  EXPECT_EQ(BoundColumns(table), 1u);
}

TEST(VerifySqlTest, FiltersStandAlone) {
  VerifyTable table = Table({{"id", TypeKind::kInteger}}, 1);
  table.filter = "id > 3 -- not the first";
  std::string sql = VerifySelect(table);
  AppendConditions(sql, {FilterCondition(table), ChunkCondition(table, {0, "5", "", 0})});
  EXPECT_EQ(sql, "SELECT `id` FROM `shop`.`t` WHERE (id > 3 -- not the first\n) AND (((`id`>5)))");
}

TEST(VerifySqlTest, Keys) {
  const std::vector<std::vector<std::string>> keys{{"1", "a"}, {"2", "b'"}};
  EXPECT_EQ(KeysCondition(Table({{"a", TypeKind::kInteger}, {"b", TypeKind::kVarchar}}, 2), keys),
            "(`a`=1 AND `b`='a') OR (`a`=2 AND `b`='b\\'')");
  const std::vector<std::vector<std::string>> single{{"1"}, {"2"}};
  EXPECT_EQ(KeysCondition(Table({{"a", TypeKind::kInteger}}, 1), single), "`a` IN (1,2)");
}

TEST(VerifySqlTest, Repairs) {
  const VerifyTable table = Table({{"id", TypeKind::kInteger}, {"n", TypeKind::kVarchar}}, 1);
  EXPECT_EQ(VerifyRepair(table, VerifyReader::Repair::kInsert, {}, Row{"1", std::nullopt}, true),
            "REPLACE INTO `shop`.`t` (`id`,`n`) VALUES (1,NULL);");
  EXPECT_EQ(VerifyRepair(table, VerifyReader::Repair::kUpdate, Row{"1", "a"}, Row{"1", "b"}, true),
            "UPDATE `shop`.`t` SET `id`=1,`n`='b' WHERE `id`=1 LIMIT 1;");
  EXPECT_EQ(VerifyRepair(table, VerifyReader::Repair::kDelete, Row{"1", "a"}, {}, true),
            "DELETE FROM `shop`.`t` WHERE `id`=1 LIMIT 1;");
}

TEST(VerifySqlTest, RepairsOfRowsWithoutKeyNameEveryColumn) {
  const VerifyTable table = Table({{"a", TypeKind::kInteger}, {"b", TypeKind::kBlob}}, 0);
  EXPECT_EQ(VerifyRepair(table, VerifyReader::Repair::kDelete, Row{"1", std::nullopt}, {}, true),
            "DELETE FROM `shop`.`t` WHERE `a`=1 AND `b` IS NULL LIMIT 1;");
}

TEST(VerifySqlTest, UniqueValuesMayBeSwapped) {
  const VerifyTable table = Table({{"id", TypeKind::kInteger}, {"u", TypeKind::kInteger}}, 1, 1);
  EXPECT_EQ(VerifyRepair(table, VerifyReader::Repair::kUpdate, Row{"1", "5"}, Row{"1", "6"}, true),
            "REPLACE INTO `shop`.`t` (`id`,`u`) VALUES (1,6);");
}

TEST(VerifySqlTest, TextKeysAreComparedByTheirBytes) {
  const VerifyTable table = Table({{"k", TypeKind::kVarchar}}, 1);
  EXPECT_EQ(VerifyRepair(table, VerifyReader::Repair::kDelete, Row{"a"}, {}, true),
            "DELETE FROM `shop`.`t` WHERE `k`='a' AND CAST(CONVERT(`k` USING utf8mb4) AS BINARY)=CAST('a' AS BINARY) "
            "LIMIT 1;");
}

}  // namespace
}  // namespace sluice::mysql
