#include "connectors/mysql/foreign/expression.h"

#include <gtest/gtest.h>

namespace sluice::mysql {
namespace {

using model::TypeKind;

model::Table Sample() {
  model::Table table;
  const auto add = [&](const char* name, TypeKind kind) {
    table.columns.push_back({.name = name, .type = {.kind = kind, .native = ""}});
  };
  add("n", TypeKind::kInteger);
  add("price", TypeKind::kDecimal);
  add("name", TypeKind::kVarchar);
  add("day", TypeKind::kDate);
  add("until", TypeKind::kDate);
  add("clock", TypeKind::kTime);
  add("doc", TypeKind::kJson);
  add("Odd Name", TypeKind::kInteger);
  add("gone", TypeKind::kInteger);
  return table;
}

std::string Translated(const std::string& expression) {
  const auto text = TranslateExpression(expression, Sample(), [](const model::Column& column) {
    return column.name == "gone" ? std::string() : column.name;
  });
  return text.value_or("none");
}

// The texts are those that PostgreSQL's pg_get_expr() gives.
TEST(ForeignExpressionTest, SaysTheSame) {
  EXPECT_EQ(Translated("(n > 0)"), "(`n` > 0)");
  EXPECT_EQ(Translated("((price >= (0)::numeric) AND (price <= (n)::numeric))"),
            "((`price` >= (0)) and (`price` <= (`n`)))");
  EXPECT_EQ(Translated("((name)::text = 'it''s'::text)"), "((`name`) = 'it\\'s')");
  EXPECT_EQ(Translated("((name)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))"),
            "((`name`) IN ('a', 'b'))");
  EXPECT_EQ(Translated("(name <> ALL (ARRAY['a'::text]))"), "(`name` NOT IN ('a'))");
  EXPECT_EQ(Translated("((name)::text ~~ 'a%'::text)"), "((`name`) LIKE 'a%')");
  EXPECT_EQ(Translated("((name)::text !~~ 'a%'::text)"), "((`name`) NOT LIKE 'a%')");
  EXPECT_EQ(Translated("(length((name)::text) > 3)"), "(char_length((`name`)) > 3)");
  EXPECT_EQ(Translated("(day >= '2000-01-01'::date)"), "(`day` >= '2000-01-01')");
  EXPECT_EQ(Translated("((until IS NULL) OR (until > day))"), "((`until` is null) or (`until` > `day`))");
  EXPECT_EQ(Translated("(\"Odd Name\" * 2)"), "(`Odd Name` * 2)");
  EXPECT_EQ(Translated("CASE WHEN (n IS NULL) THEN 0 ELSE n END"), "case when (`n` is null) then 0 else `n` end");
}

TEST(ForeignExpressionTest, SaysNothingElse) {
  EXPECT_EQ(Translated("(n / 2)"), "none");                      // whole numbers stay whole there
  EXPECT_EQ(Translated("((name)::text > 'm'::text)"), "none");   // another order
  EXPECT_EQ(Translated("((name)::text ~ '^a'::text)"), "none");  // another language of patterns
  EXPECT_EQ(Translated("((name)::text ~~* 'a%'::text)"), "none");
  EXPECT_EQ(Translated("((price)::integer = n)"), "none");  // rounds
  EXPECT_EQ(Translated("((n)::text = '1'::text)"), "none");
  EXPECT_EQ(Translated("(doc IS NOT NULL)"), "none");
  EXPECT_EQ(Translated("(gone > 0)"), "none");
  EXPECT_EQ(Translated("(unknown_column > 0)"), "none");
  EXPECT_EQ(Translated("((name)::text || 'x'::text)"), "none");
  EXPECT_EQ(Translated("(n = (SELECT 1))"), "none");
  EXPECT_EQ(Translated("random()"), "none");
  EXPECT_EQ(Translated("(name = 'x'::text COLLATE \"C\")"), "none");
  EXPECT_EQ(Translated("(day > '2000-01-01 00:00:00+00'::timestamp with time zone)"), "none");
  EXPECT_EQ(Translated("(until - day)"), "none");  // days there, the difference of the digits here
  EXPECT_EQ(Translated("((until - day) <= 31)"), "none");
  EXPECT_EQ(Translated("(day + n)"), "none");
  EXPECT_EQ(Translated("(clock - '01:00:00'::time without time zone)"), "none");
  EXPECT_EQ(Translated("((n * ('2000-01-02'::date - '2000-01-01'::date)) > 0)"), "none");
  EXPECT_EQ(Translated(""), "none");
}

}  // namespace
}  // namespace sluice::mysql
