#include "connectors/postgresql/definition_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/postgresql/definition_read.h"

namespace sluice::postgresql {
namespace {

using ::testing::ElementsAre;

// A foreign key that rows may break must not become one that refuses them.
TEST(MakeTable, SaysWhatOtherEnginesCannotBeTold) {
  TableRead read;
  read.definition.name = {"s", "t"};
  read.definition.columns = {{.name = "a"}};
  read.definition.persistence = 'u';
  read.definition.parents = {{"s", "parent"}};
  read.definition.indexes = {
      {.name = {"s", "plain"}, .definition = "CREATE INDEX plain ON s.t USING btree (a)"},
      {.name = {"s", "wide"}, .definition = "CREATE INDEX wide ON s.t USING btree (a) INCLUDE (b)"}};
  read.definition.foreign_keys = {{.name = "hard", .columns = {"a"}},
                                  {.name = "soft", .columns = {"a"}, .enforced = false}};
  read.definition.statistics = {{.name = {"s", "both"}}};
  read.types.resize(1);
  const model::TablePtr table = MakeTable(read);
  ASSERT_EQ(table->foreign_keys.size(), 1u);
  EXPECT_EQ(table->foreign_keys[0].name, "hard");
  EXPECT_FALSE(table->partitioned);
  EXPECT_THAT(table->unsaid,
              ElementsAre("that it inherits from s.parent: it is a table of its own", "that it is not logged",
                          "of index wide: the columns that it holds beside its key (INCLUDE)",
                          "foreign key soft: it is not enforced", "statistics both"));
  read.definition.partition_key = "RANGE (a)";
  EXPECT_TRUE(MakeTable(read)->partitioned);
}

// CREATE UNIQUE INDEX ... ON ONLY a partitioned table: its partitions may have values twice until each has its part.
TEST(MakeTable, AnIndexThatIsNotValidIsNoKey) {
  TableRead read;
  read.definition.name = {"s", "t"};
  read.definition.kind = 'p';
  read.definition.columns = {{.name = "a"}};
  read.definition.columns[0].not_null = true;
  read.definition.indexes = {
      {.name = {"s", "u"}, .definition = "CREATE UNIQUE INDEX u ON ONLY s.t USING btree (a)", .unique = true}};
  read.definition.indexes[0].columns = {"a"};
  read.types.resize(1);
  EXPECT_NE(MakeTable(read)->IdentityKey(), nullptr);
  read.definition.indexes[0].valid = false;
  EXPECT_EQ(MakeTable(read)->IdentityKey(), nullptr);
}

}  // namespace
}  // namespace sluice::postgresql
