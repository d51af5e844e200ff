#include "connectors/mysql/default_value.h"

#include <gtest/gtest.h>

#include "connectors/mysql/types.h"

namespace sluice::mysql {
namespace {

using Kind = model::ColumnDefault::Kind;

// The value of a literal; what is none in angle brackets.
std::string Told(const std::string& type_text, const std::string& text) {
  model::ColumnType type = ParseColumnType(type_text);
  type.charset = "latin1";
  const model::ColumnDefault value = DescribeDefault(type, sql::Tokenize(text, {}));
  switch (value.kind) {
    case Kind::kNone:
      return "<none>";
    case Kind::kNow:
      return "<now>";
    case Kind::kExpression:
      return "<" + value.text + ">";
    case Kind::kLiteral:
      break;
  }
  return value.text;
}

TEST(DescribeDefault, WhatIsNoLiteral) {
  EXPECT_EQ(Told("int", "NULL"), "<none>");
  EXPECT_EQ(Told("datetime", "current_timestamp()"), "<now>");
  EXPECT_EQ(Told("varchar(36)", "(uuid())"), "<(uuid())>");
}

TEST(DescribeDefault, BitsAreAsManyAsTheColumnHas) {
  EXPECT_EQ(Told("bit(1)", "b'0'"), "0");
  EXPECT_EQ(Told("bit(4)", "B'1'"), "0001");
  EXPECT_EQ(Told("bit(4)", "0b101"), "0101");
  EXPECT_EQ(Told("bit(9)", "x'fF'"), "011111111");
  EXPECT_EQ(Told("bit(12)", "0x00f"), "000000001111");
  EXPECT_EQ(Told("bit(4)", "5"), "0101");
  EXPECT_EQ(Told("bit(2)", "b''"), "00");
  EXPECT_EQ(Told("bit(2)", "7"), "<7>");
  EXPECT_EQ(Told("bit(8)", "'a'"), "<'a'>");
}

}  // namespace
}  // namespace sluice::mysql
