#include "connectors/mysql/literal.h"

#include <gtest/gtest.h>

namespace sluice::mysql {
namespace {

using model::Cell;
using model::CellKind;
using model::ColumnType;
using model::TypeKind;

ColumnType Of(TypeKind kind) {
  ColumnType type;
  type.kind = kind;
  return type;
}

std::string Store(const Cell& cell, const ColumnType& type) {
  std::string out;
  AppendLiteral(out, cell, type, LiteralUse::kStore, false);
  return out;
}
std::string Compare(const Cell& cell, const ColumnType& type, bool is_mariadb = false) {
  std::string out;
  AppendLiteral(out, cell, type, LiteralUse::kCompare, is_mariadb);
  return out;
}

TEST(Literal, StoresNumbersExactly) {
  EXPECT_EQ(Store(Cell::Int(INT64_MIN), Of(TypeKind::kInteger)), "-9223372036854775808");
  EXPECT_EQ(Store(Cell::Uint(UINT64_MAX), Of(TypeKind::kInteger)), "18446744073709551615");
  EXPECT_EQ(Store(Cell::Float32(0.1f), Of(TypeKind::kFloat32)), "1.0000000149011612e-01");
  EXPECT_EQ(Store(Cell::Float64(-0.0), Of(TypeKind::kFloat64)), "-0.0000000000000000e+00");
  EXPECT_EQ(Store(Cell::Bytes(CellKind::kDecimal, "-12.50"), Of(TypeKind::kDecimal)), "-12.50");
  EXPECT_EQ(Store(Cell::Null(), Of(TypeKind::kDecimal)), "NULL");
}

TEST(Literal, EscapesBytes) {
  EXPECT_EQ(Store(Cell::Bytes(CellKind::kBytes, std::string_view("it's\\\n\0\x1a", 8)), Of(TypeKind::kBlob)),
            "'it\\'s\\\\\\n\\0\\Z'");
  ColumnType text = Of(TypeKind::kVarchar);
  text.charset = "gbk";
  EXPECT_EQ(Store(Cell::Bytes(CellKind::kText, "\xd5\\"), text), "_gbk'\xd5\\\\'");
  EXPECT_EQ(Store(Cell::Bytes(CellKind::kJson, "{\"a\": 1}"), Of(TypeKind::kJson)),
            "CONVERT('{\"a\": 1}' USING utf8mb4)");
}

TEST(Literal, ComparesAsTheColumnWould) {
  ColumnType text = Of(TypeKind::kVarchar);
  text.charset = "latin1";
  text.collation = "latin1_swedish_ci";
  EXPECT_EQ(Compare(Cell::Bytes(CellKind::kText, "\xe9"), text), "_latin1 x'e9' COLLATE latin1_swedish_ci");
  ColumnType unsigned_int = Of(TypeKind::kInteger);
  unsigned_int.is_unsigned = true;
  EXPECT_EQ(Compare(Cell::Uint(7), unsigned_int), "CAST(7 AS UNSIGNED)");
  EXPECT_EQ(Compare(Cell::Int(-7), Of(TypeKind::kInteger)), "CAST(-7 AS SIGNED)");
  ColumnType decimal = Of(TypeKind::kDecimal);
  decimal.precision = 10;
  decimal.scale = 2;
  EXPECT_EQ(Compare(Cell::Bytes(CellKind::kDecimal, "1.50"), decimal), "CAST(1.50 AS DECIMAL(10,2))");
  ColumnType time = Of(TypeKind::kDateTime);
  time.fraction = 6;
  EXPECT_EQ(Compare(Cell::Bytes(CellKind::kDateTime, "2024-01-02 03:04:05.000006"), time),
            "CAST('2024-01-02 03:04:05.000006' AS DATETIME(6))");
  ColumnType choice = Of(TypeKind::kEnum);
  choice.charset = "utf8mb4";
  choice.collation = "utf8mb4_bin";
  choice.elements = {"a", "b"};
  EXPECT_EQ(Compare(Cell::Uint(2), choice), "CONVERT(_utf8mb4 x'62' USING utf8mb4) COLLATE utf8mb4_bin");
  EXPECT_EQ(Compare(Cell::Bytes(CellKind::kJson, "[]"), Of(TypeKind::kJson)),
            "CAST(CONVERT('[]' USING utf8mb4) AS JSON)");
  EXPECT_EQ(Compare(Cell::Bytes(CellKind::kJson, "[]"), Of(TypeKind::kJson), true), "CONVERT('[]' USING utf8mb4)");
}

TEST(Literal, MatchesKeylessRowsExactly) {
  std::string out;
  AppendExactMatch(out, "`a`", Cell::Null(), Of(TypeKind::kVarchar), {}, false);
  EXPECT_EQ(out, "`a` IS NULL");
  out.clear();
  AppendExactMatch(out, "`a`", Cell::Bytes(CellKind::kText, "Ann"), Of(TypeKind::kVarchar), {}, false);
  EXPECT_EQ(out, "`a` = _latin1'Ann' AND CAST(`a` AS BINARY) = x'416e6e'");
}

TEST(Literal, MatchesWhatTheDestinationStoresOtherwise) {
  ColumnType text = Of(TypeKind::kText);
  text.charset = "utf8mb4";
  const auto match = [](const Cell& cell, const ColumnType& type, const StoredAs& stored) {
    std::string out;
    AppendExactMatch(out, "`a`", cell, type, stored, false);
    return out;
  };
  EXPECT_EQ(match(Cell::Bytes(CellKind::kText, "[1]"), text, {.is_json = true}),
            "`a` = CAST(CONVERT(_utf8mb4 x'5b315d' USING utf8mb4) AS JSON)");
  EXPECT_EQ(match(Cell::Bytes(CellKind::kText, "\xc3\xa9"), text, {.charset = "latin1"}),
            "CAST(CONVERT(`a` USING utf8mb4) AS BINARY) = x'c3a9'");
  EXPECT_EQ(match(Cell::Bytes(CellKind::kJson, "[1]"), Of(TypeKind::kJson), {}), "CAST(`a` AS BINARY) = x'5b315d'");
  ColumnType choice = Of(TypeKind::kEnum);
  choice.elements = {"x", "y"};
  EXPECT_EQ(match(Cell::Uint(2), choice, {.by_name = true}), "`a` = _utf8mb4 x'79'");
  EXPECT_EQ(match(Cell::Uint(2), choice, {}), "`a` = 2");
  ColumnType choices = Of(TypeKind::kSet);
  choices.elements = {"x", "y", "z"};
  EXPECT_EQ(match(Cell::Uint(5), choices, {.by_name = true}),
            "FIND_IN_SET(_utf8mb4 x'78', `a`) > 0 AND FIND_IN_SET(_utf8mb4 x'7a', `a`) > 0 AND BIT_COUNT(`a` + 0) = 2");
}

}  // namespace
}  // namespace sluice::mysql
