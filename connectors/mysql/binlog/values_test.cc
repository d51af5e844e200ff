#include "connectors/mysql/binlog/values.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "connectors/mysql/binlog/samples_for_test.h"

namespace sluice::mysql::binlog {
namespace {

class Values : public testing::Test {
 protected:
  Bytes From(std::string_view hex) {
    raw_ = FromHex(hex);
    return Bytes(raw_);
  }
  std::string Decimal(std::string_view hex, unsigned precision, unsigned scale) {
    Bytes bytes = From(hex);
    return std::string(ReadDecimal(bytes, precision, scale, arena_));
  }
  template <typename Reader>
  std::string Read(Reader reader, std::string_view hex, unsigned digits) {
    Bytes bytes = From(hex);
    std::string text(reader(bytes, digits, arena_));
    EXPECT_TRUE(bytes.empty());
    return text;
  }
  std::string raw_;
  Arena arena_;
};

TEST_F(Values, Decimals) {
  EXPECT_EQ(Decimal("810dfb38d204d2", 14, 4), "1234567890.1234");  // the example of the MySQL documentation
  EXPECT_EQ(Decimal("7ef204c72dfb2d", 14, 4), "-1234567890.1234");
  EXPECT_EQ(Decimal("8000000000", 10, 2), "0.00");
  EXPECT_EQ(Decimal("8000000c32", 10, 2), "12.50");
  EXPECT_EQ(Decimal("7ffffff3cd", 10, 2), "-12.50");
  EXPECT_EQ(Decimal("80000007", 9, 0), "7");
  EXPECT_EQ(DecimalBytes(65, 30), 30u);
}

TEST_F(Values, DecimalsThatAreNone) {
  EXPECT_THROW(Decimal("80", 10, 2), Error);
  EXPECT_THROW(Decimal("8000000000", 0, 0), Error);
  EXPECT_THROW(Decimal("8000000000", 4, 5), Error);
  EXPECT_THROW(Decimal("ffffffffff", 10, 2), Error);  // digits above nine
}

TEST_F(Values, Times) {
  EXPECT_EQ(Read(ReadTime2, "80c8b8", 0), "12:34:56");
  EXPECT_EQ(Read(ReadTime2, "7f3748", 0), "-12:34:56");
  EXPECT_EQ(Read(ReadTime2, "7ffffff6", 2), "-00:00:00.10");  // two's complement over the whole and the fraction
  EXPECT_EQ(Read(ReadTime2, "7ffffece", 2), "-00:00:01.50");
  EXPECT_EQ(Read(ReadTime2, "800000000001", 6), "00:00:00.000001");
  EXPECT_EQ(Read(ReadTime2, "b46efb", 0), "838:59:59");
}

TEST_F(Values, DatesAndTimestamps) {
  EXPECT_EQ(Read(ReadDateTime2, "8000000000", 0), "0000-00-00 00:00:00");
  EXPECT_EQ(Read(ReadDateTime2, "99b2baa0c3", 0), "2024-02-29 10:03:03");
  EXPECT_EQ(Read(ReadTimestamp2, "00000000", 0), "0000-00-00 00:00:00");
  EXPECT_EQ(Read(ReadTimestamp2, "000000000001", 3), "1970-01-01 00:00:00.000");
  EXPECT_EQ(Read(ReadTimestamp2, "7fffffff", 0), "2038-01-19 03:14:07");
  EXPECT_EQ(Read(ReadTimestamp2, "ffffffff", 0), "2106-02-07 06:28:15");
  EXPECT_EQ(Read(ReadTimestamp2, "65e0759a1626", 3), "2024-02-29 12:16:26.567");
  Bytes date = From("5dd00f");
  EXPECT_EQ(ReadDate(date, arena_), "2024-02-29");
}

TEST_F(Values, OldFormats) {
  Bytes time = From("40e201");
  EXPECT_EQ(ReadOldTime(time, arena_), "12:34:56");
  Bytes negative = From("c01dfe");
  EXPECT_EQ(ReadOldTime(negative, arena_), "-12:34:56");
  Bytes datetime = From("106baa8b68120000");
  EXPECT_EQ(ReadOldDateTime(datetime, arena_), "2024-02-29 10:03:04");
  EXPECT_EQ(Read(ReadHiresTime, "01cce060", 1), "00:00:00.0");
}

TEST_F(Values, LeapDays) {
  Arena arena;
  EXPECT_EQ(WriteDateTime(FromEpoch(951782400, 0), 0, arena), "2000-02-29 00:00:00");
  EXPECT_EQ(WriteDateTime(FromEpoch(951868799, 999999), 6, arena), "2000-02-29 23:59:59.999999");
  EXPECT_EQ(WriteDateTime(FromEpoch(951868800, 0), 0, arena), "2000-03-01 00:00:00");
}

}  // namespace
}  // namespace sluice::mysql::binlog
