#include "pipeline/full_load.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <limits>
#include <thread>

#include "pipeline/codes.h"
#include "pipeline/full_load_test_double.h"

namespace sluice::pipeline {
namespace {

class FullLoadTest : public testing::Test {
 protected:
  void SetUp() override {
    request.task = "task";
    request.encodings = {"test"};
    request.destination = &destination;
    request.limits.readers = 3;
    request.limits.writers = 2;
    request.first_pause = milliseconds(1);
    request.progress = &progress;
    request.on_planned = [this](size_t, const std::vector<connector::Chunk>&) { ++planned; };
    request.on_table_loaded = [this](size_t table, std::stop_token) {
      std::lock_guard lock(world.mutex);
      loaded.insert(table);
    };
  }

  void AddTable(MemoryTable shape) {
    auto table = std::make_shared<model::Table>();
    table->name = {"d", shape.name};
    table->bytes_estimated = shape.chunks * shape.blocks_per_chunk * shape.rows_per_block * shape.bytes_per_row;
    auto mapping = std::make_shared<model::TableMapping>();
    mapping->source = mapping->destination = table->name;
    LoadTable load;
    load.table = table;
    load.mapping = mapping;
    request.tables.push_back(load);
    auto counters = std::make_unique<TableProgress>();
    counters->source = table->name;
    progress.tables.push_back(std::move(counters));
    world.tables.push_back(std::move(shape));
  }

  std::vector<TableFailure> Run(std::stop_token stop = {}) {
    MemorySnapshot snapshot(world, 3);
    request.snapshot = &snapshot;
    return RunFullLoad(request, std::move(stop));
  }

  // Fails the first `times` calls for table "a" with `retry`.
  std::function<void(const std::string&, uint64_t)> FailFirst(int times, RetryClass retry) {
    auto left = std::make_shared<std::atomic<int>>(times);
    return [left, retry](const std::string& table, uint64_t) {
      if (table == "a" && (*left)-- > 0) throw MakeFailure(retry);
    };
  }

