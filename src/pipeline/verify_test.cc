// Verification over in-memory tables: random differences, all found, none invented, and the repairs mend them.
#include "pipeline/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "pipeline/codes.h"
#include "pipeline/verify_test_double.h"

namespace sluice::pipeline {
namespace {

using testing::FakeSide;
using testing::FakeTable;

VerifyPair Pair(size_t key_columns, model::TypeKind key_kind = model::TypeKind::kInteger) {
  auto table = std::make_shared<model::Table>();
  table->name = {"shop", "t"};
  for (const char* name : {"k", "a", "b"}) {
    model::Column column;
    column.name = name;
    column.type.kind = key_kind;
    table->columns.push_back(column);
  }
  VerifyPair pair;
  pair.source.table = table;
  pair.source.columns = {0, 1, 2};
  pair.source.key_columns = key_columns;
  pair.destination = pair.source;
  return pair;
}

struct Outcome {
  std::vector<VerifyTableResult> results;
  std::vector<Difference> differences;
};

Outcome Verify(FakeTable& source, FakeTable& destination, VerifyPair pair,
               const std::function<void(VerifyRequest&)>& change = nullptr) {
  FakeSide at_source(source);
  FakeSide at_destination(destination);
  VerifyRequest request;
  request.source = &at_source;
  request.destination = &at_destination;
  request.tables = {std::move(pair)};
  request.limits.readers = 3;
  request.recheck_pause = milliseconds(1);
  Outcome outcome;
  request.on_difference = [&](const VerifyPair&, const Difference& found) { outcome.differences.push_back(found); };
  if (change) change(request);
  outcome.results = RunVerify(request, {});
  return outcome;
}

std::string Padded(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof(text), "%012llu", static_cast<unsigned long long>(value));
  return text;
}

void Fill(FakeTable& table, size_t rows, std::mt19937_64& random) {
  for (size_t i = 0; i < rows; ++i) {
    TextRow row{Padded(i), std::to_string(random() % 1000), std::nullopt};
    if (random() % 3 != 0) row[2] = std::to_string(random() % 5);
    table.rows.push_back(std::move(row));
  }
}

TEST(VerifyTest, EqualTablesHaveNoDifference) {
  std::mt19937_64 random(1);
  FakeTable source;
  Fill(source, 5000, random);
  FakeTable destination{source.rows};
  const Outcome outcome = Verify(source, destination, Pair(1));
  ASSERT_EQ(outcome.results.size(), 1u);
  EXPECT_TRUE(outcome.results[0].Equal());
  EXPECT_EQ(outcome.results[0].rows_source, 5000u);
  EXPECT_EQ(outcome.results[0].rows_destination, 5000u);
}

TEST(VerifyTest, NullAndEmptyAndBordersDiffer) {
  FakeTable source{{{"1", "", std::nullopt}, {"2", "ab", "c"}}};
  FakeTable destination{{{"1", std::nullopt, ""}, {"2", "a", "bc"}}};
  const Outcome outcome = Verify(source, destination, Pair(1));
  EXPECT_EQ(outcome.results[0].different, 2u);
  EXPECT_EQ(outcome.results[0].differences[0].columns, "a,b");
}

// Goal: whatever differs is found, and nothing else. Method: random edits of a copy, counted against the outcome, then
// the repairs are carried out and the tables must be equal.
class RandomDifferences : public ::testing::TestWithParam<uint64_t> {};

TEST_P(RandomDifferences, AreFoundAndMended) {
  const uint64_t seed = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const bool keyless = seed % 3 == 0;
  // A text key, and a destination that cuts the same ranges differently: rows turn up in other chunks.
  const bool texts = seed % 3 == 1;
  FakeTable source;
  Fill(source, 200 + random() % 3000, random);
  if (keyless) {
    for (TextRow& row : source.rows) row[0] = Padded(random() % 50);
  }
  FakeTable destination{source.rows};
  destination.shift = texts ? 37 : 0;
  const size_t edits = random() % 200;
  for (size_t i = 0; i < edits && !destination.rows.empty(); ++i) {
    TextRow& row = destination.rows[random() % destination.rows.size()];
    switch (random() % 3) {
      case 0:
        row[1 + random() % 2] = "edit " + std::to_string(random() % 3);
        break;
      case 1:
        row = destination.rows.back();
        destination.rows.pop_back();
        break;
      case 2:
        destination.rows.push_back({Padded(1'000'000 + i), "extra", std::nullopt});
        break;
    }
  }
  std::vector<TextRow> missing;
  std::vector<TextRow> extra;
  std::vector<TextRow> a = source.rows;
  std::vector<TextRow> b = destination.rows;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(missing));
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(extra));

  const VerifyPair pair = Pair(keyless ? 0 : 1, texts ? model::TypeKind::kVarchar : model::TypeKind::kInteger);
  const Outcome outcome = Verify(source, destination, pair);
  const VerifyTableResult& result = outcome.results[0];
  ASSERT_FALSE(result.error) << result.error->OneLine();
  EXPECT_EQ(result.missing + result.different, missing.size());
  EXPECT_EQ(result.extra + result.different, extra.size());
  EXPECT_EQ(outcome.differences.size(), result.missing + result.extra + result.different);

  for (const Difference& difference : outcome.differences) destination.Mend(difference.repair);
  EXPECT_TRUE(Verify(source, destination, pair).results[0].Equal());
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomDifferences, ::testing::Range<uint64_t>(1, 40));

