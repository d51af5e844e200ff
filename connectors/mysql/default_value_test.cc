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

TEST(DescribeDefault, NumbersAreThoseOfTheColumn) {
  EXPECT_EQ(Told("tinyint(1)", "TRUE"), "1");
  EXPECT_EQ(Told("tinyint(1)", "false"), "0");
  EXPECT_EQ(Told("int(5) zerofill", "'00007'"), "7");
  EXPECT_EQ(Told("int", "-5"), "-5");
  EXPECT_EQ(Told("int", "-0"), "0");
  EXPECT_EQ(Told("int", "(1)"), "1");
  EXPECT_EQ(Told("int", "(1 + 1)"), "<(1 + 1)>");
  EXPECT_EQ(Told("int", "((1) + (1))"), "<((1) + (1))>");
  EXPECT_EQ(Told("int", "'1.5'"), "<'1.5'>");
  EXPECT_EQ(Told("int", "5e2"), "<5e2>");
  EXPECT_EQ(Told("tinyint", "b'101'"), "5");
  EXPECT_EQ(Told("tinyint", "0x10"), "16");
  EXPECT_EQ(Told("tinyint", "x'31'"), "<x'31'>");  // 49 in MySQL, 1 in MariaDB
  EXPECT_EQ(Told("decimal(5,2)", "1"), "1");
  EXPECT_EQ(Told("decimal(5,2)", "-0.50"), "-0.50");
  EXPECT_EQ(Told("decimal(5,2)", "1.239"), "<1.239>");
  EXPECT_EQ(Told("float(7,2)", "1.239"), "<1.239>");
  EXPECT_EQ(Told("float", "1.239"), "1.239");
  EXPECT_EQ(Told("double", "'-1.5e-30'"), "-1.5e-30");
  EXPECT_EQ(Told("year", "'70'"), "1970");
  EXPECT_EQ(Told("year", "'0'"), "2000");
  EXPECT_EQ(Told("year", "0"), "0");
  EXPECT_EQ(Told("year", "'2155'"), "2155");
}

TEST(DescribeDefault, Moments) {
  EXPECT_EQ(Told("time", "'08:00:00'"), "08:00:00");
  EXPECT_EQ(Told("time", "'080000'"), "08:00:00");
  EXPECT_EQ(Told("time", "80000"), "08:00:00");
  EXPECT_EQ(Told("time", "-5"), "-00:00:05");
  EXPECT_EQ(Told("time", "'-01:30'"), "-01:30:00");
  EXPECT_EQ(Told("time(2)", "'838:59:59.25'"), "838:59:59.25");
  EXPECT_EQ(Told("time", "'10:00:00.5'"), "<'10:00:00.5'>");
  EXPECT_EQ(Told("time", "'1 10:00'"), "<'1 10:00'>");
  EXPECT_EQ(Told("time", "'108070'"), "<'108070'>");
  EXPECT_EQ(Told("date", "'2020-01-02'"), "2020-01-02");
  EXPECT_EQ(Told("date", "'200102'"), "<'200102'>");
  EXPECT_EQ(Told("date", "'2020-01-02 10:00:00'"), "<'2020-01-02 10:00:00'>");
  EXPECT_EQ(Told("datetime", "'2020-01-02'"), "2020-01-02 00:00:00");
  EXPECT_EQ(Told("datetime(3)", "'2020-01-02 03:04:05.678'"), "2020-01-02 03:04:05.678");
  EXPECT_EQ(Told("datetime", "'2020-01-02 03:04:05.678'"), "<'2020-01-02 03:04:05.678'>");
  EXPECT_EQ(Told("datetime", "'10-11-12'"), "<'10-11-12'>");
  EXPECT_EQ(Told("datetime", "0"), "-infinity");
  EXPECT_EQ(Told("timestamp", "'0000-00-00 00:00:00'"), "-infinity");
}

TEST(DescribeDefault, TextsAndElements) {
  EXPECT_EQ(Told("varchar(9)", "'it''s'"), "it's");
  EXPECT_EQ(Told("varchar(9)", "'a' 'b'"), "ab");
  EXPECT_EQ(Told("varchar(9)", "007"), "7");
  EXPECT_EQ(Told("varchar(9)", "1.50"), "1.50");
  EXPECT_EQ(Told("varchar(9)", "1e3"), "<1e3>");
  EXPECT_EQ(Told("varchar(9)", "x'41'"), "A");
  EXPECT_EQ(Told("varchar(9)", "x'e9'"), "<x'e9'>");
  EXPECT_EQ(Told("char(5)", "'a  '"), "a");
  EXPECT_EQ(Told("text", "(_utf8mb4'abc')"), "abc");
  EXPECT_EQ(Told("text", "(_latin1'abc')"), "<(_latin1'abc')>");
  EXPECT_EQ(Told("enum('a','b')", "'A'"), "a");
  EXPECT_EQ(Told("enum('a','b')", "'c'"), "<'c'>");
  EXPECT_EQ(Told("set('a','b','')", "'b,a,B'"), "a,b");
  EXPECT_EQ(Told("set('a','b')", "''"), "");
  EXPECT_EQ(Told("json", "('{}')"), "{}");
}

TEST(DescribeDefault, BytesAreHexadecimal) {
  EXPECT_EQ(Told("binary(4)", "'ab'"), "\\x61620000");
  EXPECT_EQ(Told("binary(4)", "'ab\\0\\0'"), "\\x61620000");
  EXPECT_EQ(Told("binary(4)", "0x00FF"), "\\x00ff0000");
  EXPECT_EQ(Told("binary(1)", "'ab'"), "<'ab'>");
  EXPECT_EQ(Told("varbinary(9)", "'a\\\\b'"), "\\x615c62");
  EXPECT_EQ(Told("varbinary(9)", "''"), "\\x");
  EXPECT_EQ(Told("varbinary(9)", "5"), "\\x35");
  EXPECT_EQ(Told("blob", "(_utf8mb4'a')"), "\\x61");
}

}  // namespace
}  // namespace sluice::mysql
