#include "connectors/mysql/ddl_edit.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "connectors/mysql/ddl.h"

namespace sluice::mysql {
namespace {

constexpr const char* kTable =
    "CREATE TABLE `shop`.`t` (`id` int NOT NULL, `a` int DEFAULT NULL, `b` varchar(10) DEFAULT 'x', PRIMARY KEY "
    "(`id`), "
    "KEY `k` (`a`,`b`(3)), CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `shop`.`p` (`id`)) ENGINE=InnoDB CHARSET=latin1";

EditedTable Edit(const std::string& statement) {
  const model::DdlChange ddl = ClassifyDdl(statement, "shop", "");
  return EditTable(*ParseCreateTable(kTable, "shop", {}), sql::Tokenize(statement, {}), ddl);
}

// The elements, each on a line, without what quotes and spaces differ in.
std::string After(const std::string& statement) {
  std::string out;
  for (const TableElement& element : Edit(statement).table.elements) {
    std::string text = sql::Render(element.tokens);
    text.erase(0, text.find_first_not_of(' '));
    out += text + "\n";
  }
  return out;
}

const std::string kColumns = "`id` int NOT NULL\n`a` int DEFAULT NULL\n`b` varchar(10) DEFAULT 'x'\n";
const std::string kKeys =
    "PRIMARY KEY (`id`)\nKEY `k` (`a`,`b`(3))\nCONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `shop`.`p` (`id`)\n";

TEST(EditTable, ColumnsComeGoAndMove) {
  EXPECT_EQ(After("ALTER TABLE t ADD c INT FIRST, ADD COLUMN (d INT, e INT)"),
            "`c` INT\n" + kColumns + "`d` INT\n`e` INT\n" + kKeys);
  EXPECT_EQ(After("ALTER TABLE t ADD c INT AFTER id, MODIFY b TEXT AFTER id"),
            "`id` int NOT NULL\n`b` TEXT\n`c` INT\n`a` int DEFAULT NULL\n" + kKeys);
  EXPECT_EQ(After("ALTER TABLE t ADD COLUMN IF NOT EXISTS a BIGINT, ALGORITHM=INSTANT, LOCK=NONE"), kColumns + kKeys);
  // A key loses the column.
  EXPECT_EQ(After("ALTER TABLE t DROP FOREIGN KEY f, DROP COLUMN a"),
            "`id` int NOT NULL\n`b` varchar(10) DEFAULT 'x'\nPRIMARY KEY (`id`)\nKEY `k` (`b`(3))\n");
}

TEST(EditTable, NamesMayChangePlaces) {
  const EditedTable edited = Edit("ALTER TABLE t RENAME COLUMN a TO b, RENAME COLUMN b TO a");
  EXPECT_EQ(edited.renamed_columns, (std::map<std::string, std::string>{{"a", "b"}, {"b", "a"}}));
  EXPECT_EQ(After("ALTER TABLE t RENAME COLUMN a TO b, RENAME COLUMN b TO a"),
            "`id` int NOT NULL\n`b` int DEFAULT NULL\n`a` varchar(10) DEFAULT 'x'\nPRIMARY KEY (`id`)\n"
            "KEY `k` (`b`,`a`(3))\nCONSTRAINT `f` FOREIGN KEY (`b`) REFERENCES `shop`.`p` (`id`)\n");
  const EditedTable changed = Edit("ALTER TABLE t CHANGE COLUMN a c BIGINT, RENAME TO u");
  EXPECT_EQ(changed.renamed_columns, (std::map<std::string, std::string>{{"c", "a"}}));
  EXPECT_EQ(changed.renamed, (model::ObjectName{"shop", "u"}));
}

TEST(EditTable, KeysGetTheNamesThatTheServerGives) {
  EXPECT_EQ(After("ALTER TABLE t ADD UNIQUE (b), ADD INDEX (a), ADD c INT UNIQUE"),
            kColumns + "`c` INT\n" + kKeys + "UNIQUE `b` (b)\nINDEX `a` (a)\nUNIQUE KEY `c`( `c`)\n");
  EXPECT_EQ(
      After("ALTER TABLE t DROP KEY k, ADD KEY k (b)"),
      kColumns + "PRIMARY KEY (`id`)\nCONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `shop`.`p` (`id`)\nKEY k (b)\n");
  EXPECT_EQ(After("CREATE UNIQUE INDEX u ON t (b)"), kColumns + kKeys + "UNIQUE INDEX `u` ( b )\n");
  EXPECT_EQ(After("DROP INDEX k ON t").find("KEY `k`"), std::string::npos);
}

TEST(EditTable, DefaultsAndOptions) {
  EXPECT_NE(After("ALTER TABLE t ALTER a SET DEFAULT 5").find("`a` int DEFAULT 5"), std::string::npos);
  EXPECT_NE(After("ALTER TABLE t ALTER b DROP DEFAULT").find("`b` varchar(10)\n"), std::string::npos);
  const EditedTable converted = Edit("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4, COMMENT='new'");
  EXPECT_NE(Render(converted.table).find("CHARSET=utf8mb4"), std::string::npos);
  EXPECT_EQ(Render(converted.table).find("latin1"), std::string::npos);
}

TEST(EditTable, WhatIsNotUnderstoodIsAnError) {
  for (const char* statement :
       {"ALTER TABLE t DROP COLUMN nowhere", "ALTER TABLE t DROP PARTITION p0", "ALTER TABLE t ADD SYSTEM VERSIONING",
        "ALTER TABLE t ADD c INT REFERENCES p (id)", "ALTER TABLE t TRUNCATE PARTITION p0"}) {
    EXPECT_THROW(Edit(statement), Error) << statement;
  }
}

}  // namespace
}  // namespace sluice::mysql
