#include "connectors/mysql/create_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/mysql/create_table_column.h"
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/types.h"

namespace sluice::mysql {
namespace {

using testing::ElementsAre;

CreateTable Parse(std::string_view text, std::string_view flavour = "", uint32_t version = 0) {
  const auto table = ParseCreateTable(text, "shop", DialectFor("", flavour, version));
  EXPECT_TRUE(table) << text;
  return table.value_or(CreateTable());
}

std::vector<std::string> Names(const std::vector<TableOption>& options) {
  std::vector<std::string> names;
  for (const TableOption& option : options) names.push_back(option.name + "=" + option.value);
  return names;
}

TEST(CreateTable, AsMySqlPrintsIt) {
  const CreateTable table = Parse(R"(CREATE TABLE `t` (
  `id` int NOT NULL AUTO_INCREMENT,
  `g` point NOT NULL /*!80003 SRID 4326 */,
  `i` int DEFAULT NULL /*!80023 INVISIBLE */,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`i`,`id`) USING BTREE COMMENT 'a, (b)',
  KEY `f` ((lower(`x`)),`i` DESC),
  KEY `h` (`x`(10)) /*!80000 INVISIBLE */,
  FULLTEXT KEY `ft` (`x`) /*!50100 WITH PARSER `ngram` */ ,
  CONSTRAINT `fk` FOREIGN KEY (`i`) REFERENCES `other`.`p` (`a`) ON DELETE SET NULL ON UPDATE CASCADE,
  CONSTRAINT `ck` CHECK ((`i` > 0)) /*!80016 NOT ENFORCED */
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='x''y'
/*!50100 PARTITION BY RANGE (`id`)
(PARTITION p0 VALUES LESS THAN (10) ENGINE = InnoDB) */)",
                                  "mysql", 90000);
  EXPECT_EQ(table.name.Text(), "shop.t");
  ASSERT_EQ(table.elements.size(), 10u);
  EXPECT_EQ(sql::Render(table.elements[2].tokens), "`i` int DEFAULT NULL INVISIBLE");
  EXPECT_EQ(table.elements[3].kind, ElementKind::kPrimaryKey);
  const auto parts = KeyParts(table.elements[5]);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].column, "");
  EXPECT_EQ(parts[1].column, "i");
  EXPECT_TRUE(parts[1].descending);
  EXPECT_EQ(KeyParts(table.elements[6])[0].prefix_length, 10u);
  const auto key = ParseForeignKey(table.elements[8], "shop");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->referenced.Text(), "other.p");
  EXPECT_THAT(key->columns, ElementsAre("i"));
  EXPECT_THAT(key->referenced_columns, ElementsAre("a"));
  EXPECT_EQ(key->on_delete, model::ReferentialAction::kSetNull);
  EXPECT_EQ(key->on_update, model::ReferentialAction::kCascade);
  EXPECT_THAT(Names(table.options), ElementsAre("ENGINE=InnoDB", "AUTO_INCREMENT=7", "CHARSET=utf8mb4",
                                                "COLLATE=utf8mb4_bin", "COMMENT=x'y"));
  EXPECT_EQ(sql::Render(table.partition, 0, 4), "PARTITION BY RANGE (");
  EXPECT_FALSE(table.has_query);
}

TEST(CreateTable, AsPeopleWriteIt) {
  const CreateTable table = Parse(
      "create table if not exists x.t (a int primary key, key int2 (a), constraint check (a>1), "
      "constraint c foreign key k (a) references p (b), period int, unique (a,b), "
      "spatial index s using rtree (g)) default character set = latin1 engine innodb, "
      "union=(t1,t2) with system versioning partition by key (a) select 1");
  EXPECT_EQ(table.name.Text(), "x.t");
  EXPECT_TRUE(table.if_not_exists);
  std::vector<ElementKind> kinds;
  for (const TableElement& element : table.elements) kinds.push_back(element.kind);
  EXPECT_THAT(kinds,
              ElementsAre(ElementKind::kColumn, ElementKind::kIndex, ElementKind::kCheck, ElementKind::kForeignKey,
                          ElementKind::kColumn, ElementKind::kUniqueKey, ElementKind::kSpatialKey));
  EXPECT_EQ(table.elements[1].name, "int2");
  EXPECT_EQ(table.elements[3].name, "c");
  EXPECT_EQ(table.elements[6].name, "s");
  EXPECT_THAT(Names(table.options), ElementsAre("CHARSET=latin1", "ENGINE=innodb", "UNION=", "SYSTEM VERSIONING="));
  EXPECT_TRUE(table.has_query);
  EXPECT_EQ(Parse("CREATE TABLE a LIKE b.c").like->Text(), "b.c");
  EXPECT_EQ(Parse("CREATE TABLE a (LIKE c)").like->Text(), "shop.c");
  EXPECT_FALSE(ParseCreateTable("CREATE TABLE a (b INT", "shop", {}));
  EXPECT_FALSE(ParseCreateTable("CREATE VIEW a AS SELECT 1", "shop", {}));
}

