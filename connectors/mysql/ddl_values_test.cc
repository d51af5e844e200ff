#include "connectors/mysql/ddl_values.h"

#include <gtest/gtest.h>

namespace sluice::mysql {
namespace {

using model::ColumnDefault;
using model::Table;

Table WithColumns(std::vector<model::Column> columns, bool primary) {
  Table table;
  table.name = {"d", "t"};
  table.columns = std::move(columns);
  table.storage_engine = "InnoDB";
  if (primary) {
    model::Key key;
    key.name = "PRIMARY";
    key.primary = key.unique = true;
    key.parts.push_back({.column = 0});
    table.keys.push_back(std::move(key));
  }
  return table;
}

model::Column Column(const char* name, model::TypeKind kind = model::TypeKind::kInteger) {
  model::Column column;
  column.name = name;
  column.type.kind = kind;
  return column;
}

model::Column Counter(const char* name) {
  model::Column column = Column(name);
  column.auto_increment = true;
  return column;
}

model::Column Computed(const char* name, const char* expression) {
  model::Column column = Column(name, model::TypeKind::kVarchar);
  column.default_value = {ColumnDefault::Kind::kExpression, expression};
  return column;
}

std::string Why(const Table& before, const Table& after, const RowsOfStatement& rows = {},
                std::string_view statement = "ALTER TABLE t ADD COLUMN n INT") {
  return WhyOnlySourceKnows(sql::Tokenize(statement, {}), before, after, rows);
}

TEST(OnlySourceKnows, NumbersWithoutAKey) {
  const Table keyed = WithColumns({Column("id")}, true);
  const Table keyless = WithColumns({Column("id")}, false);
  EXPECT_EQ(Why(keyed, WithColumns({Column("id"), Counter("n")}, true)), "");
  EXPECT_NE(Why(keyless, WithColumns({Column("id"), Counter("n")}, true)).find("column n"), std::string::npos);
  // The column was one before.
  EXPECT_EQ(Why(WithColumns({Counter("id")}, false), WithColumns({Counter("n")}, false)), "");
  // Only some of the rows are there.
  EXPECT_NE(Why(keyed, WithColumns({Column("id"), Counter("n")}, true), {.whole_table = false}), "");
  // Texts are sorted otherwise by another flavour.
  const Table named = WithColumns({Column("id", model::TypeKind::kVarchar)}, true);
  const Table numbered = WithColumns({Column("id", model::TypeKind::kVarchar), Counter("n")}, true);
  EXPECT_EQ(Why(named, numbered), "");
  EXPECT_NE(Why(named, numbered, {.same_flavour = false}), "");
  // Other engines go by place, and partitions of a hash are another flavour's own.
  Table by_place = keyed;
  by_place.storage_engine = "MyISAM";
  EXPECT_NE(Why(by_place, WithColumns({Column("id"), Counter("n")}, true)), "");
  Table parted = keyed;
  parted.partitioned = true;
  EXPECT_EQ(Why(parted, WithColumns({Column("id"), Counter("n")}, true)), "");
  EXPECT_NE(Why(parted, WithColumns({Column("id"), Counter("n")}, true), {.same_flavour = false}), "");
}

TEST(OnlySourceKnows, FunctionsOfTheServer) {
  const Table before = WithColumns({Column("id")}, true);
  const auto why = [&](const char* expression) {
    return Why(before, WithColumns({Column("id"), Computed("u", expression)}, true));
  };
  for (const char* expression : {"uuid()", "(rand() * 10)", "concat('x',uuid_short())", "current_user()",
                                 "nextval(`d`.`s`)", "replace(UUID(),'-','')", "sys_guid()", "sysdate()"}) {
    EXPECT_NE(why(expression), "") << expression;
  }
  for (const char* expression : {"(1 + 2)", "current_timestamp() + interval 1 day", "json_array('uuid')",
                                 "concat('rand()','user')", "date_format(now(),'%Y')"}) {
    EXPECT_EQ(why(expression), "") << expression;
  }
  // One that was there keeps its values, under another name too.
  const Table had = WithColumns({Column("id"), Computed("u", "uuid()")}, true);
  EXPECT_EQ(Why(had, had), "");
  const Table renamed = WithColumns({Column("id"), Computed("V", "uuid()")}, true);
  EXPECT_EQ(Why(had, renamed, {.renamed = {{"v", "u"}}}), "");
  EXPECT_NE(Why(had, renamed), "");
}

TEST(OnlySourceKnows, WhichOfSeveralRowsStays) {
  const Table before = WithColumns({Column("id")}, false);
  const Table after = WithColumns({Column("id")}, true);
  EXPECT_NE(Why(before, after, {}, "ALTER IGNORE TABLE t ADD PRIMARY KEY (id)"), "");
  EXPECT_EQ(Why(before, after, {}, "ALTER TABLE t ADD PRIMARY KEY (id), ADD COLUMN `IGNORE` INT"), "");
  EXPECT_EQ(Why(before, before, {}, "ALTER IGNORE TABLE t ENGINE=InnoDB"), "");
}

TEST(RowsAreMissing, WhatIsInNoLog) {
  const auto why = [](std::string_view statement) { return WhyRowsAreMissing(sql::Tokenize(statement, {})); };
  EXPECT_NE(why("ALTER TABLE t IMPORT TABLESPACE"), "");
  EXPECT_NE(why("ALTER TABLE t IMPORT PARTITION p TABLESPACE"), "");
  EXPECT_NE(why("ALTER TABLE t CONVERT PARTITION p TO TABLE u"), "");
  EXPECT_NE(why("ALTER TABLE t CONVERT TABLE u TO PARTITION p VALUES LESS THAN (3)"), "");
  EXPECT_EQ(why("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4"), "");
  EXPECT_EQ(why("ALTER TABLE t DISCARD TABLESPACE"), "");
  EXPECT_EQ(why("ALTER TABLE t ADD COLUMN `IMPORT` INT"), "");
}

}  // namespace
}  // namespace sluice::mysql
