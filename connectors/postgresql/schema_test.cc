// What becomes of definitions, without a server: left-out columns, older versions, stages.
#include "connectors/postgresql/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/postgresql/definition.h"
#include "connectors/postgresql/schema_server_test_names.h"

namespace sluice::postgresql {
namespace {

using connector::SchemaStage;
using connector::SchemaStatement;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr uint32_t kNewest = 180000;

ColumnDefinition MakeColumn(const std::string& name, const std::string& type) {
  ColumnDefinition column;
  column.name = name;
  column.type = type;
  return column;
}

Definition MakeOrders() {
  Definition table;
  table.name = {"shop", "orders"};
  table.columns = {MakeColumn("id", "bigint"), MakeColumn("secret", "text"), MakeColumn("total", "numeric(10,2)")};
  table.columns[0].not_null = true;
  table.columns[0].identity = 'd';
  SequenceDefinition sequence;
  sequence.name = {"shop", "orders_id_seq"};
  sequence.column = "id";
  sequence.type = "bigint";
  sequence.start = sequence.increment = sequence.minimum = sequence.cache = "1";
  sequence.maximum = "9223372036854775807";
  table.sequences = {sequence};
  IndexDefinition key;
  key.name = {"shop", "orders_pkey"};
  key.definition = "CREATE UNIQUE INDEX orders_pkey ON shop.orders USING btree (id)";
  key.method = "btree";
  key.unique = key.primary = true;
  key.columns = {"id"};
  key.constraint = "orders_pkey";
  key.constraint_kind = 'p';
  key.constraint_definition = "PRIMARY KEY (id)";
  IndexDefinition by_secret = key;
  by_secret.name.name = "by_secret";
  by_secret.definition = "CREATE INDEX by_secret ON shop.orders USING btree (secret)";
  by_secret.unique = by_secret.primary = false;
  by_secret.constraint.clear();
  by_secret.constraint_kind = ' ';
  table.indexes = {key, by_secret};
  table.checks = {{"some", "CHECK ((secret <> ''::text))", true, ""},
                  {"more", "CHECK ((total > 0)) NOT VALID", true, ""}};
  table.references.relations.insert(table.name);
  return table;
}

struct Made {
  std::vector<SchemaStatement> statements;

