#include "cli/progress_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/format.h"

namespace sluice::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ViewOptions Options(size_t columns = 100, bool utf8 = true) {
  ViewOptions options;
  options.name = "shop-move";
  options.types = {true, true, true};
  options.terminal.utf8 = utf8;
  options.size = {columns, 30};
  return options;
}

Sample Loading() {
  Sample sample;
  sample.phase = 2;
  sample.elapsed_seconds = 12;
  sample.objects_total = sample.objects_done = 24;
  sample.rows = 1'203'400;
  sample.rows_total = 2'000'000;
  sample.rows_per_second = 182'000;
  sample.bytes_per_second = 34'100'000;
  sample.seconds_left = 4;
  sample.tables = 14;
  sample.tables_finished = 3;
  sample.tables_active = 2;
  sample.tables_indexing = 1;
  sample.busiest = {{5, "shop.orders", 355'000, 500'000, 90'000}, {2, "shop.items", 100'000, 500'000, 80'000}};
  return sample;
}

TEST(ProgressView, ShowsEveryPhaseAndTheBusiestTablesInTheirOrder) {
  EXPECT_THAT(RenderBlock(Loading(), Options(120)),
              ElementsAre("shop-move  full load", "Schema       ██████████████████████████████ 100 %  24 of 24 objects",
                          "Full load    ██████████████████░░░░░░░░░░░░  60 %  1,203,400 of 2,000,000 rows  "
                          "182,000 rows/s"
                          "  34.1 MB/s  0:04 left",
                          "  shop.items                           ██░░░░░░░░  20 %  100,000 of 500,000 "
                          "rows  80,000 rows/s",
                          "  shop.orders                          ███████░░░  71 %  355,000 of 500,000 "
                          "rows  90,000 rows/s",
                          "  3 of 14 tables finished, 1 getting indexes, 8 waiting", "Incremental  waiting",
                          "⠋ 0:12  Ctrl-C stops; the same command goes on later"));
}

TEST(ProgressView, NarrowTerminalsGetMoreLinesNotCutOnes) {
  for (const size_t columns : {72, 80, 90, 100, 110, 200}) {
    for (const std::string& line : RenderBlock(Loading(), Options(columns))) {
      if (line.starts_with("  shop.") || line.starts_with("⠋")) continue;  // these may be cut at their end
      EXPECT_LT(DisplayWidth(line), columns) << line;
    }
  }
}

TEST(ProgressView, PlainCharactersWithoutUtf8) {
  for (const std::string& line : RenderBlock(Loading(), Options(100, false))) {
    for (const char c : line) EXPECT_GE(c, ' ') << line;
  }
}

Sample Following(int64_t delay_micros, bool caught_up) {
  Sample sample;
  sample.phase = 3;
  sample.objects_total = sample.objects_done = 24;
  sample.tables = sample.tables_finished = 14;
  sample.rows = sample.rows_total = 2'000'000;
  sample.transactions_per_second = 512;
  sample.changes_per_second = 1210;
  sample.change_bytes_per_second = 400'000;
  sample.inserts = 12'000;
  sample.updates = 3'000;
  sample.deletes = 200;
  sample.ddl = 1;
  sample.delay_micros = delay_micros;
  sample.caught_up = caught_up;
  sample.position = "binlog.000003:4711, gtid 0-1-100";
  return sample;
}

TEST(ProgressView, IncrementalTellsTheDelay) {
  const std::vector<std::string> lines = RenderBlock(Following(0, true), Options());
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[2], "Full load    ████████████████████ 100 %  2,000,000 of 2,000,000 rows");
  EXPECT_EQ(lines[3], "Incremental  not delayed    512 transactions/s  1,210 rows/s  400 kB/s");
  EXPECT_EQ(lines[4], "             12,000 inserted  3,000 updated  200 deleted  1 schema change");
  EXPECT_EQ(lines[5], "             at binlog.000003:4711, gtid 0-1-100");
  EXPECT_EQ(DelayText(Following(350'000, false), 1'000'000), "350 ms behind");
  EXPECT_EQ(DelayText(Following(350'000, true), 1'000'000), "not delayed");
  EXPECT_EQ(DelayText(Following(1'350'000, true), 1'000'000), "1.3 s behind");
}

TEST(ProgressView, SaysWhyNothingMoves) {
  Sample sample = Following(0, true);
  sample.still_seconds = 42;
  EXPECT_THAT(RenderBlock(sample, Options()).back(), HasSubstr("the source is idle"));
  sample.caught_up = false;
  ViewOptions options = Options();
  options.last_message = "connection lost; trying again in 4.0 s";
  EXPECT_THAT(RenderBlock(sample, options).back(), HasSubstr("connection lost; trying again in 4.0 s"));
  Sample loading = Loading();
  loading.still_seconds = 10;
  EXPECT_THAT(RenderBlock(loading, Options()).back(),
              HasSubstr("no progress for 0:10: the destination is creating indexes"));
  options.stopping = true;
  EXPECT_THAT(RenderBlock(sample, options).back(), HasSubstr("stopping"));
}

TEST(ProgressView, OnlyThePhasesOfTheTask) {
  ViewOptions options = Options();
  options.types = {false, true, false};
  EXPECT_THAT(RenderBlock(Loading(), options)[1], HasSubstr("Full load"));
  for (const std::string& line : RenderBlock(Loading(), options)) {
    EXPECT_FALSE(line.starts_with("Schema") || line.starts_with("Incremental")) << line;
  }
}

TEST(ProgressView, PlainLines) {
  EXPECT_EQ(RenderLine(Loading(), Options()),
            "full load: 60 %, 1,203,400 of 2,000,000 rows, 182,000 rows/s, 34.1 MB/s, 3 of 14 "
            "tables finished, "
            "1 getting indexes, 0:04 left");
  EXPECT_EQ(RenderLine(Following(2'000'000, false), Options()),
            "incremental: 2.0 s behind, 512 transactions/s, 1,210 rows/s, 400 kB/s; 12,000 "
            "inserted, 3,000 updated, "
            "200 deleted; at binlog.000003:4711, gtid 0-1-100");
  Sample schema;
  schema.phase = 1;
  schema.objects_total = 3;
  schema.objects_done = 1;
  schema.objects_failed = 1;
  EXPECT_EQ(RenderLine(schema, Options()), "schema: 1 of 3 objects, 1 failed");
}

TEST(ProgressView, NamesCannotSteerTheTerminal) {
  Sample sample = Loading();
  sample.busiest[0].name = "shop.\x1b[2J";
  for (const std::string& line : RenderBlock(sample, Options())) EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace sluice::cli
