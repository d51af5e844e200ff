// Mappings of described tables, their refusals, and what holds for any rules and any tables.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "selection/letters.h"
#include "selection/rules.h"
#include "selection/selection.h"

namespace sluice::selection {
namespace {

std::shared_ptr<model::Table> Describe(std::string database, std::string name, std::vector<std::string> columns) {
  auto table = std::make_shared<model::Table>();
  table->name = {std::move(database), std::move(name)};
  for (std::string& column : columns) {
    table->columns.emplace_back();
    table->columns.back().name = std::move(column);
    table->columns.back().nullable = false;
  }
  model::Key key;
  key.name = "PRIMARY";
  key.primary = key.unique = true;
  key.parts = {{0, 0}};
  table->keys = {key};
  return table;
}

DatabaseRule Whole(std::string name) {
  DatabaseRule rule;
  rule.database = std::move(name);
  return rule;
}

TableRule Rule(std::string table) {
  TableRule rule;
  rule.table = std::move(table);
  return rule;
}

Result<std::vector<model::TableMappingPtr>> MapAll(Rules rules, const std::vector<model::TablePtr>& tables) {
  const auto selection = Selection::Make(std::move(rules)).ValueOrThrow();
  return MapTables(*selection, tables);
}

std::string Failure(Rules rules, const std::vector<model::TablePtr>& tables) {
  const auto mapped = MapAll(std::move(rules), tables);
  return mapped.ok() ? "" : mapped.error().code + " " + mapped.error().object + ": " + mapped.error().cause;
}

TEST(MapTables, CarriesFilterColumnsAndOperations) {
  auto table = Describe("shop", "orders", {"id", "Addr", "note", "total"});
  table->columns[3].generated = model::Generated::kVirtual;
  DatabaseRule rule = Whole("shop");
  rule.operations = DefaultOperations();
  rule.operations->remove = false;
  rule.tables = {Rule("orders")};
  rule.tables[0].filter = "id > 100";
  rule.tables[0].exclude_columns = {"NOTE"};
  rule.tables[0].rename_columns = {{"addr", "address"}};
  const auto mapped = MapAll({{rule}, {}}, {table}).ValueOrThrow();
  ASSERT_EQ(mapped.size(), 1u);
  EXPECT_EQ(mapped[0]->filter, "id > 100");
  EXPECT_EQ(mapped[0]->excluded, std::set<std::string>{"note"});
  ASSERT_EQ(mapped[0]->columns.size(), 2u);
  EXPECT_EQ(mapped[0]->columns[1].source, "Addr");
  EXPECT_EQ(mapped[0]->columns[1].destination, "address");
  EXPECT_FALSE(mapped[0]->operations.remove);
  EXPECT_TRUE(mapped[0]->operations.insert);
}

TEST(MapTables, TableOperationsWinOverDatabaseAndDefault) {
  DatabaseRule rule = Whole("shop");
  rule.tables = {Rule("orders")};
  rule.tables[0].operations = model::OperationFilter{true, false, false, {}};
  const auto mapped =
      MapAll({{rule}, {}}, {Describe("shop", "orders", {"id"}), Describe("shop", "lines", {"id"})}).ValueOrThrow();
  EXPECT_FALSE(mapped[0]->operations.update);
  EXPECT_TRUE(mapped[0]->operations.ddl.empty());
  EXPECT_TRUE(mapped[1]->operations.update);
  EXPECT_EQ(mapped[1]->operations.ddl, DefaultOperations().ddl);
}

TEST(MapTables, IncludeLeavesOutTheRest) {
  DatabaseRule rule = Whole("shop");
  rule.tables = {Rule("orders")};
  rule.tables[0].include_columns = {"id", "a*"};
  const auto mapped = MapAll({{rule}, {}}, {Describe("shop", "orders", {"id", "a1", "b", "A2"})}).ValueOrThrow();
  EXPECT_EQ(mapped[0]->columns.size(), 3u);
  EXPECT_EQ(mapped[0]->excluded, std::set<std::string>{"b"});
}

TEST(MapTables, RefusesToLeaveOutTheKey) {
  DatabaseRule rule = Whole("shop");
  rule.tables = {Rule("orders")};
  rule.tables[0].exclude_columns = {"id"};
  auto table = Describe("shop", "orders", {"id", "a"});
  const std::string failure = Failure({{rule}, {}}, {table});
  EXPECT_NE(failure.find("shop.orders.id"), std::string::npos) << failure;
  EXPECT_NE(failure.find("primary key"), std::string::npos) << failure;
  table->keys[0].primary = false;
  table->keys[0].name = "by_id";
  EXPECT_NE(Failure({{rule}, {}}, {table}).find("unique key `by_id`"), std::string::npos);
  table->keys.clear();
  EXPECT_EQ(Failure({{rule}, {}}, {table}), "");
}

TEST(MapTables, RefusesToLeaveOutEverything) {
  DatabaseRule rule = Whole("shop");
  rule.tables = {Rule("orders")};
  rule.tables[0].exclude_columns = {"*"};
  auto table = Describe("shop", "orders", {"id"});
  table->keys.clear();
  EXPECT_NE(Failure({{rule}, {}}, {table}).find("Every column"), std::string::npos);
}

TEST(MapTables, RefusesUnknownColumnsWithASuggestion) {
  for (int which = 0; which < 3; ++which) {
    DatabaseRule rule = Whole("shop");
    rule.tables = {Rule("orders")};
    if (which == 0) rule.tables[0].exclude_columns = {"adress"};
    if (which == 1) rule.tables[0].include_columns = {"id", "adress"};
    if (which == 2) rule.tables[0].rename_columns = {{"adress", "x"}};
    const std::string failure = Failure({{rule}, {}}, {Describe("shop", "orders", {"id", "address"})});
    EXPECT_NE(failure.find("column shop.orders.adress"), std::string::npos) << failure;
    EXPECT_NE(failure.find("did you mean `address`?"), std::string::npos) << failure;
  }
}

TEST(MapTables, APatternNeedsTheColumnInOneOfItsTables) {
  DatabaseRule rule = Whole("shop");
  rule.tables = {Rule("*")};
  rule.tables[0].exclude_columns = {"note"};
  const std::vector<model::TablePtr> tables = {Describe("shop", "a", {"id"}), Describe("shop", "b", {"id", "note"})};
  EXPECT_EQ(Failure({{rule}, {}}, tables), "");
  EXPECT_NE(Failure({{rule}, {}}, {tables[0]}).find("no such column"), std::string::npos);
}

TEST(MapTables, RefusesCollidingTables) {
  MappingRule rule;
  rule.match = "t_(.*)";
  rule.replace = "$1";
  const std::string failure =
      Failure({{Whole("shop")}, {rule}}, {Describe("shop", "t_orders", {"id"}), Describe("shop", "orders", {"id"})});
  EXPECT_EQ(failure.substr(0, 7), "SE-0102");
  EXPECT_NE(failure.find("shop.t_orders and shop.orders"), std::string::npos) << failure;
}

TEST(MapTables, DatabasesMayMergeWhileTheirTablesDiffer) {
  DatabaseRule rule = Whole("shop_*");
  rule.rename = "shops";
  EXPECT_EQ(Failure({{rule}, {}}, {Describe("shop_1", "a", {"id"}), Describe("shop_2", "b", {"id"})}), "");
  const std::string failure = Failure({{rule}, {}}, {Describe("shop_1", "a", {"id"}), Describe("shop_2", "a", {"id"})});
  EXPECT_NE(failure.find("shop_1.a and shop_2.a"), std::string::npos) << failure;
  EXPECT_NE(failure.find("shops.a"), std::string::npos) << failure;
}

TEST(MapTables, NamesCanBeSwapped) {
  DatabaseRule rule = Whole("shop");
  rule.tables = {Rule("a"), Rule("b")};
  rule.tables[0].rename = "b";
  rule.tables[1].rename = "a";
  rule.tables[0].rename_columns = {{"x", "y"}, {"y", "x"}};
  EXPECT_EQ(Failure({{rule}, {}}, {Describe("shop", "a", {"id", "x", "y"}), Describe("shop", "b", {"id"})}), "");
}

TEST(MapTables, RefusesCollidingColumnsWithoutCase) {
  DatabaseRule rule = Whole("shop");
  rule.tables = {Rule("orders")};
  rule.tables[0].rename_columns = {{"b", "TOTAL"}};
  auto table = Describe("shop", "orders", {"id", "b", "total"});
  table->columns[2].generated = model::Generated::kStored;
  const std::string failure = Failure({{rule}, {}}, {table});
  EXPECT_NE(failure.find("columns b and total of table shop.orders"), std::string::npos) << failure;
  rule.tables[0].exclude_columns = {"total"};
  EXPECT_EQ(Failure({{rule}, {}}, {table}), "");
}

TEST(MapTables, NamesOfColumnsWithTheirCase) {
  const model::TablePtr table = Describe("shop", "a", {"id", "note", "Note"});
  DatabaseRule rule = Whole("shop");
  EXPECT_NE(Failure({{rule}, {}}, {table}).find("columns note and Note"), std::string::npos);
  Rules rules{{rule}, {}, {.source_columns_ignore_case = false, .destination_columns_ignore_case = false}};
  EXPECT_EQ(Failure(rules, {table}), "");
  TableRule one;
  one.table = "a";
  one.exclude_columns = {"NOTE"};
  rules.databases[0].tables = {one};
  EXPECT_NE(Failure(rules, {table}).find("no such column"), std::string::npos);
}

TEST(MapTables, RefusesSystemNamesAtTheDestination) {
  MappingRule rule;
  rule.kind = MappingRule::Kind::kDatabase;
  rule.match = "s.*";
  rule.replace = "sluice";
  const Rules rules{{Whole("shop")}, {rule}, {.reserved = {"sluice"}}};
  EXPECT_NE(Failure(rules, {Describe("shop", "a", {"id"})}).find("`sluice`"), std::string::npos);
}

TEST(MapTables, RefusesEmptyNames) {
  MappingRule rule;
  rule.match = "(x?).*";
  rule.replace = "$1";
  EXPECT_NE(Failure({{Whole("shop")}, {rule}}, {Describe("shop", "a", {"id"})}).find("empty name"), std::string::npos);
  rule.kind = MappingRule::Kind::kColumn;
  EXPECT_NE(Failure({{Whole("shop")}, {rule}}, {Describe("shop", "a", {"id"})}).find("empty name"), std::string::npos);
}

TEST(MapTables, RefusesColumnRulesOfTablesThatAreNotThere) {
  MappingRule rule;
  rule.kind = MappingRule::Kind::kColumn;
  rule.in = "shop.ordres";
  rule.prefix = "x_";
  const std::string failure = Failure({{Whole("shop")}, {rule}}, {Describe("shop", "orders", {"id"})});
  EXPECT_NE(failure.find("did you mean `shop.orders`?"), std::string::npos) << failure;
}

// Random rules over random tables.
class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  size_t Below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(engine_); }
  bool Maybe() { return Below(2) == 0; }
  std::string Name() {
    std::string name(1 + Below(2), 'a');
    for (char& c : name) c = "abAB_"[Below(5)];
    return name;
  }
  std::string Pattern() { return Maybe() ? Name() : Maybe() ? "*" : Name() + "*"; }

