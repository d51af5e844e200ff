#include "model/table_json.h"

#include <gtest/gtest.h>

namespace sluice::model {
namespace {

// What is kept between two runs must come back whole: a description with every field set survives the round trip.
TEST(TableJson, RoundTripKeepsEveryField) {
  Table table;
  table.name = {"shop", "orders"};
  Column column;
  column.name = "näme";
  column.type = {.kind = TypeKind::kEnum,
                 .bytes = 1,
                 .is_unsigned = true,
                 .length = 7,
                 .precision = 3,
                 .scale = 2,
                 .fraction = 6,
                 .charset = "latin1",
                 .collation = "latin1_bin",
                 .elements = {"a", "b'c"},
                 .srid = 4326,
                 .native = "enum('a','b''c')"};
  column.nullable = false;
  column.generated = Generated::kStored;
  column.auto_increment = true;
  column.invisible = true;
  table.columns = {column, Column{.name = "x"}};
  table.keys = {{.name = "PRIMARY", .primary = true, .unique = true, .has_expression = false, .parts = {{0, 10}}},
                {.name = "k", .has_expression = true}};
  table.foreign_keys = {{.name = "fk",
                         .columns = {1},
                         .referenced = {"shop", "p"},
                         .referenced_columns = {"id"},
                         .on_delete = ReferentialAction::kCascade,
                         .on_update = ReferentialAction::kSetNull}};
  table.create_statement = "CREATE TABLE ...";
  table.transactional = false;
  table.storage_engine = "MyISAM";
  table.rows_estimated = 5;
  table.bytes_estimated = 6;

  const std::string text = ToJson(table);
  const TablePtr back = TableFromJson(text);
  EXPECT_EQ(ToJson(*back), text);
  EXPECT_EQ(back->columns[0].type.elements, table.columns[0].type.elements);
  EXPECT_EQ(back->columns[0].type.srid, table.columns[0].type.srid);
  EXPECT_FALSE(back->columns[0].nullable);
  EXPECT_EQ(back->keys[0].parts[0].prefix_length, 10u);
  EXPECT_EQ(back->foreign_keys[0].on_delete, ReferentialAction::kCascade);
}

TEST(TableJson, MappingRoundTrip) {
  TableMapping mapping;
  mapping.source = {"a", "b"};
  mapping.destination = {"c", "d"};
  mapping.columns = {{"x", "y"}};
  mapping.excluded = {"z"};
  mapping.filter = "id > 1";
  mapping.operations.remove = false;
  mapping.operations.ddl = {DdlKind::kAlterTable};
  const TableMappingPtr back = MappingFromJson(ToJson(mapping));
  EXPECT_EQ(ToJson(*back), ToJson(mapping));
  EXPECT_FALSE(back->operations.remove);
}

}  // namespace
}  // namespace sluice::model
