#include "connectors/postgresql/load_plan.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "connectors/postgresql/types.h"

namespace sluice::postgresql {
namespace {

// "numeric(10,2)" of the system with its modifier.
TargetColumn Target(const char* native, const char* base_name, int32_t modifier = -1) {
  return {.name = "x",
          .native = native,
          .base_native = native,
          .base_schema = "pg_catalog",
          .base_name = base_name,
          .modifier = modifier};
}

model::ColumnType Source(const TargetColumn& like) {
  return MakeColumnType({.native = like.native,
                         .base_schema = like.base_schema,
                         .base_name = like.base_name,
                         .base_kind = like.base_kind,
                         .modifier = like.modifier,
                         .elements = {}});
}

constexpr int32_t NumericModifier(int32_t precision, int32_t scale) {
  return ((precision << 16) | (scale & 0x7ff)) + 4;
}

const TargetColumn kInt4 = Target("integer", "int4");
const TargetColumn kInt8 = Target("bigint", "int8");
const TargetColumn kText = Target("text", "text");
const TargetColumn kVarchar5 = Target("character varying(5)", "varchar", 9);
const TargetColumn kVarchar9 = Target("character varying(9)", "varchar", 13);
const TargetColumn kChar5 = Target("character(5)", "bpchar", 9);
const TargetColumn kNumeric = Target("numeric", "numeric");
const TargetColumn kNumeric42 = Target("numeric(4,2)", "numeric", NumericModifier(4, 2));
const TargetColumn kNumeric63 = Target("numeric(6,3)", "numeric", NumericModifier(6, 3));
const TargetColumn kNumericMinus2 = Target("numeric(4,-2)", "numeric", NumericModifier(4, -2));
const TargetColumn kTimestamp = Target("timestamp without time zone", "timestamp");
const TargetColumn kTimestamp0 = Target("timestamp(0) without time zone", "timestamp", 0);
const TargetColumn kJson = Target("json", "json");
const TargetColumn kJsonb = Target("jsonb", "jsonb");

TEST(PostgresqlLoadPlan, BinaryFormsThatAreTheSame) {
  EXPECT_TRUE(SameBinaryForm(Source(kInt4), kInt4));
  EXPECT_FALSE(SameBinaryForm(Source(kInt4), kInt8));
  EXPECT_TRUE(SameBinaryForm(Source(kVarchar5), kText));
  EXPECT_TRUE(SameBinaryForm(Source(kNumeric), kNumeric42));
  EXPECT_FALSE(SameBinaryForm(Source(kNumeric), kText));
  EXPECT_FALSE(SameBinaryForm(Source(kJson), kJsonb));
  EXPECT_TRUE(SameBinaryForm(Source(kJsonb), kJsonb));
  TargetColumn array = Target("integer[]", "_int4");
  EXPECT_TRUE(SameBinaryForm(Source(array), array));
  array.binary = false;  // of a type that every database numbers for itself
  EXPECT_FALSE(SameBinaryForm(Source(array), array));
  TargetColumn mood = Target("shop.mood", "mood");
  mood.base_schema = "shop";
  mood.base_kind = 'e';
  EXPECT_TRUE(SameBinaryForm(Source(mood), mood));
  EXPECT_FALSE(SameBinaryForm(Source(mood), kText));
}

TEST(PostgresqlLoadPlan, WhatAColumnKeepsOrRefuses) {
  const std::pair<TargetColumn, TargetColumn> kept[] = {
      {kInt8, kInt4},           {kInt4, kInt8},
      {kInt4, kNumeric42},      {kNumeric42, kNumeric},
      {kNumeric42, kNumeric63}, {kVarchar5, kVarchar9},
      {kVarchar5, kText},       {kTimestamp0, kTimestamp},
      {kJson, kJsonb},          {kNumericMinus2, kNumeric42},
      {kChar5, kChar5},
  };
  for (const auto& [source, target] : kept) {
    EXPECT_TRUE(KeepsOrRefuses(Source(source), target)) << source.native << " to " << target.native;
  }
  const std::pair<TargetColumn, TargetColumn> checked[] = {
      {kNumeric63, kNumeric42},  {kNumeric, kNumeric42}, {kInt4, kNumericMinus2}, {kVarchar9, kVarchar5},
      {kText, kVarchar9},        {kVarchar5, kChar5},    {kChar5, kVarchar9},     {kChar5, kText},
      {kTimestamp, kTimestamp0}, {kTimestamp, kText},    {kNumeric, kInt4},       {kJson, kText},
  };
  for (const auto& [source, target] : checked) {
    EXPECT_FALSE(KeepsOrRefuses(Source(source), target)) << source.native << " to " << target.native;
  }
}

TEST(PostgresqlLoadPlan, OneNarrowColumnSendsRowsByTheTemporaryTable) {
  model::Table table;
  table.name = {"shop", "t"};
  table.columns.push_back({.name = "a", .type = Source(kInt4)});
  table.columns.push_back({.name = "b", .type = Source(kNumeric)});
  model::TableMapping mapping;
  mapping.destination = {"new", "t"};
  mapping.columns = {{"a", "x"}, {"b", "y"}};
  TargetColumn x = kInt4;
  TargetColumn y = kNumeric;
  y.name = "y";
  const LoadPlan plain = MakeLoadPlan(table, mapping, {x, y}, "destination");
  EXPECT_FALSE(plain.Staged());
  EXPECT_EQ(plain.ColumnList(), "\"x\", \"y\"");
  y = kNumeric42;
  y.name = "y";
  const LoadPlan staged = MakeLoadPlan(table, mapping, {y, x}, "destination");
  EXPECT_TRUE(staged.Staged());
  EXPECT_EQ(staged.columns[0].staged, "integer");
  EXPECT_EQ(staged.columns[1].staged, "pg_catalog.numeric");
  EXPECT_EQ(staged.columns[1].target, "numeric(4,2)");
  EXPECT_THROW(MakeLoadPlan(table, mapping, {x}, "destination"), Error);
}

}  // namespace
}  // namespace sluice::postgresql
