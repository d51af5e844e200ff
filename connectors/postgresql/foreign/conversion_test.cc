#include "connectors/postgresql/foreign/conversion.h"

#include <gtest/gtest.h>

namespace sluice::postgresql {
namespace {

using model::ColumnType;
using model::TypeKind;

ColumnType Integer(uint8_t bytes, bool is_unsigned = false) {
  ColumnType type;
  type.kind = TypeKind::kInteger;
  type.bytes = bytes;
  type.is_unsigned = is_unsigned;
  return type;
}

ColumnType Decimal(uint16_t scale, bool is_unsigned = false) {
  ColumnType type;
  type.kind = TypeKind::kDecimal;
  type.precision = 10;
  type.scale = scale;
  type.is_unsigned = is_unsigned;
  return type;
}

ColumnType Real(uint16_t precision, uint16_t scale) {
  ColumnType type;
  type.kind = TypeKind::kFloat64;
  type.precision = precision;
  type.scale = scale;
  return type;
}

ColumnType Sized(TypeKind kind, uint64_t length, const std::string& charset = "") {
  ColumnType type;
  type.kind = kind;
  type.length = length;
  type.charset = charset;
  return type;
}

std::string Rows(const ColumnType& was, const ColumnType& is) {
  return RowsThatChange(was, is, "c").value_or("unknown");
}

TEST(RowsThatChange, Numbers) {
  EXPECT_EQ(Rows(Integer(2), Integer(2)), "");
  EXPECT_EQ(Rows(Integer(1, true), Integer(2)), "");
  EXPECT_EQ(Rows(Integer(2), Integer(1)), "round(c::numeric) NOT BETWEEN -128 AND 127");
  EXPECT_EQ(Rows(Integer(8), Integer(8, true)), "round(c::numeric) NOT BETWEEN 0 AND 18446744073709551615");
  EXPECT_EQ(Rows(Integer(4, true), Integer(4)), "round(c::numeric) NOT BETWEEN -2147483648 AND 2147483647");
  EXPECT_EQ(Rows(Integer(8, true), Integer(8)),
            "round(c::numeric) NOT BETWEEN -9223372036854775808 AND 9223372036854775807");
  EXPECT_EQ(Rows(Decimal(2), Integer(1)), "round(c::numeric) NOT BETWEEN -128 AND 127");
  EXPECT_EQ(Rows(Decimal(2), Decimal(3)), "");
  EXPECT_EQ(Rows(Integer(4), Decimal(2, true)), "c < 0");
  EXPECT_EQ(Rows(Real(10, 2), Real(0, 0)), "");
  EXPECT_EQ(Rows(Real(0, 0), Real(10, 2)), "unknown");
  ColumnType year;
  year.kind = TypeKind::kYear;
  EXPECT_EQ(Rows(year, Integer(2)), "");
  EXPECT_EQ(Rows(year, Integer(1)), "unknown");
  EXPECT_EQ(Rows(Integer(2), year), "unknown");
}

TEST(RowsThatChange, Bytes) {
  EXPECT_EQ(Rows(Sized(TypeKind::kBinary, 4), Sized(TypeKind::kBinary, 4)), "");
  EXPECT_EQ(Rows(Sized(TypeKind::kBinary, 4), Sized(TypeKind::kBinary, 8)), "unknown");
  EXPECT_EQ(Rows(Sized(TypeKind::kBinary, 4), Sized(TypeKind::kVarbinary, 4)), "");
  EXPECT_EQ(Rows(Sized(TypeKind::kVarbinary, 4), Sized(TypeKind::kBinary, 8)), "unknown");
  EXPECT_EQ(Rows(Sized(TypeKind::kBlob, 65535), Sized(TypeKind::kVarbinary, 3)), "octet_length(c) > 3");
  EXPECT_EQ(Rows(Sized(TypeKind::kBlob, 65535), Sized(TypeKind::kGeometry, 0)), "unknown");
}

TEST(RowsThatChange, Texts) {
  const auto varchar = [](const char* charset, uint64_t length = 10) {
    return Sized(TypeKind::kVarchar, length, charset);
  };
  EXPECT_EQ(Rows(varchar("latin1"), varchar("latin1", 5)), "");
  EXPECT_EQ(Rows(varchar("latin1"), varchar("utf8mb4")), "");
  EXPECT_EQ(Rows(varchar("gbk"), varchar("utf8mb3")), "");
  const std::string not_ascii = "octet_length(c::text) <> char_length(c::text)";
  EXPECT_EQ(Rows(varchar("utf8mb4"), varchar("utf8mb3")), not_ascii);
  EXPECT_EQ(Rows(varchar("utf8mb4"), varchar("latin1")), not_ascii);
  EXPECT_EQ(Rows(varchar("utf8mb4"), varchar("binary")), "unknown");
  EXPECT_EQ(Rows(varchar("utf8mb4"), varchar("ucs2")), "unknown");
  EXPECT_EQ(Rows(varchar("latin1", 300), Sized(TypeKind::kText, 255, "latin1")), "octet_length(c::text) > 255");
  EXPECT_EQ(Rows(Sized(TypeKind::kText, 65535, "utf8mb4"), Sized(TypeKind::kText, 255, "latin1")),
            not_ascii + " OR octet_length(c::text) > 255");
  EXPECT_EQ(Rows(Sized(TypeKind::kText, 255, "latin1"), Sized(TypeKind::kText, 65535, "latin1")), "");
  ColumnType set = Sized(TypeKind::kSet, 0, "utf8mb4");
  set.elements = {"a", "é"};
  ColumnType other = set;
  other.charset = "latin1";
  EXPECT_EQ(Rows(other, set), "");
  EXPECT_EQ(Rows(set, other), "unknown");
  other.elements = {"a"};
  EXPECT_EQ(Rows(set, other), "");
  ColumnType four;
  four.kind = TypeKind::kInet;
  four.bytes = 4;
  ColumnType six = four;
  six.bytes = 16;
  EXPECT_EQ(Rows(four, six), "unknown");
}

}  // namespace
}  // namespace sluice::postgresql