  Rules MakeRules() {
    Rules rules;
    for (size_t i = 0; i < 1 + Below(3); ++i) rules.databases.push_back(MakeDatabase());
    for (size_t i = 0; i < Below(4); ++i) rules.mapping.push_back(MakeMapping());
    return rules;
  }

 private:
  DatabaseRule MakeDatabase() {
    DatabaseRule rule = Whole(Pattern());
    if (Below(4) == 0) rule.rename = Name();
    for (size_t i = 0; i < Below(3); ++i) {
      rule.tables.push_back(Rule(Pattern()));
      if (Below(3) == 0 && rule.tables.back().table.find('*') == std::string::npos) rule.tables.back().rename = Name();
      if (Below(3) == 0) rule.tables.back().exclude_columns = {Pattern()};
      if (Below(3) == 0) rule.tables.back().rename_columns = {{Name(), Name()}};
    }
    rule.only_listed = !rule.tables.empty() && Maybe();
    if (Below(3) == 0) rule.exclude_tables = {Pattern()};
    return rule;
  }
  MappingRule MakeMapping() {
    MappingRule rule;
    rule.kind = static_cast<MappingRule::Kind>(Below(3));
    if (Maybe()) rule.in = rule.kind == MappingRule::Kind::kDatabase ? Pattern() : Pattern() + "." + Pattern();
    if (Maybe()) rule.prefix = Name();
    if (Maybe()) rule.letters = Maybe() ? "upper" : "lower";
    if (Maybe()) {
      rule.match = "(.)(.*)";
      rule.replace = "$2$1";
    }
    if (Below(4) == 0) rule.keyword = Name();
    return rule;
  }
  std::mt19937 engine_;
};

