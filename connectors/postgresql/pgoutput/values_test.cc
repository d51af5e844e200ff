#include "connectors/postgresql/pgoutput/values.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "connectors/postgresql/codes.h"
#include "connectors/postgresql/pgoutput/text_for_test.h"

namespace sluice::postgresql::pgoutput {
namespace {

using model::TypeKind;

std::string Read(TypeKind kind, std::string_view text, bool is_unsigned = false) {
  Arena arena;
  try {
    return CellText(CellOfText(kind, is_unsigned, text, arena));
  } catch (const Error& error) {
    return error.info().code;
  }
}

TEST(PgoutputValues, AreCellsOfTheirKind) {
  EXPECT_EQ(Read(TypeKind::kBoolean, "t"), "int:1");
  EXPECT_EQ(Read(TypeKind::kInteger, "-9223372036854775808"), "int:-9223372036854775808");
  EXPECT_EQ(Read(TypeKind::kInteger, "4294967295", true), "uint:4294967295");
  EXPECT_EQ(Read(TypeKind::kDecimal, "-Infinity"), "dec:-Infinity");
  EXPECT_EQ(Read(TypeKind::kFloat64, "-Infinity"), "f64:-inf");
  EXPECT_EQ(Read(TypeKind::kFloat64, "5e-324"), "f64:5e-324");
  EXPECT_EQ(Read(TypeKind::kFloat32, "1e-45"), "f32:1e-45");
  EXPECT_EQ(Read(TypeKind::kFloat32, "NaN"), "f32:nan");
  EXPECT_EQ(Read(TypeKind::kBlob, "\\x"), "bytes:");
  EXPECT_EQ(Read(TypeKind::kBlob, "\\x00ff10"), "bytes:00ff10");
  EXPECT_EQ(Read(TypeKind::kTimestamp, "2024-02-29 10:00:00.5+00"), "datetime:2024-02-29 10:00:00.5");
  EXPECT_EQ(Read(TypeKind::kTimestamp, "0044-03-15 00:00:00+00 BC"), "datetime:0044-03-15 00:00:00 BC");
  EXPECT_EQ(Read(TypeKind::kTimestamp, "-infinity"), "datetime:-infinity");
  EXPECT_EQ(Read(TypeKind::kBit, std::string(64, '1')), "uint:18446744073709551615");
  EXPECT_EQ(Read(TypeKind::kOther, ""), "");
}

TEST(PgoutputValues, RefuseWhatIsNoTextOfTheType) {
  EXPECT_EQ(Read(TypeKind::kBoolean, "true"), kBadMessage.id);
  EXPECT_EQ(Read(TypeKind::kInteger, "9223372036854775808"), kBadMessage.id);
  EXPECT_EQ(Read(TypeKind::kInteger, ""), kBadMessage.id);
  EXPECT_EQ(Read(TypeKind::kFloat64, "1,5"), kBadMessage.id);
  EXPECT_EQ(Read(TypeKind::kBlob, "abc"), kBadMessage.id);
  EXPECT_EQ(Read(TypeKind::kBlob, "\\x0"), kBadMessage.id);
  EXPECT_EQ(Read(TypeKind::kBlob, "\\x0G"), kBadMessage.id);
  EXPECT_EQ(Read(TypeKind::kTimestamp, "2024-02-29 10:00:00+01"), kBadMessage.id);
  EXPECT_EQ(Read(TypeKind::kBit, std::string(65, '1')), kBadMessage.id);
}

}  // namespace
}  // namespace sluice::postgresql::pgoutput
