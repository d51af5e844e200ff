#include "connectors/postgresql/chunks.h"

#include <gtest/gtest.h>

namespace sluice::postgresql {
namespace {

using connector::Chunk;

constexpr uint64_t kNoLimit = UINT32_MAX;
const model::ObjectName kTable{"shop", "a \"b\""};

std::string Read(uint32_t version, const Chunk& chunk, bool partitioned = false, const char* filter = "") {
  return ChunkRows(version, {.partitioned = partitioned, .page_bytes = 8192}, kTable, chunk, filter);
}

TEST(PostgresqlChunks, ASmallTableIsOneChunk) {
  const auto chunks = SplitPages({.name = "t", .pages = 100, .bytes = 819200}, {}, 77, 1 << 20, kNoLimit);
  ASSERT_EQ(chunks.size(), 1U);
  EXPECT_EQ(chunks[0].lower, "");
  EXPECT_EQ(chunks[0].upper, "");
  EXPECT_EQ(chunks[0].rows_estimated, 77U);
}

TEST(PostgresqlChunks, RangesOfPagesMeetAndTheLastIsOpen) {
  const auto chunks = SplitPages({.name = "t", .file = 7, .pages = 1000, .bytes = 8192000}, {}, 5000, 819200, kNoLimit);
  ASSERT_EQ(chunks.size(), 10U);
  EXPECT_EQ(chunks[0].lower, "");
  EXPECT_EQ(chunks[0].upper, "100@7");
  for (size_t i = 1; i < chunks.size(); ++i) {
    EXPECT_EQ(chunks[i].number, i);
    EXPECT_EQ(chunks[i].lower, chunks[i - 1].upper);
    EXPECT_EQ(chunks[i].rows_estimated, 500U);
  }
  EXPECT_EQ(chunks.back().upper, "");
}

// Large values lie outside of the pages: a chunk has fewer pages then.
TEST(PostgresqlChunks, WhatLiesOutsideOfPagesCounts) {
  EXPECT_EQ(SplitPages({.name = "t", .pages = 10, .bytes = 8192000}, {}, 50, 819200, kNoLimit).size(), 10U);
  EXPECT_EQ(SplitPages({.name = "t", .pages = 3, .bytes = 8192000}, {}, 50, 819200, kNoLimit).size(), 3U);
}

TEST(PostgresqlChunks, PartitionsAreReadOneByOne) {
  const auto chunks = SplitPages({},
                                 {{.name = "\"s\".\"x y\"", .file = 8, .pages = 10, .bytes = 81920},
                                  {.name = "\"s\".\"z\"", .file = 9, .pages = 40, .bytes = 327680}},
                                 100, 163840, kNoLimit);
  ASSERT_EQ(chunks.size(), 3U);
  EXPECT_EQ(chunks[0].lower, "0@8 \"s\".\"x y\"");
  EXPECT_EQ(chunks[0].upper, "end@8 \"s\".\"x y\"");
  EXPECT_EQ(chunks[1].lower, "0@9 \"s\".\"z\"");
  EXPECT_EQ(chunks[1].upper, "20@9 \"s\".\"z\"");
  EXPECT_EQ(chunks[2].lower, "20@9 \"s\".\"z\"");
  EXPECT_EQ(chunks[2].upper, "end@9 \"s\".\"z\"");
  EXPECT_EQ(Read(150000, chunks[0], true), "FROM ONLY \"s\".\"x y\"");
  EXPECT_EQ(Read(150000, chunks[1], true), "FROM ONLY \"s\".\"z\" WHERE ctid < '(20,0)'::pg_catalog.tid");
  EXPECT_EQ(Read(150000, {}, true), "FROM \"shop\".\"a \"\"b\"\"\"");
}

TEST(PostgresqlChunks, RangesAndFiltersAsText) {
  EXPECT_EQ(Read(140000, {}), "FROM ONLY \"shop\".\"a \"\"b\"\"\"");
  EXPECT_EQ(Read(140000, {.lower = "5@1", .upper = "9@1"}, false, "x > 1 OR y -- why"),
            "FROM ONLY \"shop\".\"a \"\"b\"\"\" WHERE ctid >= '(5,0)'::pg_catalog.tid AND ctid < "
            "'(9,0)'::pg_catalog.tid AND (x > 1 OR y -- why\n)");
  EXPECT_EQ(Read(140000, {}, false, "x > 1"), "FROM ONLY \"shop\".\"a \"\"b\"\"\" WHERE (x > 1\n)");
}

TEST(PostgresqlChunks, PagesAreThoseOfTheirFile) {
  EXPECT_EQ(ChunkStandsQuestion(kTable, {}), "");
  EXPECT_EQ(ChunkStandsQuestion(kTable, {.upper = "5@12"}),
            "SELECT pg_catalog.pg_relation_filenode('\"shop\".\"a \"\"b\"\"\"'::pg_catalog.regclass) = 12");
  EXPECT_EQ(ChunkStandsQuestion(kTable, {.lower = "5@13 \"s\".\"z\"", .upper = "end@13 \"s\".\"z\""}),
            "SELECT pg_catalog.pg_relation_filenode('\"s\".\"z\"'::pg_catalog.regclass) = 13");
}

TEST(PostgresqlChunks, BeforeVersion14PlacesAreListed) {
  EXPECT_EQ(Read(130000, {.lower = "5@1", .upper = "9@1"}),
            "FROM ONLY \"shop\".\"a \"\"b\"\"\" WHERE ctid = ANY (ARRAY(SELECT ('(' || page || ',' || place || "
            "')')::pg_catalog.tid FROM pg_catalog.generate_series(5::bigint, 9 - 1) page, "
            "pg_catalog.generate_series(1, 291) place))");
  EXPECT_EQ(SplitPages({.name = "t", .pages = 100000, .bytes = 819200000}, {}, 50, 8192000000, 4096).size(), 25U);
}

}  // namespace
}  // namespace sluice::postgresql
