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

EditedTable Edit(const std::string& statement, sql::Family family = sql::Family::kMySql) {
  const model::DdlChange ddl = ClassifyDdl(statement, "shop", "");
  return EditTable(*ParseCreateTable(kTable, "shop", {}), sql::Tokenize(statement, {}), ddl, family);
}

// The elements, each on a line, without what quotes and spaces differ in.
std::string After(const std::string& statement, sql::Family family = sql::Family::kMySql) {
  std::string out;
  for (const TableElement& element : Edit(statement, family).table.elements) {
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

TEST(EditTable, ANameOfTwoColumnsInOneStatementIsAnError) {
  for (const char* statement :
       {"ALTER TABLE t DROP COLUMN b, ADD COLUMN b VARCHAR(10)", "ALTER TABLE t ADD COLUMN B INT, DROP COLUMN b",
        "ALTER TABLE t CHANGE b c VARCHAR(10), ADD b INT", "ALTER TABLE t RENAME COLUMN b TO c, ADD b INT",
        "ALTER TABLE t DROP COLUMN b, ADD COLUMN IF NOT EXISTS b INT", "ALTER TABLE t CHANGE a b INT, DROP COLUMN b",
        "ALTER TABLE t CHANGE a b INT, CHANGE b a VARCHAR(10)"}) {
    EXPECT_THROW(Edit(statement), Error) << statement;
  }
  // The values that stay are those of the one that is left.
  using Renamed = std::map<std::string, std::string>;
  EXPECT_EQ(Edit("ALTER TABLE t DROP COLUMN b, CHANGE id b INT").renamed_columns, (Renamed{{"b", "id"}}));
  EXPECT_EQ(Edit("ALTER TABLE t RENAME COLUMN id TO b, DROP COLUMN b").renamed_columns, (Renamed{{"b", "id"}}));
  EXPECT_EQ(Edit("ALTER TABLE t CHANGE b B VARCHAR(10)").renamed_columns, (Renamed{{"B", "b"}}));
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

std::vector<std::string> Names(const EditedTable& edited) {
  std::vector<std::string> names;
  for (const TableElement& element : edited.table.elements) {
    if (element.kind == ElementKind::kForeignKey || element.kind == ElementKind::kCheck) names.push_back(element.name);
  }
  return names;
}

TEST(EditTable, ConstraintsGetTheNamesThatTheServerGives) {
  constexpr auto kMariaDb = sql::Family::kMariaDb;
  using Wanted = std::vector<std::string>;
  const std::string adds =
      "ALTER TABLE t ADD CHECK (a > 0), ADD FOREIGN KEY (a) REFERENCES p (id), ADD c INT CHECK (c > 0)";
  EXPECT_EQ(Names(Edit(adds)), (Wanted{"f", "t_chk_1", "t_ibfk_1", "t_chk_2"}));
  EXPECT_EQ(Names(Edit(adds, kMariaDb)), (Wanted{"f", "CONSTRAINT_1", "t_ibfk_1"}));  // the column keeps its check
  // What goes in the same statement counts for foreign keys, but not for checks.
  const std::string again = adds +
                            ", ADD CONSTRAINT t_ibfk_7 FOREIGN KEY (b) REFERENCES p (id), ADD CONSTRAINT t_chk_7 CHECK "
                            "(a > 1), ADD FOREIGN KEY (b) REFERENCES p (id), ADD CHECK (a > 2)";
  EXPECT_EQ(Names(Edit(again)),
            (Wanted{"f", "t_chk_1", "t_ibfk_1", "t_chk_2", "t_ibfk_7", "t_chk_7", "t_ibfk_8", "t_chk_8"}));
  // They follow the table's name.
  EXPECT_EQ(Names(Edit(adds + ", RENAME TO u")), (Wanted{"f", "u_chk_1", "u_ibfk_1", "u_chk_2"}));
  EXPECT_EQ(Names(Edit(adds + ", RENAME TO u", kMariaDb)), (Wanted{"f", "CONSTRAINT_1", "u_ibfk_1"}));
  EXPECT_EQ(Names(Edit("ALTER TABLE t DROP FOREIGN KEY f")), Wanted{});
  EXPECT_THROW(Edit("ALTER TABLE t DROP FOREIGN KEY unknown"), Error);
  EXPECT_THROW(Edit("ALTER TABLE t DROP CONSTRAINT unknown"), Error);
}

TEST(EditTable, APrimaryKeyHasNoNulls) {
  EXPECT_EQ(After("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, a)"),
            "`id` int NOT NULL\n`a` int NOT NULL\n`b` varchar(10) DEFAULT 'x'\nKEY `k` (`a`,`b`(3))\n"
            "CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `shop`.`p` (`id`)\nPRIMARY KEY (id, a)\n");
}

TEST(EditTable, APrimaryKeyKeepsItsColumnFromNulls) {
  EXPECT_EQ(After("ALTER TABLE t MODIFY id BIGINT").substr(0, 20), "`id` BIGINT NOT NULL");
}

TEST(EditTable, ChecksFollowTheirColumns) {
  const sql::Family family = sql::Family::kMariaDb;
  const model::DdlChange ddl = ClassifyDdl("ALTER TABLE t CHANGE a z INT", "shop", "");
  const CreateTable table = Edit("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)").table;
  const auto after = [&](const char* statement) {
    return Render(EditTable(table, sql::Tokenize(statement, {}), ddl, family).table);
  };
  EXPECT_NE(after("ALTER TABLE t CHANGE a z INT").find("(`z` > 0)"), std::string::npos);
  EXPECT_EQ(after("ALTER TABLE t DROP FOREIGN KEY f, DROP COLUMN a").find("CHECK"), std::string::npos);
  EXPECT_NE(after("ALTER TABLE t ALTER CHECK c NOT ENFORCED").find("NOT ENFORCED"), std::string::npos);
}

TEST(EditTable, JsonOfMariaDbIsText) {
  const std::string text = After("ALTER TABLE t ADD j JSON NOT NULL", sql::Family::kMariaDb);
  EXPECT_NE(text.find("`j` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`j`))"),
            std::string::npos)
      << text;
}

TEST(EditTable, DefaultsAndOptions) {
  EXPECT_NE(After("ALTER TABLE t ALTER a SET DEFAULT 5").find("`a` int DEFAULT 5"), std::string::npos);
  EXPECT_NE(After("ALTER TABLE t ALTER b DROP DEFAULT").find("`b` varchar(10)\n"), std::string::npos);
  const EditedTable converted = Edit("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4, COMMENT='new'");
  EXPECT_NE(Render(converted.table).find("CHARSET=utf8mb4"), std::string::npos);
  EXPECT_EQ(Render(converted.table).find("latin1"), std::string::npos);
}

TEST(EditTable, ColumnsKeepTheirCharacterSetUnderAnotherOneOfTheTable) {
  const std::string kept = "`b` varchar(10) CHARACTER SET latin1 DEFAULT 'x'";
  const std::string text =
      Render(Edit("ALTER TABLE t ADD c TEXT, DEFAULT CHARSET=utf8mb4, ADD d CHAR(3), MODIFY id CHAR(1)").table);
  for (const std::string& part : {kept + ",", std::string("`c` TEXT,"), std::string("`d` CHAR(3),"),
                                  std::string("`id` CHAR(1)"), std::string("`a` int DEFAULT NULL,")}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  EXPECT_NE(After("ALTER TABLE t COLLATE=utf8mb4_bin").find(kept), std::string::npos);
  EXPECT_EQ(After("ALTER TABLE t COLLATE utf8mb4_bin, CONVERT TO CHARACTER SET ascii").find("latin1"),
            std::string::npos);
  // What a statement says alone means the whole.
  const auto options = [](const char* statement) {
    std::string out;
    for (const TableOption& option : Edit(statement).table.options) out += option.name + "=" + option.value + " ";
    return out;
  };
  EXPECT_EQ(options("ALTER TABLE t COLLATE=utf8mb4_bin"), "ENGINE=InnoDB COLLATE=utf8mb4_bin ");
  EXPECT_EQ(options("ALTER TABLE t COLLATE=utf8mb4_bin CHARSET=utf8mb4"),
            "ENGINE=InnoDB COLLATE=utf8mb4_bin CHARSET=utf8mb4 ");
  EXPECT_THROW(Edit("ALTER TABLE t CHARACTER SET DEFAULT"), Error);
}

TEST(EditTable, WhatIsNotUnderstoodIsAnError) {
  for (const char* statement : {"ALTER TABLE t DROP COLUMN nowhere", "ALTER TABLE t DROP PARTITION p0",
                                "ALTER TABLE t ADD SYSTEM VERSIONING", "ALTER IGNORE TABLE t ADD UNIQUE KEY (b)",
                                "ALTER TABLE t ADD c INT REFERENCES p (id)", "ALTER TABLE t TRUNCATE PARTITION p0"}) {
    EXPECT_THROW(Edit(statement), Error) << statement;
  }
}

}  // namespace
}  // namespace sluice::mysql
