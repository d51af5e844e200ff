#include "connectors/mysql/ddl_alter.h"

#include <gtest/gtest.h>

#include "connectors/mysql/schema_test_names.h"

namespace sluice::mysql {
namespace {

// The actions for table shop.orders at a MySQL 9 server, as it stands there, for a statement of the flavour.
std::string Actions(std::string_view statement, const char* flavour_name = "mysql", bool to_mariadb = false) {
  Capabilities there;
  there.mariadb = to_mariadb;
  there.version = to_mariadb ? 101100 : 90000;
  connector::ServerInfo source;
  source.flavour = flavour_name;
  source.version = source.flavour == "mariadb" ? 101100 : 90000;
  const Flavour flavour(source, there);
  const auto target = *ParseCreateTable(
      "CREATE TABLE new.orders2 (id INT, address VARCHAR(50), t TEXT, n INT INVISIBLE, PRIMARY KEY (id), KEY k "
      "(address), "
      "CONSTRAINT f FOREIGN KEY (id) REFERENCES new.p (q), CONSTRAINT c CHECK (id > 1), CONSTRAINT `e~2` CHECK (id > "
      "0)) ENGINE=InnoDB",
      "new", {});
  const TestNames names;
  const ColumnNames columns = names.Columns({"shop", "orders"});
  const AlterContext context{{"shop", "orders"}, columns, names, flavour, target, nullptr};
  Notes notes;
  const sql::Tokens tokens = sql::Tokenize(statement, {});
  AlterText text = statement.starts_with("CREATE") ? TranslateCreateIndex(tokens, context, notes)
                   : statement.starts_with("DROP") ? TranslateDropIndex(tokens, context, notes)
                                                   : TranslateAlter(tokens, "shop", context, notes);
  std::string out;
  for (const std::string& action : text.actions) out += (out.empty() ? "" : "; ") + action;
  if (text.renamed) out += " -> " + text.renamed->Text();
  return out;
}

TEST(Alter, ColumnsAreRenamedOrLeftOut) {
  EXPECT_EQ(Actions("ALTER TABLE orders ADD COLUMN x INT AFTER addr, ADD secret INT, ADD (y INT, KEY ky (addr))"),
            "ADD COLUMN x INT AFTER `address`; ADD COLUMN y INT; ADD KEY ky (`address`)");
  EXPECT_EQ(Actions("ALTER TABLE orders CHANGE addr addr TEXT, MODIFY addr INT FIRST, CHANGE COLUMN secret s2 INT"),
            "CHANGE COLUMN `address` `address` TEXT; MODIFY COLUMN `address` INT FIRST");
  EXPECT_EQ(Actions("ALTER TABLE orders DROP addr, DROP COLUMN secret, DROP COLUMN IF EXISTS nothing"),
            "DROP COLUMN `address`");
  EXPECT_EQ(Actions("ALTER TABLE orders RENAME COLUMN addr TO place, RENAME COLUMN id TO secret"),
            "RENAME COLUMN `address` TO `place`");
  EXPECT_EQ(Actions("ALTER TABLE orders ALTER COLUMN addr SET DEFAULT 'x', ALTER addr DROP DEFAULT"),
            "ALTER COLUMN `address` SET DEFAULT 'x'; ALTER COLUMN `address` DROP DEFAULT");
  EXPECT_EQ(Actions("ALTER TABLE orders ADD g INT AS (length(addr)) STORED, ADD CHECK (addr <> 'addr')"),
            "ADD COLUMN g INT AS (length(`address`)) STORED; ADD CHECK (`address` <> 'addr')");
}

TEST(Alter, WhatIsNotThereIsNotDropped) {
  EXPECT_EQ(
      Actions("ALTER TABLE orders DROP INDEX k, DROP KEY nothing, DROP PRIMARY KEY, DROP FOREIGN KEY f, DROP FOREIGN "
              "KEY g, DROP CONSTRAINT c, DROP CHECK d"),
      "DROP INDEX `k`; DROP PRIMARY KEY; DROP FOREIGN KEY `f`; DROP CONSTRAINT `c`");
  EXPECT_EQ(Actions("DROP INDEX k ON orders"), "DROP INDEX `k`");
  EXPECT_EQ(Actions("DROP INDEX nothing ON orders"), "");
  EXPECT_EQ(Actions("ALTER TABLE orders DROP CONSTRAINT `e`"), "DROP CONSTRAINT `e~2`");
  EXPECT_EQ(Actions("ALTER TABLE orders ALTER CHECK e NOT ENFORCED"), "ALTER CHECK `e~2` NOT ENFORCED");
  EXPECT_EQ(Actions("ALTER TABLE orders DROP PARTITION p0"), "");
}

TEST(Alter, KeysAndReferences) {
  EXPECT_EQ(
      Actions("ALTER TABLE orders ADD CONSTRAINT z FOREIGN KEY (addr) REFERENCES orders (addr), ADD FOREIGN KEY (id) "
              "REFERENCES other.t (id), ADD UNIQUE (secret), ADD INDEX i USING BTREE (addr(5) DESC)"),
      "ADD CONSTRAINT z FOREIGN KEY (`address`) REFERENCES `new`.`orders2` (`address`); ADD INDEX i USING BTREE "
      "(`address`(5) DESC)");
  EXPECT_EQ(Actions("CREATE UNIQUE INDEX i ON orders (addr, id) COMMENT 'x' ALGORITHM=INPLACE LOCK NONE"),
            "ADD UNIQUE INDEX i (`address`, id) COMMENT 'x'");
  EXPECT_EQ(Actions("CREATE OR REPLACE INDEX k ON orders (addr)"), "DROP INDEX `k`; ADD INDEX k (`address`)");
  EXPECT_EQ(Actions("CREATE INDEX IF NOT EXISTS k ON orders (id)"), "");
  EXPECT_EQ(Actions("ALTER TABLE orders ADD r INT REFERENCES p (id)"),
            "ADD COLUMN r INT; ADD FOREIGN KEY ( `r`) REFERENCES `new`.`p` (id)");
}

TEST(Alter, OptionsPartitionsAndNames) {
  EXPECT_EQ(
      Actions(
          "ALTER TABLE orders ENGINE=InnoDB COMMENT 'a, b', ALGORITHM=INSTANT, LOCK=NONE, FORCE, ORDER BY id, addr"),
      "ENGINE=InnoDB COMMENT 'a, b'; FORCE");
  EXPECT_EQ(Actions("ALTER TABLE orders ADD z INT PARTITION BY HASH (length(addr)) PARTITIONS 3"),
            "ADD COLUMN z INT; PARTITION BY HASH (length(`address`)) PARTITIONS 3");
  EXPECT_EQ(Actions("ALTER TABLE orders ADD z INT, RENAME TO other.x"), "ADD COLUMN z INT -> other.x");
  EXPECT_EQ(Actions("ALTER TABLE orders EXCHANGE PARTITION p WITH TABLE orders WITHOUT VALIDATION"),
            "EXCHANGE PARTITION p WITH TABLE `new`.`orders2` WITHOUT VALIDATION");
  EXPECT_EQ(Actions("ALTER TABLE orders DISCARD TABLESPACE"), "");
}

TEST(Alter, WhatMariadbDoesOnlyIfItIsThere) {
  EXPECT_EQ(Actions("ALTER TABLE orders MODIFY COLUMN IF EXISTS nothing INT, CHANGE COLUMN IF EXISTS nothing n2 INT, "
                    "RENAME COLUMN IF EXISTS nothing TO n2, ALTER COLUMN IF EXISTS nothing SET DEFAULT 3, "
                    "ADD INDEX IF NOT EXISTS k (id), ADD INDEX IF NOT EXISTS kk (id), ADD CONSTRAINT IF NOT EXISTS c "
                    "CHECK (id > 5), ADD CONSTRAINT IF NOT EXISTS f FOREIGN KEY (id) REFERENCES p (q)",
                    "mariadb"),
            "ADD INDEX kk (id)");
  EXPECT_EQ(Actions("ALTER TABLE orders MODIFY COLUMN IF EXISTS addr INT, ALTER COLUMN IF EXISTS addr SET DEFAULT 3",
                    "mariadb", true),
            "MODIFY COLUMN `address` INT; ALTER COLUMN `address` SET DEFAULT 3");
}

TEST(Alter, BetweenFlavours) {
  EXPECT_EQ(
      Actions("ALTER ONLINE TABLE IF EXISTS orders NOWAIT ADD COLUMN IF NOT EXISTS u UUID, ADD t2 TEXT DEFAULT 'x', "
              "ALTER t SET DEFAULT 'y', ALTER INDEX k IGNORED",
              "mariadb"),
      "ADD COLUMN u char(36) CHARACTER SET ascii; ADD COLUMN t2 TEXT DEFAULT ('x'); ALTER COLUMN `t` SET DEFAULT "
      "('y'); ALTER INDEX `k` INVISIBLE");
  EXPECT_EQ(
      Actions("ALTER TABLE orders ADD v VECTOR(2), ALTER COLUMN n SET VISIBLE, ADD KEY ((lower(addr)))", "mysql", true),
      "ADD COLUMN v varbinary(8); MODIFY COLUMN n INT");
}

}  // namespace
}  // namespace sluice::mysql
