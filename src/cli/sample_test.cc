#include "cli/sample.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

using std::chrono::milliseconds;

// A runner's counters, with time as the test wants it.
struct Bench {
  task::LiveState live;
  Clock::time_point start = Clock::now();
  Sampler sampler{live, start};

  pipeline::TableProgress& AddTable(const std::string& name, uint64_t rows_estimated) {
    auto table = std::make_unique<pipeline::TableProgress>();
    table->source = {"shop", name};
    table->rows_estimated = rows_estimated;
    live.progress.tables.push_back(std::move(table));
    return *live.progress.tables.back();
  }
  Sample At(int64_t ms) { return sampler.Take(start + milliseconds(ms)); }
};

TEST(SlidingRate, LooksBackNoFurtherThanItsWindow) {
  SlidingRate rate(5);
  EXPECT_EQ(rate.Add(0, 0), 0);
  EXPECT_DOUBLE_EQ(rate.Add(1, 100), 100);
  for (int second = 2; second <= 20; ++second) rate.Add(second, 100 + static_cast<uint64_t>(second - 1) * 10);
  EXPECT_DOUBLE_EQ(rate.Add(21, 300), 10);
}

TEST(SlidingRate, ACounterThatWentBackBeginsAnew) {
  SlidingRate rate(5);
  rate.Add(0, 1000);
  rate.Add(1, 2000);
  EXPECT_EQ(rate.Add(2, 5), 0);
  EXPECT_DOUBLE_EQ(rate.Add(3, 15), 10);
}

TEST(Sampler, WorksOutRatesAndTimeLeft) {
  Bench bench;
  pipeline::TableProgress& orders = bench.AddTable("orders", 10'000);
  bench.live.tables_ready = true;
  bench.live.phase = 2;
  bench.At(0);
  for (int second = 1; second <= 4; ++second) {
    orders.rows_done = bench.live.progress.rows_loaded = static_cast<uint64_t>(second) * 1000;
    bench.At(second * 1000);
  }
  const Sample sample = bench.At(4000);
  EXPECT_DOUBLE_EQ(sample.rows_per_second, 1000);
  ASSERT_TRUE(sample.seconds_left);
  EXPECT_DOUBLE_EQ(*sample.seconds_left, 6);
  ASSERT_EQ(sample.busiest.size(), 1u);
  EXPECT_EQ(sample.busiest[0].name, "shop.orders");
  EXPECT_DOUBLE_EQ(sample.LoadFraction(), 0.4);
  EXPECT_DOUBLE_EQ(sample.load_seconds, 4);
}

TEST(Sampler, AnEstimateThatWasTooLowIsPassedWithoutReachingTheEnd) {
  Bench bench;
  pipeline::TableProgress& orders = bench.AddTable("orders", 100);
  bench.live.tables_ready = true;
  bench.live.phase = 2;
  orders.rows_done = 500;
  orders.chunks_total = 4;
  orders.chunks_done = 3;
  EXPECT_DOUBLE_EQ(bench.At(1000).LoadFraction(), 0.99);
  orders.chunks_done = 4;
  const Sample indexing = bench.At(2000);
  EXPECT_EQ(indexing.tables_indexing, 1u);
  EXPECT_TRUE(indexing.busiest.empty());
  orders.finished = true;
  EXPECT_DOUBLE_EQ(bench.At(3000).LoadFraction(), 1);
}

TEST(Sampler, TellsHowLongNothingMoved) {
  Bench bench;
  bench.live.phase = 3;
  bench.At(0);
  bench.live.progress.transactions = 5;
  EXPECT_EQ(bench.At(1000).still_seconds, 0);
  EXPECT_DOUBLE_EQ(bench.At(9000).still_seconds, 8);
  bench.live.progress.transactions = 6;
  EXPECT_EQ(bench.At(10'000).still_seconds, 0);
}

TEST(Sampler, RowsOfEarlierRunsCountAsDoneButNotAsFast) {
  Bench bench;
  pipeline::TableProgress& orders = bench.AddTable("orders", 1000);
  bench.live.tables_ready = true;
  bench.live.phase = 2;
  orders.rows_done = 600;
  bench.At(0);
  const Sample sample = bench.At(1000);
  EXPECT_EQ(sample.rows, 600u);
  EXPECT_EQ(sample.rows_now, 0u);
  EXPECT_EQ(sample.rows_per_second, 0);
  EXPECT_DOUBLE_EQ(sample.LoadFraction(), 0.6);
}

}  // namespace
}  // namespace sluice::cli
