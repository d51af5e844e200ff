#include "connectors/postgresql/position.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace sluice::postgresql {
namespace {

TEST(Position, ReadsAsItWasWritten) {
  for (const LogPosition& position : {
           LogPosition{.lsn = 0x16B3748, .system = "7301234567890123456", .timeline = 1},
           LogPosition{.lsn = UINT64_MAX, .system = "", .timeline = UINT32_MAX, .part = 3},
           LogPosition{.lsn = 0, .system = R"(a "quoted\ one)", .timeline = 0},
       }) {
    const LogPosition read = ParsePosition(FormatPosition(position));
    EXPECT_EQ(read.lsn, position.lsn);
    EXPECT_EQ(read.system, position.system);
    EXPECT_EQ(read.timeline, position.timeline);
    EXPECT_EQ(read.part, position.part);
  }
}

TEST(Position, IsWrittenAsBefore) {
  EXPECT_EQ(FormatPosition({.lsn = 0x116B3748F, .system = "73", .timeline = 2}).json,
            R"({"lsn":"1/16B3748F","system":"73","timeline":2})");
  EXPECT_EQ(FormatPosition({.lsn = 0x16, .system = "73", .timeline = 2, .part = 1}).json,
            R"({"lsn":"0/16","part":1,"system":"73","timeline":2})");
}

TEST(Position, NoPlaceInALogIsRefused) {
  for (const char* json : {"", "{}", R"({"lsn":"16B3748"})", R"({"lsn":"0/G"})", R"({"lsn":7})"}) {
    EXPECT_THROW(ParsePosition({"postgresql", json}), Error) << json;
  }
  EXPECT_THROW(ParsePosition({"mysql", R"({"lsn":"0/16"})"}), Error);
}

}  // namespace
}  // namespace sluice::postgresql
