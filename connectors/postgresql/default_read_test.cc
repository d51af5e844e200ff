#include "connectors/postgresql/default_read.h"

#include <gtest/gtest.h>

namespace sluice::postgresql {
namespace {

using model::TypeKind;
using Kind = model::ColumnDefault::Kind;

std::string Read(const std::string& expression, TypeKind kind) {
  const model::ColumnDefault read = ReadDefault(expression, {.kind = kind});
  switch (read.kind) {
    case Kind::kNone:
      return "none";
    case Kind::kNow:
      return "now";
    case Kind::kLiteral:
      return "'" + read.text + "'";
    case Kind::kExpression:
      return "expression " + read.text;
  }
  return "";
}

TEST(DefaultReadTest, Constants) {
  EXPECT_EQ(Read("", TypeKind::kText), "none");
  EXPECT_EQ(Read("NULL::character varying", TypeKind::kVarchar), "none");
  EXPECT_EQ(Read("'it''s'::character varying", TypeKind::kVarchar), "'it's'");
  EXPECT_EQ(Read("'x'::shop.mood", TypeKind::kEnum), "'x'");
  EXPECT_EQ(Read("5", TypeKind::kInteger), "'5'");
  EXPECT_EQ(Read("(-1)", TypeKind::kInteger), "'-1'");
  EXPECT_EQ(Read("'-1'::integer", TypeKind::kInteger), "'-1'");
  EXPECT_EQ(Read("(0)::numeric", TypeKind::kDecimal), "'0'");
  EXPECT_EQ(Read("1.50", TypeKind::kDecimal), "'1.50'");
  EXPECT_EQ(Read("true", TypeKind::kBoolean), "'1'");
  EXPECT_EQ(Read("false", TypeKind::kBoolean), "'0'");
  EXPECT_EQ(Read("'2024-01-01 00:00:00+00'::timestamp with time zone", TypeKind::kTimestamp), "'2024-01-01 00:00:00'");
  EXPECT_EQ(Read("'{}'::text[]", TypeKind::kOther), "'{}'");
  EXPECT_EQ(Read("'1.5'::numeric(10,2)", TypeKind::kDecimal), "'1.5'");
  EXPECT_EQ(Read("'{}'::shop.mood[]", TypeKind::kOther), "'{}'");
  EXPECT_EQ(Read("('x'::text)::bpchar", TypeKind::kChar), "'x'");
}

TEST(DefaultReadTest, Moments) {
  EXPECT_EQ(Read("now()", TypeKind::kTimestamp), "now");
  EXPECT_EQ(Read("CURRENT_TIMESTAMP", TypeKind::kDateTime), "now");
  EXPECT_EQ(Read("CURRENT_TIMESTAMP(3)", TypeKind::kDateTime), "now");
  EXPECT_EQ(Read("(now())::timestamp without time zone", TypeKind::kDateTime), "now");
  EXPECT_EQ(Read("now()", TypeKind::kText), "expression now()");
}

TEST(DefaultReadTest, WhatIsNoConstant) {
  EXPECT_EQ(Read("(1.6)::integer", TypeKind::kInteger), "expression (1.6)::integer");
  EXPECT_EQ(Read("('abc'::text)::character varying(2)", TypeKind::kVarchar),
            "expression ('abc'::text)::character varying(2)");
  EXPECT_EQ(Read("('a'::text || (random())::text)", TypeKind::kText), "expression ('a'::text || (random())::text)");
  EXPECT_EQ(Read("('a'::text || 'b'::text)", TypeKind::kText), "expression ('a'::text || 'b'::text)");
  EXPECT_EQ(Read("(1 + 2)", TypeKind::kInteger), "expression (1 + 2)");
  EXPECT_EQ(Read("nextval('shop.n'::regclass)", TypeKind::kInteger), "expression nextval('shop.n'::regclass)");
  EXPECT_EQ(Read("(now() + '01:00:00'::interval)", TypeKind::kTimestamp), "expression (now() + '01:00:00'::interval)");
}

TEST(DefaultReadTest, Checks) {
  EXPECT_EQ(CheckExpression("CHECK ((a > 0))"), "(a > 0)");
  EXPECT_EQ(CheckExpression("CHECK ((a > 0)) NOT VALID"), "CHECK ((a > 0)) NOT VALID");
}

}  // namespace
}  // namespace sluice::postgresql
