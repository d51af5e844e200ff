// What rules select, and which names come out.
#include "selection/selection.h"

#include <gtest/gtest.h>

#include "selection/rules.h"

namespace sluice::selection {
namespace {

using model::ObjectName;

MappingRule Rename(MappingRule::Kind kind, std::string in) {
  MappingRule rule;
  rule.kind = kind;
  rule.in = std::move(in);
  return rule;
}

MappingRule Replace(MappingRule::Kind kind, std::string in, std::string match, std::string replace) {
  MappingRule rule = Rename(kind, std::move(in));
  rule.match = std::move(match);
  rule.replace = std::move(replace);
  return rule;
}

MappingRule Prefix(MappingRule::Kind kind, std::string in, std::string prefix) {
  MappingRule rule = Rename(kind, std::move(in));
  rule.prefix = std::move(prefix);
  return rule;
}

constexpr auto kDatabase = MappingRule::Kind::kDatabase;
constexpr auto kTable = MappingRule::Kind::kTable;
constexpr auto kColumn = MappingRule::Kind::kColumn;

std::unique_ptr<Selection> Make(std::vector<DatabaseRule> databases, std::vector<MappingRule> mapping = {}) {
  return Selection::Make({std::move(databases), std::move(mapping)}).ValueOrThrow();
}

DatabaseRule Whole(std::string name) {
  DatabaseRule rule;
  rule.database = std::move(name);
  return rule;
}

DatabaseRule Only(std::string name, std::vector<TableRule> tables) {
  DatabaseRule rule = Whole(std::move(name));
  rule.only_listed = true;
  rule.objects = false;
  rule.tables = std::move(tables);
  return rule;
}

TableRule Table(std::string name, std::string rename = "") {
  TableRule rule;
  rule.table = std::move(name);
  rule.rename = std::move(rename);
  return rule;
}

std::string Cause(Rules rules) {
  const auto made = Selection::Make(std::move(rules));
  return made.ok() ? "" : made.error().code + " " + made.error().cause;
}

TEST(Selection, WholeDatabaseTakesTablesCreatedLater) {
  const auto selection = Make({Whole("shop")});
  EXPECT_TRUE(selection->DatabaseSelected("shop"));
  EXPECT_TRUE(selection->Selected({"shop", "created_later"}));
  EXPECT_TRUE(selection->ObjectsSelected("shop"));
  EXPECT_FALSE(selection->Selected({"Shop", "orders"}));
  EXPECT_FALSE(selection->DatabaseSelected("other"));
}

TEST(Selection, ListTakesOnlyWhatItNames) {
  const auto selection = Make({Only("shop", {Table("orders"), Table("t_*")})});
  EXPECT_TRUE(selection->Selected({"shop", "orders"}));
  EXPECT_TRUE(selection->Selected({"shop", "t_new"}));
  EXPECT_FALSE(selection->Selected({"shop", "Orders"}));
  EXPECT_FALSE(selection->Selected({"shop", "customers"}));
  EXPECT_FALSE(selection->ObjectsSelected("shop"));
}

TEST(Selection, ExclusionsWinOverEverything) {
  DatabaseRule rule = Whole("shop");
  rule.exclude_tables = {"log_*", "old"};
  rule.tables = {Table("l*")};
  const auto selection = Make({rule});
  EXPECT_FALSE(selection->Selected({"shop", "log_1"}));
  EXPECT_FALSE(selection->Selected({"shop", "old"}));
  EXPECT_TRUE(selection->Selected({"shop", "lines"}));
}

TEST(Selection, NameComesBeforePatternAndFirstPatternBeforeLater) {
  DatabaseRule all = Whole("*");
  all.rename = "everything";
  DatabaseRule shops = Whole("shop_?");
  shops.rename = "shops";
  const auto selection = Make({all, shops, Only("shop_1", {Table("a")})});
  EXPECT_EQ(selection->MapDatabase("shop_1"), "shop_1");
  EXPECT_FALSE(selection->Selected({"shop_1", "b"}));
  EXPECT_EQ(selection->MapDatabase("shop_2"), "everything");
}

TEST(Selection, SystemDatabasesAreNeverSelected) {
  const NameRules names{.reserved = {"mysql", "sys", "information_schema", "sluice"}};
  const auto selection = Selection::Make({{Whole("*")}, {}, names}).ValueOrThrow();
  for (const char* name : {"mysql", "sys", "information_schema", "INFORMATION_SCHEMA", "sluice"}) {
    EXPECT_FALSE(selection->DatabaseSelected(name)) << name;
    EXPECT_FALSE(selection->Selected({name, "t"})) << name;
    EXPECT_NE(Cause({{Whole(name)}, {}, names}).find("never migrated"), std::string::npos) << name;
  }
  EXPECT_TRUE(selection->Selected({"shop", "t"}));
}

TEST(Selection, ExplicitRenameWinsOverRules) {
  DatabaseRule rule = Whole("shop");
  rule.rename = "shop_new";
  rule.tables = {Table("orders", "orders2")};
  rule.tables[0].rename_columns = {{"addr", "address"}};
  const auto selection =
      Make({rule}, {Prefix(kDatabase, "", "d_"), Prefix(kTable, "", "t_"), Prefix(kColumn, "", "c_")});
  EXPECT_EQ(selection->MapDatabase("shop"), "shop_new");
  EXPECT_EQ(selection->Map({"shop", "orders"}), (ObjectName{"shop_new", "orders2"}));
  EXPECT_EQ(selection->Map({"shop", "lines"}), (ObjectName{"shop_new", "t_lines"}));
  EXPECT_EQ(selection->MapColumn({"shop", "orders"}, "addr"), "address");
  EXPECT_EQ(selection->MapColumn({"shop", "orders"}, "ADDR"), "address");
  EXPECT_EQ(selection->MapColumn({"shop", "orders"}, "id"), "c_id");
}

TEST(Selection, WhatIsNotSelectedKeepsItsName) {
  DatabaseRule rule = Only("shop", {Table("orders")});
  rule.rename = "shop_new";
  const auto selection =
      Make({rule}, {Prefix(kDatabase, "", "d_"), Prefix(kTable, "", "t_"), Prefix(kColumn, "", "c_")});
  // Referenced by a foreign key: its database moves all the same.
  EXPECT_EQ(selection->Map({"shop", "customers"}), (ObjectName{"shop_new", "customers"}));
  EXPECT_EQ(selection->MapColumn({"shop", "customers"}, "id"), "id");
  EXPECT_EQ(selection->Map({"other", "t"}), (ObjectName{"other", "t"}));
  EXPECT_EQ(selection->MapDatabase("mysql"), "mysql");
}

TEST(Rules, WorkInOrderOnTheNameAsItStands) {
  MappingRule lower = Rename(kTable, "");
  lower.letters = "lower";
  const auto selection =
      Make({Whole("shop")}, {Replace(kTable, "shop.*", "^t_(.*)$", "$1"), lower,
                             Replace(kTable, "", "^(.)(.*)$", "$2_$1$$\\"), Prefix(kTable, "shop", "x_")});
  EXPECT_EQ(selection->Map({"shop", "t_ORDERS"}).name, "x_rders_o$\\");
  EXPECT_EQ(selection->Map({"shop", "T"}).name, "x__t$\\");
}

TEST(Rules, MatchTheWholeName) {
  const auto selection = Make({Whole("shop")}, {Replace(kTable, "", "order", "x")});
  EXPECT_EQ(selection->Map({"shop", "order"}).name, "x");
  EXPECT_EQ(selection->Map({"shop", "orders"}).name, "orders");
}

TEST(Rules, InAndKeywordLookAtTheNameAtTheSource) {
  MappingRule keyword = Prefix(kTable, "shop.t_*", "k_");
  keyword.keyword = "log";
  const auto selection = Make({Whole("shop"), Whole("crm")}, {Replace(kTable, "", ".*", "new_$0"), keyword});
  EXPECT_EQ(selection->Map({"shop", "t_log"}).name, "k_new_t_log");
  EXPECT_EQ(selection->Map({"shop", "t_data"}).name, "new_t_data");
  EXPECT_EQ(selection->Map({"shop", "log"}).name, "new_log");
  EXPECT_EQ(selection->Map({"crm", "t_log"}).name, "new_t_log");
}

TEST(Rules, MatchWithoutReplaceOnlyChooses) {
  MappingRule rule = Rename(kTable, "");
  rule.match = "t_.*";
  rule.prefix = "old_";
  rule.letters = "upper";
  rule.suffix = "_x";
  const auto selection = Make({Whole("shop")}, {rule});
  EXPECT_EQ(selection->Map({"shop", "t_a"}).name, "old_T_A_x");
  EXPECT_EQ(selection->Map({"shop", "a"}).name, "a");
}

TEST(Rules, ColumnsIgnoreCase) {
  MappingRule keyword = Prefix(kColumn, "shop.orders", "x_");
  keyword.keyword = "Addr";
  const auto selection = Make({Whole("shop")}, {keyword, Replace(kColumn, "shop.*", "note", "remark")});
  EXPECT_EQ(selection->MapColumn({"shop", "orders"}, "ADDRESS"), "x_ADDRESS");
  EXPECT_EQ(selection->MapColumn({"shop", "orders"}, "Note"), "remark");
  EXPECT_EQ(selection->MapColumn({"shop", "lines"}, "address"), "address");
}

TEST(Rules, NamesWithDotsAndWildcards) {
  const auto selection = Make({Whole("a\\*b")}, {Prefix(kTable, "a\\*b.x\\.y", "p_")});
  EXPECT_TRUE(selection->DatabaseSelected("a*b"));
  EXPECT_FALSE(selection->DatabaseSelected("aab"));
  EXPECT_EQ(selection->Map({"a*b", "x.y"}).name, "p_x.y");
  EXPECT_EQ(selection->NamedDatabases(), std::vector<std::string>{"a*b"});
}

TEST(Selection, NamedThings) {
  const auto selection = Make({Only("shop", {Table("orders"), Table("t_*")}), Whole("crm_*"), Whole("x")});
  EXPECT_EQ(selection->NamedDatabases(), (std::vector<std::string>{"shop", "x"}));
  EXPECT_EQ(selection->NamedTables(), (std::vector<ObjectName>{{"shop", "orders"}}));
}

TEST(Selection, RefusesRulesThatCannotBeUsed) {
  EXPECT_EQ(Cause({}).substr(0, 7), "SE-0103");
  EXPECT_NE(Cause({{Whole("")}, {}}).find("is missing"), std::string::npos);
  EXPECT_NE(Cause({{Whole("a"), Whole("a")}, {}}).find("twice"), std::string::npos);
  EXPECT_NE(Cause({{Only("a", {})}, {}}).find("selects nothing"), std::string::npos);
  EXPECT_NE(Cause({{Only("a", {Table("t"), Table("t")})}, {}}).find("twice"), std::string::npos);
  EXPECT_NE(Cause({{Only("a", {Table("t*", "x")})}, {}}).find("one name"), std::string::npos);
  DatabaseRule sluice = Whole("a");
  sluice.rename = "Sluice";
  EXPECT_NE(Cause({{sluice}, {}, {.reserved = {"sluice"}}}).find("belongs to"), std::string::npos);
  DatabaseRule both = Whole("a");
  both.exclude_tables = {"l*"};
  both.tables = {Table("log")};
  EXPECT_NE(Cause({{both}, {}}).find("also left out"), std::string::npos);
  TableRule columns = Table("t");
  columns.exclude_columns = {"a*"};
  columns.include_columns = {"b"};
  columns.rename_columns = {{"Abc", "x"}, {"y", ""}};
  const std::string cause = Cause({{Only("d", {columns})}, {}});
  EXPECT_NE(cause.find("not both"), std::string::npos);
  EXPECT_NE(cause.find("renamed and left out"), std::string::npos);
  EXPECT_NE(cause.find("is missing"), std::string::npos);
}

TEST(Rules, RefusesWhatCannotBeUsed) {
  const auto cause = [](MappingRule rule) { return Cause({{Whole("a")}, {std::move(rule)}}); };
  EXPECT_NE(cause(Replace(kTable, "", "(", "x")).find("regular expression"), std::string::npos);
  EXPECT_NE(cause(Replace(kTable, "", "a", "$1")).find("0 group"), std::string::npos);
  EXPECT_NE(cause(Replace(kTable, "", "a", "$x")).find("digit"), std::string::npos);
  EXPECT_NE(cause(Replace(kTable, "", "", "x")).find("needs `match`"), std::string::npos);
  EXPECT_NE(cause(Rename(kTable, "a")).find("changes nothing"), std::string::npos);
  EXPECT_NE(cause(Replace(kTable, "", "a", "")).find("changes nothing"), std::string::npos);
  EXPECT_NE(cause(Prefix(kDatabase, "a.b", "x")).find("databases only"), std::string::npos);
  EXPECT_NE(cause(Prefix(kColumn, "a.b.c", "x")).find("database.table"), std::string::npos);
  EXPECT_NE(cause(Prefix(kColumn, "a.", "x")).find("missing"), std::string::npos);
  MappingRule letters = Rename(kTable, "");
  letters.letters = "title";
  EXPECT_NE(cause(letters).find("upper"), std::string::npos);
}

TEST(Operations, DefaultCarriesTheDocumentedKinds) {
  const model::OperationFilter operations = DefaultOperations();
  EXPECT_TRUE(operations.insert && operations.update && operations.remove);
  EXPECT_EQ(operations.ddl.size(), 11u);
  EXPECT_EQ(operations.ddl.count(model::DdlKind::kDropView), 0u);
  EXPECT_EQ(operations.ddl.count(model::DdlKind::kOther), 0u);
}

}  // namespace
}  // namespace sluice::selection