TEST(CreateTable, RenderIsReadAgain) {
  const std::string text =
      Render(Parse("CREATE TABLE `a``b` (`c``d` int DEFAULT '1' COMMENT 'x, y', KEY (`c``d`)) ENGINE=InnoDB"));
  EXPECT_EQ(text,
            "CREATE TABLE `shop`.`a``b` (\n  `c``d` int DEFAULT '1' COMMENT 'x, y',\n  KEY (`c``d`)\n) ENGINE=InnoDB");
  EXPECT_EQ(Render(Parse(text)), text);
}

std::string Attributes(std::string_view text) {
  const ColumnText column = ParseColumn(sql::Tokenize(text, {}));
  std::string out = sql::Render(column.type);
  for (const ColumnAttribute& attribute : column.attributes) {
    out += " | " + attribute.name + (attribute.value.empty() ? "" : "=" + attribute.value);
  }
  EXPECT_EQ(sql::Render(Join(column)), text);
  return out;
}

TEST(Column, TypeAndAttributes) {
  EXPECT_EQ(Attributes("a int(10) unsigned zerofill NOT NULL DEFAULT -1 AUTO_INCREMENT COMMENT 'it''s'"),
            "int(10) unsigned zerofill | NOT NULL | DEFAULT | AUTO_INCREMENT | COMMENT=it's");
  EXPECT_EQ(Attributes("a varchar(3) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT _utf8mb4'x' INVISIBLE"),
            "varchar(3) | CHARSET=latin1 | COLLATE=latin1_bin | DEFAULT | INVISIBLE");
  EXPECT_EQ(Attributes("a timestamp(6) NOT NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6)"),
            "timestamp(6) | NOT NULL | DEFAULT | ON UPDATE");
  EXPECT_EQ(Attributes("a int GENERATED ALWAYS AS ((`b` + 1)) STORED NOT NULL CHECK (`a` > 0) FIRST"),
            "int | AS | NOT NULL | CHECK | FIRST");
  EXPECT_EQ(
      Attributes("a double precision default (uuid()) references p (b) on delete set null on update cascade after c"),
      "double precision | DEFAULT | REFERENCES | AFTER=c");
  EXPECT_EQ(Attributes("a national char varying(7) unique key constraint x check (1) not enforced `opt`=1 visible"),
            "national char varying(7) | UNIQUE | CHECK | opt=1 | VISIBLE");
  EXPECT_EQ(Attributes("a enum('x','y)') NULL DEFAULT 'a' 'b' COLUMN_FORMAT FIXED"),
            "enum('x','y)') | NULL | DEFAULT | "
            "COLUMN_FORMAT=FIXED");
}

TEST(Types, OfEveryKind) {
  EXPECT_EQ(ParseColumnType("bigint(20) unsigned").bytes, 8);
  EXPECT_TRUE(ParseColumnType("mediumint(8) unsigned zerofill").is_unsigned);
  EXPECT_EQ(ParseColumnType("decimal(65,30)").scale, 30);
  EXPECT_EQ(ParseColumnType("decimal").precision, 10);
  EXPECT_EQ(ParseColumnType("datetime(6)").fraction, 6);
  EXPECT_EQ(ParseColumnType("varbinary(300)").length, 300u);
  EXPECT_EQ(ParseColumnType("longtext").length, 4294967295u);
  EXPECT_EQ(ParseColumnType("bit(64)").length, 64u);
  EXPECT_THAT(ParseColumnType(R"(enum('a','b''c','d\\e','',','))").elements, ElementsAre("a", "b'c", "d\\e", "", ","));
  EXPECT_EQ(ParseColumnType("geomcollection").kind, model::TypeKind::kGeometry);
  EXPECT_EQ(ParseColumnType("vector(3)").length, 3u);
  EXPECT_EQ(ParseColumnType("inet6").kind, model::TypeKind::kInet);
  EXPECT_EQ(ParseColumnType("xmltype").kind, model::TypeKind::kOther);
}

}  // namespace
}  // namespace sluice::mysql