  MemoryWorld world;
  MemoryDestination destination{world};
  Progress progress;
  FullLoadRequest request;
  std::atomic<int> planned{0};
  std::set<size_t> loaded;
};

TEST_F(FullLoadTest, CopiesEveryChunkOnce) {
  AddTable({.name = "a", .chunks = 20, .blocks_per_chunk = 5});
  AddTable({.name = "b", .chunks = 1, .blocks_per_chunk = 0});
  AddTable({.name = "c", .chunks = 3});
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(world.rows["a"], 1000u);
  EXPECT_EQ(world.rows["b"], 0u);
  EXPECT_EQ(world.rows["c"], 30u);
  EXPECT_EQ(world.marks.size(), 24u);
  EXPECT_EQ(planned, 3);
  EXPECT_EQ(loaded, (std::set<size_t>{0, 1, 2}));
  EXPECT_EQ(progress.rows_loaded, 1030u);
  EXPECT_EQ(progress.tables[0]->chunks_done, 20u);
  EXPECT_TRUE(progress.tables[1]->finished);
}

TEST_F(FullLoadTest, LargestTableFirst) {
  request.limits.readers = 1;
  AddTable({.name = "small"});
  AddTable({.name = "large", .chunks = 9});
  AddTable({.name = "middle", .chunks = 3});
  Run();
  EXPECT_EQ(world.planned, (std::vector<std::string>{"large", "middle", "small"}));
}

TEST_F(FullLoadTest, NothingToDo) {
  EXPECT_TRUE(Run().empty());
}

TEST_F(FullLoadTest, GoesOnWhereItWas) {
  AddTable({.name = "a", .chunks = 4});
  AddTable({.name = "b", .chunks = 2});
  request.tables[0].chunks.resize(4);
  for (size_t i = 0; i < 4; ++i) request.tables[0].chunks[i].number = i;
  request.tables[0].done = {0, 2};
  request.tables[0].rows_done = 20;
  request.tables[1].done = {1, 2};
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(world.rows["a"], 20u);
  EXPECT_EQ(world.rows.count("b"), 0u);
  EXPECT_EQ(world.marks.size(), 2u);
  EXPECT_EQ(progress.tables[0]->rows_done, 40u);
  EXPECT_EQ(loaded, (std::set<size_t>{0, 1}));  // its indexes may be missing
}

TEST_F(FullLoadTest, BusyDestinationIsTriedAgain) {
  AddTable({.name = "a", .chunks = 5});
  world.on_load = FailFirst(7, RetryClass::kBackoff);
  std::vector<std::string> told;
  request.on_retry = [&](const ErrorInfo& error, milliseconds) { told.push_back(error.cause); };
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(world.rows["a"], 50u);
  EXPECT_EQ(progress.rows_loaded, 50u);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.front(), "made by a test");
}

TEST_F(FullLoadTest, LostLoaderIsReplaced) {
  AddTable({.name = "a", .chunks = 5});
  world.on_load = FailFirst(3, RetryClass::kReconnect);
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(world.rows["a"], 50u);
  EXPECT_EQ(world.loaders_opened, 2 + 3);
}

TEST_F(FullLoadTest, CommitWhoseAnswerWasLostIsNotRepeated) {
  AddTable({.name = "a", .chunks = 5});
  world.on_commit = FailFirst(2, RetryClass::kReconnect);  // after the rows are in
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(world.rows["a"], 50u);
  EXPECT_EQ(world.marks.size(), 5u);
  EXPECT_EQ(progress.rows_loaded, 50u);
  EXPECT_EQ(progress.tables[0]->rows_done, 50u);
}

TEST_F(FullLoadTest, DestinationComesBack) {
  AddTable({.name = "a", .chunks = 2});
  std::atomic<int> refusals{6};
  world.on_open_loader = [&] {
    if (refusals-- > 0) throw MakeFailure(RetryClass::kReconnect);
  };
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(world.rows["a"], 20u);
}

TEST_F(FullLoadTest, DestinationThatStaysAwayEndsIt) {
  AddTable({.name = "a", .chunks = 2});
  request.give_up = milliseconds(10);
  world.on_open_loader = [] { throw MakeFailure(RetryClass::kReconnect); };
  try {
    Run();
    FAIL() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kLoadGaveUp.id);
    EXPECT_EQ(error.info().cause, "made by a test");
  }
}

TEST_F(FullLoadTest, FullDestinationEndsItAfterAWhile) {
  AddTable({.name = "a", .chunks = 2});
  request.give_up = milliseconds(10);
  world.on_load = [](const std::string&, uint64_t) { throw MakeFailure(RetryClass::kBackoff); };
  EXPECT_THROW(Run(), Error);
}

TEST_F(FullLoadTest, ABadTableDoesNotHoldUpTheOthers) {
  AddTable({.name = "a", .chunks = 8});
  AddTable({.name = "b", .chunks = 8});
  world.on_load = [](const std::string& table, uint64_t chunk) {
    if (table == "a" && chunk == 3) throw MakeFailure(RetryClass::kNever);
  };
  const std::vector<TableFailure> failures = Run();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].table, 0u);
  EXPECT_EQ(failures[0].error.object, "table d.a");
  EXPECT_EQ(failures[0].error.stage, "full");
  EXPECT_EQ(world.rows["b"], 80u);
  EXPECT_EQ(loaded, (std::set<size_t>{1}));
}

// It is no matter of tables: nothing else is begun.
TEST_F(FullLoadTest, EndsWhenAnotherRunHasTakenOver) {
  AddTable({.name = "a", .chunks = 8});
  AddTable({.name = "b", .chunks = 8});
  world.on_load = [](const std::string&, uint64_t) { throw connector::TakenOver(""); };
  try {
    Run();
    FAIL() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, connector::kTakenOver.id);
  }
  world.on_load = {};
  request.on_table_loaded = [](size_t, std::stop_token) { throw connector::TakenOver(""); };
  EXPECT_THROW(Run(), Error) << "as statements for indexes may tell it";
}