// Whatever the rules: mappings agree with Map, MapColumn and Selected; destination names are
// unique; nothing that is not selected is mapped; the same input gives the same answer.
TEST(MapTables, HoldsForRandomRules) {
  size_t accepted = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    const Rules rules = random.MakeRules();
    auto made = Selection::Make(rules);
    if (!made.ok()) continue;
    const std::unique_ptr<Selection> selection = std::move(made).ValueOrThrow();
    std::set<model::ObjectName> names;
    for (int i = 0; i < 6; ++i) names.insert({random.Name(), random.Name()});
    std::vector<model::TablePtr> tables;
    for (const model::ObjectName& name : names) tables.push_back(Describe(name.database, name.name, {"id", "a", "b_"}));
    const auto mapped = MapTables(*selection, tables);
    if (!mapped.ok()) continue;
    ++accepted;
    std::set<model::ObjectName> destinations;
    size_t at = 0;
    for (const model::TablePtr& table : tables) {
      if (!selection->Selected(table->name)) {
        ASSERT_EQ(selection->MapTable(*table), nullptr) << seed;
        continue;
      }
      const model::TableMapping& mapping = *mapped.value().at(at++);
      ASSERT_EQ(mapping.source, table->name) << seed;
      ASSERT_EQ(mapping.destination, selection->Map(table->name)) << seed;
      ASSERT_EQ(mapping.destination.database, selection->MapDatabase(table->name.database)) << seed;
      ASSERT_TRUE(destinations.insert(mapping.destination).second) << seed;
      ASSERT_EQ(mapping.columns.size() + mapping.excluded.size(), table->columns.size()) << seed;
      std::set<std::string> columns;
      for (const model::ColumnMapping& column : mapping.columns) {
        ASSERT_EQ(column.destination, selection->MapColumn(table->name, column.source)) << seed;
        // A statement in the log may write the column in other letters.
        ASSERT_TRUE(EqualIgnoringCase(column.destination, selection->MapColumn(table->name, ToUpper(column.source))))
            << seed;
        ASSERT_TRUE(columns.insert(ToLower(column.destination)).second) << seed;
      }
    }
    ASSERT_EQ(at, mapped.value().size()) << seed;
  }
  EXPECT_GT(accepted, 500u);
}

}  // namespace
}  // namespace sluice::selection
