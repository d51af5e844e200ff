#include "connectors/postgresql/names_in_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/postgresql/schema_server_test_names.h"

namespace sluice::postgresql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class NamesInText : public testing::Test {
 protected:
  NamesInText() {
    known_.AddRelation({"shop", "orders"});
    known_.AddRelation({"shop", "lines"});
    known_.AddRelation({"Odd name", "A.b"});
    known_.AddOther({"shop", "mood"});
    known_.AddOther({"shop", "f"});
    known_.AddOther({"shop", "numbers"});
  }

  // With schema shop as "new shop", and of it orders as "orders 2".
  std::string Rewrite(const std::string& text) const {
    References found;
    known_.Find(text, found);
    return NameRewriter(found, names_).Rewrite(text);
  }

  KnownNames known_;
  OtherNames names_{true};
};

TEST_F(NamesInText, FindsWhatExistsAndNothingElse) {
  References found;
  known_.Find(R"(SELECT o.id, shop.f(x), 'a'::shop.mood, shop.unknown, "Odd name"."A.b" FROM shop.orders o)", found);
  EXPECT_THAT(found.relations, ElementsAre(model::ObjectName{"Odd name", "A.b"}, model::ObjectName{"shop", "orders"}));
  EXPECT_THAT(found.others, ElementsAre(model::ObjectName{"shop", "f"}, model::ObjectName{"shop", "mood"}));
}

TEST_F(NamesInText, AliasesColumnsAndStringsAreNoNames) {
  const std::string text = "SELECT shop.id, a.shop.orders, 'shop.orders', \"shop.orders\" FROM x shop -- shop.orders";
  EXPECT_EQ(Rewrite(text), text);
}

TEST_F(NamesInText, RenamesTypesFunctionsAndTables) {
  EXPECT_EQ(Rewrite("shop.mood[]"), "\"new shop\".mood[]");
  EXPECT_EQ(Rewrite("(shop.f(a) > 5)"), "(\"new shop\".f(a) > 5)");
  EXPECT_EQ(Rewrite("nextval('shop.numbers'::regclass)"), "nextval('\"new shop\".numbers'::regclass)");
  EXPECT_EQ(Rewrite("'shop.f(shop.mood)'::regprocedure"), "'\"new shop\".f(\"new shop\".mood)'::regprocedure");
  EXPECT_EQ(Rewrite("a OPERATOR(shop.===) b"), "a OPERATOR(\"new shop\".===) b");
  EXPECT_EQ(Rewrite("a OPERATOR(pg_catalog.=) b"), "a OPERATOR(pg_catalog.=) b");
}

TEST_F(NamesInText, ColumnsStayQualifiedByTheOldName) {
  EXPECT_EQ(Rewrite("SELECT orders.id FROM shop.orders"), "SELECT orders.id FROM \"new shop\".\"orders 2\" \"orders\"");
  EXPECT_EQ(Rewrite("SELECT o.id FROM shop.orders o"), "SELECT o.id FROM \"new shop\".\"orders 2\" o");
  EXPECT_EQ(Rewrite("FROM (shop.lines l JOIN shop.orders ON ((orders.id = l.id))) WHERE true"),
            "FROM (\"new shop\".lines l JOIN \"new shop\".\"orders 2\" \"orders\" ON ((orders.id = l.id))) WHERE true");
  EXPECT_EQ(Rewrite("FROM shop.lines, shop.orders WHERE f(shop.orders)"),
            "FROM \"new shop\".lines, \"new shop\".\"orders 2\" \"orders\" WHERE f(\"new shop\".\"orders 2\")");
  EXPECT_EQ(Rewrite("UPDATE shop.orders SET a = 1"), "UPDATE \"new shop\".\"orders 2\" \"orders\" SET a = 1");
  EXPECT_EQ(Rewrite("INSERT INTO shop.orders (a) VALUES (1)"),
            "INSERT INTO \"new shop\".\"orders 2\" AS \"orders\" (a) VALUES (1)");
  EXPECT_EQ(Rewrite("CREATE TRIGGER t BEFORE UPDATE OF a ON shop.orders FOR EACH ROW"),
            "CREATE TRIGGER t BEFORE UPDATE OF a ON \"new shop\".\"orders 2\" FOR EACH ROW");
  EXPECT_EQ(Rewrite("f(integer, shop.orders)"), "f(integer, \"new shop\".\"orders 2\")");
}

TEST_F(NamesInText, BodiesAndSearchPathsFollow) {
  EXPECT_EQ(
      Rewrite("SET search_path TO 'shop', 'public'\nAS $x$ BEGIN\n  DELETE FROM SHOP.lines; -- gone\n$x$ shop.mood"),
      "SET search_path TO 'new shop', 'public'\nAS $x$ BEGIN\n  DELETE FROM \"new shop\".lines; -- gone\n$x$ "
      "\"new shop\".mood");
  EXPECT_EQ(Rewrite("AS $$ SELECT nextval('shop.numbers'), 'shop.lines' $$"),
            "AS $$ SELECT nextval('\"new shop\".numbers'), 'shop.lines' $$");
}

TEST_F(NamesInText, NothingChangesWithoutNewNames) {
  const std::string text = "SELECT  shop.f( x )::shop.mood FROM  shop.orders ;";
  References found;
  known_.Find(text, found);
  EXPECT_EQ(NameRewriter(found, SameNames()).Rewrite(text), text);
}

TEST(ColumnRewriter, RenamesColumnsAndTellsWhichAreGone) {
  model::TableMapping mapping;
  mapping.source = mapping.destination = {"shop", "t"};
  mapping.columns = {{"total", "Total Of"}, {"first", "last"}, {"date", "day"}};
  mapping.excluded = {"secret"};
  const ColumnRewriter columns(mapping, SameNames(), {"total", "first", "date", "secret", "id"});
  const auto rewrite = [&](std::string text) -> std::string { return columns.Rewrite(text) ? text : "-"; };
  EXPECT_EQ(rewrite("CHECK ((total > (0)::numeric))"), "CHECK ((\"Total Of\" > (0)::numeric))");
  EXPECT_EQ(rewrite("(first DESC NULLS FIRST, (d)::date) INCLUDE (date)"),
            "(\"last\" DESC NULLS FIRST, (d)::date) INCLUDE (\"day\")");
  EXPECT_EQ(rewrite("(date(id), x.total, 'total')"), "(date(id), x.total, 'total')");
  EXPECT_EQ(rewrite("(id, secret)"), "-");
  EXPECT_EQ(columns.Map("total"), "Total Of");
  EXPECT_TRUE(columns.LeftOut("secret"));
}

TEST(FindOutsideQuotes, PassesOverNamesAndLiterals) {
  const std::string text = R"(CREATE INDEX "a USING b" ON s."c "" USING d" USING btree (' USING ', x USING y))";
  EXPECT_EQ(text.substr(FindOutsideQuotes(text, " USING "), 13), " USING btree ");
  EXPECT_EQ(text.substr(FindOutsideQuotes(text, " USING ", true)), " USING y)");
  EXPECT_EQ(FindOutsideQuotes(R"("a USING b")", " USING "), std::string::npos);
}

}  // namespace
}  // namespace sluice::postgresql