TEST_F(FullLoadTest, ChunksThatArePlannedNowAreNumberedAsItIsWished) {
  AddTable({.name = "a", .chunks = 3});
  AddTable({.name = "b", .chunks = 1});
  AddTable({.name = "c", .chunks = 1});
  request.tables[2].chunks.resize(1);
  request.tables[2].chunks[0].number = 17;  // of an earlier plan
  request.first_chunk = uint64_t{7} << 32;
  EXPECT_TRUE(Run().empty());
  std::map<std::string, std::set<uint64_t>> numbers;
  for (const auto& [mark, rows] : world.marks) numbers[mark.first].insert(mark.second);
  const uint64_t first = request.first_chunk;
  EXPECT_EQ(numbers["a"], (std::set<uint64_t>{first + 1, first + 2, first + 3}));
  EXPECT_EQ(numbers["b"], (std::set<uint64_t>{first}));
  EXPECT_EQ(numbers["c"], (std::set<uint64_t>{17}));
}

TEST_F(FullLoadTest, TableThatCannotBeReadOrPlanned) {
  AddTable({.name = "a", .chunks = 2});
  AddTable({.name = "b", .chunks = 2});
  AddTable({.name = "c", .chunks = 2});
  world.on_plan = FailFirst(1, RetryClass::kNever);
  world.on_read = [](const std::string& table, uint64_t) {
    if (table == "b") throw MakeFailure(RetryClass::kBackoff);  // for ever
  };
  EXPECT_EQ(Run().size(), 2u);
  EXPECT_EQ(world.rows["c"], 20u);
}

TEST_F(FullLoadTest, ReaderThatIsBusyForAMoment) {
  AddTable({.name = "a", .chunks = 2});
  world.on_read = FailFirst(2, RetryClass::kBackoff);
  world.on_plan = FailFirst(2, RetryClass::kBackoff);
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(world.rows["a"], 20u);
}

TEST_F(FullLoadTest, LostSnapshotEndsIt) {
  AddTable({.name = "a", .chunks = 5});
  world.on_read = FailFirst(1, RetryClass::kReconnect);
  try {
    Run();
    FAIL() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kSnapshotLost.id);
    EXPECT_EQ(error.info().retry, RetryClass::kReconnect);
  }
}

TEST_F(FullLoadTest, FailedIndexesAreATablesFailure) {
  AddTable({.name = "a"});
  AddTable({.name = "b"});
  request.on_table_loaded = [](size_t table, std::stop_token) {
    if (table == 1) throw MakeFailure(RetryClass::kNever);
  };
  const std::vector<TableFailure> failures = Run();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].table, 1u);
}

TEST_F(FullLoadTest, ForeignExceptionsAreFailuresToo) {
  AddTable({.name = "a"});
  world.on_load = [](const std::string&, uint64_t) { throw std::bad_alloc(); };
  const std::vector<TableFailure> failures = Run();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].error.code, kLoadUnexpected.id);
}

TEST_F(FullLoadTest, StopsSoon) {
  AddTable({.name = "a", .chunks = 100000, .blocks_per_chunk = 3});
  request.limits.rows_per_second = 50;  // would take a long time
  RateLimiter rate(request.limits);
  request.rate = &rate;
  std::stop_source stop;
  std::jthread stopper([&] {
    while (progress.rows_loaded == 0) std::this_thread::yield();
    stop.request_stop();
  });
  const auto start = Clock::now();
  EXPECT_THROW(Run(stop.get_token()), Error);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
}

