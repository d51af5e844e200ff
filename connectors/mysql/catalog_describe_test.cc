#include "connectors/mysql/catalog_describe.h"

#include <gtest/gtest.h>

#include "connectors/mysql/catalog.h"

namespace sluice::mysql {
namespace {

const sql::Dialect kMaria{sql::Family::kMariaDb, 101100, false, false};

const CharsetFacts kCharsets{{{"latin1", "latin1_swedish_ci"}, {"utf8mb4", "utf8mb4_general_ci"}},
                             {{"utf8mb4_bin", "utf8mb4"}, {"latin1_bin", "latin1"}}};

TEST(DescribeTable, ColumnsKeysAndForeignKeys) {
  const auto table = DescribeTable({"d", "t"}, {"BASE TABLE", "InnoDB", 5, 100, true},
                                   "CREATE TABLE `t` (`id` int(11) NOT NULL AUTO_INCREMENT, `j` "
                                   "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin "
                                   "DEFAULT NULL CHECK (json_valid(`j`)), `v` int GENERATED ALWAYS "
                                   "AS (`id` + 1) VIRTUAL, `s` int GENERATED ALWAYS "
                                   "AS (`id`) STORED INVISIBLE, `e` enum('a','ü') COLLATE "
                                   "latin1_bin NOT NULL, `c` char(3), PRIMARY KEY (`id`), KEY "
                                   "`k` (`j`(10),`id`), KEY `f` ((lower(`j`))), CONSTRAINT `c` "
                                   "FOREIGN KEY (`s`) REFERENCES `p` (`q`) ON DELETE "
                                   "CASCADE) ENGINE=InnoDB DEFAULT CHARSET=latin1",
                                   kMaria, kCharsets);
  ASSERT_EQ(table->columns.size(), 6u);
  EXPECT_TRUE(table->columns[0].auto_increment);
  EXPECT_FALSE(table->columns[0].nullable);
  EXPECT_EQ(table->columns[1].type.kind, model::TypeKind::kText);
  EXPECT_EQ(table->columns[1].type.native, "longtext /* json */");
  EXPECT_EQ(table->columns[2].generated, model::Generated::kVirtual);
  EXPECT_EQ(table->columns[3].generated, model::Generated::kStored);
  EXPECT_TRUE(table->columns[3].invisible);
  EXPECT_EQ(table->columns[1].type.charset, "utf8mb4");
  EXPECT_EQ(table->columns[4].generated, model::Generated::kNo);
  EXPECT_EQ(table->columns[4].type.charset + " " + table->columns[4].type.collation, "latin1 latin1_bin");
  EXPECT_EQ(table->columns[4].type.elements[1], "ü");
  EXPECT_EQ(table->columns[5].type.charset + " " + table->columns[5].type.collation, "latin1 latin1_swedish_ci");
  ASSERT_EQ(table->keys.size(), 3u);
  EXPECT_EQ(table->keys[1].parts[0].prefix_length, 10u);
  EXPECT_TRUE(table->keys[2].has_expression);
  ASSERT_EQ(table->foreign_keys.size(), 1u);
  EXPECT_EQ(table->foreign_keys[0].referenced.Text(), "d.p");
  EXPECT_EQ(table->foreign_keys[0].on_delete, model::ReferentialAction::kCascade);
  EXPECT_EQ(table->IdentityKey(), &table->keys[0]);
}

TEST(DescribeTable, SequencesAndRawBytes) {
  const auto sequence =
      DescribeTable({"d", "s"}, {"SEQUENCE", "InnoDB", 1, 0, true},
                    "CREATE TABLE `s` (`start_value` bigint(21) NOT NULL) ENGINE=InnoDB SEQUENCE=1", kMaria, kCharsets);
  EXPECT_EQ(sequence->storage_engine, "SEQUENCE");
  EXPECT_EQ(sequence->columns[0].type.kind, model::TypeKind::kOther);
  const auto bytes =
      DescribeTable({"d", "b"}, {"BASE TABLE", "InnoDB", 0, 0, true},
                    "CREATE TABLE `b` (`a` binary(3) DEFAULT '\\0\xFF''' COMMENT 'ü')", kMaria, kCharsets);
  EXPECT_EQ(bytes->create_statement, "CREATE TABLE `b` (`a` binary(3) DEFAULT 0x00FF27 COMMENT 'ü')");
}

TEST(SortByDependency, ReadersComeLater) {
  std::vector<model::SchemaObject> views(3);
  const auto set = [&](size_t i, const char* name, const char* text) {
    views[i].name = {"d", name};
    views[i].create_statement = text;
  };
  set(0, "a", "CREATE VIEW `d`.`a` AS select `b`.`x` AS `x` from `d`.`b` join `d`.`t`");
  set(1, "b", "CREATE VIEW `d`.`b` AS select `c`.`x` AS `x` from `d`.`c`");
  set(2, "c", "CREATE VIEW `d`.`c` AS select 1 AS `x`");
  SortByDependency(views, {});
  EXPECT_EQ(views[0].name.name + views[1].name.name + views[2].name.name, "cba");
}

}  // namespace
}  // namespace sluice::mysql
