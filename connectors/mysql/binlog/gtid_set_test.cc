#include "connectors/mysql/binlog/gtid_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sluice::mysql {
namespace {

constexpr const char* kA = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
constexpr const char* kB = "ffffffff-0000-11e1-9e33-c80aa9429562";

TEST(MysqlGtidSet, ParsesAsServersWrite) {
  const auto set =
      MysqlGtidSet::Parse(std::string(kB) + ":7,\n" + "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5:11-18:tag_x:1:3-4");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->Text(), std::string(kA) + ":1-5:11-18," + kA + ":tag_x:1:3-4," + kB + ":7");
  EXPECT_TRUE(set->HasTags());
  EXPECT_EQ(MysqlGtidSet::Parse(set->Text())->Text(), set->Text());
  EXPECT_TRUE(MysqlGtidSet::Parse("")->empty());
}

TEST(MysqlGtidSet, RefusesWhatIsNone) {
  for (const char* text :
       {"x", "0-1-100", "3e11fa47-71ca-11e1-9e33-c80aa942956:1", "3e11fa47-71ca-11e1-9e33-c80aa9429562:0",
        "3e11fa47-71ca-11e1-9e33-c80aa9429562:5-1", "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-2-3"}) {
    EXPECT_FALSE(MysqlGtidSet::Parse(text)) << text;
  }
}

// Against a plain set of numbers: whatever the order of additions, the intervals are the shortest that say the same.
TEST(MysqlGtidSet, AddsLikeASetOfNumbers) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    MysqlGtidSet set;
    std::set<uint64_t> numbers;
    for (int i = 0; i < 30; ++i) {
      const uint64_t first = random() % 60 + 1;
      const uint64_t last = first + random() % 5;
      set.Add(kA, first, last);
      for (uint64_t n = first; n <= last; ++n) numbers.insert(n);
    }
    uint64_t before = 0;
    for (const auto& interval : set.sources().at(kA)) {
      EXPECT_GT(interval.first, before + (before == 0 ? 0 : 1));
      before = interval.last;
    }
    for (uint64_t n = 1; n < 70; ++n) EXPECT_EQ(set.Contains(kA, n), numbers.count(n) != 0) << n;
  }
}

TEST(MysqlGtidSet, Contains) {
  const auto all = MysqlGtidSet::Parse(std::string(kA) + ":1-10:20-30");
  EXPECT_TRUE(all->Contains(*MysqlGtidSet::Parse(std::string(kA) + ":2-9:30")));
  EXPECT_FALSE(all->Contains(*MysqlGtidSet::Parse(std::string(kA) + ":9-11")));
  EXPECT_FALSE(all->Contains(*MysqlGtidSet::Parse(std::string(kB) + ":1")));
  EXPECT_FALSE(all->Contains(*MysqlGtidSet::Parse(std::string(kA) + ":t:1")));
  EXPECT_TRUE(all->Contains(MysqlGtidSet()));
}

TEST(MysqlGtidSet, EncodesForTheServer) {
  for (const char* text : {":1-10:20-30", ":1-10:tag:5", ""}) {
    const auto set = MysqlGtidSet::Parse(*text == '\0' ? std::string() : kA + std::string(text));
    const std::string bytes = set->Encode();
    const auto back = MysqlGtidSet::Decode(bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->Text(), set->Text());
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(MysqlGtidSet::Decode(std::string_view(bytes).substr(0, size))) << size;
    }
  }
  EXPECT_EQ(MysqlGtidSet::Parse(std::string(kA) + ":1-10")->Encode().substr(0, 8), std::string("\1\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(MysqlGtidSet::Parse(std::string(kA) + ":t:1")->Encode().substr(0, 8), std::string("\1\1\0\0\0\0\0\1", 8));
}

TEST(MariadbGtidPosition, KeepsTheLastOfEachDomain) {
  auto position = MariadbGtidPosition::Parse("7-2-5, 0-1-100");
  ASSERT_TRUE(position);
  EXPECT_EQ(position->Text(), "0-1-100,7-2-5");
  position->Set({0, 3, 101});
  EXPECT_EQ(position->Text(), "0-3-101,7-2-5");
  EXPECT_TRUE(position->Reached(*MariadbGtidPosition::Parse("0-1-101")));
  EXPECT_FALSE(position->Reached(*MariadbGtidPosition::Parse("0-1-102")));
  EXPECT_FALSE(position->Reached(*MariadbGtidPosition::Parse("0-1-1,9-1-1")));
  EXPECT_TRUE(position->Contains({7, 9, 5}));
  EXPECT_FALSE(MariadbGtidPosition::Parse("0-1"));
  EXPECT_FALSE(MariadbGtidPosition::Parse("0-1-2-3"));
  EXPECT_FALSE(MariadbGtidPosition::Parse("-1-1-1"));
}

}  // namespace
}  // namespace sluice::mysql