// Counts how many chunks are written at the same time, and lets them pass only up to a number.
class WatchedWrites {
 public:
  explicit WatchedWrites(MemoryWorld& world) {
    world.on_load = [this](const std::string&, uint64_t) {
      std::unique_lock lock(mutex_);
      most_ = std::max(most_, ++now_);
      changed_.notify_all();
      changed_.wait_until(lock, deadline_.at(), [&] { return done_ < allowed_; });
    };
    world.on_commit = [this](const std::string&, uint64_t) {
      std::lock_guard lock(mutex_);
      --now_;
      ++done_;
      changed_.notify_all();
    };
  }
  // Lets so many more pass; true when that many are written and some are waiting again.
  bool Pass(int writes) {
    std::unique_lock lock(mutex_);
    most_ = now_;
    allowed_ = done_ + writes;
    changed_.notify_all();
    return changed_.wait_until(lock, deadline_.at(), [&] { return done_ >= allowed_ && now_ > 0; });
  }
  bool WaitForTogether(int writes) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline_.at(), [&] { return now_ >= writes; });
  }
  void PassAll() {
    std::lock_guard lock(mutex_);
    allowed_ = std::numeric_limits<int>::max();
    changed_.notify_all();
  }
  // At the same time, since the last call of Pass().
  int most() {
    std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  const Deadline deadline_ = Deadline::After(milliseconds(20'000));
  std::mutex mutex_;
  std::condition_variable changed_;
  int now_ = 0;
  int most_ = 0;
  int done_ = 0;
  int allowed_ = 0;
};

TEST_F(FullLoadTest, WritersChangeWhileItRuns) {
  AddTable({.name = "a", .chunks = 200});
  WatchedWrites writes(world);
  request.limits.writers = 1;
  LiveLimits live(request.limits);
  request.live_limits = &live;
  std::jthread operator_at_work([&] {
    EXPECT_TRUE(writes.Pass(10));
    EXPECT_EQ(writes.most(), 1);
    // Three readers feed four writers: three at once show that there are more.
    live.Change({.readers = 3, .writers = 4});
    EXPECT_TRUE(writes.WaitForTogether(3));
    live.Change({.readers = 3, .writers = 1});
    EXPECT_TRUE(writes.Pass(20)) << "what is in hand is finished";
    EXPECT_TRUE(writes.Pass(20));
    EXPECT_EQ(writes.most(), 1);
    writes.PassAll();
  });
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(world.rows["a"], 2000u);
}

TEST_F(FullLoadTest, ThreadsAboveTheLimitEndWithTheLoad) {
  AddTable({.name = "a", .chunks = 50});
  request.limits.readers = request.limits.writers = 3;
  LiveLimits live({.readers = 1, .writers = 1});
  request.live_limits = &live;
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(world.rows["a"], 500u);
  EXPECT_EQ(world.loaders_opened, 1);
}

// A server ends sessions that are silent for long: what such a session would be asked first is lost with it.
TEST_F(FullLoadTest, LoadersThatWereIdleForTooLongAreReplaced) {
  AddTable({.name = "a", .chunks = 10});
  request.limits.writers = 1;
  request.idle_most = milliseconds(-1);  // any pause is longer
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(world.rows["a"], 100u);
  EXPECT_EQ(world.loaders_opened, 1 + 10);
}

TEST_F(FullLoadTest, LoadersThatAreAtWorkStay) {
  AddTable({.name = "a", .chunks = 10});
  request.limits.writers = 1;
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(world.loaders_opened, 1);
}

TEST_F(FullLoadTest, StopReachesThreadsAboveTheLimit) {
  AddTable({.name = "a", .chunks = 100000});
  request.limits.writers = 3;
  LiveLimits live({.readers = 1, .writers = 1});
  request.live_limits = &live;
  std::stop_source stop;
  std::jthread stopper([&] {
    while (progress.rows_loaded == 0) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_THROW(Run(stop.get_token()), Error);
}

TEST_F(FullLoadTest, StoppedBeforeItBegins) {
  AddTable({.name = "a"});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(Run(stop.get_token()), Error);
}

TEST_F(FullLoadTest, MemoryStaysWithinTheBudget) {
  request.limits.memory_bytes = 8 << 20;
  AddTable({.name = "a", .chunks = 12, .blocks_per_chunk = 40, .rows_per_block = 100, .bytes_per_row = 1000});
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(world.rows["a"], 48000u);
  EXPECT_LE(world.bytes_in_flight_max, 8 << 20);
}

}  // namespace
}  // namespace sluice::pipeline
