#include "pipeline/ordinals.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "pipeline/progress_set.h"

namespace sluice::pipeline {
namespace {

TEST(OrdinalSet, JoinsNeighboursAndWritesRanges) {
  OrdinalSet set;
  for (const uint64_t ordinal : {5, 3, 4, 9, 12, 11, 3}) set.Add(ordinal);
  EXPECT_EQ(set.Text(), "3-5,9,11-12");
  set.AddRange(5, 11);
  EXPECT_EQ(set.Text(), "3-12");
  set.RemoveUpTo(7);
  EXPECT_EQ(set.Text(), "8-12");
  EXPECT_FALSE(set.Contains(7));
  EXPECT_TRUE(set.Contains(12));
  EXPECT_FALSE(set.Contains(13));
  set.RemoveUpTo(100);
  EXPECT_TRUE(set.empty());
}

TEST(OrdinalSet, ReadsWhatItWrites) {
  std::minstd_rand random(7);
  for (int round = 0; round < 200; ++round) {
    OrdinalSet set;
    std::set<uint64_t> plain;
    for (int i = 0; i < 40; ++i) {
      const uint64_t first = random() % 100;
      const uint64_t last = first + random() % 4;
      set.AddRange(first, last);
      for (uint64_t ordinal = first; ordinal <= last; ++ordinal) plain.insert(ordinal);
      if (random() % 10 == 0) {
        const uint64_t low = random() % 60;
        set.RemoveUpTo(low);
        plain.erase(plain.begin(), plain.upper_bound(low));
      }
    }
    const OrdinalSet again = OrdinalSet::Parse(set.Text()).ValueOrThrow();
    EXPECT_TRUE(again == set) << set.Text();
    for (uint64_t ordinal = 0; ordinal < 110; ++ordinal) EXPECT_EQ(again.Contains(ordinal), plain.contains(ordinal));
  }
}

TEST(OrdinalSet, RefusesWhatIsNoList) {
  for (const char* text : {"x", "1-", "1,", "5-3", "1 2", ",1", "1--2"}) {
    EXPECT_FALSE(OrdinalSet::Parse(text).ok()) << text;
  }
  EXPECT_TRUE(OrdinalSet::Parse("").ok());
}

TEST(JoinProgress, TakesTheHighestLowMarkAndEverythingAboveIt) {
  connector::ApplyProgress one;
  one.low_ordinal = 10;
  one.low = {"mysql", "ten"};
  one.done = "12-14,20";
  one.committed_micros = 300;
  connector::ApplyProgress two;
  two.low_ordinal = 13;
  two.low = {"mysql", "thirteen"};
  two.done = "15,17-18";
  two.committed_micros = 200;
  const ApplyStart start = JoinProgress({one, two});
  EXPECT_EQ(start.low.json, "thirteen");
  EXPECT_EQ(start.low_ordinal, 13u);
  EXPECT_EQ(start.done, "14-15,17-18,20");
  EXPECT_EQ(start.committed_micros, 300);
  EXPECT_TRUE(JoinProgress({}).low.empty());
}

// After a crash the stream begins at the highest low mark of the records: the source must keep what follows that one,
// however far the low mark was in memory.
TEST(ProgressSet, WhatTheSourceMayForgetIsWhatARecordSays) {
  const auto at = [](uint64_t ordinal) { return model::Position{"test", std::to_string(ordinal)}; };
  ApplyStart start;
  start.low_ordinal = 10;
  start.low = at(10);
  ProgressSet progress("task", start, 2);
  EXPECT_EQ(progress.recorded(), at(10));
  const std::vector<uint64_t> first = {11};
  const std::vector<uint64_t> second = {12};
  EXPECT_EQ(progress.Record(0, first, 0).low, at(10));
  progress.Committed(0, first);
  progress.MoveLow(11, at(11));
  progress.MoveLow(15, at(15));  // empty transactions: no record is written for them
  EXPECT_EQ(progress.recorded(), at(10));
  EXPECT_EQ(progress.Record(1, second, 0).low, at(15));
  EXPECT_EQ(progress.recorded(), at(10));  // not committed yet
  progress.Committed(1, second);
  EXPECT_EQ(progress.recorded(), at(15));
  progress.MoveLow(20, at(20));
  const connector::ApplyProgress collapsed = progress.Collapsed();
  progress.Saved(collapsed.low_ordinal, collapsed.low);
  EXPECT_EQ(progress.recorded(), at(20));
}

}  // namespace
}  // namespace sluice::pipeline
