#include "pipeline/lanes.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace sluice::pipeline {
namespace {

class LaneQueuesTest : public testing::Test {
 protected:
  void Add(std::vector<Claim> claims) {
    auto unit = std::make_unique<ApplyUnit>();
    unit->ordinal = ++ordinal_;
    unit->claims = std::move(claims);
    unit->changes.resize(1);
    queues_.Add(std::move(unit), {});
  }

  // Lanes that do nothing but count.
  void Start() {
    for (uint32_t lane = 0; lane < 2; ++lane) {
      lanes_.emplace_back([this, lane](const std::stop_token& stop) {
        while (true) {
          const LaneBatch batch = queues_.Take(lane, stop);
          if (batch.units.empty()) return;
          done_.at(lane) += batch.units.size();
          queues_.Record(lane, batch);
          queues_.Complete(lane, batch);
        }
      });
    }
  }
  void WaitUntilIdle() { const LaneQueues::Alone alone(queues_, {}); }

  LaneQueues queues_{{.lanes = 2, .units_per_batch = 50}, ProgressSet("task", {}, 2)};
  uint64_t ordinal_ = 0;
  std::array<std::atomic<size_t>, 2> done_{};
  std::vector<std::jthread> lanes_;
};

TEST_F(LaneQueuesTest, IndependentUnitsAreSpread) {
  for (uint64_t i = 0; i < 600; ++i) Add({ExclusiveClaim(2 * i + 2)});
  Start();
  WaitUntilIdle();
  EXPECT_EQ(done_[0], 300u);
  EXPECT_EQ(done_[1], 300u);
}

// Each changes one of ten rows and one of a hundred others.
TEST_F(LaneQueuesTest, UnitsThatAllMeetStayTogether) {
  const auto add = [&](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t mixed = ordinal_ * 2654435761u;
      Add({ExclusiveClaim((mixed >> 8) % 10 * 2 + 2), ExclusiveClaim((mixed >> 16) % 100 * 2 + 100)});
    }
  };
  add(600);
  Start();
  WaitUntilIdle();
  const size_t before = done_[0];
  add(1000);
  WaitUntilIdle();
  const size_t first = done_[0] - before;
  EXPECT_TRUE(first == 0 || first == 1000) << first;
  EXPECT_EQ(done_[0] + done_[1], 1600u);
}

// What is applied outside the queues is as late as what is in them; the newest that an earlier run applied is known.
TEST(LaneQueues, WhatTheReaderWorksAtItselfIsUnfinished) {
  ApplyStart start;
  start.committed_micros = 5'000'000;
  LaneQueues queues({.lanes = 1}, ProgressSet("task", start, 1));
  EXPECT_EQ(queues.Look().newest_committed_micros, 5'000'000);
  EXPECT_EQ(queues.Collapsed().committed_micros, 5'000'000);
  model::Transaction large;
  large.committed_micros = 7'000'000;
  large.received_micros = 9'000'000;
  {
    LaneQueues::Alone alone(queues, {});
    EXPECT_EQ(queues.Look().unfinished, 0u);
    alone.Work(large);
    EXPECT_EQ(queues.Look().unfinished, 1u);
    EXPECT_EQ(queues.Look().oldest_committed_micros, 7'000'000);
    EXPECT_EQ(queues.Look().oldest_received_micros, 9'000'000);
    alone.MoveLow(1, {"test", "1"});
    EXPECT_EQ(queues.Look().unfinished, 0u);
    EXPECT_EQ(queues.Look().newest_committed_micros, 7'000'000);
    alone.Work(large);
  }
  EXPECT_EQ(queues.Look().unfinished, 0u);  // it failed
  EXPECT_EQ(queues.Collapsed().committed_micros, 7'000'000);
}

}  // namespace
}  // namespace sluice::pipeline
