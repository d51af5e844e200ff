#include "connectors/postgresql/foreign/tables_around.h"

#include <gtest/gtest.h>

namespace sluice::postgresql {
namespace {

using connector::TableChange;
using model::TablePtr;

model::Column Integer(const std::string& name, uint8_t bytes = 4) {
  model::Column column;
  column.name = name;
  column.type.kind = model::TypeKind::kInteger;
  column.type.bytes = bytes;
  return column;
}

// id, p; the key over id; a foreign key from p to the id of another table.
TablePtr Table(const std::string& name, const std::string& referenced = "") {
  auto table = std::make_shared<model::Table>();
  table->name = {"d", name};
  table->columns = {Integer("id"), Integer("p")};
  table->keys = {{.name = "PRIMARY", .primary = true, .unique = true, .parts = {{.column = 0}}}};
  if (!referenced.empty()) {
    table->foreign_keys = {
        {.name = "f", .columns = {1}, .referenced = {"d", referenced}, .referenced_columns = {"ID"}}};
  }
  return table;
}

TEST(TablesAround, ATableThatGoes) {
  const std::vector<TablePtr> before = {Table("c", "p"), Table("p"), Table("other", "c")};
  const std::vector<TableChange> changes = {{.name = {"d", "p"}, .before = before[1], .after = nullptr}};
  const TablesAround around(changes, before);
  const model::ForeignKey& key = before[0]->foreign_keys[0];
  EXPECT_EQ(around.WhyNotBefore(*before[0], key), "table d.p is not there");
  EXPECT_EQ(around.WhyNotAfter(*before[0], key), "table d.p is not there");
  EXPECT_EQ(around.WhyNotAfter(*before[2], before[2]->foreign_keys[0]), "");
  EXPECT_EQ(around.ReferringTo({"d", "p"}), std::vector<TablePtr>{before[0]});
  EXPECT_TRUE(around.ReferringToChanged().empty());
}

TEST(TablesAround, ATableThatComes) {
  const std::vector<TablePtr> before = {Table("c", "p"), Table("other", "c")};
  const std::vector<TableChange> changes = {{.name = {"d", "p"}, .before = nullptr, .after = Table("p")}};
  const TablesAround around(changes, before);
  const model::ForeignKey& key = before[0]->foreign_keys[0];
  EXPECT_EQ(around.WhyNotBefore(*before[0], key), "table d.p is not there");
  EXPECT_EQ(around.WhyNotAfter(*before[0], key), "");
  EXPECT_EQ(around.ReferringToChanged(), std::vector<TablePtr>{before[0]});
}

TEST(TablesAround, OneInPlaceOfAnother) {
  const std::vector<TablePtr> before = {Table("c", "p"), Table("p")};
  const std::vector<TableChange> changes = {{.name = {"d", "p"}, .before = before[1], .after = nullptr},
                                            {.name = {"d", "p"}, .before = nullptr, .after = Table("p")}};
  const TablesAround around(changes, before);
  const model::ForeignKey& key = before[0]->foreign_keys[0];
  EXPECT_NE(around.WhyNotBefore(*before[0], key), "");  // it goes with the old one
  EXPECT_EQ(around.WhyNotAfter(*before[0], key), "");
  EXPECT_EQ(around.ReferringTo({"d", "p"}), std::vector<TablePtr>{before[0]});
  EXPECT_EQ(around.ReferringToChanged(), std::vector<TablePtr>{before[0]});
  EXPECT_TRUE(around.Has({"d", "p"}));
}

TEST(TablesAround, NamesInTurn) {
  const std::vector<TablePtr> before = {Table("a"), Table("b")};
  const std::vector<TableChange> changes = {
      {.name = {"d", "a"}, .before = before[0], .after = nullptr, .renamed_to = {"d", "x"}},
      {.name = {"d", "x"}, .before = nullptr, .after = Table("x")},
      {.name = {"d", "b"}, .before = before[1], .after = nullptr, .renamed_to = {"d", "a"}},
      {.name = {"d", "a"}, .before = nullptr, .after = Table("a"), .renamed_columns = {{"now", "was"}}},
      {.name = {"d", "x"}, .before = Table("x"), .after = nullptr, .renamed_to = {"d", "b"}},
      {.name = {"d", "b"}, .before = nullptr, .after = Table("b")}};
  const TablesAround around(changes, before);
  EXPECT_EQ(around.Now({"d", "a"}).name, "b");
  EXPECT_EQ(around.Now({"d", "b"}).name, "a");
  EXPECT_FALSE(around.Has({"d", "x"}));
  EXPECT_EQ(around.ColumnNow({"d", "a"}, "WAS"), "now");
  EXPECT_EQ(around.ColumnNow({"d", "b"}, "was"), "was");
}

TEST(TablesAround, OneThatDoesNotFit) {
  const auto why = [](const std::function<void(model::Table&)>& change) {
    auto parent = std::make_shared<model::Table>(*Table("p"));
    change(*parent);
    const std::vector<TablePtr> before = {Table("c", "p"), parent};
    return TablesAround({}, before).WhyNotAfter(*before[0], before[0]->foreign_keys[0]);
  };
  EXPECT_EQ(why([](model::Table&) {}), "");
  EXPECT_EQ(why([](model::Table& p) { p.keys = {{.name = "k", .parts = {{.column = 0}, {.column = 1}}}}; }), "");
  const std::string no = "table d.p does not fit it by types or indexes, and the source does not act by it either";
  EXPECT_EQ(why([](model::Table& p) { p.columns[0].type.bytes = 8; }), no);
  EXPECT_EQ(why([](model::Table& p) { p.columns[0].type.kind = model::TypeKind::kVarchar; }), no);
  EXPECT_EQ(why([](model::Table& p) { p.keys.clear(); }), no);
  EXPECT_EQ(why([](model::Table& p) { p.keys[0].parts = {{.column = 1}, {.column = 0}}; }), no);
  EXPECT_EQ(why([](model::Table& p) { p.columns[0].name = "other"; }), no);
}

}  // namespace
}  // namespace sluice::postgresql
