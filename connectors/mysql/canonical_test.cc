#include "connectors/mysql/canonical.h"

#include <gtest/gtest.h>

namespace sluice::mysql {
namespace {

using model::ColumnType;
using model::TypeKind;

std::string Of(Form form, std::string_view text) {
  Arena arena;
  return std::string(Canonical(form, text, arena));
}

TEST(CanonicalTest, Decimals) {
  EXPECT_EQ(Of(Form::kDecimal, "1.500"), "1.5");
  EXPECT_EQ(Of(Form::kDecimal, "100"), "100");
  EXPECT_EQ(Of(Form::kDecimal, "100.00"), "100");
  EXPECT_EQ(Of(Form::kDecimal, "0.00"), "0");
  EXPECT_EQ(Of(Form::kDecimal, "-0.00"), "0");
  EXPECT_EQ(Of(Form::kDecimal, "00012.50"), "12.5");
  EXPECT_EQ(Of(Form::kDecimal, "-0.50"), "-0.5");
}

TEST(CanonicalTest, Times) {
  EXPECT_EQ(Of(Form::kFraction, "2024-01-01 00:00:00.120000"), "2024-01-01 00:00:00.12");
  EXPECT_EQ(Of(Form::kFraction, "2024-01-01 00:00:00.000000"), "2024-01-01 00:00:00");
  EXPECT_EQ(Of(Form::kFraction, "-838:59:50"), "-838:59:50");
}

TEST(CanonicalTest, Floats) {
  EXPECT_EQ(Of(Form::kFloat, "1e20"), Of(Form::kFloat, "100000000000000000000"));
  EXPECT_EQ(Of(Form::kFloatUnsignedZero, "-0"), "0");
  EXPECT_EQ(Of(Form::kFloat, "-0"), "-0");
  EXPECT_NE(Of(Form::kFloat, "0.30000000000000004"), Of(Form::kFloat, "0.3"));
  EXPECT_EQ(Of(Form::kFloat, "1.7976931348623157e308"), "1.7976931348623157e+308");
}

TEST(CanonicalTest, InvalidJsonIsTakenAsItIs) {
  EXPECT_EQ(Of(Form::kJson, "{oops"), "{oops");
}

ColumnType Type(TypeKind kind, const char* charset = "") {
  ColumnType type;
  type.kind = kind;
  type.charset = charset;
  return type;
}

TEST(CanonicalLiteralTest, ByType) {
  EXPECT_EQ(CanonicalLiteral(Type(TypeKind::kInteger), "-5"), "-5");
  EXPECT_EQ(CanonicalLiteral(Type(TypeKind::kFloat64), "0.5"), "0.5e0");
  EXPECT_EQ(CanonicalLiteral(Type(TypeKind::kFloat64), "1e+308"), "1e+308");
  EXPECT_EQ(CanonicalLiteral(Type(TypeKind::kVarchar, "utf8mb4"), "it's\n\\"), "'it\\'s\\n\\\\'");
  EXPECT_EQ(CanonicalLiteral(Type(TypeKind::kVarbinary), std::string("\0\xff'", 3)), "x'00FF27'");
  EXPECT_EQ(CanonicalLiteral(Type(TypeKind::kBlob), ""), "x''");
  EXPECT_EQ(CanonicalLiteral(Type(TypeKind::kJson), std::nullopt), "NULL");
  EXPECT_EQ(CanonicalLiteral(Type(TypeKind::kTime), "-01:00:00"), "'-01:00:00'");
}

}  // namespace
}  // namespace sluice::mysql
