#include "model/table.h"

#include <gtest/gtest.h>

namespace sluice::model {
namespace {

Table Of(std::vector<Key> keys) {
  Table table;
  table.columns.resize(2);
  for (Column& column : table.columns) column.nullable = false;
  table.keys = std::move(keys);
  return table;
}

TEST(TableTest, DeferrableKeysIdentifyNothingWithinATransaction) {
  const Table primary = Of({{.name = "p", .primary = true, .unique = true, .deferrable = true, .parts = {{0}}}});
  EXPECT_EQ(primary.IdentityKey(), nullptr);
  EXPECT_EQ(primary.CommittedKey(), &primary.keys[0]);
  const Table both = Of({{.name = "p", .primary = true, .unique = true, .deferrable = true, .parts = {{0}}},
                         {.name = "u", .unique = true, .parts = {{0}, {1}}}});
  EXPECT_EQ(both.IdentityKey(), &both.keys[1]);
  EXPECT_EQ(both.CommittedKey(), &both.keys[0]);
}

}  // namespace
}  // namespace sluice::model
