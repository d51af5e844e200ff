#include "pipeline/limits.h"

#include <gtest/gtest.h>

#include <thread>

namespace sluice::pipeline {
namespace {

double SecondsFor(RateLimiter& limiter, int times, uint64_t rows, uint64_t bytes) {
  const auto start = Clock::now();
  for (int i = 0; i < times; ++i) limiter.Acquire(rows, bytes, {});
  return std::chrono::duration<double>(Clock::now() - start).count();
}

TEST(RateLimiter, WithoutLimitsNothingWaits) {
  RateLimiter limiter({});
  EXPECT_LT(SecondsFor(limiter, 1000, 1'000'000, 1'000'000'000), 0.5);
}

TEST(RateLimiter, OneSecondOfBurstThenTheRate) {
  RateLimiter limiter({.rows_per_second = 10000});
  EXPECT_LT(SecondsFor(limiter, 10, 1000, 0), 0.5);
  // 3,000 rows beyond the burst take 0.3 s at least.
  EXPECT_GE(SecondsFor(limiter, 4, 1000, 0), 0.25);
}

TEST(RateLimiter, BytesCountToo) {
  RateLimiter limiter({.bytes_per_second = 1'000'000});
  EXPECT_GE(SecondsFor(limiter, 3, 1, 600'000), 0.15);
}

TEST(RateLimiter, ABlockLargerThanTheLimitPasses) {
  RateLimiter limiter({.rows_per_second = 10});
  EXPECT_LT(SecondsFor(limiter, 1, 1'000'000, 0), 0.5);
}

TEST(RateLimiter, StopEndsTheWait) {
  RateLimiter limiter({.rows_per_second = 1});
  limiter.Acquire(1'000'000, 0, {});
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  try {
    limiter.Acquire(1, 0, stop.get_token());
    FAIL() << "passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kStopped.id);
  }
}

TEST(RateLimiter, AChangeIsFeltWhileWaiting) {
  RateLimiter limiter({.rows_per_second = 1});
  limiter.Acquire(1'000'000, 0, {});
  std::jthread changer([&] { limiter.Change({}); });
  EXPECT_LT(SecondsFor(limiter, 1, 1, 0), 5.0);
}

// What passed under a high limit must not hold up a low one: here it would for a thousand seconds.
TEST(RateLimiter, ALowerLimitHoldsFromNowOn) {
  RateLimiter limiter({.rows_per_second = 100'000});
  limiter.Acquire(110'000, 0, {});
  limiter.Change({.rows_per_second = 100});
  EXPECT_LT(SecondsFor(limiter, 1, 10, 0), 5.0);
}

TEST(RateLimiter, ALimitWhereNoneWasHoldsFromNowOn) {
  RateLimiter limiter({});
  limiter.Acquire(1'000'000, 0, {});
  limiter.Change({.rows_per_second = 1000});
  EXPECT_LT(SecondsFor(limiter, 1, 1500, 0), 0.4);
  EXPECT_GE(SecondsFor(limiter, 1, 1, 0), 0.3);
}

TEST(LiveLimits, AWaitEndsWithTheChangeOrTheStop) {
  LiveLimits limits({.writers = 2});
  const auto more = [](const Limits& now) { return now.writers > 2; };
  std::jthread changer([&] { limits.Change({.writers = 3}); });
  EXPECT_TRUE(limits.WaitUntil(more, {}));
  EXPECT_EQ(limits.Now().writers, 3u);
  limits.Change({.writers = 1});
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(limits.WaitUntil(more, stop.get_token()));
}

}  // namespace
}  // namespace sluice::pipeline
