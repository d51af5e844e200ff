#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>

namespace sluice {
namespace {

// Producers and consumers on a queue that is nearly always full: every item arrives exactly once.
TEST(BoundedQueue, EveryItemArrivesOnce) {
  BoundedQueue<int> queue(64);
  constexpr int kItems = 20'000;
  std::atomic<long> sum{0};
  std::atomic<int> count{0};
  {
    std::vector<std::jthread> consumers;
    for (int i = 0; i < 3; ++i) {
      consumers.emplace_back([&] {
        while (auto item = queue.Pop(std::stop_token())) {
          sum += *item;
          ++count;
        }
      });
    }
    {
      std::vector<std::jthread> producers;
      for (int p = 0; p < 2; ++p) {
        producers.emplace_back([&, p] {
          for (int i = p; i < kItems; i += 2) ASSERT_TRUE(queue.Push(i, 16, std::stop_token()));
        });
      }
    }
    queue.Close();
  }
  EXPECT_EQ(count, kItems);
  EXPECT_EQ(sum, static_cast<long>(kItems) * (kItems - 1) / 2);
  EXPECT_TRUE(queue.Drained());
}

// A row that is larger than the whole bound must pass all the same, or its table could never be copied.
TEST(BoundedQueue, ItemHeavierThanTheBoundPasses) {
  BoundedQueue<int> queue(10);
  EXPECT_TRUE(queue.Push(1, 1000, std::stop_token()));
  EXPECT_EQ(queue.Pop(std::stop_token()), 1);
}

TEST(BoundedQueue, StopEndsABlockedPushAndPop) {
  BoundedQueue<int> full(1);
  ASSERT_TRUE(full.Push(1, 1, std::stop_token()));
  std::stop_source stop;
  std::jthread blocked_push([&] { EXPECT_FALSE(full.Push(2, 1, stop.get_token())); });
  BoundedQueue<int> empty(1);
  std::jthread blocked_pop([&] { EXPECT_FALSE(empty.Pop(stop.get_token()).has_value()); });
  stop.request_stop();
}

TEST(BoundedQueue, PopGivesUpAtItsDeadline) {
  BoundedQueue<int> queue(1);
  EXPECT_FALSE(queue.Pop(std::stop_token(), Deadline::After(milliseconds(1))).has_value());
}

TEST(BoundedQueue, ClosedQueueRefusesAndDrains) {
  BoundedQueue<int> queue(10);
  ASSERT_TRUE(queue.Push(1, 1, std::stop_token()));
  queue.Close();
  EXPECT_FALSE(queue.Push(2, 1, std::stop_token()));
  EXPECT_EQ(queue.Pop(std::stop_token()), 1);
  EXPECT_FALSE(queue.Pop(std::stop_token()).has_value());
}

TEST(BoundedQueue, WaitForRoomGivesUpAtItsDeadlineAndSeesRoom) {
  BoundedQueue<int> queue(10);
  EXPECT_TRUE(queue.WaitForRoom(100, std::stop_token(), Deadline::After(milliseconds(1))));  // empty: always let in
  ASSERT_TRUE(queue.Push(1, 8, std::stop_token()));
  EXPECT_TRUE(queue.WaitForRoom(2, std::stop_token(), Deadline::After(milliseconds(1))));
  EXPECT_FALSE(queue.WaitForRoom(3, std::stop_token(), Deadline::After(milliseconds(1))));
  std::jthread consumer([&] { EXPECT_EQ(queue.Pop(std::stop_token()), 1); });
  EXPECT_TRUE(queue.WaitForRoom(3, std::stop_token(), Deadline::Never()));
  queue.Close();
  EXPECT_FALSE(queue.WaitForRoom(1, std::stop_token(), Deadline::Never()));
}

}  // namespace
}  // namespace sluice
