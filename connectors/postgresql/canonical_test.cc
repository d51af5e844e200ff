#include "connectors/postgresql/canonical.h"

#include <gtest/gtest.h>

#include "connectors/postgresql/verify_reader_sql.h"

namespace sluice::postgresql {
namespace {

using namespace std::string_literals;  // NOLINT: values hold zero bytes

std::string Of(Form form, std::string_view value) {
  Arena arena;
  const auto text = Canonical(form, value, arena);
  return text ? std::string(*text) : "(none)";
}

std::string Big(uint64_t number, size_t bytes) {
  std::string out;
  for (size_t i = bytes; i > 0; --i) out += static_cast<char>(number >> ((i - 1) * 8) & 255);
  return out;
}

TEST(PostgresqlCanonical, Numbers) {
  EXPECT_EQ(Of(Form::kInteger, Big(0x8000, 2)), "-32768");
  EXPECT_EQ(Of(Form::kInteger, Big(7, 8)), "7");
  EXPECT_EQ(Of(Form::kInteger, "abc"), "(none)");
  EXPECT_EQ(Of(Form::kUnsigned, Big(0xFFFFFFFF, 4)), "4294967295");
  EXPECT_EQ(Of(Form::kFloat, Big(0x3FB999999999999A, 8)), "0.1");
  EXPECT_EQ(Of(Form::kFloat, Big(0x3DCCCCCD, 4)), "0.10000000149011612");
  EXPECT_EQ(Of(Form::kFloat, Big(0x8000000000000000, 8)), "-0");
  EXPECT_EQ(Of(Form::kFloatUnsignedZero, Big(0x8000000000000000, 8)), "0");
  EXPECT_EQ(Of(Form::kFloat, Big(0x7FF0000000000000, 8)), "Infinity");
}

std::string Numeric(int16_t weight, uint16_t sign, std::initializer_list<uint16_t> digits) {
  std::string out = Big(digits.size(), 2) + Big(static_cast<uint16_t>(weight), 2) + Big(sign, 2) + Big(0, 2);
  for (const uint16_t digit : digits) out += Big(digit, 2);
  return out;
}

TEST(PostgresqlCanonical, Numerics) {
  EXPECT_EQ(Of(Form::kNumeric, Numeric(0, 0, {1, 5000})), "1.5");
  EXPECT_EQ(Of(Form::kNumeric, Numeric(1, 0x4000, {12, 34, 5})), "-120034.0005");
  EXPECT_EQ(Of(Form::kNumeric, Numeric(2, 0, {1})), "100000000");
  EXPECT_EQ(Of(Form::kNumeric, Numeric(-2, 0, {10})), "0.0000001");
  EXPECT_EQ(Of(Form::kNumeric, Numeric(0, 0, {})), "0");
  std::string written = Numeric(0, 0, {1, 5000});
  written[7] = 3;  // digits after the point
  EXPECT_EQ(Of(Form::kNumericAsWritten, written), "1.500");
  EXPECT_EQ(Of(Form::kNumeric, written), "1.5");
  EXPECT_EQ(Of(Form::kNumeric, Numeric(0, 0xC000, {})), "NaN");
  EXPECT_EQ(Of(Form::kNumeric, Numeric(0, 0xF000, {})), "-Infinity");
  EXPECT_EQ(Of(Form::kNumeric, Numeric(0, 0x4000, {1}).substr(0, 9)), "(none)");
}

TEST(PostgresqlCanonical, Moments) {
  EXPECT_EQ(Of(Form::kDate, Big(0, 4)), "2000-01-01");
  EXPECT_EQ(Of(Form::kDate, Big(static_cast<uint32_t>(-730119), 4)), "0001-01-01");
  EXPECT_EQ(Of(Form::kDate, Big(static_cast<uint32_t>(-730120), 4)), "0001-12-31 BC");
  EXPECT_EQ(Of(Form::kDate, Big(0x7FFFFFFF, 4)), "infinity");
  EXPECT_EQ(Of(Form::kTime, Big(86'400'000'000, 8)), "24:00:00");
  EXPECT_EQ(Of(Form::kTime, Big(1'500'000, 8)), "00:00:01.5");
  EXPECT_EQ(Of(Form::kTimestamp, Big(static_cast<uint64_t>(-1), 8)), "1999-12-31 23:59:59.999999");
  EXPECT_EQ(Of(Form::kTimestamp, Big(0x8000000000000000, 8)), "-infinity");
}

TEST(PostgresqlCanonical, OtherValues) {
  EXPECT_EQ(Of(Form::kBoolean, "\1"), "1");
  EXPECT_EQ(Of(Form::kPadded, "ab  "), "ab");
  EXPECT_EQ(Of(Form::kBits, Big(5, 4) + "\xA8"), "21");
  EXPECT_EQ(Of(Form::kBits, Big(9, 4) + "\xA8\x80"), "337");
  EXPECT_EQ(Of(Form::kUuid, Big(0xa0eebc999c0b4ef8, 8) + Big(0xbb6d6bb9bd380a11, 8)),
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
  EXPECT_EQ(Of(Form::kJson, "\1{\"b\": 1.50, \"a\": 2}"), "{\"a\":2,\"b\":1.5}");
  EXPECT_EQ(Of(Form::kBytes, "\0\1"s), "\0\1"s);
}

TEST(PostgresqlCanonical, NumbersInTextsAreTheShortest) {
  EXPECT_EQ(Of(Form::kTextWithFloats, "(1.1000000000000001,-2.2000000000000002)"), "(1.1,-2.2)");
  EXPECT_EQ(Of(Form::kTextWithFloats, "<(1,-0),1e+300>"), "<(1,-0),1e+300>");
  EXPECT_EQ(Of(Form::kTextWithFloats, "{NaN,-Infinity,NULL,4.9406564584124654e-324}"), "{NaN,-Infinity,NULL,5e-324}");
  EXPECT_EQ(Of(Form::kTextWithFloats32, "{{1.10000002},{3}}"), "{{1.1},{3}}");
  model::ColumnType type;
  for (const auto& [native, form] :
       std::initializer_list<std::pair<const char*, Form>>{{"point", Form::kTextWithFloats},
                                                           {"double precision[]", Form::kTextWithFloats},
                                                           {"real[]", Form::kTextWithFloats32},
                                                           {"box[]", Form::kTextWithFloats},
                                                           {"numeric(10,2)[]", Form::kBytes},
                                                           {"public.point", Form::kBytes}}) {
    type.native = native;
    EXPECT_EQ(FormOf(type, true, true), form) << native;
  }
}

TEST(PostgresqlCanonical, Literals) {
  const auto literal = [](model::TypeKind kind, const char* native, const std::string& text) {
    model::ColumnType type;
    type.kind = kind;
    type.native = native;
    type.length = 5;
    return CanonicalLiteral(type, text);
  };
  EXPECT_EQ(literal(model::TypeKind::kBit, "bit(5)", "21"), "B'10101'::bit(5)");
  EXPECT_EQ(literal(model::TypeKind::kBlob, "bytea", "\0\xff"s), "E'\\\\x00ff'::bytea");
  EXPECT_EQ(literal(model::TypeKind::kText, "text", "it's \\"), "E'it''s \\\\'::text");
  EXPECT_EQ(CanonicalLiteral({}, std::nullopt), "NULL");
}

TEST(PostgresqlCanonical, BoundsComeBack) {
  auto table = std::make_shared<model::Table>();
  for (const model::TypeKind kind : {model::TypeKind::kText, model::TypeKind::kInteger, model::TypeKind::kBlob,
                                     model::TypeKind::kUuid, model::TypeKind::kDate}) {
    model::Column column;
    column.type.kind = kind;
    table->columns.push_back(column);
  }
  const connector::VerifyTable verified{.table = table, .columns = {0, 1, 2, 3, 4}, .key_columns = 5};
  const std::vector<std::string> values = {"a,'\\x", "-5", "\0'\xff,"s, "1-2", "0044-03-15 BC"};
  EXPECT_EQ(MakeBound(values, verified), "'a,\\'\\\\x',-5,x'0027FF2C','1-2','0044-03-15 BC'");
  EXPECT_EQ(ReadBound(MakeBound(values, verified)), values);
}

}  // namespace
}  // namespace sluice::postgresql
