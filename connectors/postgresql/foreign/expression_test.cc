#include "connectors/postgresql/foreign/expression.h"

#include <gtest/gtest.h>

namespace sluice::postgresql {
namespace {

std::string Translated(const std::string& expression) {
  model::Table table;
  for (const char* name : {"n", "Total", "gone"}) {
    model::Column column;
    column.name = name;
    column.type.kind = model::TypeKind::kInteger;
    table.columns.push_back(column);
  }
  for (const char* collation : {"utf8mb4_general_ci", "utf8mb4_bin"}) {
    model::Column column;
    column.name = std::string("t_") + (collation[8] == 'b' ? "exact" : "any");
    column.type.kind = model::TypeKind::kVarchar;
    column.type.collation = collation;
    table.columns.push_back(column);
  }
  return TranslateExpression(
             expression, table,
             [](const model::Column& column) { return column.name == "gone" ? "" : "x_" + column.name; })
      .value_or("(none)");
}

TEST(TranslateExpression, WhatMeansTheSame) {
  EXPECT_EQ(Translated("(`n` + 1) * 2 >= `Total`"), "(\"x_n\" + 1) * 2 >= \"x_Total\"");
  EXPECT_EQ(Translated("n BETWEEN 1 AND 5 OR n IS NULL"), "\"x_n\" between 1 and 5 or \"x_n\" is null");
  EXPECT_EQ(Translated("ifnull(n,0) != -1"), "coalesce(\"x_n\", 0) <> - 1");
  EXPECT_EQ(Translated("length(t_exact) > 3"), "octet_length(\"x_t_exact\") > 3");
  EXPECT_EQ(Translated("t_exact in (_utf8mb4'a','it''s')"), "\"x_t_exact\" in ('a', 'it''s')");
}

TEST(TranslateExpression, WhatDoesNotIsLeftOut) {
  for (const char* expression :
       {"n / 2", "n DIV 2", "n % 2", "concat(t_exact, 'x')", "t_any = 'A'", "gone > 1", "nowhere = 1",
        "t_exact LIKE 'a%'", "n & 1", "n || 1", "uuid()", "0x10 + n", "n -> '$.a'", "(SELECT 1)", ""}) {
    EXPECT_EQ(Translated(expression), "(none)") << expression;
  }
}

}  // namespace
}  // namespace sluice::postgresql