  // The statements of a stage, one after the other.
  std::string Of(SchemaStage stage) const {
    std::string sql;
    for (const SchemaStatement& one : statements) {
      if (one.stage == stage) sql += one.sql + ";\n";
    }
    return sql;
  }
  std::vector<std::string> Notes() const {
    std::vector<std::string> notes;
    for (const SchemaStatement& one : statements) notes.insert(notes.end(), one.notes.begin(), one.notes.end());
    return notes;
  }
};

Made Translate(const Definition& definition, uint64_t bytes, uint32_t version, std::set<std::string> excluded = {}) {
  model::Table table;
  table.name = definition.name;
  table.create_statement = ToJson(definition);
  table.bytes_estimated = bytes;
  model::TableMapping mapping;
  mapping.source = definition.name;
  mapping.destination = {"new", "orders"};
  mapping.excluded = std::move(excluded);
  return {TranslateTable(table, mapping, SameNames(), version)};
}

TEST(Schema, LargeTablesGetTheirKeysAfterTheirRows) {
  const Made made = Translate(MakeOrders(), 1 << 30, kNewest);
  EXPECT_THAT(made.Of(SchemaStage::kBeforeLoad), Not(HasSubstr("INDEX")));
  EXPECT_THAT(made.Of(SchemaStage::kIndexes),
              HasSubstr("CREATE UNIQUE INDEX \"orders_pkey\" ON \"new\".\"orders\" USING btree (id);\n"
                        "ALTER TABLE ONLY \"new\".\"orders\" ADD CONSTRAINT \"orders_pkey\" PRIMARY KEY USING INDEX "
                        "\"orders_pkey\""));
}

TEST(Schema, SmallTablesGetThemAtOnce) {
  const Made made = Translate(MakeOrders(), 1000, kNewest);
  EXPECT_THAT(made.Of(SchemaStage::kBeforeLoad), HasSubstr("PRIMARY KEY USING INDEX"));
  EXPECT_EQ(made.Of(SchemaStage::kIndexes), "");
}

TEST(Schema, ChecksThatRowsNeedNotFulfilComeAfterTheRows) {
  const Made made = Translate(MakeOrders(), 1000, kNewest);
  EXPECT_THAT(made.Of(SchemaStage::kBeforeLoad), Not(HasSubstr("\"more\"")));
  EXPECT_THAT(made.Of(SchemaStage::kForeignKeys), HasSubstr("ADD CONSTRAINT \"more\" CHECK ((total > 0)) NOT VALID"));
}

TEST(Schema, WhatUsesAColumnThatIsLeftOutIsLeftOutAndNamed) {
  const Made made = Translate(MakeOrders(), 1000, kNewest, {"secret"});
  EXPECT_THAT(made.Of(SchemaStage::kBeforeLoad), Not(HasSubstr("secret")));
  EXPECT_THAT(made.Notes(), Contains("check some left out: it uses a column that is left out"));
  EXPECT_THAT(made.Notes(), Contains("index by_secret left out: it uses a column that is left out"));
}

TEST(Schema, AnOlderServerThatCannotHoldSomethingIsSaid) {
  Definition table = MakeOrders();
  table.columns[2].generated = 'v';
  table.columns[2].default_value = "(id * 2)";
  table.columns[1].compression = "lz4";
  const Made made = Translate(table, 1000, 130000);
  EXPECT_THAT(made.Notes(), Contains("virtual generated columns need PostgreSQL 18, the destination is older"));
  EXPECT_THAT(made.Notes(), Contains("compression methods of columns need PostgreSQL 14, the destination is older"));
  EXPECT_THAT(made.Of(SchemaStage::kBeforeLoad), HasSubstr("VIRTUAL"));  // refused there, never silently stored
}

TEST(Schema, TablesThatOthersInheritFromComeFirst) {
  Definition table = MakeOrders();
  table.has_children = true;
  const Made made = Translate(table, 1000, kNewest);
  EXPECT_THAT(made.Of(SchemaStage::kTypes), HasSubstr("CREATE TABLE"));
}

TEST(Schema, DefinitionsComeBackFromTheirText) {
  Definition table = MakeOrders();
  table.partition_key = "RANGE (id)";
  table.partitions = {MakeOrders()};
  table.columns[0].statistics = 5;
  table.indexes[0].statistics = {{1, 2}};
  table.indexes[0].parent = {"a", "b"};
  table.foreign_keys = {{.name = "k",
                         .definition = "FOREIGN KEY (id) REFERENCES shop.x(y)",
                         .referenced = {"shop", "x"},
                         .columns = {"id"},
                         .referenced_columns = {"y"},
                         .on_delete = 'c',
                         .valid = false,
                         .comment = "\"'\\"}};
  const std::string text = ToJson(table);
  EXPECT_EQ(ToJson(DefinitionFromJson(text, table.name)), text);
  EXPECT_THROW(DefinitionFromJson("CREATE TABLE x (a int)", table.name), Error);
}

model::SchemaObject MakeObject(model::ObjectKind kind, const std::string& name, const std::string& statement) {
  model::SchemaObject object;
  object.kind = kind;
  object.name = {"shop", name};
  object.create_statement = statement;
  return object;
}

TEST(Schema, StoredViewsAreFilledAtTheEnd) {
  const auto made =
      TranslateObject(MakeObject(model::ObjectKind::kMaterializedView, "v",
                                 "CREATE MATERIALIZED VIEW shop.v AS\n SELECT 1\nWITH DATA;\nCREATE INDEX i"),
                      SameNames(), kNewest);
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].stage, SchemaStage::kObjects);
  EXPECT_THAT(made[0].sql, HasSubstr("WITH NO DATA;\nCREATE INDEX i"));
  EXPECT_EQ(made[1].stage, SchemaStage::kTriggers);
  EXPECT_EQ(made[1].sql, "REFRESH MATERIALIZED VIEW \"shop\".\"v\"");
}

TEST(Schema, ObjectsOfRenamedColumnsSayThatTheyMayFail) {
  model::SchemaObject view =
      MakeObject(model::ObjectKind::kView, "v", "CREATE VIEW shop.v AS SELECT amount FROM shop.lines");
  view.named_relations = {{"shop", "lines"}};
  const auto made = TranslateObject(view, OtherNames(true), kNewest);
  ASSERT_EQ(made.size(), 1u);
  ASSERT_EQ(made[0].notes.size(), 1u);
  EXPECT_THAT(made[0].notes[0], HasSubstr("amount is Amount Of"));
}

TEST(Schema, TriggersOfOldServersExecuteProcedures) {
  model::SchemaObject trigger =
      MakeObject(model::ObjectKind::kTrigger, "t",
                 "CREATE TRIGGER t AFTER INSERT ON shop.lines FOR EACH ROW EXECUTE FUNCTION f()");
  trigger.table = {"shop", "lines"};
  EXPECT_THAT(TranslateObject(trigger, SameNames(), 100000)[0].sql, HasSubstr("EXECUTE PROCEDURE f()"));
  EXPECT_THAT(TranslateObject(trigger, SameNames(), kNewest)[0].sql, HasSubstr("EXECUTE FUNCTION f()"));
  EXPECT_EQ(TranslateObject(trigger, SameNames(), kNewest)[0].stage, SchemaStage::kTriggers);
}

}  // namespace
}  // namespace sluice::postgresql
