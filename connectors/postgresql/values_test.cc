#include "connectors/postgresql/values.h"

#include <gtest/gtest.h>

namespace sluice::postgresql {
namespace {

using model::Cell;
using model::CellKind;
using model::ColumnType;
using model::TypeKind;

std::string TextOf(const Cell& cell, const ColumnType& type = {}) {
  std::string text;
  AppendText(text, cell, type);
  return text;
}

std::string Why(std::string_view value, const StoredColumn& stored, TypeKind kind = TypeKind::kDecimal) {
  const ColumnType type{.kind = kind, .native = "another"};
  const CellKind cell = kind == TypeKind::kDecimal ? CellKind::kDecimal : CellKind::kText;
  return WhyChanged(Cell::Bytes(cell, value), type, stored);
}

TEST(Values, TextsAreWhatTheServerReads) {
  EXPECT_EQ(TextOf(Cell::Int(-5)), "-5");
  EXPECT_EQ(TextOf(Cell::Uint(UINT64_MAX)), "18446744073709551615");
  EXPECT_EQ(TextOf(Cell::Float32(0.1f)), "0.1");
  EXPECT_EQ(TextOf(Cell::Float64(-std::numeric_limits<double>::infinity())), "-Infinity");
  EXPECT_EQ(TextOf(Cell::Float64(std::numeric_limits<double>::quiet_NaN())), "NaN");
  EXPECT_EQ(TextOf(Cell::Bytes(CellKind::kBytes, std::string_view("\0\xff", 2))), "\\x00ff");
  EXPECT_EQ(TextOf(Cell::Uint(5), {.kind = TypeKind::kBit, .length = 4}), "0101");
  EXPECT_EQ(TextOf(Cell::Int(1), {.kind = TypeKind::kBoolean}), "t");
  EXPECT_EQ(TextOf(Cell::Uint(2), {.kind = TypeKind::kEnum, .elements = {"a", "b"}}), "b");
  EXPECT_EQ(TextOf(Cell::Uint(5), {.kind = TypeKind::kSet, .elements = {"a", "b", "c"}}), "a,c");
}

TEST(Values, ArraysAreInBinaryForm) {
  const ColumnType type;
  ArrayBuilder array(Wire::kInt2, type);
  array.Add(Cell::Int(-2));
  array.Add(Cell::Null());
  EXPECT_EQ(array.Finish(), std::string_view("\0\0\0\1"
                                             "\0\0\0\1"
                                             "\0\0\0\x15"
                                             "\0\0\0\2"
                                             "\0\0\0\1"
                                             "\0\0\0\2\xff\xfe"
                                             "\xff\xff\xff\xff",
                                             30));
}

TEST(Values, WiresTakeWhatTheyHold) {
  EXPECT_TRUE(Fits(Cell::Int(-32768), Wire::kInt2));
  EXPECT_FALSE(Fits(Cell::Int(-32769), Wire::kInt2));
  EXPECT_TRUE(Fits(Cell::Uint(2147483647), Wire::kInt4));
  EXPECT_FALSE(Fits(Cell::Uint(2147483648), Wire::kInt4));
  EXPECT_FALSE(Fits(Cell::Uint(UINT64_MAX), Wire::kInt8));
  EXPECT_FALSE(Fits(Cell::Float64(1), Wire::kFloat4));
  EXPECT_FALSE(Fits(Cell::Bytes(CellKind::kText, "1"), Wire::kInt4));
  EXPECT_TRUE(Fits(Cell::Null(), Wire::kBytea));
}

TEST(Values, WhatAColumnWouldChangeIsTold) {
  const auto numeric = [](int precision, int scale) {
    return StoredColumn{
        .definition = "numeric", .type = type_id::kNumeric, .modifier = ((precision << 16) | (scale & 0x7ff)) + 4};
  };
  EXPECT_EQ(Why("1.250", numeric(10, 2)), "");
  EXPECT_NE(Why("1.255", numeric(10, 2)), "");
  EXPECT_EQ(Why("NaN", numeric(10, 2)), "");
  EXPECT_EQ(Why("0", numeric(10, 0)), "");
  EXPECT_EQ(Why("1e+20", numeric(30, 0)), "");
  EXPECT_NE(Why("1e-07", numeric(30, 6)), "");
  EXPECT_EQ(Why("5000", numeric(4, -3)), "");
  EXPECT_NE(Why("5100", numeric(4, -3)), "");
  EXPECT_EQ(Why("5100", {.definition = "numeric", .type = type_id::kNumeric}), "");

  const StoredColumn varchar{.definition = "varchar(3)", .type = type_id::kVarchar, .modifier = 7};
  EXPECT_EQ(Why("ab ", varchar, TypeKind::kText), "");
  EXPECT_NE(Why("abc ", varchar, TypeKind::kText), "");
  EXPECT_EQ(Why("abcd", varchar, TypeKind::kText), "");  // the server refuses it
  EXPECT_EQ(Why("üüü", varchar, TypeKind::kText), "");
  const StoredColumn bpchar{.definition = "character(3)", .type = type_id::kBpchar, .modifier = 7};
  EXPECT_NE(Why("a ", bpchar, TypeKind::kText), "");
  EXPECT_EQ(Why("a ", bpchar, TypeKind::kChar), "");

  const StoredColumn seconds{.definition = "timestamp(0)", .type = type_id::kTimestamp, .modifier = 0};
  EXPECT_EQ(Why("2024-01-01 00:00:00.000", seconds, TypeKind::kDateTime), "");
  EXPECT_NE(Why("2024-01-01 00:00:00.001", seconds, TypeKind::kDateTime), "");

  const StoredColumn real{.definition = "real", .type = type_id::kFloat4};
  EXPECT_EQ(WhyChanged(Cell::Float64(0.5), {.native = "double precision"}, real), "");
  EXPECT_NE(WhyChanged(Cell::Float64(0.1), {.native = "double precision"}, real), "");
}

}  // namespace
}  // namespace sluice::postgresql
