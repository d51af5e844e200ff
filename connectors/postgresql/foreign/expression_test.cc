#include "connectors/postgresql/foreign/expression.h"

#include <gtest/gtest.h>

namespace sluice::postgresql {
namespace {

model::Table Sample() {
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
    column.type.charset = "utf8mb4";
    table.columns.push_back(column);
  }
  using Kind = model::TypeKind;
  const std::pair<const char*, Kind> others[] = {
      {"small", Kind::kInteger},   {"d", Kind::kDecimal},       {"f", Kind::kFloat32},    {"e", Kind::kEnum},
      {"bits", Kind::kBit},        {"day", Kind::kDate},        {"at", Kind::kDateTime},  {"clock", Kind::kTime},
      {"zoned", Kind::kTimestamp}, {"bytes", Kind::kVarbinary}, {"doc", Kind::kJson},     {"fixed", Kind::kChar},
      {"latin", Kind::kVarchar},   {"big", Kind::kInteger},     {"price", Kind::kDecimal}};
  for (const auto& [name, kind] : others) {
    model::Column column;
    column.name = name;
    column.type.kind = kind;
    if (column.type.IsText()) column.type.collation = "utf8mb4_bin";
    if (column.type.IsText()) column.type.charset = column.name == "latin" ? "latin1" : "utf8mb4";
    column.type.bytes = column.name == "big" ? 8 : 1;
    column.type.is_unsigned = column.type.kind == Kind::kInteger;
    column.type.scale = column.name == "price" ? 2 : 20;
    table.columns.push_back(column);
  }
  return table;
}

std::string Translated(const std::string& expression, std::optional<model::TypeKind> wanted = std::nullopt) {
  model::ColumnType type;
  if (wanted) type.kind = *wanted;
  return TranslateExpression(
             expression, Sample(),
             [](const model::Column& column) { return column.name == "gone" ? "" : "x_" + column.name; },
             wanted ? &type : nullptr)
      .value_or("(none)");
}

TEST(TranslateExpression, WhatMeansTheSame) {
  EXPECT_EQ(Translated("(`n` + 1) * 2 >= `Total`"), "(\"x_n\"::bigint + 1) * 2 >= \"x_Total\"");
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

using model::TypeKind;

// PostgreSQL computes smallint by smallint as a smallint, and real by real as a real.
TEST(TranslateExpression, NumbersAreComputedAsWideAsThere) {
  EXPECT_EQ(Translated("(`small` * `small`)", TypeKind::kInteger), "(\"x_small\"::bigint * \"x_small\"::bigint)");
  EXPECT_EQ(Translated("big - 1", TypeKind::kInteger), "\"x_big\"::numeric - 1");
  EXPECT_EQ(Translated("-n + 1", TypeKind::kInteger), "- \"x_n\"::bigint + 1");
  EXPECT_EQ(Translated("2000000000 * 3", TypeKind::kInteger), "2000000000::bigint * 3");
  EXPECT_EQ(Translated("f + f", TypeKind::kFloat64), "\"x_f\"::double precision + \"x_f\"::double precision");
  EXPECT_EQ(Translated("price * 1.1", TypeKind::kDecimal), "\"x_price\" * 1.1");
  EXPECT_EQ(Translated("d * d", TypeKind::kDecimal), "(none)");  // MySQL rounds it
  EXPECT_EQ(Translated("f * 2", TypeKind::kInteger), "(none)");  // rounds in another way
  EXPECT_EQ(Translated("floor(n)", TypeKind::kInteger), "floor(\"x_n\"::numeric)");
  EXPECT_EQ(Translated("abs(small - n) > 1"), "abs(\"x_small\"::bigint - \"x_n\"::bigint) > 1");
  EXPECT_EQ(Translated("case when n is null then 1 else n end + 1", TypeKind::kInteger),
            "case when \"x_n\" is null then 1 else \"x_n\" end::bigint + 1");
}

TEST(TranslateExpression, OperandsOfOneKind) {
  for (const char* expression : {"(n > 0) = TRUE",
                                 "bits IN (0,1)",
                                 "day > 20200101",
                                 "t_exact > 0",
                                 "clock - clock > 0",
                                 "at - at > 0",
                                 "day + n > 0",
                                 "n",
                                 "n OR n",
                                 "NOT n",
                                 "n IS TRUE",
                                 "doc = 'x'",
                                 "e > 1",
                                 "n = '1'",
                                 "zoned > '2020-01-01'",
                                 "day > '0000-00-00'",
                                 "day > '2020-1-1'",
                                 "day > '2020-01-01 10:00:00'",
                                 "t_any = t_any",
                                 "t_exact > 'a'",
                                 "n = n = n",
                                 "(n > 1) + 1 > 1",
                                 "n IN (1, 'a')",
                                 "CASE n WHEN 'a' THEN 1 END = 1",
                                 "coalesce(n, 'a') = 1",
                                 "nullif(n, 'a') = 1",
                                 "abs(t_exact) = 1"}) {
    EXPECT_EQ(Translated(expression), "(none)") << expression;
  }
  EXPECT_EQ(Translated("day >= '2020-01-31' and at < '2020-01-31 10:00:00.5'"),
            "\"x_day\" >= '2020-01-31' and \"x_at\" < '2020-01-31 10:00:00.5'");
  EXPECT_EQ(Translated("(n > 0) = (small > 0)"), "(\"x_n\" > 0) = (\"x_small\" > 0)");
  EXPECT_EQ(Translated("e in ('a') and bits is not null"), "\"x_e\" in ('a') and \"x_bits\" is not null");
  EXPECT_EQ(Translated("f > 0.1"), "\"x_f\"::double precision > 0.1");
  EXPECT_EQ(Translated("n = TRUE"), "\"x_n\" = 1");
  EXPECT_EQ(Translated("(n > 0) is not true"), "(\"x_n\" > 0) is not true");
  EXPECT_EQ(Translated("day < at"), "\"x_day\" < \"x_at\"");
  EXPECT_EQ(Translated(std::string(100000, '(') + "n"), "(none)");
}

TEST(TranslateExpression, ValuesOfTheColumnsKind) {
  EXPECT_EQ(Translated("(`day` is null)", TypeKind::kInteger), "((\"x_day\" is null))::int");
  EXPECT_EQ(Translated("1 = 1", TypeKind::kInteger), "(1 = 1)::int");
  EXPECT_EQ(Translated("day + 0", TypeKind::kInteger), "(none)");
  EXPECT_EQ(Translated("n", TypeKind::kVarchar), "(none)");
  EXPECT_EQ(Translated("t_any", TypeKind::kVarchar), "\"x_t_any\"");
  EXPECT_EQ(Translated("lower(t_any)", TypeKind::kText), "lower(\"x_t_any\")");
  EXPECT_EQ(Translated("'abc'", TypeKind::kText), "'abc'");
  EXPECT_EQ(Translated("zoned", TypeKind::kDateTime), "(none)");
}

TEST(TranslateExpression, BytesAreCountedWhereTheyAreTheSame) {
  EXPECT_EQ(Translated("length(t_any)", TypeKind::kInteger), "octet_length(\"x_t_any\")");
  EXPECT_EQ(Translated("length(bytes)", TypeKind::kInteger), "octet_length(\"x_bytes\")");
  EXPECT_EQ(Translated("char_length(fixed)", TypeKind::kInteger), "char_length(\"x_fixed\")");
  for (const char* expression : {"length(latin)", "length(fixed)", "length(e)", "length(doc)", "char_length(bytes)"}) {
    EXPECT_EQ(Translated(expression, TypeKind::kInteger), "(none)") << expression;
  }
}

}  // namespace
}  // namespace sluice::postgresql