TEST(VerifyTest, KeepsOnlySomeDifferencesInMemory) {
  std::mt19937_64 random(7);
  FakeTable source;
  Fill(source, 500, random);
  FakeTable destination;
  const Outcome outcome =
      Verify(source, destination, Pair(1), [](VerifyRequest& request) { request.differences_kept = 10; });
  EXPECT_EQ(outcome.results[0].missing, 500u);
  EXPECT_EQ(outcome.results[0].differences.size(), 10u);
  EXPECT_EQ(outcome.differences.size(), 500u);
}

TEST(VerifyTest, LateChangesAreNoDifference) {
  std::mt19937_64 random(9);
  FakeTable source;
  Fill(source, 400, random);
  FakeTable destination{source.rows};
  source.rows[5][1] = "new";
  source.rows[6][1] = "hot 0";
  // Each read of keys at the source lets the destination come one step nearer; row 6 changes with every step.
  int step = 0;
  source.on_read_keys = [&] {
    std::lock_guard lock(destination.mutex);
    if (++step == 2) destination.rows[5][1] = "new";
    destination.rows[6][1] = source.rows[6][1];
    source.rows[6][1] = "hot " + std::to_string(step);
  };
  const Outcome outcome = Verify(source, destination, Pair(1), [](VerifyRequest& r) { r.changes_flow = true; });
  EXPECT_TRUE(outcome.results[0].Equal());
}

