#include "connectors/mysql/position.h"

#include <gtest/gtest.h>

#include "connectors/mysql/sessions.h"

namespace sluice::mysql {
namespace {

model::Position At(const std::string& json) {
  return {"mysql", json};
}

TEST(Position, RoundTrips) {
  LogPosition position;
  position.file = "binlog.000003";
  position.offset = 4711;
  position.gtid = "0-1-100";
  position.server = "1@host\\\"x:3306";
  position.step = 1;
  LogPosition rewind;
  rewind.file = "binlog.000002";
  rewind.offset = 5'000'000'000;
  position.rewind = std::make_shared<LogPosition>(rewind);
  const LogPosition back = ParsePosition(FormatPosition(position)).ValueOrThrow();
  EXPECT_EQ(back.file, position.file);
  EXPECT_EQ(back.offset, 4711u);
  EXPECT_EQ(back.gtid, "0-1-100");
  EXPECT_EQ(back.server, position.server);
  EXPECT_EQ(back.step, 1u);
  ASSERT_NE(back.rewind, nullptr);
  EXPECT_EQ(back.rewind->offset, 5'000'000'000u);
}

TEST(Position, RefusesWhatIsNone) {
  for (const char* json : {"", "{}", "[]", "{\"file\":7}", "{\"file\":\"\"}", "nonsense", "{\"offset\":4}"}) {
    EXPECT_FALSE(ParsePosition(At(json)).ok()) << json;
  }
  EXPECT_FALSE(ParsePosition({"postgresql", "{\"file\":\"a.1\",\"offset\":4}"}).ok());
}

TEST(Position, ReachedByFile) {
  const auto at = [](const char* file, int offset) {
    return At("{\"file\":\"" + std::string(file) + "\",\"offset\":" + std::to_string(offset) + ",\"server\":\"s\"}");
  };
  EXPECT_TRUE(PositionReached(at("b.000002", 10), at("b.000002", 10)));
  EXPECT_TRUE(PositionReached(at("b.000002", 11), at("b.000002", 10)));
  EXPECT_FALSE(PositionReached(at("b.000002", 9), at("b.000002", 10)));
  EXPECT_TRUE(PositionReached(at("b.1000000", 4), at("b.999999", 100)));
  EXPECT_FALSE(PositionReached(at("b.000009", 400), at("b.000010", 4)));
}

TEST(Position, ReachedByGtidOverAChangeOfPrimary) {
  EXPECT_TRUE(PositionReached(At("{\"file\":\"x.000001\",\"offset\":4,\"gtid\":\"0-2-8\",\"server\":\"new\"}"),
                              At("{\"file\":\"b.000009\",\"offset\":999,\"gtid\":\"0-1-7\",\"server\":\"old\"}")));
  EXPECT_FALSE(PositionReached(At("{\"gtid\":\"0-2-6\"}"), At("{\"gtid\":\"0-1-7\"}")));
  const std::string uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  EXPECT_TRUE(PositionReached(At("{\"gtid\":\"" + uuid + ":1-9\"}"), At("{\"gtid\":\"" + uuid + ":3-5\"}")));
}

// The log goes on in a new file while nothing is written: everything wanted has been passed all the same.
TEST(Position, ReachedWhenOnlyTheFileChanged) {
  EXPECT_TRUE(PositionReached(At("{\"file\":\"b.000001\",\"offset\":900,\"gtid\":\"0-1-7\",\"server\":\"s\"}"),
                              At("{\"file\":\"b.000002\",\"offset\":385,\"gtid\":\"0-1-7\",\"server\":\"s\"}")));
}

TEST(Position, StepsWithinAGroupAreInOrder) {
  const auto at = [](int step) {
    return At("{\"file\":\"b.000001\",\"offset\":900,\"gtid\":\"0-1-7\",\"server\":\"s\",\"step\":" +
              std::to_string(step) + "}");
  };
  EXPECT_FALSE(PositionReached(at(0), at(1)));
  EXPECT_TRUE(PositionReached(at(1), at(1)));
  EXPECT_TRUE(PositionReached(At("{\"file\":\"b.000001\",\"offset\":950,\"gtid\":\"0-1-8\",\"server\":\"s\"}"), at(1)));
}

TEST(Position, RefusesToCompareFilesOfTwoServers) {
  EXPECT_THROW(PositionReached(At("{\"file\":\"b.000001\",\"offset\":4,\"server\":\"s\"}"),
                               At("{\"file\":\"b.000001\",\"offset\":4,\"server\":\"t\"}")),
               Error);
}

}  // namespace
}  // namespace sluice::mysql
