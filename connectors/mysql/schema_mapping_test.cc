#include "connectors/mysql/schema_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/mysql/schema.h"
#include "connectors/mysql/schema_test_names.h"

namespace sluice::mysql {
namespace {

using testing::ElementsAre;

const model::ObjectName kOrders{"shop", "orders"};

TEST(MapTable, RenamesAndLeavesOut) {
  auto table = *ParseCreateTable(R"(CREATE TABLE `orders` (
  `id` int NOT NULL AUTO_INCREMENT,
  `addr` varchar(50) DEFAULT NULL COMMENT 'addr',
  `secret` int DEFAULT 3,
  `up` varchar(50) GENERATED ALWAYS AS (upper(`addr`)) VIRTUAL,
  `hidden` int GENERATED ALWAYS AS ((`secret` + 1)) STORED,
  `twice` int GENERATED ALWAYS AS ((`hidden` + 1)) STORED,
  PRIMARY KEY (`id`),
  KEY `ka` (`addr`(5),`id`),
  KEY `ks` (`id`,`secret`),
  KEY `kf` ((lower(`addr`))),
  CONSTRAINT `self` FOREIGN KEY (`id`) REFERENCES `orders` (`addr`),
  CONSTRAINT `out` FOREIGN KEY (`id`) REFERENCES `other`.`x` (`id`),
  CONSTRAINT `ck` CHECK ((`addr` <> _utf8mb4'addr')),
  CONSTRAINT `cs` CHECK ((`secret` > 1))
) ENGINE=InnoDB AUTO_INCREMENT=9 PARTITION BY HASH (`addr`))",
                                 "shop", {});
  TestNames names;
  Notes notes;
  MapTable(table, kOrders, names.Map(kOrders), names.Columns(kOrders), names, notes);
  EXPECT_EQ(Render(table), R"(CREATE TABLE `new`.`orders2` (
  `id` int NOT NULL AUTO_INCREMENT,
  `address` varchar(50) DEFAULT NULL COMMENT 'addr',
  `up` varchar(50) GENERATED ALWAYS AS (upper(`address`)) VIRTUAL,
  PRIMARY KEY (`id`),
  KEY `ka` (`address`(5),`id`),
  KEY `kf` ((lower(`address`))),
  CONSTRAINT `self` FOREIGN KEY (`id`) REFERENCES `new`.`orders2` (`address`),
  CONSTRAINT `ck` CHECK ((`address` <> _utf8mb4'addr'))
) ENGINE=InnoDB AUTO_INCREMENT=9
PARTITION BY HASH (`address`))");
  EXPECT_EQ(notes.size(), 5u) << testing::PrintToString(notes);
}

TEST(SplitTable, KeepsWhatTheLoadNeeds) {
  const auto table = *ParseCreateTable(
      "CREATE TABLE t (a INT NOT NULL, b INT NOT NULL AUTO_INCREMENT, FTS_DOC_ID BIGINT UNSIGNED NOT NULL, x TEXT, "
      "PRIMARY KEY (a), UNIQUE KEY u (a,b), UNIQUE KEY v (x(5)), KEY kb (b), KEY k (a), UNIQUE KEY FTS_DOC_ID_INDEX "
      "(FTS_DOC_ID), FULLTEXT KEY f1 (x), FULLTEXT KEY f2 (x), CONSTRAINT c FOREIGN KEY (a) REFERENCES p (q), CHECK "
      "(a > "
      "1)) ENGINE=InnoDB",
      "d", {});
  const TableStatements parts = SplitTable(table, {"u"});
  EXPECT_EQ(
      parts.create,
      "CREATE TABLE `d`.`t` (\n  a INT NOT NULL,\n  b INT NOT NULL AUTO_INCREMENT,\n  FTS_DOC_ID BIGINT UNSIGNED NOT "
      "NULL,\n  x TEXT,\n  PRIMARY KEY (a),\n  UNIQUE KEY u (a,b),\n  KEY kb (b),\n  UNIQUE KEY FTS_DOC_ID_INDEX "
      "(FTS_DOC_ID),\n  CHECK (a > 1)\n) ENGINE=InnoDB");
  EXPECT_THAT(parts.indexes, ElementsAre("ALTER TABLE `d`.`t`\n  ADD UNIQUE KEY v (x(5)),\n  ADD KEY k (a)",
                                         "ALTER TABLE `d`.`t`\n  ADD FULLTEXT KEY f1 (x)",
                                         "ALTER TABLE `d`.`t`\n  ADD FULLTEXT KEY f2 (x)"));
  EXPECT_EQ(parts.foreign_keys, "ALTER TABLE `d`.`t`\n  ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES p (q)");
}

}  // namespace
}  // namespace sluice::mysql
