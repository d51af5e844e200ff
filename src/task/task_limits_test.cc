#include "task/task_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

namespace sluice::task {
namespace {

using pipeline::Limits;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TaskLimitsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "task_limits_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory = name;
    store = store::Store::Open(directory);
    store::TaskRecord record;
    record.name = "t";
    record.state = store::TaskState::kMigrating;
    store->SaveTask(record);
  }
  void TearDown() override {
    store.reset();
    std::filesystem::remove_all(directory);
  }

  std::string directory;
  std::unique_ptr<store::Store> store;
};

TEST_F(TaskLimitsTest, AChangeSurvivesRunsUntilTheFileIsEdited) {
  const Limits file{.rows_per_second = 100, .readers = 4, .writers = 4};
  EXPECT_THAT(AdoptFileLimits(*store, "t", file), IsEmpty());
  SaveChange(*store, "t", {.rows_per_second = 7, .writers = 2});
  SaveChange(*store, "t", {.readers = 1});
  EXPECT_THAT(AdoptFileLimits(*store, "t", file), testing::SizeIs(3));
  const Limits changed{.rows_per_second = 7, .readers = 1, .writers = 2};
  EXPECT_EQ(LimitsInForce(*store, "t", file), changed);
  // The file is edited after the command: for that limit it wins, for the others the command still holds.
  const Limits edited{.rows_per_second = 100, .readers = 4, .writers = 8};
  EXPECT_THAT(AdoptFileLimits(*store, "t", edited), testing::Contains(HasSubstr("writers 8 as the task file says")));
  const Limits both{.rows_per_second = 7, .readers = 1, .writers = 8};
  EXPECT_EQ(LimitsInForce(*store, "t", edited), both);
  EXPECT_THAT(ReportLimits(*store, "t").changed, ElementsAre("rows_per_second", "readers"));
  SaveChange(*store, "t", {.readers = 3, .reset = true});
  const Limits reset{.rows_per_second = 100, .readers = 3, .writers = 8};
  EXPECT_EQ(LimitsInForce(*store, "t", edited), reset);
}

TEST_F(TaskLimitsTest, NoLimitIsAValueToo) {
  const Limits file{.rows_per_second = 100};
  AdoptFileLimits(*store, "t", file);
  SaveChange(*store, "t", {.rows_per_second = 0});
  EXPECT_EQ(LimitsInForce(*store, "t", file).rows_per_second, 0u);
}

TEST_F(TaskLimitsTest, TheAnswerSaysWhatDoesNotHoldAtOnce) {
  const Limits wanted{.readers = 8, .writers = 2};
  const LimitsAnswer full = MakeAnswer(wanted, 2, 4);
  EXPECT_EQ(full.limits.readers, 4u);
  ASSERT_EQ(full.notes.size(), 1u);
  EXPECT_EQ(full.notes[0].first, "readers");
  EXPECT_THAT(MakeAnswer(wanted, 2, 8).notes, IsEmpty());
  EXPECT_EQ(MakeAnswer(wanted, 1, 0).notes[0].first, "writers");
  EXPECT_EQ(MakeAnswer(wanted, 3, 4).notes[0].first, "readers");
  LimitsAnswer sent = full;
  sent.tokens = {"a", "b"};
  const LimitsAnswer read = AnswerFrom(ToJson(sent));
  EXPECT_EQ(read.tokens, sent.tokens);
  EXPECT_EQ(read.limits, sent.limits);
  EXPECT_EQ(read.notes, sent.notes);
}

TEST_F(TaskLimitsTest, WithoutAProcessItHoldsFromTheNextRun) {
  AdoptFileLimits(*store, "t", {});
  const LimitsReport report =
      Task::ChangeLimits("t", directory, {.writers = 9}, Deadline::After(milliseconds(10'000)), {});
  EXPECT_FALSE(report.running);
  EXPECT_EQ(report.limits.writers, 9u);
  EXPECT_THAT(report.changed, ElementsAre("writers"));
}

TEST_F(TaskLimitsTest, TheCommandWaitsForTheProcessToTakeItUp) {
  AdoptFileLimits(*store, "t", {});
  const auto lock = store->Lock("t");
  std::jthread process([&](const std::stop_token& stop) {
    const auto own = store::Store::Open(directory);
    while (!stop.stop_requested()) {
      for (const std::string& request : own->TakeRequests("t")) {
        if (!request.starts_with(kLimitsRequest)) continue;
        LimitsAnswer answer = MakeAnswer(LimitsInForce(*own, "t", {}), 2, 2);
        answer.tokens = {request.substr(kLimitsRequest.size())};
        own->SaveText("t", kLimitsNowText, ToJson(answer));
      }
      SleepFor(stop, milliseconds(5));
    }
  });
  const LimitsReport report =
      Task::ChangeLimits("t", directory, {.readers = 3}, Deadline::After(milliseconds(10'000)), {});
  EXPECT_TRUE(report.running);
  EXPECT_EQ(report.limits.readers, 2u) << "what the process says";
  EXPECT_EQ(report.wanted.readers, 3u);
}

TEST_F(TaskLimitsTest, AProcessThatDoesNotAnswerIsTold) {
  AdoptFileLimits(*store, "t", {});
  const auto lock = store->Lock("t");
  try {
    Task::ChangeLimits("t", directory, {.readers = 3}, Deadline::After(milliseconds(0)), {});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kWrongState.id);
    EXPECT_THAT(error.info().cause, HasSubstr("has not answered"));
  }
}

TEST_F(TaskLimitsTest, ATaskThatNeverRanOrIsOverIsRefused) {
  const auto change = [&] {
    return Task::ChangeLimits("t", directory, {.writers = 9}, Deadline::After(milliseconds(10'000)), {});
  };
  EXPECT_THROW(change(), Error);
  EXPECT_FALSE(ReportLimits(*store, "t").known);
  AdoptFileLimits(*store, "t", {});
  store::TaskRecord record = *store->FindTask("t");
  record.state = store::TaskState::kCompleted;
  store->SaveTask(record);
  EXPECT_THROW(change(), Error);
}

}  // namespace
}  // namespace sluice::task