TEST(VerifyTest, WhatStaysWrongIsFoundWhileChangesFlow) {
  std::mt19937_64 random(10);
  FakeTable source;
  Fill(source, 400, random);
  FakeTable destination{source.rows};
  destination.rows[17][1] = "wrong";
  destination.rows[18][0] = Padded(999'999);
  source.rows[20][1] = "changes all the time";
  int step = 0;
  source.on_read_keys = [&] { source.rows[20][1] = "change " + std::to_string(++step); };
  const Outcome outcome = Verify(source, destination, Pair(1), [](VerifyRequest& r) {
    r.changes_flow = true;
    r.recheck_rounds = 8;
  });
  EXPECT_EQ(outcome.results[0].different, 2u);  // row 20: the destination never follows
  EXPECT_EQ(outcome.results[0].missing, 1u);
  EXPECT_EQ(outcome.results[0].extra, 1u);
}

// A destination that is far behind: the late row comes after more looks than a wrong one gets.
TEST(VerifyTest, WhatIsLateIsWaitedFor) {
  for (const size_t key_columns : {1, 0}) {
    SCOPED_TRACE(key_columns);
    std::mt19937_64 random(13);
    FakeTable source;
    Fill(source, 400, random);
    FakeTable destination{source.rows};
    source.rows[5][1] = "late";
    destination.rows[17][2] = "wrong";
    source.position = 50;
    std::atomic<int> applied{0};
    const Outcome outcome = Verify(source, destination, Pair(key_columns), [&](VerifyRequest& request) {
      request.changes_flow = true;
      request.recheck_rounds = 8;
      request.applying = [&]() -> Applying {
        if (++applied == 50) {
          std::lock_guard lock(destination.mutex);
          destination.rows[5][1] = "late";
        }
        if (applied == 30) source.position = 60;  // what comes later need not be waited for
        return {true, {"test", std::to_string(applied)}};
      };
    });
    EXPECT_EQ(outcome.differences.size(), key_columns == 0 ? 2u : 1u);  // without a key: one row too many, one too few
    EXPECT_EQ(outcome.results[0].note, "");
    EXPECT_GE(applied, 50);
  }
}

TEST(VerifyTest, SaysWhyItDoesNotWaitForWhatIsLate) {
  std::mt19937_64 random(14);
  FakeTable source;
  Fill(source, 50, random);
  FakeTable destination{source.rows};
  source.rows[5][1] = "late";
  source.position = 50;
  for (const bool runs : {false, true}) {
    int asked = 0;
    const Outcome outcome = Verify(source, destination, Pair(1), [&](VerifyRequest& request) {
      request.changes_flow = true;
      request.standstill_most = milliseconds(20);
      request.applying = [&, runs]() -> Applying { return {runs || ++asked < 5, {"test", "7"}}; };
    });
    EXPECT_EQ(outcome.results[0].different, 1u);
    EXPECT_EQ(outcome.results[0].note, std::string(runs ? "the task has applied nothing for 0 s"
                                                        : "nobody applies the task's changes any more") +
                                           ": differences may be what is not applied yet");
  }
}

TEST(VerifyTest, KeylessTableThatNeverRestsIsAnError) {
  std::mt19937_64 random(11);
  FakeTable source;
  Fill(source, 50, random);
  FakeTable destination{source.rows};
  int step = 0;
  source.on_read_chunk = [&] { source.rows[0][1] = "step " + std::to_string(++step); };
  const Outcome outcome = Verify(source, destination, Pair(0), [](VerifyRequest& r) {
    r.changes_flow = true;
    r.recheck_rounds = 5;
  });
  ASSERT_TRUE(outcome.results[0].error);
  EXPECT_EQ(outcome.results[0].error->code, kVerifyUnsettled.id);
}

TEST(VerifyTest, LostConnectionsAreOpenedAgain) {
  std::mt19937_64 random(12);
  FakeTable source;
  Fill(source, 2000, random);
  FakeTable destination{source.rows};
  destination.rows[3][1] = "x";
  int reads = 0;
  source.on_read_chunk = [&] {
    if (++reads % 2 == 0) throw Error(ErrorCode{"XX-0001", "gone"}).Retry(RetryClass::kReconnect);
  };
  const Outcome outcome = Verify(source, destination, Pair(1));
  ASSERT_FALSE(outcome.results[0].error) << outcome.results[0].error->OneLine();
  EXPECT_EQ(outcome.results[0].different, 1u);
  EXPECT_EQ(outcome.results[0].rows_source, 2000u);
}

TEST(VerifyTest, AnErrorFailsItsTableOnly) {
  FakeTable source{{{"1", "a", "b"}}};
  FakeTable destination{source.rows};
  source.on_read_chunk = [] { throw Error(ErrorCode{"XX-0002", "refused"}); };
  const Outcome outcome = Verify(source, destination, Pair(1));
  ASSERT_TRUE(outcome.results[0].error);
  EXPECT_EQ(outcome.results[0].error->code, "XX-0002");
}

TEST(VerifyTest, StopsOnRequest) {
  FakeTable source{{{"1", "a", "b"}}};
  FakeTable destination{source.rows};
  FakeSide at_source(source);
  FakeSide at_destination(destination);
  VerifyRequest request;
  request.source = &at_source;
  request.destination = &at_destination;
  request.tables = {Pair(1)};
  std::stop_source stop;
  stop.request_stop();
  try {
    RunVerify(request, stop.get_token());
    FAIL() << "it did not stop";
  } catch (const Error& error) {
    EXPECT_EQ(error.info().code, kStopped.id);
  }
}

}  // namespace
}  // namespace sluice::pipeline
